import { OctopusXError } from '../api/errors';
import type { OctopusXClient } from '../api/client';
import { hasEnded, type Task } from '../api/task';
import { pause } from './pause';

export interface WaitSettings {
	pollIntervalMs: number;
	/** From the moment the task is known to the node. */
	timeoutMs: number;
}

const MAX_BACKOFF_MS = 60_000;

/**
 * Polls a task until it has ended: first after one interval, then every interval; while reads
 * meet transient faults, the interval doubles up to a minute. The last look is at the deadline.
 *
 * @param onTask called with every state read
 * @throws OctopusXError when the deadline passes, or a read meets a fault that does not heal
 */
export async function waitForTask(
	client: OctopusXClient,
	first: Task,
	{ pollIntervalMs, timeoutMs }: WaitSettings,
	signal: AbortSignal | undefined,
	onTask: (task: Task) => void,
): Promise<Task> {
	const deadline = Date.now() + timeoutMs;
	let task = first;
	let interval = pollIntervalMs;

	while (!hasEnded(task)) {
		const left = deadline - Date.now();
		if (left <= 0) throw timedOut(task, timeoutMs);

		await pause(Math.min(interval, left), signal);
		if (signal?.aborted) return task;

		const read = await look(client, task.task_id);
		if (read instanceof OctopusXError) {
			if (!read.details.transient) throw read;
			interval = Math.min(interval * 2, Math.max(MAX_BACKOFF_MS, pollIntervalMs));
		} else {
			task = read;
			interval = pollIntervalMs;
			onTask(task);
		}
	}
	return task;
}

async function look(client: OctopusXClient, taskId: string): Promise<Task | OctopusXError> {
	try {
		return await client.getTask(taskId);
	} catch (error) {
		return error as OctopusXError;
	}
}

function timedOut(task: Task, timeoutMs: number): OctopusXError {
	return new OctopusXError(
		`The video was not ready after ${timeoutMs / 60_000} minutes`,
		`Task ${task.task_id} was ${task.status} at ${task.progress} %. It goes on and is paid for: use Get Status with this Task ID later, or raise the option 'Timeout'.`,
	);
}

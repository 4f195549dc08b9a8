import { asOctopusXError, OctopusXError } from '../api/errors';
import { hasEnded, type Task } from '../api/task';
import { pause, within } from './pause';
import type { Scope } from './scope';

/** A look is an answer of a few hundred bytes: who takes longer is hanging. */
const LOOK_LIMIT_MS = 45_000;
const MAX_BACKOFF_MS = 60_000;

/**
 * Polls a task until it has ended: first after one interval, then every interval. The last look is
 * at the deadline.
 *
 * @param deadline in ms since the epoch
 * @param onTask called with every state read
 * @throws OctopusXError when the deadline passes, or a look meets a fault that does not heal
 */
export async function waitForTask(
	scope: Scope,
	first: Task,
	pollIntervalMs: number,
	deadline: number,
	onTask: (task: Task) => void,
): Promise<void> {
	let task = first;
	while (!hasEnded(task)) {
		const left = deadline - Date.now();
		if (left <= 0) throw timedOut(task);

		await pause(Math.min(pollIntervalMs, left), scope.signal);
		if (scope.signal?.aborted) return;

		const read = await readTask(scope, task.task_id, deadline, pollIntervalMs);
		if (scope.signal?.aborted) return;
		if (read instanceof OctopusXError) throw read.details.transient ? timedOut(task, read) : read;
		task = read;
		onTask(task);
	}
}

/**
 * Looks at a task until it is seen: transient faults are sat out, for twice `firstDelayMs`
 * and then twice as long each time, up to a minute, or as long as the server asks for.
 *
 * @returns the task, or what kept it from being seen: a fault that does not heal, or the last one
 * before the deadline or before the execution was stopped
 */
export async function readTask(
	scope: Scope,
	taskId: string,
	deadline: number,
	firstDelayMs = 1_000,
): Promise<Task | OctopusXError> {
	const maxDelay = Math.max(MAX_BACKOFF_MS, firstDelayMs);
	for (let delay = firstDelayMs * 2; ; delay = Math.min(delay * 2, maxDelay)) {
		const read = await look(scope, taskId);
		const left = deadline - Date.now();
		if (!(read instanceof OctopusXError) || !read.details.transient || left <= 0) return read;

		await pause(Math.min(Math.max(delay, read.details.retryAfterMs ?? 0), left), scope.signal);
		if (scope.signal?.aborted) return read;
	}
}

async function look({ client, signal }: Scope, taskId: string): Promise<Task | OctopusXError> {
	try {
		return (await within(LOOK_LIMIT_MS, client.getTask(taskId), signal)) ?? noAnswer();
	} catch (error) {
		return asOctopusXError(error);
	}
}

function noAnswer(): OctopusXError {
	return new OctopusXError(
		'OctopusX did not answer',
		`A look at the task got no answer within ${LOOK_LIMIT_MS / 1_000} seconds.`,
		{ transient: true },
	);
}

function timedOut({ task_id, status, progress }: Task, fault?: OctopusXError): OctopusXError {
	return new OctopusXError(
		'The video was not ready in time',
		[
			`Task ${task_id} was ${status} at ${progress} % when it was last seen.`,
			...(fault ? [`Then: ${fault.message}. ${fault.description}`] : []),
			"The task goes on and is paid for: use Get Status with this Task ID later, or raise the option 'Timeout'.",
		].join(' '),
	);
}

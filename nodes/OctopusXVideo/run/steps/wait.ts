import { attempt, OctopusXError } from '../../api/errors';
import type { Task } from '../../api/task';
import { now } from '../../timing/clock';
import { nextInterval } from '../../timing/interval';
import { pause } from '../../timing/pause';
import { failed, withTask, type Ended, type Failed, type Paid } from '../state/item';
import type { Scope } from '../state/scope';
import { askVerdict, healsFor, look, showTask } from './look';

/** What the interval between two looks grows up to, and the pauses after faults in a row. */
const LONGEST_INTERVAL_MS = 60_000;

/** After so many looks in a row with a status that nobody knows, the gateway's own verdict is asked for. */
const UNKNOWN_LOOKS = 3;

/**
 * Looks at the task of an item until it has ended: first after one interval, last at the deadline.
 * After a fault the pause is twice the interval, and twice as long after each one that follows.
 */
export async function waitForTask(scope: Scope, item: Paid): Promise<Ended | Failed> {
	const { signal } = scope;
	const { job, deadline } = item;
	const { pollIntervalMs } = job.wait;
	const maxDelayMs = Math.max(pollIntervalMs, LONGEST_INTERVAL_MS);
	const heals = healsFor(item);
	const startedAt = now();
	let unknownLooks = 0;
	let { task } = item;
	for (;;) {
		const interval = nextInterval(now() - startedAt, pollIntervalMs, LONGEST_INTERVAL_MS);
		await pause(Math.min(interval, deadline - now()), signal);
		if (signal?.aborted) return failed(item, timedOut(task), task);

		const rule = { deadline, firstDelayMs: 2 * interval, maxDelayMs, heals };
		const { value: seen, fault } = await attempt(look(scope, task.task_id, rule));
		if (fault) return failed(item, endOfWait(task, fault), task);
		task = seen;
		unknownLooks = task.status === 'unknown' ? unknownLooks + 1 : 0;
		const isLate = now() >= deadline;
		if (unknownLooks >= UNKNOWN_LOOKS || (isLate && withTask(item, task).state === 'paid')) {
			task = await askVerdict(scope, task);
			unknownLooks = 0;
		}
		showTask(scope, item.index, task);
		const next = withTask(item, task);
		if (next.state === 'ended') return next;
		if (isLate) return failed(item, timedOut(task), task);
	}
}

/** What the last look of a wait met, as the error of the item. */
export function endOfWait(task: Task, fault: OctopusXError): OctopusXError {
	const { message, description, details } = fault;
	if (details.isKeyRefused) {
		return new OctopusXError(
			message,
			`Task ${task.task_id} goes on and was charged: use Get Status with this Task ID once the key works again. The key was good for the submission of the task. Since then, its quota may have been used up, or it was disabled. ${description}`,
			details,
		);
	}
	if (details.transient) return timedOut(task, fault);
	const charged = `Task ${task.task_id} was charged: use Get Status with this Task ID later.`;
	return new OctopusXError(message, `${charged} ${description}`, details);
}

/** The time for a task was over before it had ended; `fault` is what the last look met, if anything. */
export function timedOut(
	{ task_id, status, progress }: Task,
	fault?: OctopusXError,
): OctopusXError {
	return new OctopusXError(
		'The video was not ready in time',
		[
			`Task ${task_id} was ${status} at ${progress} % when it was last seen.`,
			...(fault ? [`Then: ${fault.message}. ${fault.description}`] : []),
			"The task goes on and was charged: use Get Status with this Task ID later, which is not charged. For the next video, raise the option 'Timeout (Minutes)'.",
		].join(' '),
	);
}

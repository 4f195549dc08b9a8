import { attempt, OctopusXError } from '../../api/errors';
import type { Task } from '../../api/task';
import { nextInterval } from '../../timing/interval';
import { pause } from '../../timing/pause';
import { failed, withTask, type Ended, type Failed, type Paid } from '../state/item';
import type { Scope } from '../state/scope';
import { look, showTask } from './look';

/** What the interval between two looks grows up to, and the pauses after faults in a row. */
const LONGEST_INTERVAL_MS = 60_000;

/**
 * Looks at the task of an item until it has ended: first after one interval, last at the deadline.
 * After a fault the pause is twice the interval, and twice as long after each one that follows.
 */
export async function waitForTask(scope: Scope, item: Paid): Promise<Ended | Failed> {
	const { signal } = scope;
	const { job, deadline } = item;
	const { pollIntervalMs } = job.wait;
	const maxDelayMs = Math.max(pollIntervalMs, LONGEST_INTERVAL_MS);
	const startedAt = Date.now();
	let { task } = item;
	for (;;) {
		const interval = nextInterval(Date.now() - startedAt, pollIntervalMs, LONGEST_INTERVAL_MS);
		await pause(Math.min(interval, deadline - Date.now()), signal);
		if (signal?.aborted) return failed(item, timedOut(task), task);

		const rule = { deadline, firstDelayMs: 2 * interval, maxDelayMs };
		const { value: seen, fault } = await attempt(look(scope, task.task_id, rule));
		if (fault) return failed(item, fault.details.transient ? timedOut(task, fault) : fault, task);
		task = seen;
		showTask(scope, item.index, task);
		const next = withTask(item, task);
		if (next.state === 'ended') return next;
		if (Date.now() >= deadline) return failed(item, timedOut(task), task);
	}
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
			"The task goes on and is paid for: use Get Status with this Task ID later, or raise the option 'Timeout'.",
		].join(' '),
		{ transient: true },
	);
}

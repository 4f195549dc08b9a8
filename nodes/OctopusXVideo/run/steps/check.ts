import { inQuotes } from '../../api/envelope';
import { attempt, OctopusXError } from '../../api/errors';
import { isFinal, type Task } from '../../api/task';
import { checkDelay, tryOnce, withRetries } from '../../timing/retry';
import type { RetryPolicy, RetryResult } from '../../timing/retry';
import { now, pause } from '../../timing/time';
import { failed, withTask, type Failed, type Ready, type Running } from '../state/item';
import { joined } from '../state/output';
import { PRICE_TIMEOUT_MS, tellEditor, type ItemScope } from '../state/scope';

/** Upper limit for a response of a few hundred bytes. A server that takes longer hangs. */
export const ANSWER_TIMEOUT_MS = 45_000;

const UNKNOWN_TASK = 'task_not_exist';

/** Longest delay between two checks, and between two attempts after faults. */
const MAX_DELAY_MS = 60_000;

/** How often the verdict is requested in a wait: after this time, and after this share of the wait. */
const VERDICT_INTERVAL_MS = 60_000;
const VERDICT_SHARE = 0.25;

/** Checks a task until it is final: first after one interval, last at the deadline. */
export async function waitForTask(scope: ItemScope, item: Running): Promise<Ready | Failed> {
	const { pollIntervalMs } = item.job.wait;
	const startedAt = now();
	let current: Running | Ready | Failed = item;
	while (current.state === 'running') {
		const delay = checkDelay(now() - startedAt, pollIntervalMs, MAX_DELAY_MS);
		await pause(Math.min(delay, item.deadline - now()), scope.signal);
		if (scope.signal?.aborted) return failed(current, timedOut(current.task));
		current = await checkTask(scope, current, {
			until: item.deadline,
			minDelayMs: 2 * delay,
			maxDelayMs: Math.max(pollIntervalMs, MAX_DELAY_MS),
		});
	}
	return current;
}

/**
 * Checks the task of an item once and decides what the result means, for both ways to wait. Its last attempt
 * starts before `until`, in `now()` time, which is at most the item's deadline.
 *
 * - Retryable faults are retried until then. If the item has time left after that, it stays as it is.
 * - Any other fault fails the item, and so does the end of its time. The error says what was charged.
 * - The gateway's verdict is requested now and then, after unknown statuses, and at the deadline: the gateway
 *   may have given the task up, and then shows its last state forever.
 * - A task of this run is not given up if the API once reports it as unknown, or if the API rejects the key:
 *   the submission may have used up the key's quota, and then the API rejects the key as if it were wrong
 *   (docs/API.md, "Charges").
 */
export async function checkTask(
	scope: ItemScope,
	item: Running,
	{ until, ...delays }: { until: number; minDelayMs?: number; maxDelayMs?: number },
): Promise<Running | Ready | Failed> {
	const { wait } = item.job;
	let timesUnknown = 0;
	const checked = await requestTask(scope, item.task, {
		...delays,
		deadline: until,
		shouldRetry: ({ transient, isKeyRejected, code }) =>
			transient ||
			(item.isOwnTask && (isKeyRejected || (code === UNKNOWN_TASK && ++timesUnknown === 1))),
	});
	const isLate = now() >= item.deadline;
	if (checked.fault) {
		if (checked.isRetryable && !isLate) return item;
		return failed(item, endOfWait(item.task, checked.fault));
	}

	let task = checked.value;
	let { verdictAt } = item;
	let unknownChecks = task.status === 'unknown' ? item.unknownChecks + 1 : 0;
	const interval = Math.max(VERDICT_INTERVAL_MS, VERDICT_SHARE * (now() - item.startedAt));
	// in a suspended execution, the next check is minutes away
	const maxUnknown = wait.isSuspended ? 1 : 3;
	const isDue = isLate || unknownChecks >= maxUnknown || now() - verdictAt >= interval;
	if (isDue && !isFinal(task)) {
		task = await requestVerdict(scope, task);
		unknownChecks = 0;
		verdictAt = now();
	}
	tellEditor(scope, item.index, task);
	const next = withTask({ ...item, unknownChecks, verdictAt }, task);
	return next.state === 'running' && isLate ? failed(next, timedOut(task)) : next;
}

/**
 * Reads a task, and retries faults until the deadline of the policy. If the API knows only its `id`, that
 * becomes the `task_id` (docs/API.md, "Create a task"). Given a `task_id` only, the claim may know the `id`.
 */
export async function requestTask(
	{ claim, client, signal }: ItemScope,
	task: Pick<Task, 'task_id' | 'id'> | string,
	policy: RetryPolicy,
): Promise<RetryResult<Task>> {
	const taskId = typeof task === 'string' ? task : task.task_id;
	const otherId = typeof task === 'string' ? claim.otherIdOf(task) : task.id;
	return await withRetries(
		async (ending) => {
			const checked = await attempt(client.getTask(taskId, ending));
			if (checked.fault?.details.code !== UNKNOWN_TASK) return checked;
			if (otherId === undefined || otherId === taskId) return checked;
			const other = await attempt(client.getTask(otherId, ending));
			if (other.value) claim.noteOtherId(taskId, otherId);
			return other.fault?.details.code === UNKNOWN_TASK ? checked : other;
		},
		{
			minDelayMs: 2_000,
			retryAtDeadline: true,
			// so that a single response cannot stop the checks for longer
			maxRetryAfterMs: 3 * 60_000,
			// the checks of different items are already spread by their submissions
			jitter: 0,
			attemptTimeoutMs: ANSWER_TIMEOUT_MS,
			onTimeout: () =>
				new OctopusXError(
					'OctopusX did not answer',
					`A check of the task got no answer within ${ANSWER_TIMEOUT_MS / 1_000} seconds.`,
					{ transient: true },
				),
			signal,
			...policy,
		},
	);
}

/**
 * Returns the gateway's own view of a task if it says more: that the task is final, or what an unknown status
 * means; otherwise the task itself. Both with what it cost. Asks once.
 */
export async function requestVerdict(scope: ItemScope, task: Task): Promise<Task> {
	const verdict = await getVerdict(scope, task, ANSWER_TIMEOUT_MS);
	const saysMore =
		verdict && (isFinal(verdict) || (task.status === 'unknown' && verdict.status !== 'unknown'));
	return saysMore ? verdict : { ...task, price: verdict?.price };
}

export async function withPrice(scope: ItemScope, task: Task): Promise<Task> {
	if (task.price) return task;
	return { ...task, price: (await getVerdict(scope, task, PRICE_TIMEOUT_MS))?.price };
}

async function getVerdict(
	{ client, getCurrency, signal }: ItemScope,
	{ task_id: taskId }: Task,
	timeoutMs: number,
): Promise<Task | undefined> {
	const ask = async (ending: AbortSignal) => await client.getVerdict(taskId, ending);
	const verdict = await tryOnce(timeoutMs, ask, signal);
	if (!verdict?.price) return verdict;
	// Test Mode has its own currency
	return { ...verdict, price: { currency: await getCurrency(), ...verdict.price } };
}

function endOfWait(task: Task, fault: OctopusXError): OctopusXError {
	const { isKeyRejected, transient } = fault.details;
	if (transient && !isKeyRejected) return timedOut(task, fault);
	const reason = isKeyRejected
		? `The task was in progress at the last check. The API key was valid when the task was submitted; since then its quota may have been used up, or it was disabled. ${fault.description}`
		: undefined;
	return fault.withCharge({ taskId: task.task_id }, reason);
}

/** `fault` is that of the last check. */
function timedOut(task: Task, fault?: OctopusXError): OctopusXError {
	const { task_id: taskId, status, progress, failure } = task;
	const description = joined(
		`The task was ${status} at ${progress} % at the last check${fault ? '' : ' and is still in progress'}.`,
		failure && `OctopusX said: ${inQuotes(failure.message)} (${failure.code}).`,
		fault && `Then: ${fault.message}. ${fault.description}`,
		"For the next video, raise the option 'Timeout (Minutes)'.",
	);
	return new OctopusXError('The video was not ready in time', description, { charge: { taskId } });
}

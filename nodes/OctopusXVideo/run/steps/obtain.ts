import { shorten } from '../../api/envelope';
import { OctopusXError, type FaultDetails, type Result } from '../../api/errors';
import { hasFailed, isFinal, type Task } from '../../api/task';
import type { Job, PaidRequest } from '../../job';
import { withRetries, type RetryPolicy } from '../../timing/retry';
import { now } from '../../timing/time';
import { failed, withTask } from '../state/item';
import type { Failed, Planned, Ready, Running } from '../state/item';
import { tellEditor, type ItemScope } from '../state/scope';
import { requestTask, requestVerdict } from './check';
import { submitOnce } from './submit';
import { uploadFiles } from './upload';

/** Creates the task of an item, or checks the one that its job names. The item's time begins here. */
export async function obtainTask(
	scope: ItemScope,
	item: Planned,
): Promise<Running | Ready | Failed> {
	const { index, job } = item;
	const { source, timeoutMs } = job;
	const startedAt = now();
	const deadline = startedAt + timeoutMs;
	const isOwnTask = 'request' in source;
	const { value: task, fault } = isOwnTask
		? await taskFor(scope, item, source.request, deadline)
		: await findTask(scope, job, deadline);
	if (fault) return failed(item, fault);
	scope.breaker.record();
	tellEditor(scope, index, task);
	const isClaimed = scope.claim.claimed?.taskId === task.task_id;
	const times = { startedAt, deadline, unknownChecks: 0, verdictAt: startedAt };
	return withTask({ index, job, isOwnTask, isClaimed, ...times }, task);
}

/**
 * Returns the task for a request: the one that an earlier run was charged for, unless it ended without a
 * video, or else a new one.
 *
 * Rules that must not regress:
 * - A submission is retried only if the server has certainly not accepted it: the server said so (429, or 503
 *   of the gateway itself with `Retry-After`), or no connection was made.
 * - After any other fault, the submission may have been accepted. It is not retried, and the error says so.
 * - Only a later run submits again after that, and it logs a warning first.
 * - An ID is noted whenever it arrives, and the node never pays again for a task whose ID it knows.
 */
async function taskFor(
	scope: ItemScope,
	item: Planned,
	request: PaidRequest,
	deadline: number,
): Promise<Result<Task>> {
	const { breaker, claim, context, signal } = scope;
	const claimed = await claimedTask(scope, item, deadline);
	if (claimed) return claimed;
	if (claim.isInDoubt) {
		context.logger.warn(
			`OctopusX: an earlier submission for item ${item.index} may have been charged; submitting it again may be charged twice`,
			{ item: item.index },
		);
	}
	const { value: ready, fault } = await uploadFiles(scope, request, deadline);
	if (fault) return { fault };
	const policy: RetryPolicy = {
		shouldRetry: ({ repeatable }) => repeatable,
		deadline,
		onRetry: ({ message }) => tellEditor(scope, item.index, `${message}, trying again`),
		breaker,
		signal,
	};
	return await withRetries(async () => {
		if (now() > deadline) {
			const fault = new OctopusXError(
				'The time for this item was over before it could be submitted',
				"Raise the option 'Timeout (Minutes)'.",
			);
			return { fault: fault.withCharge('none') };
		}
		// the ID of an earlier submission may have arrived in the meantime
		const known = await claimedTask(scope, item, deadline);
		return known ?? (await submitOnce(scope, item, ready, deadline));
	}, policy);
}

/** Returns the task that a job names. If no wait follows, requests the gateway's verdict at once. */
async function findTask(scope: ItemScope, job: Job, deadline: number): Promise<Result<Task>> {
	const { taskId } = job.source as { taskId: string };
	// a redirect of the Base URL stays, although a response below 400 is transient
	const shouldRetry = ({ transient, affectsAllItems, statusCode = 0 }: FaultDetails) =>
		transient && !(affectsAllItems && statusCode >= 300 && statusCode < 400);
	const { breaker } = scope;
	const checked = await requestTask(scope, taskId, { deadline, shouldRetry, breaker });
	if (checked.fault?.details.code === 'task_not_exist') {
		const { description, details } = checked.fault;
		const id = shorten(taskId);
		return { fault: new OctopusXError(`OctopusX does not know task ${id}`, description, details) };
	}
	if (checked.fault || job.wait || isFinal(checked.value)) return checked;
	return { value: await requestVerdict(scope, checked.value) };
}

/** Returns the task that the item has claimed, unless it ended without a video. */
async function claimedTask(
	scope: ItemScope,
	{ index }: Planned,
	deadline: number,
): Promise<Result<Task> | undefined> {
	const { claim, context } = scope;
	const { taskId } = claim;
	if (taskId === undefined) return undefined;
	const { value: task, fault } = await requestTask(scope, taskId, { deadline });
	if (fault) return { fault: fault.withCharge({ taskId }) };
	if (hasFailed(task)) {
		claim.noteFailed(taskId);
		return undefined;
	}
	context.logger.info(
		`OctopusX: item ${index} continues with task ${taskId} of an earlier run, which is not charged again`,
		{ item: index, taskId },
	);
	return { value: task };
}

import { attempt, OctopusXError, type FaultDetails } from '../../api/errors';
import { isSpent, type Task } from '../../api/task';
import type { PaidRequest } from '../../job';
import { now } from '../../timing/clock';
import { withRetries } from '../../timing/retry';
import { failed, withTask, type Ended, type Failed, type Paid, type Planned } from '../state/item';
import type { LedgerLine } from '../state/ledger';
import { tellEditor, type Scope } from '../state/scope';
import { look, showTask } from './look';
import { submitOnce } from './submit';
import { uploadFiles } from './upload';

/** A task, and whether an earlier try of the node has paid for it. */
interface Obtained {
	task: Task;
	isTakenUp: boolean;
}

/** Has the task of an item made, or looks up the one that its job names. Its time begins here. */
export async function obtainTask(scope: Scope, item: Planned): Promise<Paid | Ended | Failed> {
	const { index, job } = item;
	const startedAt = now();
	const deadline = startedAt + job.timeoutMs;
	const { source } = job;
	const obtaining =
		'request' in source
			? taskFor(scope, index, source.request, deadline)
			: lookUp(scope, source.taskId, deadline);
	const { value: obtained, fault } = await attempt(obtaining);
	if (fault) {
		// an ID that OctopusX does not know is none of a task
		const isTask = 'taskId' in source && fault.details.code !== 'task_not_exist';
		return { ...failed(item, fault), ...(isTask && { unseenId: source.taskId }) };
	}

	const { task, isTakenUp } = obtained;
	showTask(scope, index, task);
	const earlier = { paid: isTakenUp, inDoubt: scope.ledger.isInDoubt(index) };
	const isPaidHere = 'request' in source;
	return withTask({ index, job, isPaidHere, earlier, startedAt, deadline }, task);
}

/**
 * The task for a request: the one that an earlier try of the node has paid for, if it is still good
 * for a video, and a new one otherwise.
 *
 * Rules that must not regress:
 * - A submission is repeated only when the server has surely not accepted it: it said so (429, or
 *   503 with `Retry-After`), or no connection was made.
 * - After anything else nobody knows. It is not repeated, and the error says so.
 * - Only a node that is itself retried pays again after that, and it says so first.
 * - An id is noted whenever it comes, and one that is known is never paid for again.
 *
 * @param deadline by `now`
 */
async function taskFor(
	scope: Scope,
	index: number,
	request: PaidRequest,
	deadline: number,
): Promise<Obtained> {
	const { commonFault, context, signal } = scope;
	const { logger } = context;
	const { line, replaced } = scope.ledger.lineFor(index, request);
	if (replaced?.lastTaskId) {
		logger.warn(
			`OctopusX: item ${index} asks for another video than before; the earlier task: ${replaced.lastTaskId}`,
			{ item: index },
		);
	}

	const known = await takeUp(scope, index, line, deadline);
	if (known) return { task: known, isTakenUp: true };
	if (line.isInDoubt || replaced?.isInDoubt) {
		logger.warn(
			`OctopusX: an earlier try for item ${index} may have been charged; submitting it again may be charged twice`,
			{ item: index },
		);
	}
	return await commonFault.guard(async () => {
		const ready =
			request.sendBinaryAs === 'upload' ? await uploadFiles(scope, request, deadline) : request;
		const submit = async () => {
			if (now() > deadline) throw outOfTime();
			// the id of an earlier submission may have come during a pause
			const late = await takeUp(scope, index, line, deadline);
			const task = late ?? (await submitOnce(scope, index, ready, line));
			return { task, isTakenUp: late !== undefined };
		};
		return await withRetries(submit, {
			heals: ({ repeatable }) => repeatable && !commonFault.isSure,
			deadline,
			signal,
			onFault: (fault) => {
				commonFault.note(fault);
				tellEditor(scope, index, `${fault.message}, trying again`);
			},
		});
	});
}

/** The task that a job names, as it is now. */
async function lookUp(scope: Scope, taskId: string, deadline: number): Promise<Obtained> {
	const { commonFault } = scope;
	const task = await commonFault.guard(
		async () =>
			await look(scope, taskId, {
				deadline,
				heals: (fault) => fault.transient && !leadsOn(fault) && !commonFault.isSure,
				onFault: (fault) => commonFault.note(fault),
			}),
	);
	return { task, isTakenUp: false };
}

/** Whether a redirect answered: what the Base URL leads to at the first look, it will lead to at the next. */
function leadsOn({ statusCode = 0, isCommon }: FaultDetails): boolean {
	return statusCode >= 300 && statusCode < 400 && isCommon === true;
}

/** The task that is paid for already, unless it has ended without a video. */
async function takeUp(
	scope: Scope,
	index: number,
	line: LedgerLine,
	deadline: number,
): Promise<Task | undefined> {
	const taskId = line.lastTaskId;
	if (taskId === undefined) return undefined;
	const task = await look(scope, taskId, { deadline });
	if (isSpent(task)) {
		line.noteSpent(taskId);
		return undefined;
	}
	scope.context.logger.info(
		`OctopusX task ${taskId} taken up again for item ${index}, not charged again`,
		{ item: index, taskId },
	);
	return task;
}

function outOfTime(): OctopusXError {
	return new OctopusXError(
		'The time for this item was over before it could be submitted',
		"Nothing was submitted. Raise the option 'Timeout (Minutes)'.",
	);
}

import { attempt, OctopusXError } from '../../api/errors';
import type { Task } from '../../api/task';
import { openBody } from '../../files/body';
import type { PaidRequest } from '../../job';
import { within, withinOrEnded } from '../../timing/pause';
import { StoppedError } from '../state/item';
import type { LedgerLine } from '../state/ledger';
import type { Scope } from '../state/scope';

/** A body of 20 MB over a slow line, and a server that thinks before it answers. */
const ANSWER_LIMIT_MS = 10 * 60_000;

/** How long an answer is waited for in the background, where it has nothing left but an ID to log. */
const LATE_ANSWER_LIMIT_MS = 30 * 60_000;

/**
 * Sends the request that costs money, once.
 *
 * @param line learns the id the moment it arrives, also when that is too late for this step
 * @throws OctopusXError `repeatable` where the server has surely not accepted it, `maybeAccepted`
 * where nobody knows
 */
export async function submitOnce(
	scope: Scope,
	index: number,
	request: PaidRequest,
	line: LedgerLine,
): Promise<Task> {
	const { client, context, signal } = scope;
	const { content, bytes, isHandedOver, close } = await openBody(context, request);
	if (signal?.aborted) {
		close();
		throw new StoppedError('Nothing was submitted.');
	}
	line.noteSubmission();
	const sending = async (ending: AbortSignal) => await client.createTask(content, bytes, ending);
	// a Stop does not end it: its answer brings the ID of what may be paid for
	const created = withinOrEnded(LATE_ANSWER_LIMIT_MS, sending).then((task) => {
		if (!task) throw submissionUnanswered();
		line.noteTask(task.task_id);
		// after a Stop, or the death of n8n, there is nothing else to go by: n8n's Retry knows no task
		context.logger.info(
			`OctopusX task ${task.task_id} created for item ${index} of execution ${context.getExecutionId()}. After a Stop or a crash, fetch it with Get Status before you retry`,
			{ item: index, taskId: task.task_id },
		);
		return task;
	});
	void attempt(created).then(close);

	const { value: task, fault = submissionUnanswered() } = await attempt(
		within(ANSWER_LIMIT_MS, created, signal),
	);
	if (task) return task;
	const { message, description, details } = fault;
	if (!details.maybeAccepted) {
		line.noteRefusal();
		// what went wrong before anything left says so itself
		const isTold = description.startsWith('Nothing was');
		throw isTold
			? fault
			: new OctopusXError(message, `Nothing was charged. ${description}`, details);
	}
	if (!isHandedOver()) {
		// left open, the request could still send its last byte, and be accepted after the user was
		// told that nothing was submitted
		close();
		line.noteRefusal();
		throw new OctopusXError(
			'The request could not be sent completely',
			`Nothing was submitted. ${message}. ${description}`,
		);
	}
	context.logger.warn(`OctopusX: item ${index} may have been charged: ${message} ${description}`, {
		item: index,
	});
	throw new OctopusXError(
		message,
		`It may have been charged. No answer says whether a video is being made, so the node did not send the request again: look into the usage log of the OctopusX account before you run it again. ${description}`,
		details,
	);
}

function submissionUnanswered(): OctopusXError {
	return new OctopusXError(
		'OctopusX did not answer the submission',
		`No answer came within ${ANSWER_LIMIT_MS / 60_000} minutes, or before the execution was stopped.`,
		{ maybeAccepted: true },
	);
}

import { asOctopusXError, OctopusXError } from '../api/errors';
import { unseenTask, type Task } from '../api/task';
import { openBody } from './body';
import type { VideoRequest } from './job';
import type { LedgerLine } from './ledger';
import { STOPPED } from './outcome';
import { within } from './pause';
import { withRetries } from './retry';
import type { Scope } from './scope';
import { uploadFiles } from './upload';

/** A body of 20 MB over a slow line, and a server that thinks before it answers. */
const ANSWER_LIMIT_MS = 10 * 60_000;

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
 * @param deadline in ms since the epoch
 * @param onKnown called with the task of an earlier try before it is looked at, and with nothing
 * when that is of no use
 */
export async function obtainTask(
	scope: Scope,
	item: number,
	request: VideoRequest,
	deadline: number,
	onKnown: (task?: Task) => void,
): Promise<Task> {
	const { logger } = scope.context;
	const { line, replaced } = scope.ledger.lineFor(item, request);
	if (replaced?.lastTaskId) {
		logger.warn(
			`OctopusX: item ${item} asks for another video than before; the earlier task: ${replaced.lastTaskId}`,
			{ item },
		);
	}

	const resume = async (): Promise<Task | undefined> => {
		const taskId = line.lastTaskId;
		if (taskId === undefined) return undefined;
		onKnown(unseenTask(taskId));
		const task = await scope.poller.see(unseenTask(taskId), deadline);
		if (task.status === 'failed' || task.status === 'cancelled') {
			line.noteSpent(taskId);
			onKnown(undefined);
			return undefined;
		}
		logger.info(`OctopusX task ${taskId} resumed for item ${item}, not paid again`, {
			item,
			taskId,
		});
		return task;
	};

	const resumed = await resume();
	if (resumed) return resumed;
	if (line.isInDoubt || replaced?.isInDoubt) {
		logger.warn(
			`OctopusX: an earlier try for item ${item} may have been accepted; submitting it again may pay twice`,
			{ item },
		);
	}
	const ready =
		request.sendBinaryAs === 'upload' ? await uploadFiles(scope, request, deadline) : request;
	return await withRetries(
		async () => {
			if (Date.now() > deadline) throw outOfTime();
			// the id of an earlier submission may have come during a pause
			return (await resume()) ?? (await submitOnce(scope, item, ready, line));
		},
		{
			heals: ({ repeatable }) => repeatable,
			deadline,
			signal: scope.signal,
			onFault: ({ message }) =>
				scope.context.sendMessageToUI(`item ${item}: ${message}, trying again`),
		},
	);
}

async function submitOnce(
	scope: Scope,
	item: number,
	request: VideoRequest,
	line: LedgerLine,
): Promise<Task> {
	const { client, context, signal } = scope;
	const { content, bytes, isHandedOver, close } = await openBody(scope, request);
	if (signal?.aborted) {
		close();
		throw new OctopusXError(STOPPED, '');
	}
	line.noteSubmission();
	// noted the moment it arrives, also when that is too late for this try
	const answer = client.createTask(content, bytes).then((task) => {
		line.noteTask(task.task_id);
		// whoever reads a worker's log after its death has nothing else to go by
		context.logger.info(
			`OctopusX task ${task.task_id} created for item ${item} of execution ${context.getExecutionId()}`,
			{ item, taskId: task.task_id },
		);
		return task;
	});
	void answer.catch(() => {}).then(close);
	const result =
		(await within(ANSWER_LIMIT_MS, answer, signal).catch(asOctopusXError)) ?? noAnswer();
	if (!(result instanceof OctopusXError)) return result;
	if (!result.details.maybeAccepted) {
		line.noteRefusal();
		throw result;
	}
	if (!isHandedOver()) {
		// a request that still goes on could be accepted later: without its end it never is
		close();
		line.noteRefusal();
		throw new OctopusXError(
			'The request could not be sent completely',
			`${result.message}. ${result.description} Nothing was submitted.`,
		);
	}
	const { message, description, details } = result;
	context.logger.warn(`OctopusX: item ${item} may have been accepted: ${message} ${description}`, {
		item,
	});
	throw new OctopusXError(
		message,
		`${description} It is not known whether a video is being made and paid for, so the node did not send the request again: look into the usage log of the OctopusX account before you run it again.`,
		details,
	);
}

function outOfTime(): OctopusXError {
	return new OctopusXError(
		'The time for this item was over before it could be submitted',
		"Nothing was submitted. Raise the option 'Timeout'.",
	);
}

function noAnswer(): OctopusXError {
	return new OctopusXError(
		'OctopusX did not answer the submission',
		`Not within ${ANSWER_LIMIT_MS / 60_000} minutes, or not before the execution was stopped.`,
		{ maybeAccepted: true },
	);
}

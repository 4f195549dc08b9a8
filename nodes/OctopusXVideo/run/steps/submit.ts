import type { IExecuteFunctions } from 'n8n-workflow';
import { attempt, OctopusXError, type Result } from '../../api/errors';
import type { Task } from '../../api/task';
import { openBody } from '../../files/body';
import type { PaidRequest } from '../../job';
import { now, waitAtMost, withTimeout } from '../../timing/time';
import { StoppedError, type Planned } from '../state/item';
import type { ItemScope } from '../state/scope';

/** Longest wait for a response: enough to send 20 MB over a slow connection to a slow server. */
const SUBMISSION_TIMEOUT_MS = 10 * 60_000;

/** How long a response may arrive in the background, where only its task ID is noted and logged. */
const LATE_ANSWER_TIMEOUT_MS = 30 * 60_000;

/**
 * Sends the request that costs money, once. The claim notes the task ID whenever it arrives, even after the
 * item's deadline (in `now()` time), too late for this step. The charge of a fault is `none` only if the server
 * has certainly not accepted the request.
 */
export async function submitOnce(
	scope: ItemScope,
	{ index, job }: Planned,
	request: PaidRequest,
	deadline: number,
): Promise<Result<Task>> {
	const { claim, client, context, signal } = scope;
	const { value: body, fault: unreadable } = await attempt(openBody(context, request));
	if (unreadable) return { fault: unreadable.withCharge('none') };
	if (signal?.aborted) {
		body.close?.();
		return { fault: new StoppedError('', 'none') };
	}

	const submission = claim.noteSubmission();
	const connection = new AbortController();
	submission.close = () => connection.abort();
	// a Stop does not end this, because the response contains the ID of a task that may be charged
	const created = withTimeout(
		LATE_ANSWER_TIMEOUT_MS,
		async (ending) => {
			const { path } = request;
			const { task, requestId } = await client.createTask(path, body.content, body.bytes, ending);
			submission.noteTask(task, requestId);
			const ids = [...new Set([task.task_id, task.id])].join(' or ');
			const id = context.getExecutionId();
			const execution = id ? ` of execution ${id}` : '';
			// after a Stop or a crash of n8n, this message is all that is left of the task
			context.logger.info(
				`OctopusX task ${ids} created for item ${index}${execution}. After a Stop or a crash, fetch it with Get Status before you run it again`,
				{ item: index, taskId: task.task_id },
			);
			if (!job.testMode) await attempt(highlight(context, task.task_id));
			return task;
		},
		connection.signal,
	);
	void attempt(created).then(({ fault: refusal }) => {
		submission.close = undefined;
		body.close?.();
		if (!refusal || refusal.details.maybeAccepted) return;
		submission.refusal = refusal.withCharge('none');
		submission.noteRefused();
	});

	// at least a second, if the item's time is almost over
	const timeoutMs = Math.min(SUBMISSION_TIMEOUT_MS, Math.max(deadline - now(), 1_000));
	const answered = await attempt(waitAtMost(timeoutMs, created, signal));
	if (answered.value) return { value: answered.value };
	const fault = answered.fault ?? unanswered(timeoutMs);
	const isRefused = !fault.details.maybeAccepted;
	if (!isRefused && (body.isHandedOver?.() ?? true)) {
		submission.doubtSince = now();
		context.logger.warn(
			`OctopusX: item ${index} may have been charged: ${fault.message}. ${fault.description}`,
			{ item: index },
		);
		return { fault: fault.withCharge('maybe') };
	}
	submission.noteRefused();
	if (isRefused) return { fault: fault.withCharge('none') };
	// an open request could still send its last byte and be accepted
	body.close?.();
	const reason = `${fault.message}. ${fault.description}`;
	const unsent = new OctopusXError('The request could not be sent completely', reason);
	return { fault: unsent.withCharge('none') };
}

/**
 * Adds a task ID to the "Highlighted data" of the execution, which n8n keeps after a Stop, unlike the output of
 * the node. It has room for 10 entries; half of them are left to the user.
 */
async function highlight(context: IExecuteFunctions, taskId: string): Promise<void> {
	// n8n 1.x has no `context.customData`
	const { customData } = context.getWorkflowDataProxy(0).$execution;
	for (const n of [1, 2, 3, 4, 5]) {
		const name = `octopusx_tasks_${n}`;
		const ids = `${customData.get(name) ?? ''} ${taskId}`.trim();
		// n8n logs an error about a longer entry
		if (ids.length <= 255) return customData.set(name, ids);
	}
}

function unanswered(timeoutMs: number): OctopusXError {
	const seconds = Math.round(timeoutMs / 1_000);
	return new OctopusXError(
		'OctopusX did not answer the submission',
		`No answer came within ${seconds} seconds, or before the execution was stopped.`,
		{ maybeAccepted: true },
	);
}

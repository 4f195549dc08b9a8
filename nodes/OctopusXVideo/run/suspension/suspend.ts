import type { IExecuteFunctions } from 'n8n-workflow';
import { OctopusXError } from '../../api/errors';
import { unlessFailed, type Failed, type InDoubt } from '../state/item';
import { toOutput } from '../state/output';
import { writeHandover, type Pending } from './handover';
import { waitingWorkflow } from './waitingWorkflow';

/**
 * Hands the wait for all items to a sub-workflow that n8n suspends, and this execution with it.
 * n8n resumes this execution with the items that the sub-workflow ends with, after a restart too.
 *
 * @returns whether that worked; otherwise the wait must go on here
 */
export async function suspend(context: IExecuteFunctions, items: Pending[]): Promise<boolean> {
	const executionId = context.getExecutionId();
	const workflowId = context.getWorkflow().id as string;
	try {
		const { waitTill } = await context.executeWorkflow(
			{ code: waitingWorkflow(context) },
			writeHandover(executionId, items),
			undefined,
			{ parentExecution: { executionId, workflowId, shouldResume: true } },
		);
		if (waitTill) {
			guardRetryAfterStop(context, items);
			return true;
		}
	} catch (error) {
		context.logger.warn(`OctopusX: ${(error as Error).message}`);
	}
	context.logger.warn('OctopusX: n8n did not suspend the execution, so it waits by itself');
	return false;
}

/** Error items, with the task of each, for a wait that came to no end of its own. */
export function withoutVideo(items: Pending[], message: string): Array<Failed | InDoubt> {
	const error = new OctopusXError(
		message,
		'Nobody waited for the task to the end: use Get Status with this Task ID.',
	);
	return items.map((item) => unlessFailed(item, error));
}

/**
 * Changes what n8n keeps of this run of the node until it resumes the execution.
 *
 * If a person stops the suspended execution and clicks Retry, n8n hands on the input that it kept:
 * prompts would go on as if they were videos. So the input becomes error items. And n8n disables the
 * node object of the run that it resumes. Other runs that wait for their turn share that object and
 * would be skipped, so this run gets a copy.
 */
function guardRetryAfterStop(context: IExecuteFunctions, items: Pending[]): void {
	const entry = context.getExecuteData();
	entry.node = { ...entry.node };
	const stopped = withoutVideo(items, 'The execution was stopped while it was suspended');
	entry.data = { ...entry.data, main: [stopped.map(toOutput)] };
}

import * as n8nWorkflow from 'n8n-workflow';
import { NodeOperationError, type IExecuteFunctions } from 'n8n-workflow';
import { isToolCall } from '../state/toolCall';

/** What n8n's editor calls a workflow that was not saved yet. */
const UNSAVED = '__EMPTY__';

/** Why an execution cannot be suspended, asked before anything is paid for. */
export function refuseSuspension(context: IExecuteFunctions): NodeOperationError | undefined {
	const refuse = (reason: string) =>
		new NodeOperationError(context.getNode(), 'The execution cannot be suspended', {
			description: `${reason} Set 'While Waiting' to Keep the Execution Running. Nothing was submitted.`,
		});
	if (!handsOnVideos()) return refuse('It takes n8n 2.0 or later.');
	if (!context.continueOnFail() && !handsOnFailures()) {
		return refuse("It takes n8n 2.27 or later unless 'On Error' is set to Continue.");
	}
	if (isToolCall(context)) {
		return refuse('An AI agent waits for its tools.');
	}
	const { id = UNSAVED } = context.getWorkflow();
	if (!context.getExecutionId() || id === UNSAVED) {
		return refuse('n8n does not save this execution.');
	}
	return undefined;
}

/**
 * Whether n8n resumes an execution with the items of the sub-workflow that it waited for. n8n 1.x
 * resumes it with its own input, so prompts would go on as if they were videos. No part of n8n that a
 * node can see tells; the function that is looked for came with n8n-workflow 2.0, too.
 */
function handsOnVideos(): boolean {
	return 'calculateWorkflowChecksum' in n8nWorkflow;
}

/**
 * Whether n8n fails an execution when the sub-workflow that it waited for has failed. Before 2.27, it
 * resumes it with its own input then. The constant that is looked for came with n8n-workflow 2.27, too.
 */
function handsOnFailures(): boolean {
	return 'CRASHABLE_EXECUTION_STATUSES' in n8nWorkflow;
}

import type { IExecuteFunctions } from 'n8n-workflow';

/** Whether an AI agent has called the node as a tool. */
export function isToolCall(context: IExecuteFunctions): boolean {
	// agents of n8n 2.x run a tool as a node of its own type, in a context that does not tell
	return context.isToolExecution?.() || context.getNode().type.endsWith('Tool');
}

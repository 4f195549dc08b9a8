import type { IExecuteFunctions, NodeApiError, NodeOperationError } from 'n8n-workflow';
import { isTest, type Settled } from './item';

/** Tells that a run was none for real: in the editor whoever looks at it, in n8n's log whoever does not. */
export function tellTestMode(context: IExecuteFunctions, items: Settled[]): void {
	const count = items.filter(isTest).length;
	if (count === 0) return;
	const message = `Test Mode: ${count} ${count === 1 ? 'item' : 'items'}, nothing generated`;
	if (context.getMode() === 'manual') {
		context.addExecutionHints({ message, type: 'warning', location: 'outputPane' });
	} else {
		context.logger.warn(`OctopusX: ${message}`);
	}
}

/** The error that ends the node, marked: in words, and with `context.test` for an error workflow. */
export function markTest<T extends NodeApiError | NodeOperationError>(error: T): T {
	error.description =
		`This item is in Test Mode: nothing was sent for it. ${error.description ?? ''}`.trim();
	error.context.test = true;
	return error;
}

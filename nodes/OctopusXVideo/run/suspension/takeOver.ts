import { NodeOperationError, type IExecuteFunctions } from 'n8n-workflow';
import { taskOf } from '../state/item';
import { shortened } from '../state/output';
import { readHandover, type HandedOver } from './handover';

/** As many task IDs as a person may fetch one by one. */
const MAX_NAMED = 20;

/**
 * What a checking node is handed by the execution that waits for it.
 *
 * @throws NodeOperationError where none waits: in n8n's Retry of a checking execution, whose outcome n8n
 * hands to nobody, and in a workflow that the node was copied into
 */
export function takeOver(context: IExecuteFunctions): HandedOver {
	const handover = readHandover(context);
	if (handover && context.getMode() !== 'retry') return handover;
	// with On Error set to Continue n8n would hand on the input instead, and the condition behind this
	// node would send that back here at once, again and again
	const entry = context.getExecuteData();
	entry.node = { ...entry.node, onError: 'stopWorkflow' };
	if (!handover) {
		throw new NodeOperationError(
			context.getNode(),
			'This node only works in a checking execution',
			{
				description:
					'Delete it, and add OctopusX Video anew: Get Status fetches a video by its task ID.',
			},
		);
	}
	const { parent, items } = handover;
	const ids = items.flatMap((item) => taskOf(item)?.task_id ?? []);
	throw new NodeOperationError(context.getNode(), 'A checking execution cannot be retried', {
		description: `Fetch the videos of execution ${parent} with Get Status, which is not charged: ${shortened(ids, MAX_NAMED)}.`,
	});
}

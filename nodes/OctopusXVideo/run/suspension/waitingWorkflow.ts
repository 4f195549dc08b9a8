import type { IExecuteFunctions, INode, IWorkflowBase } from 'n8n-workflow';
import { HANDOVER } from './handover';

/** The operation of the node inside of the sub-workflow; not in the editor's list. */
export const RESUME = 'resume';

/**
 * The sub-workflow that waits: trigger → look → are there videos? If not, n8n comes to the look again.
 * A node that suspends its execution hands on its input when n8n resumes it; it is run again only
 * where a connection leads back to it.
 */
export function waitingWorkflow(context: IExecuteFunctions): IWorkflowBase {
	const { type, typeVersion, credentials } = context.getNode();
	const { name, id } = context.getWorkflow();
	const at = (x: number): Pick<INode, 'position'> => ({ position: [x, 0] });
	const nodes: INode[] = [
		{
			...at(0),
			id: 'start',
			name: 'Start',
			type: 'n8n-nodes-base.executeWorkflowTrigger',
			typeVersion: 1,
			parameters: {},
		},
		{
			...at(220),
			id: 'look',
			name: 'Look',
			type,
			typeVersion,
			credentials,
			parameters: { operation: RESUME },
			...(context.continueOnFail() && { onError: 'continueRegularOutput' }),
		},
		{
			...at(440),
			id: 'done',
			name: 'Done?',
			type: 'n8n-nodes-base.if',
			typeVersion: 1,
			parameters: {
				conditions: { boolean: [{ value1: `={{ !$json.${HANDOVER} }}`, value2: true }] },
			},
		},
	];
	const to = (node: string) => [{ node, type: 'main' as const, index: 0 }];
	return {
		id,
		name: `${name}: waiting for videos`,
		nodes,
		connections: {
			// every node has a run before the first wait: after a crash, n8n makes up an item for one that has none
			Start: { main: [to('Done?')] },
			Look: { main: [to('Done?')] },
			'Done?': { main: [[], to('Look')] },
		},
		settings: {
			...context.getWorkflowSettings?.(),
			// the workflow that waits has its own, and what it waits for must outlive this one's
			errorWorkflow: undefined,
			executionTimeout: -1,
			callerPolicy: 'any',
			saveDataSuccessExecution: 'all',
			saveDataErrorExecution: 'all',
		},
	} as unknown as IWorkflowBase;
}

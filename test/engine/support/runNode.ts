import type { IDataObject, INode, INodeExecutionData, INodeParameters, IRun } from 'n8n-workflow';
import type { Sandbox } from '../../sandbox/sandbox';
import { NODE_TYPE, TRIGGER_TYPE } from './nodeTypes';
import { lastRunOf, runWorkflow, type RunOptions } from './runWorkflow';
import { onVirtualTime } from './virtualTime';

export const NODE = 'OctopusX Video';

export interface NodeSetup extends Omit<RunOptions, 'workflow' | 'credential'> {
	/** Settings of the node other than its parameters, such as `onError` or `retryOnFail`. */
	settings?: Partial<INode>;
	credential?: Partial<RunOptions['credential']>;
	workflowSettings?: IDataObject;
	/** Set to true to connect the node twice, so that n8n runs it twice, as in a loop. */
	connectTwice?: boolean;
}

export interface NodeRun {
	run: IRun;
	/** The items of the success output. */
	items: INodeExecutionData[];
	/** The items of the error output, if the node has one. */
	errorItems: INodeExecutionData[];
	/** The error that stopped the node, if any. */
	error?: { name: string; message: string; description?: string; context: IDataObject };
}

/** Runs a workflow of a trigger and an OctopusX Video node against a sandbox. */
export async function runNode(
	sandbox: Sandbox,
	parameters: INodeParameters,
	{ settings, credential, workflowSettings, connectTwice, ...options }: NodeSetup = {},
): Promise<NodeRun> {
	const at = { typeVersion: 1, position: [0, 0] as [number, number] };
	const toNode = { node: NODE, type: 'main', index: 0 } as const;
	const run = await runWorkflow({
		...options,
		credential: { apiKey: sandbox.apiKey, baseUrl: sandbox.url, ...credential },
		workflow: {
			nodes: [
				{ ...at, id: 'start', name: 'Start', type: TRIGGER_TYPE, parameters: {} },
				{
					...at,
					id: 'video',
					name: NODE,
					type: NODE_TYPE,
					parameters,
					credentials: { octopusXApi: { id: '1', name: 'OctopusX' } },
					...settings,
				},
			],
			connections: { Start: { main: [connectTwice ? [toNode, toNode] : [toNode]] } },
			...(workflowSettings && { settings: { executionOrder: 'v1', ...workflowSettings } }),
		},
	});
	const { data, error } = lastRunOf(run, NODE);
	const [items, errorItems] = data?.main ?? [];
	return {
		run,
		items: items ?? [],
		errorItems: errorItems ?? [],
		error: error as NodeRun['error'],
	};
}

/**
 * Runs `runNode` on virtual time, so that waits pass at once. `elapsedMs` is how long the run would
 * have taken.
 */
export async function runNodeVirtually(
	sandbox: Sandbox,
	parameters: INodeParameters,
	setup: NodeSetup = {},
): Promise<NodeRun & { elapsedMs: number }> {
	const { result, elapsedMs } = await onVirtualTime(
		sandbox,
		async () => await runNode(sandbox, parameters, setup),
	);
	return { ...result, elapsedMs };
}

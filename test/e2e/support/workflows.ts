import type { INode, INodeExecutionData, INodeParameters, IRunExecutionData } from 'n8n-workflow';
import type { WorkflowDraft } from './n8nApi';

const OCTOPUS = 'n8n-nodes-octopusx.octopusXVideo';
export const VIDEO_NODE = 'OctopusX Video';
/** The name of the node in a checking execution. */
export const CHECKING_NODE = `${VIDEO_NODE}: checking, do not stop`;

/** Creates our node with default parameters for a short run. */
export function videoNode(
	credentialId: string,
	parameters: INodeParameters = {},
	settings: Partial<INode> = {},
): INode {
	return {
		...node(VIDEO_NODE, OCTOPUS, {
			prompt: 'A paper boat',
			options: { pollInterval: 1 },
			...parameters,
		}),
		credentials: { octopusXApi: { id: credentialId, name: 'OctopusX account' } },
		...settings,
	};
}

export function webhookNode(path: string, parameters: INodeParameters = {}): INode {
	return {
		...node('Webhook', 'n8n-nodes-base.webhook', { path, httpMethod: 'POST', ...parameters }, 2),
		webhookId: path,
	};
}

export const manualTrigger = () => node('Manual Trigger', 'n8n-nodes-base.manualTrigger');

export function node(
	name: string,
	type: string,
	parameters: INodeParameters = {},
	typeVersion = 1,
): INode {
	return { id: name, name, type, typeVersion, position: [0, 0], parameters };
}

/** Creates a workflow that is a chain of nodes. */
export function chain(name: string, nodes: INode[], settings?: WorkflowDraft['settings']) {
	const connections: WorkflowDraft['connections'] = {};
	for (const [index, { name: from }] of nodes.entries()) {
		const to = nodes[index + 1];
		if (to) connections[from] = { main: [[{ node: to.name, type: 'main', index: 0 }]] };
	}
	const placed = nodes.map((one, index) => ({
		...one,
		position: [240 * index, 0] as [number, number],
	}));
	return { name, nodes: placed, connections, ...(settings && { settings }) };
}

/** Returns the items on the first output of a node's last run. Default: our node. */
export function itemsOf(data: IRunExecutionData, name = VIDEO_NODE): INodeExecutionData[] {
	return data.resultData.runData[name]?.at(-1)?.data?.main?.[0] ?? [];
}

import {
	NodeConnectionTypes,
	NodeHelpers,
	type INodeType,
	type INodeTypes,
	type IVersionedNodeType,
} from 'n8n-workflow';
import { OctopusXVideo } from '../../../nodes/OctopusXVideo/OctopusXVideo.node';

export const NODE_TYPE = 'n8n-nodes-octopusx.octopusXVideo';
/** The tool for AI Agents that n8n derives from our node. */
export const TOOL_TYPE = `${NODE_TYPE}Tool`;
/** The trigger of a workflow that another workflow starts. */
const SUB_WORKFLOW_TRIGGER_TYPE = 'n8n-nodes-base.executeWorkflowTrigger';
export const TRIGGER_TYPE = 'n8n-nodes-base.manualTrigger';
export const NOTE_TYPE = 'n8n-nodes-base.stickyNote';

/** Changes a node's description as n8n does for a tool, as far as its fields depend on that. */
export function asTool(node: INodeType): INodeType {
	const { name, displayName } = node.description;
	node.description = {
		...node.description,
		name: `${name}Tool`,
		displayName: `${displayName} Tool`,
		inputs: [],
		outputs: [NodeConnectionTypes.AiTool],
	};
	return node;
}

/** A stand-in for Manual Trigger that outputs the items the run was started with. */
const trigger = {
	description: {
		displayName: 'Manual Trigger',
		name: 'manualTrigger',
		group: ['trigger'],
		version: 1,
		description: '',
		defaults: { name: 'Manual Trigger' },
		inputs: [],
		outputs: ['main'],
		properties: [],
	},
	async execute() {
		return [(this as unknown as { getInputData: () => unknown[] }).getInputData()];
	},
} as unknown as INodeType;

/** A stand-in for Sticky Note, which is not executed. */
const note = {
	description: {
		...trigger.description,
		displayName: 'Sticky Note',
		name: 'stickyNote',
		group: [],
		properties: [
			{ displayName: 'Content', name: 'content', type: 'string', default: '' },
			{ displayName: 'Height', name: 'height', type: 'number', default: 160 },
			{ displayName: 'Width', name: 'width', type: 'number', default: 240 },
		],
	},
} as unknown as INodeType;

export type NodeTypeMap = Record<string, INodeType | IVersionedNodeType>;

/** The node types of a test run: our node, its tool, triggers and notes. */
export class NodeTypes implements INodeTypes {
	private readonly types: NodeTypeMap;

	constructor(node: INodeType = new OctopusXVideo(), others: NodeTypeMap = {}) {
		this.types = {
			...others,
			[NODE_TYPE]: node,
			[TOOL_TYPE]: node,
			[TRIGGER_TYPE]: trigger,
			[SUB_WORKFLOW_TRIGGER_TYPE]: trigger,
			[NOTE_TYPE]: note,
		};
	}

	getByName(type: string): INodeType | IVersionedNodeType {
		const nodeType = this.types[type];
		if (!nodeType) throw new Error(`Unknown node type ${type}`);
		return nodeType;
	}

	getByNameAndVersion(type: string, version?: number): INodeType {
		return NodeHelpers.getVersionedNodeType(this.getByName(type), version);
	}

	getKnownTypes() {
		return {};
	}
}

import { join } from 'node:path';
import type { INode, INodeParameters, INodeType, IVersionedNodeType } from 'n8n-workflow';
import { NODE_TYPE, TRIGGER_TYPE, type NodeTypeMap } from '../engine/support/nodeTypes';

const MODULES = join(__dirname, 'node_modules');
const BASE = join(MODULES, 'n8n-nodes-base', 'dist', 'nodes');
const VENDORS = join(MODULES, '@n8n', 'n8n-nodes-langchain', 'dist', 'nodes', 'vendors');

/** The files of the other nodes that n8n loads. */
export const PEER_FILES = {
	'HTTP Request': join(BASE, 'HttpRequest', 'HttpRequest.node.js'),
	'OpenAI (n8n vendor node)': join(VENDORS, 'OpenAi', 'OpenAi.node.js'),
	'MiniMax (n8n vendor node)': join(VENDORS, 'MiniMax', 'MiniMax.node.js'),
	'Firecrawl (vendor package)': join(
		MODULES,
		'@mendable',
		'n8n-nodes-firecrawl',
		'dist',
		'nodes',
		'Firecrawl',
		'Firecrawl.node.js',
	),
};

function load(file: string, className: string): INodeType | IVersionedNodeType {
	// eslint-disable-next-line @typescript-eslint/no-require-imports -- a file of another package
	const classes = require(file) as Record<string, new () => INodeType>;
	return new (classes[className] as new () => INodeType)();
}

export function peerTypes(): NodeTypeMap {
	const base = (folder: string, className = folder) =>
		load(join(BASE, folder, `${folder}.node.js`), className);
	return {
		'n8n-nodes-base.httpRequest': base('HttpRequest'),
		'n8n-nodes-base.wait': base('Wait'),
		'n8n-nodes-base.if': base('If'),
		'n8n-nodes-base.splitInBatches': base('SplitInBatches'),
		'@n8n/n8n-nodes-langchain.openAi': load(PEER_FILES['OpenAI (n8n vendor node)'], 'OpenAi'),
	};
}

function node(
	name: string,
	type: string,
	typeVersion: number,
	parameters: INodeParameters,
	settings: Partial<INode> = {},
): INode {
	return { id: name, name, type, typeVersion, position: [0, 0], parameters, ...settings };
}

const start = node('Start', TRIGGER_TYPE, 1, {});
const to = (name: string) => [{ node: name, type: 'main' as const, index: 0 }];

/**
 * The pattern of n8n's templates: for each item, one after another, submit, then wait and check
 * until the video is ready.
 */
export function sequentialLoop(baseUrl: string, apiKey: string, intervalSeconds: number) {
	const http = { sendHeaders: true, options: {} };
	const headerParameters = { parameters: [{ name: 'Authorization', value: `Bearer ${apiKey}` }] };
	const body = { model: 'omni-fast', prompt: 'a boat', seconds: '8' };
	return {
		nodes: [
			start,
			node('Loop', 'n8n-nodes-base.splitInBatches', 3, { batchSize: 1, options: {} }),
			node('Submit', 'n8n-nodes-base.httpRequest', 4.2, {
				...http,
				headerParameters,
				method: 'POST',
				url: `${baseUrl}/v1/videos`,
				sendBody: true,
				specifyBody: 'json',
				jsonBody: JSON.stringify(body),
			}),
			node('Wait', 'n8n-nodes-base.wait', 1.1, {
				resume: 'timeInterval',
				amount: intervalSeconds,
				unit: 'seconds',
			}),
			node('Check', 'n8n-nodes-base.httpRequest', 4.2, {
				...http,
				headerParameters,
				method: 'GET',
				url: `=${baseUrl}/v1/videos/{{ $json.id }}`,
			}),
			node('Done?', 'n8n-nodes-base.if', 2.2, {
				conditions: {
					options: { caseSensitive: true, leftValue: '', typeValidation: 'strict', version: 2 },
					conditions: [
						{
							id: 'done',
							leftValue: '={{ $json.status }}',
							rightValue: 'completed',
							operator: { type: 'string', operation: 'equals' },
						},
					],
					combinator: 'and',
				},
				options: {},
			}),
		],
		connections: {
			Start: { main: [to('Loop')] },
			Loop: { main: [[], to('Submit')] },
			Submit: { main: [to('Wait')] },
			Wait: { main: [to('Check')] },
			Check: { main: [to('Done?')] },
			'Done?': { main: [to('Loop'), to('Wait')] },
		},
	};
}

export function openAiVideo() {
	return {
		nodes: [
			start,
			node(
				'OpenAI',
				'@n8n/n8n-nodes-langchain.openAi',
				2,
				{
					resource: 'video',
					operation: 'generate',
					modelId: { __rl: true, mode: 'id', value: 'sora-2' },
					prompt: 'a boat',
					seconds: 4,
					size: '1280x720',
					options: {},
				},
				{ credentials: { openAiApi: { id: '1', name: 'OpenAI' } } },
			),
		],
		connections: { Start: { main: [to('OpenAI')] } },
	};
}

export function octopusX(parameters: INodeParameters) {
	return {
		nodes: [
			start,
			node('OctopusX Video', NODE_TYPE, 1, parameters, {
				credentials: { octopusXApi: { id: '1', name: 'OctopusX' } },
			}),
		],
		connections: { Start: { main: [to('OctopusX Video')] } },
	};
}

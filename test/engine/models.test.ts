import { LoadOptionsContext } from 'n8n-core';
import {
	Workflow,
	type ILoadOptionsFunctions,
	type INode,
	type INodeParameters,
	type IWorkflowExecuteAdditionalData,
	type NodeApiError,
} from 'n8n-workflow';
import { OctopusXVideo } from '../../nodes/OctopusXVideo/OctopusXVideo.node';
import { CredentialsHelper } from './support/credentialsHelper';
import { GENERATE, GENERATE_EACH } from './support/inputs';
import { NODE_TYPE, NodeTypes } from './support/nodeTypes';
import { runNode } from './support/runNode';
import { useSandbox } from './support/useSandbox';
import { onVirtualTime } from './support/virtualTime';

const sandbox = useSandbox();

interface Setup {
	operation?: string;
	filter?: string;
	apiKey?: string;
	baseUrl?: string;
}

/** Opens the list of the option Model, as n8n does for its editor. */
async function openList({ operation = 'generate', filter, ...credential }: Setup = {}) {
	const node: INode = {
		id: 'video',
		name: 'Video',
		type: NODE_TYPE,
		typeVersion: 1,
		position: [0, 0],
		parameters: { operation },
		credentials: { octopusXApi: { id: '1', name: 'OctopusX' } },
	};
	const nodeTypes = new NodeTypes();
	const workflow = new Workflow({ nodes: [node], connections: {}, active: false, nodeTypes });
	const additionalData = {
		credentialsHelper: new CredentialsHelper({
			apiKey: sandbox.apiKey,
			baseUrl: sandbox.url,
			...credential,
		}),
		currentNodeParameters: node.parameters,
		variables: {},
		webhookWaitingBaseUrl: 'http://localhost/w',
		formWaitingBaseUrl: 'http://localhost/f',
	} as unknown as IWorkflowExecuteAdditionalData;
	const path = 'parameters.options.model';
	const context = new LoadOptionsContext(workflow, node, additionalData, path);
	const { searchModels } = new OctopusXVideo().methods.listSearch;
	const { results } = await searchModels.call(context as unknown as ILoadOptionsFunctions, filter);
	return results.map(({ name, value }) => (name === value ? name : `${value}: ${name}`));
}

/** Why there is no list, in the words that the drop-down shows. */
async function refusal(setup: Setup = {}): Promise<string> {
	return await openList(setup).then(String, (error: NodeApiError) => {
		expect(error.constructor.name).toBe('NodeApiError');
		expect(JSON.stringify(error)).not.toContain(sandbox.apiKey);
		return `${error.message} | ${error.description}`;
	});
}

/** Has the API answer with these models. */
function offer(...models: Array<[id: unknown, types?: unknown]>): void {
	const data = models.map(([id, types]) => ({ id, supported_endpoint_types: types }));
	sandbox.faults.add({ on: 'models', answer: { status: 200, body: { success: true, data } } });
}

const VIDEO = ['openai-video'];

test('the list of models begins with the usual one of the operation, and the others follow by name', async () => {
	offer(['zoom', VIDEO], ['omni-fast', VIDEO], ['arc', VIDEO], ['omni-fast-v2v', VIDEO]);
	expect(await openList()).toEqual([
		'omni-fast: omni-fast (default)',
		...['arc', 'omni-fast-v2v', 'zoom'],
	]);
	offer(['zoom', VIDEO], ['omni-fast', VIDEO], ['omni-fast-v2v', VIDEO]);
	expect(await openList({ operation: 'edit' })).toEqual([
		'omni-fast-v2v: omni-fast-v2v (default)',
		...['omni-fast', 'zoom'],
	]);
});

test('the list of models is asked for once, with the key, and costs nothing', async () => {
	expect(await openList()).toEqual(['omni-fast: omni-fast (default)', 'omni-fast-v2v']);
	expect(sandbox.log).toMatchObject([
		{ method: 'GET', path: '/v1/models', headers: { authorization: `Bearer ${sandbox.apiKey}` } },
	]);
});

test('the list holds what makes videos, and what the API does not tell of', async () => {
	offer(
		['chat', ['openai']],
		['both', ['openai', 'openai-video']],
		['empty', []],
		['absent'],
		['odd', 'openai'],
		['none', null],
	);
	expect(await openList()).toEqual(['absent', 'both', 'empty', 'none', 'odd']);
});

test.each([
	['v2V', ['omni-fast-v2v']],
	[' omni ', ['omni-fast: omni-fast (default)', 'omni-fast-v2v']],
	['xyz', []],
])('a search for "%s" in the list finds %j', async (filter, found) => {
	expect(await openList({ filter })).toEqual(found);
});

test('entries of the list that are no models do no harm, and none is there twice', async () => {
	const ids = [5, '', ' ', ['a'], 'a', 'a'];
	const data = [null, 'x', 7, {}, ...ids.map((id) => ({ id }))];
	sandbox.faults.add({ on: 'models', answer: { status: 200, body: { data } } });
	expect(await openList()).toEqual(['a']);
});

test('a list that would show the key does not', async () => {
	offer([`model-${sandbox.apiKey}`]);
	expect(await openList()).toEqual(['model-***']);
});

describe('a list that cannot be had says why:', () => {
	test('a wrong key', async () => {
		expect(await refusal({ apiKey: 'wrong-key-1234' })).toMatch(
			/^OctopusX did not accept the API key \| Check the API key in the node's credential/,
		);
	});

	test.each<[string, number, unknown, RegExp]>([
		[
			'a page with HTTP 200',
			200,
			'<!doctype html><title>Console</title>',
			/^A web page answered .* \| Check the 'Base URL'/,
		],
		[
			'a fault with HTTP 200',
			200,
			{ success: false, message: 'database is locked' },
			/^OctopusX sent an answer that the node does not understand \| .*"database is locked"/,
		],
		['HTTP 500', 500, {}, /^OctopusX is not available at the moment \| Try again later/],
		[
			'no permission',
			403,
			{ error: { message: 'no access', code: '' } },
			/^The account or the API key does not allow this \| .*"no access"/,
		],
		[
			'no model for videos',
			200,
			{ data: [{ id: 'chat', supported_endpoint_types: ['openai'] }] },
			/^The API key has no access to a video model \| .* by its ID\.$/,
		],
	])('%s', async (_what, status, body, words) => {
		sandbox.faults.add({ on: 'models', answer: { status, body } });
		expect(await refusal()).toMatch(words);
	});

	test('an API that cannot be reached', async () => {
		expect(await refusal({ baseUrl: 'http://127.0.0.1:9' })).toMatch(
			/^OctopusX cannot be reached \| Check the 'Base URL'/,
		);
	});

	test('a Base URL that is no address', async () => {
		expect(await refusal({ baseUrl: 'octopusx.ai' })).toMatch(
			/^The 'Base URL' in the credential is not a web address \| /,
		);
	});

	test('a redirect, which the key does not follow', async () => {
		const headers = { location: `${sandbox.fileHost}/v1/models` };
		sandbox.faults.add({ on: 'models', answer: { status: 302, headers } });
		expect(await refusal()).toMatch(/^The 'Base URL' leads on to another address \| /);
		expect(sandbox.log.map(({ path }) => path)).toEqual(['/v1/models']);
	});
});

describe('the option Model', () => {
	const locator = (mode: string, value: unknown) => ({ __rl: true, mode, value });
	const options = (model: unknown) => ({ model }) as INodeParameters;

	test.each([
		['from the list', locator('list', 'omni-next'), 'omni-next'],
		['by its ID', locator('id', ' omni-next '), 'omni-next'],
		['by an expression', locator('id', '={{ $json.prompt }}'), 'omni-json'],
		['as plain text, as older workflows have it', 'omni-next', 'omni-next'],
		['as an expression, as older workflows have it', '={{ $json.prompt }}', 'omni-json'],
		['not chosen', locator('list', ''), 'omni-fast'],
		['left empty', '', 'omni-fast'],
	])('a model %s', async (_how, model, sent) => {
		sandbox.faults.add({ on: 'submit', answer: { status: 200, body: { id: 'x' } } });
		const { error } = await runNode(
			sandbox,
			{ ...GENERATE_EACH, waitForCompletion: false, options: options(model) },
			{ input: [{ json: { prompt: 'omni-json' } }] },
		);
		expect(error).toBeUndefined();
		expect(sandbox.log[0]?.body).toMatchObject({ model: sent });
	});

	test.each(['[1]', '$json.none', 'null', '" "'])('a model of %s costs nothing', async (value) => {
		const { error } = await runNode(sandbox, {
			...GENERATE,
			options: options(locator('id', `={{ ${value} }}`)),
		});
		expect(error?.message).toBe("'Model' has no text [item 0]");
		expect(sandbox.log).toEqual([]);
	});
});

test.each(['hang', 'stall', 'drip'] as const)(
	'an API whose answers %s keeps nobody waiting for the list',
	async (answer) => {
		sandbox.faults.add({ on: 'models', answer });
		const { result, elapsedMs } = await onVirtualTime(sandbox, refusal);
		expect(result).toContain('OctopusX did not answer | ');
		expect(elapsedMs).toBeLessThanOrEqual(30_000);
	},
);

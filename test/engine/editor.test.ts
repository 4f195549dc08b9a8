import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ExecuteContext, LoadOptionsContext, RoutingNode } from 'n8n-core';
import {
	Workflow,
	type ILoadOptionsFunctions,
	type INode,
	type INodeParameters,
	type INodeType,
	type INodeTypes,
	type IRunExecutionData,
	type IWorkflowExecuteAdditionalData,
	type NodeApiError,
} from 'n8n-workflow';
import { OctopusXApi } from '../../credentials/OctopusXApi.credentials';
import { OctopusXVideo } from '../../nodes/OctopusXVideo/OctopusXVideo.node';
import type { FaultyAnswer } from '../sandbox/faults';
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

/** Loads the list of the field Model, as n8n does for its editor. */
async function loadList({ operation = 'generate', filter, ...credential }: Setup = {}) {
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
	const path = 'parameters.model';
	const context = new LoadOptionsContext(workflow, node, additionalData, path);
	const { searchModels } = new OctopusXVideo().methods.listSearch;
	const { results } = await searchModels.call(context as unknown as ILoadOptionsFunctions, filter);
	return results.map(({ name, value }) => (name === value ? name : `${value}: ${name}`));
}

/** Returns the error that the drop-down shows in place of a list. */
async function listError(setup: Setup = {}): Promise<string> {
	return await loadList(setup).then(String, (error: NodeApiError) => {
		expect(error.constructor.name).toBe('NodeApiError');
		expect(JSON.stringify(error)).not.toContain(sandbox.apiKey);
		return `${error.message} | ${error.description}`;
	});
}

/** Makes the API respond with these models. */
function answerWith(...models: Array<[id: unknown, types?: unknown]>): void {
	const data = models.map(([id, types]) => ({ id, supported_endpoint_types: types }));
	sandbox.faults.add({ on: 'models', answer: { status: 200, body: { success: true, data } } });
}

const OMNI = 'omni-fast: omni-fast (text, frames, images)';
const V2V = 'omni-fast-v2v: omni-fast-v2v (text, frames, images; for Edit)';

test('the model list has the models that fit the operation, by family, and then unknown ones', async () => {
	const ids = [
		...['zoom', 'veo_3_1', 'Kling-2.6', 'omni-fast-v2v', 'arc', 'grok-video-3', 'sora-2'],
		...['jimeng-video-3.0', 'Vidu-2', 'doubao-seedance-2-0', 'omni-fast', 'kling-v3'],
	];
	answerWith(...ids.map((id): [string] => [id]));
	const kling = [
		'Kling-2.6: Kling-2.6 (text, frames; for Edit)',
		'kling-v3: kling-v3 (text, frames; for Edit)',
	];
	expect(await loadList()).toEqual([
		...[OMNI, V2V, 'sora-2: sora-2 (text, first frame)'],
		'veo_3_1: veo_3_1 (text, first frame, images)',
		...[...kling, 'arc', 'zoom'],
	]);
	answerWith(...ids.map((id): [string] => [id]));
	expect(await loadList({ operation: 'edit' })).toEqual([V2V, ...kling, 'arc', 'zoom']);
});

test('the model list takes one request with the API key, and is not charged', async () => {
	expect((await loadList()).slice(0, 2)).toEqual([OMNI, V2V]);
	expect(sandbox.log).toMatchObject([
		{ method: 'GET', path: '/v1/models', headers: { authorization: `Bearer ${sandbox.apiKey}` } },
	]);
});

test('the model list contains the models for videos, and those whose type the API does not give', async () => {
	answerWith(
		['chat', ['openai']],
		['both', ['openai', 'openai-video']],
		['empty', []],
		['absent'],
		['odd', 'openai'],
		['none', null],
	);
	expect(await loadList()).toEqual(['absent', 'both', 'empty', 'none', 'odd']);
});

test('the model list leaves out well-known models for text and images, unless the API says otherwise', async () => {
	answerWith(
		...[...['gpt-5', 'claude-sonnet-4', 'gemini-3-pro-image-preview', 'o3-mini', 'dall-e-3']].map(
			(id): [string] => [id],
		),
		...[...['text-embedding-3-small', 'doubao-seedream-4', 'deepseek-v3', 'whisper-1']].map(
			(id): [string] => [id],
		),
		...[...['GV-3.1', 'Hailuo-2.3', 'wan-2.6', 'omega']].map((id): [string] => [id]),
		['gemini-video', ['openai-video']],
	);
	expect(await loadList()).toEqual(['gemini-video', 'GV-3.1', 'Hailuo-2.3', 'omega', 'wan-2.6']);
});

test.each([
	['v2V', [V2V]],
	[' omni-f ', [OMNI, V2V]],
	['xyz', []],
])('a search for "%s" in the model list finds %j', async (filter, found) => {
	expect(await loadList({ filter })).toEqual(found);
});

test('the model list leaves out invalid and duplicate entries', async () => {
	const ids = [5, '', ' ', ['a'], 'a', 'a'];
	const data = [null, 'x', 7, {}, ...ids.map((id) => ({ id }))];
	sandbox.faults.add({ on: 'models', answer: { status: 200, body: { data } } });
	expect(await loadList()).toEqual(['a']);
});

test('the model list masks the API key', async () => {
	answerWith([`model-${sandbox.apiKey}`]);
	expect(await loadList()).toEqual(['model-***']);
});

describe('errors of the model list', () => {
	test('the model list shows that the API key was not accepted if the key is wrong', async () => {
		expect(await listError({ apiKey: 'wrong-key-1234' })).toMatch(
			/^OctopusX did not accept the API key \| Check the API key in the node's credential/,
		);
	});

	test.each<[string, number, unknown, RegExp]>([
		[
			'HTTP 200 with a web page',
			200,
			'<!doctype html><title>Console</title>',
			/^A web page answered .* \| Check the 'Base URL'/,
		],
		[
			'HTTP 200 with success: false',
			200,
			{ success: false, message: 'database is locked' },
			/^OctopusX sent an answer that the node does not understand \| .*"database is locked"/,
		],
		['HTTP 500', 500, {}, /^OctopusX is not available at the moment \| Try again later/],
		[
			'HTTP 403',
			403,
			{ error: { message: 'no access', code: '' } },
			/^The account or the API key does not allow this \| .*"no access"/,
		],
		[
			'HTTP 200 without a model for videos',
			200,
			{ data: [{ id: 'chat', supported_endpoint_types: ['openai'] }] },
			/^The API key has no access to a video model \| .* by its ID\.$/,
		],
	])('the model list shows the reason after %s', async (_answer, status, body, expected) => {
		sandbox.faults.add({ on: 'models', answer: { status, body } });
		expect(await listError()).toMatch(expected);
	});

	/** With this status, n8n's drop-down shows a link to the credential. */
	test.each([
		[401, '401'],
		[403, '403'],
		[404, null],
	])('the error of the model list after HTTP %s has the status %p', async (status, httpCode) => {
		sandbox.faults.add({ on: 'models', times: Infinity, answer: { status, body: {} } });
		await expect(loadList()).rejects.toMatchObject({ httpCode });
	});

	test('the model list shows that the API cannot be reached', async () => {
		expect(await listError({ baseUrl: 'http://127.0.0.1:9' })).toMatch(
			/^OctopusX cannot be reached \| No connection to 127\.0\.0\.1:9 was made\. Check the 'Base URL'/,
		);
	});

	test('the model list shows that the Base URL is not a web address', async () => {
		expect(await listError({ baseUrl: 'octopus x' })).toMatch(
			/^The 'Base URL' in the credential is not a web address \| /,
		);
	});

	test('the model list does not follow an HTTP 302 redirect, to protect the API key', async () => {
		const headers = { location: `${sandbox.fileHost}/v1/models` };
		sandbox.faults.add({ on: 'models', answer: { status: 302, headers } });
		expect(await listError()).toMatch(/^The 'Base URL' leads to another address \| /);
		expect(sandbox.log.map(({ path }) => path)).toEqual(['/v1/models']);
	});
});

describe('the field Model', () => {
	const locator = (mode: string, value: unknown) =>
		({ __rl: true, mode, value }) as unknown as INodeParameters;

	test.each([
		['chosen from the list', locator('list', 'omni-next'), 'omni-next'],
		['given by its ID', locator('id', ' omni-next '), 'omni-next'],
		['given by an expression', locator('id', '={{ $json.prompt }}'), 'omni-json'],
		['saved as a plain string by an older version', 'omni-next', 'omni-next'],
		['saved as an expression by an older version', '={{ $json.prompt }}', 'omni-json'],
		['not chosen', locator('list', ''), 'omni-fast'],
		['left empty', '', 'omni-fast'],
	])('the request contains the expected model if Model is %s', async (_source, model, sent) => {
		sandbox.faults.add({ on: 'submit', answer: { status: 200, body: { id: 'x' } } });
		const { error } = await runNode(
			sandbox,
			{ ...GENERATE_EACH, waitForCompletion: false, model: model as INodeParameters },
			{ input: [{ json: { prompt: 'omni-json' } }] },
		);
		expect(error).toBeUndefined();
		expect(sandbox.log[0]?.body).toMatchObject({ model: sent });
	});

	test.each(['[1]', '$json.none', 'null', '" "'])(
		'a Model whose expression returns %s is refused before any request',
		async (value) => {
			const { error } = await runNode(sandbox, {
				...GENERATE,
				model: locator('id', `={{ ${value} }}`),
			});
			expect(error?.message).toBe("'Model' has no text [item 0]");
			expect(sandbox.log).toEqual([]);
		},
	);
});

test.each(['hang', 'stall', 'drip'] as const)(
	'the model list fails within 30 seconds if the response has the fault "%s"',
	async (answer) => {
		sandbox.faults.add({ on: 'models', answer });
		const { result, elapsedMs } = await onVirtualTime(sandbox, listError);
		expect(result).toContain('OctopusX did not answer | Try again later.');
		expect(elapsedMs).toBeLessThanOrEqual(30_000);
	},
);

/**
 * Does what n8n's Test button does: sends the test request as a declarative node would. If that fails, n8n
 * shows the code of the cause, if it has one, or else the message.
 */
async function testCredential(data: { apiKey: string; baseUrl: string }): Promise<string> {
	const { request } = new OctopusXApi().test;
	const type = {
		description: {
			displayName: 'Test',
			name: 'test',
			group: [],
			version: 1,
			description: '',
			defaults: {},
			inputs: ['main'],
			outputs: ['main'],
			credentials: [{ name: 'octopusXApi', required: true }],
			properties: [
				{ displayName: 'Test', name: 'test', type: 'string', default: '', routing: { request } },
			],
		},
	} as unknown as INodeType;
	const node: INode = {
		id: 'test',
		name: 'Test',
		type: 'test',
		typeVersion: 1,
		position: [0, 0],
		parameters: {},
		credentials: { octopusXApi: { id: '1', name: 'test' } },
	};
	const nodeTypes = { getByNameAndVersion: () => type } as unknown as INodeTypes;
	const workflow = new Workflow({ nodes: [node], connections: {}, active: false, nodeTypes });
	const additionalData = {
		credentialsHelper: new CredentialsHelper(data),
		currentNodeParameters: {},
		variables: {},
		webhookWaitingBaseUrl: 'http://localhost/w',
		formWaitingBaseUrl: 'http://localhost/f',
	} as unknown as IWorkflowExecuteAdditionalData;
	const context = new ExecuteContext(
		workflow,
		node,
		additionalData,
		'internal',
		{ resultData: { runData: {} } } as unknown as IRunExecutionData,
		0,
		[],
		{ main: [[{ json: {} }]] },
		{ node, data: {}, source: null } as never,
		[],
	);
	try {
		await new RoutingNode(context, type).runNode();
		return 'Connection successful!';
	} catch (error) {
		const { code, response } =
			(error as { cause?: { code?: string; response?: object } }).cause ?? {};
		if (response) return 'the text of the HTTP status';
		return code ?? (error as Error).message;
	}
}

/** Saved credentials depend on these names. */
test('the credential has a hidden, required API key, and a Base URL with the address of OctopusX', () => {
	const { name, properties, icon } = new OctopusXApi();
	expect(new OctopusXVideo().description.credentials).toEqual([{ name, required: true }]);
	expect(properties).toMatchObject([
		{ type: 'notice' },
		{
			name: 'apiKey',
			type: 'string',
			typeOptions: { password: true },
			required: true,
			default: '',
		},
		{ name: 'baseUrl', type: 'string', default: 'https://octopusx.ai' },
		{ name: 'tested', type: 'hidden', default: '' },
	]);
	const folder = join(__dirname, '..', '..', 'credentials');
	const files = Object.values(icon).map((path) => join(folder, String(path).replace(/^file:/, '')));
	expect(files.filter((file) => file.endsWith('.svg') && existsSync(file))).toHaveLength(2);
});

const OK = 'Connection successful!';

test.each<[string, (text: string) => string]>([
	['that ends in /', (text) => `${text}/`],
	['that ends in /v1', (text) => `${text}/v1`],
	['that ends in /v1/', (text) => `${text}/v1/`],
	['that ends in //', (text) => `${text}//`],
	['in quotes', (text) => `"${text}"`],
	['in curly quotes, with a comma', (text) => `“${text}”,`],
	['with invisible characters', (text) => `\ufeff\u200b${text}\u202c\u00a0`],
])('the credential test passes with a Base URL and an API key %s', async (what, pasted) => {
	const key = what.startsWith('that') ? sandbox.apiKey : pasted(`Bearer ${sandbox.apiKey}`);
	expect(await testCredential({ apiKey: key, baseUrl: pasted(sandbox.url) })).toBe(OK);
	const request = { path: '/v1/models', headers: { authorization: `Bearer ${sandbox.apiKey}` } };
	// the one of n8n, after the one that can explain what is wrong
	expect(sandbox.log).toMatchObject([request, request]);
});

test.each<[string, FaultyAnswer, RegExp]>([
	[
		'HTTP 401',
		{ status: 401, body: {} },
		/^OctopusX did not accept the API key\. Check the API key/,
	],
	[
		'HTTP 403',
		{ status: 403, body: {} },
		/^The account or the API key does not allow this\. Check/,
	],
	['HTTP 404', { status: 404, body: {} }, /^The 'Base URL' does not lead to the OctopusX API\. /],
	[
		'a web page',
		{ status: 200, body: '<!doctype html>' },
		/^A web page answered instead of the Oct/,
	],
	['an error body', { status: 200, body: { success: false, message: 'no db' } }, /: "?.*no db/],
])('the credential test explains %s', async (_what, answer, message) => {
	sandbox.faults.add({ on: 'models', times: Infinity, answer });
	const result = await testCredential({ apiKey: sandbox.apiKey, baseUrl: sandbox.url });
	expect(result).toMatch(message);
	expect(sandbox.log).toHaveLength(1);
});

test.each([
	[
		'http://octopusx.invalid',
		/^OctopusX cannot be reached\. No connection to octopusx\.invalid was made\. Check/,
	],
	[
		'http://127.0.0.1:9',
		/^OctopusX cannot be reached\. No connection to 127\.0\.0\.1:9 was made\. Check/,
	],
	[
		'octopusx.invalid/v1',
		/^OctopusX cannot be reached\. No connection to octopusx\.invalid was made/,
	],
	['octopus x', /^The 'Base URL' in the credential is not a web address\. It looks like/],
	['https://', /^The 'Base URL' in the credential is not a web address\. It looks like/],
])('the credential test explains the Base URL %s in a sentence', async (baseUrl, message) => {
	expect(await testCredential({ apiKey: sandbox.apiKey, baseUrl })).toMatch(message);
});

test('the credential test explains https:// for an address that speaks http://', async () => {
	const baseUrl = sandbox.url.replace('http:', 'https:');
	const result = await testCredential({ apiKey: sandbox.apiKey, baseUrl });
	expect(result).toMatch(/^No secure connection could be made\. OctopusX does not speak https/);
});

test('the credential test refuses an API key that is empty but for "Bearer"', async () => {
	const result = await testCredential({ apiKey: 'Bearer ', baseUrl: sandbox.url });
	expect(result).toBe('The API key in the credential is empty. Copy it from the OctopusX console.');
	expect(sandbox.log).toEqual([]);
});

/** As n8n does before each request if the node does not fill the hidden field. */
test('a run of the node does not test the credential', async () => {
	await runNode(sandbox, GENERATE);
	expect(sandbox.requestsTo('models')).toEqual([]);
});

test('the credential test does not follow an HTTP 302 redirect with the API key', async () => {
	const headers = { location: `${sandbox.fileHost}/v1/models` };
	sandbox.faults.add({ on: 'models', times: Infinity, answer: { status: 302, headers } });
	const result = await testCredential({ apiKey: sandbox.apiKey, baseUrl: sandbox.url });
	expect(result).not.toBe('Connection successful!');
	expect(sandbox.log.every(({ path }) => path === '/v1/models')).toBe(true);
	expect(
		sandbox.log.filter(({ headers: { host } }) => sandbox.fileHost.endsWith(host ?? '')),
	).toEqual([]);
});

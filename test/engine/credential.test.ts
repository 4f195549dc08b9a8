import { ExecuteContext, RoutingNode } from 'n8n-core';
import {
	Workflow,
	type ICredentialTestRequest,
	type INode,
	type INodeType,
	type INodeTypes,
	type IRunExecutionData,
	type IWorkflowExecuteAdditionalData,
	type NodeApiError,
} from 'n8n-workflow';
import { OctopusXApi } from '../../credentials/OctopusXApi.credentials';
import { CredentialsHelper } from './support/credentialsHelper';
import { useSandbox } from './support/useSandbox';

const sandbox = useSandbox();

/**
 * Does what n8n's Test button does: sends the test request as a declarative node would, then
 * applies the rules.
 */
async function testCredential(data: { apiKey: string; baseUrl: string }): Promise<string> {
	const { request, rules = [] } = new OctopusXApi().test as ICredentialTestRequest;
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
		const response = await new RoutingNode(context, type).runNode();
		const json = Object(response?.[0]?.[0]?.json) as Record<string, unknown>;
		const matchingRule = rules.find(
			({ type: kind, properties }) =>
				kind === 'responseSuccessBody' &&
				json[(properties as { key: string }).key] === properties.value,
		);
		return matchingRule?.properties.message ?? 'Connection successful!';
	} catch (error) {
		const { httpCode, message } = error as NodeApiError;
		const rule = rules.find(
			({ type: kind, properties }) =>
				kind === 'responseCode' && String(properties.value) === httpCode,
		);
		return rule?.properties.message ?? message;
	}
}

test.each(['', '/', '/v1', '/v1/', '//'])(
	'the credential test passes with a valid API key and a Base URL that ends in "%s"',
	async (end) => {
		const baseUrl = `${sandbox.url}${end}`;
		expect(await testCredential({ apiKey: sandbox.apiKey, baseUrl })).toBe(
			'Connection successful!',
		);
		expect(sandbox.log).toMatchObject([
			{ method: 'GET', path: '/v1/models', headers: { authorization: `Bearer ${sandbox.apiKey}` } },
		]);
	},
);

test.each<[string, (text: string) => string]>([
	['in quotes', (text) => `"${text}"`],
	['in curly quotes, with a comma', (text) => `“${text}”,`],
	['with invisible characters', (text) => `\ufeff\u200b${text}\u202c\u00a0`],
])('the credential test passes with an API key and a Base URL %s', async (_what, pasted) => {
	const apiKey = pasted(`Bearer ${sandbox.apiKey}`);
	expect(await testCredential({ apiKey, baseUrl: pasted(`${sandbox.url}/v1/`) })).toBe(
		'Connection successful!',
	);
	expect(sandbox.log).toMatchObject([
		{ path: '/v1/models', headers: { authorization: `Bearer ${sandbox.apiKey}` } },
	]);
});

test('the credential test explains HTTP 401 for a wrong API key', async () => {
	expect(await testCredential({ apiKey: 'wrong', baseUrl: sandbox.url })).toBe(
		'OctopusX did not accept this API key. Copy it again from the OctopusX console.',
	);
});

test.each([
	[403, 'OctopusX refused this API key. Check its permissions and the balance.'],
	[404, 'There is no OctopusX API at this Base URL.'],
])('the credential test has a specific message for HTTP %s', async (status, message) => {
	sandbox.faults.add({ on: 'models', times: Infinity, answer: { status, body: {} } });
	expect(await testCredential({ apiKey: sandbox.apiKey, baseUrl: sandbox.url })).toBe(message);
});

test.each([
	[
		'a web page',
		'<!doctype html><title>Console</title>',
		'This Base URL belongs to a web page, not to the API. Enter https://octopusx.ai, without a path.',
	],
	[
		'an error body',
		{ success: false, message: 'database is locked' },
		'OctopusX answered with an error. Check the API key, and that the Base URL is https://octopusx.ai.',
	],
])('the credential test does not accept HTTP 200 with %s', async (_what, body, message) => {
	sandbox.faults.add({ on: 'models', answer: { status: 200, body } });
	expect(await testCredential({ apiKey: sandbox.apiKey, baseUrl: sandbox.url })).toBe(message);
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

import { inspect } from 'node:util';
import { ExpressionError } from 'n8n-workflow';
import type { Fault } from '../sandbox/faults';
import { GENERATE } from './support/inputs';
import { apiErrorBody, taskErrorBody } from './support/errorBodies';
import { runNodeVirtually } from './support/runNode';
import { useSandbox } from './support/useSandbox';
import { watchedNode } from './support/watchedNode';

const sandbox = useSandbox();

const CASES: Array<[string, Fault['answer'], string, string | RegExp]> = [
	[
		'HTTP 401',
		{ status: 401, body: apiErrorBody('Invalid token') },
		'OctopusX did not accept the API key',
		'OctopusX said: "Invalid token" (HTTP 401)',
	],
	[
		'HTTP 403 for a low balance',
		{ status: 403, body: taskErrorBody('insufficient_user_quota') },
		'The balance of the OctopusX account is too low',
		'HTTP 403, insufficient_user_quota',
	],
	[
		'HTTP 403',
		{ status: 403, body: apiErrorBody('no') },
		'The account or the API key does not allow this',
		'HTTP 403',
	],
	[
		'HTTP 413',
		{ status: 413, body: apiErrorBody('too large') },
		'The request is too large for OctopusX',
		'public URL',
	],
	[
		'HTTP 400 for an unknown model',
		{ status: 400, body: taskErrorBody('model_price_error') },
		'OctopusX does not offer this model to the account',
		"'Model'",
	],
	[
		'HTTP 400',
		{ status: 400, body: taskErrorBody('invalid_request') },
		'OctopusX rejected the request',
		'HTTP 400, invalid_request',
	],
	[
		'HTTP 404',
		{ status: 404, body: apiErrorBody('Invalid URL') },
		"The 'Base URL' does not lead to the OctopusX API",
		"'Base URL'",
	],
	[
		'HTTP 500',
		{ status: 500, body: apiErrorBody('boom') },
		'OctopusX is not available at the moment',
		'"boom" (HTTP 500)',
	],
	[
		'HTTP 502',
		{ status: 502, body: '<html>bad</html>' },
		'OctopusX is not available at the moment',
		'(HTTP 502)',
	],
	[
		'a web page',
		{ status: 200, body: '<html>hello</html>' },
		'A web page answered instead of the OctopusX API',
		'a firewall or a proxy is in the way',
	],
	...[401, 403].map((status): (typeof CASES)[number] => [
		`a web page with HTTP ${status}`,
		{ status, body: '<html>hello</html>' },
		'A web page answered instead of the OctopusX API',
		'Nothing was charged.',
	]),
	[
		'a redirect',
		{ status: 302, headers: { location: 'https://example.com/' } },
		"The 'Base URL' leads on to another address",
		"'Base URL'",
	],
	[
		'no task ID',
		{ status: 200, body: { status: 'queued' } },
		'OctopusX accepted the request but sent no task ID',
		'It may have been charged.',
	],
	['a reset', 'reset', 'The connection broke off', 'OctopusX sent no complete answer'],
];

test.each(CASES)(
	'a submission answered with %s has an error of its own words, without the key',
	async (_name, answer, message, description) => {
		sandbox.faults.add({ on: 'submit', times: Infinity, answer });
		const { error, run } = await runNodeVirtually(sandbox, GENERATE);
		expect(error).toMatchObject({ message, context: { itemIndex: 0 } });
		expect(error?.description).toContain(description);
		expect(sandbox.requestsTo('submit')).toHaveLength(1);
		// also not where only a debugger or a log would look: cause, context, stack
		expect(inspect(run, { depth: 20, showHidden: true })).not.toContain(sandbox.apiKey);
	},
);

test('a server that cannot be reached is told, with a hint at the Base URL', async () => {
	const { error } = await runNodeVirtually(sandbox, GENERATE, {
		credential: { baseUrl: 'http://127.0.0.1:9' },
	});
	expect(error?.message).toBe('OctopusX cannot be reached');
	expect(error?.description).toContain("Check the 'Base URL'");
});

test('what the server says is quoted without the key, tokens or file contents, and in part only', async () => {
	const secret = `${sandbox.apiKey} Bearer abc.def data:image/png;base64,AAAA ${'word '.repeat(400_000)}${sandbox.apiKey}`;
	sandbox.faults.add({ on: 'submit', answer: { status: 400, body: apiErrorBody(secret) } });
	const { error, run } = await runNodeVirtually(sandbox, GENERATE);
	expect(error?.description).toContain('"*** Bearer *** data:*** word word');
	expect(error?.description?.length).toBeLessThan(750);
	expect(JSON.stringify(run)).not.toContain(sandbox.apiKey);
});

test('a key that was pasted with white space around it works, and is hidden as it is sent', async () => {
	const message = `no such key: ${sandbox.apiKey}`;
	sandbox.faults.add({ on: 'submit', answer: { status: 400, body: apiErrorBody(message) } });
	const { error, run } = await runNodeVirtually(sandbox, GENERATE, {
		credential: { apiKey: ` ${sandbox.apiKey}\n` },
	});
	expect(error?.description).toContain('no such key: ***');
	expect(inspect(run, { depth: 20 })).not.toContain(sandbox.apiKey);
	expect(sandbox.log[0]?.headers.authorization).toBe(`Bearer ${sandbox.apiKey}`);
});

test('invisible characters in a pasted key are neither sent nor in the way of hiding it', async () => {
	const message = `no such key: ${sandbox.apiKey}`;
	sandbox.faults.add({ on: 'submit', answer: { status: 400, body: apiErrorBody(message) } });
	const [start, end] = [sandbox.apiKey.slice(0, 4), sandbox.apiKey.slice(4)];
	const { error, run } = await runNodeVirtually(sandbox, GENERATE, {
		credential: { apiKey: `\u200b${start}\u200b${end}\ufeff` },
	});
	expect(error?.description).toContain('no such key: ***');
	expect(inspect(run, { depth: 20 })).not.toContain(sandbox.apiKey);
	expect(sandbox.log[0]?.headers.authorization).toBe(`Bearer ${sandbox.apiKey}`);
});

test.each([
	['an empty key', { apiKey: ' \u200b' }, 'The API key in the credential is empty'],
	[
		'a Base URL with a user name in it',
		{ baseUrl: 'http://user:secret-password@127.0.0.1:9' },
		"The 'Base URL' in the credential is not a web address",
	],
])(
	'a credential with %s is refused before anything is sent',
	async (_what, credential, message) => {
		const { error, run } = await runNodeVirtually(sandbox, GENERATE, { credential });
		expect(error?.message).toBe(message);
		expect(error?.description).toContain('Nothing was sent.');
		expect(JSON.stringify(run)).not.toContain('secret-password');
		expect(sandbox.log).toEqual([]);
	},
);

test('a server that echoes the key in a task does not get it into the items', async () => {
	const body = {
		id: 'video_1',
		status: 'completed',
		note: `made with ${sandbox.apiKey}`,
		video_url: `${sandbox.fileHost}/a.mp4?key=${sandbox.apiKey}`,
	};
	sandbox.faults.add({ on: 'poll', answer: { status: 200, body } });
	const { items, run } = await runNodeVirtually(sandbox, { ...GENERATE, simplify: false });
	expect(items[0]?.json).toMatchObject({ note: 'made with ***' });
	expect(JSON.stringify(run)).not.toContain(sandbox.apiKey);
});

test('an error does not advise to fetch tasks that have all failed', async () => {
	const input = [{ json: {} }, { json: {} }];
	const { error } = await runNodeVirtually(sandbox, { prompt: 'a boat [failed]' }, { input });
	expect(error?.description).toMatch(
		/Tasks of this run: .*video_1 \(failed\).*video_2 \(failed\)\.$/,
	);
});

test('the only task of a run is named once in its error', async () => {
	const { error } = await runNodeVirtually(sandbox, { prompt: 'a boat [failed]' });
	expect(error?.description?.match(/video_1/g)).toHaveLength(1);
	expect(error?.description).not.toContain('Tasks of this run');
});

test('a credential that n8n cannot resolve costs nothing, and the error says so', async () => {
	const node = watchedNode((context) => ({
		helpers: {
			...context.helpers,
			httpRequestWithAuthentication: async () => {
				throw new ExpressionError("Node 'Video' hasn't been executed");
			},
		},
	}));
	const { error } = await runNodeVirtually(sandbox, { prompt: 'a boat' }, { node });
	expect(error).toMatchObject({ message: 'n8n did not send the request' });
	expect(error?.description).not.toContain('paid for');
});

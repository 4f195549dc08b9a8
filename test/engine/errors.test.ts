import { inspect } from 'node:util';
import { ExpressionError } from 'n8n-workflow';
import type { Charge } from '../../nodes/OctopusXVideo/api/errors';
import type { Fault } from '../sandbox/faults';
import { apiErrorBody, taskErrorBody } from './support/errorBodies';
import { CONTINUE, GENERATE, GENERATE_EACH, numberedItems } from './support/inputs';
import { NODE, runNodeVirtually } from './support/runNode';
import { lastRunOf } from './support/runWorkflow';
import { useSandbox } from './support/useSandbox';
import { loggingNode, nodeWithContext } from './support/nodeWithContext';

const sandbox = useSandbox();

/** The name of the response, the charge, the response, and the message and description of its error. */
const SUBMIT_ERRORS: Array<[string, Charge, Fault['answer'], string, string]> = [
	[
		'HTTP 401',
		'none',
		{ status: 401, body: apiErrorBody('Invalid token') },
		'OctopusX did not accept the API key',
		'OctopusX said: "Invalid token" (HTTP 401, request ID 2026',
	],
	[
		'HTTP 403, insufficient_user_quota',
		'none',
		{ status: 403, body: taskErrorBody('insufficient_user_quota') },
		'The balance of the OctopusX account is too low',
		'HTTP 403, insufficient_user_quota',
	],
	[
		'HTTP 403',
		'none',
		{ status: 403, body: apiErrorBody('no') },
		'The account or the API key does not allow this',
		'HTTP 403',
	],
	[
		'HTTP 413',
		'none',
		{ status: 413, body: apiErrorBody('too large') },
		'The request is too large for OctopusX',
		'public URL',
	],
	[
		'HTTP 400, model_price_error',
		'none',
		{ status: 400, body: taskErrorBody('model_price_error') },
		'OctopusX does not offer this model to the account',
		'Check the model',
	],
	[
		'HTTP 400',
		'none',
		{ status: 400, body: taskErrorBody('invalid_request') },
		'OctopusX rejected the request',
		'HTTP 400, invalid_request',
	],
	[
		'HTTP 404',
		'none',
		{ status: 404, body: apiErrorBody('Invalid URL') },
		"The 'Base URL' does not lead to the OctopusX API",
		"'Base URL'",
	],
	[
		'HTTP 500',
		'none',
		{ status: 500, body: apiErrorBody('boom') },
		'OctopusX is not available at the moment',
		'"boom" (HTTP 500, request ID 2026',
	],
	[
		'HTTP 502',
		'maybe',
		{ status: 502, body: '<html>bad</html>', byProxy: true },
		'OctopusX is not available at the moment',
		'(HTTP 502)',
	],
	[
		'a web page with HTTP 200',
		'maybe',
		{ status: 200, body: '<html>hello</html>', byProxy: true },
		'A web page answered instead of the OctopusX API',
		'a firewall or a proxy is in the way',
	],
	[
		"the gateway's own web page with HTTP 200",
		'none',
		{ status: 200, body: '<html>hello</html>' },
		'A web page answered instead of the OctopusX API',
		'a firewall or a proxy is in the way',
	],
	...[401, 403].map((status): (typeof SUBMIT_ERRORS)[number] => [
		`a web page with HTTP ${status}`,
		'none',
		{ status, body: '<html>hello</html>' },
		'A web page answered instead of the OctopusX API',
		'a firewall or a proxy is in the way',
	]),
	[
		'an HTTP 302 redirect',
		'maybe',
		{ status: 302, headers: { location: 'https://example.com/' } },
		"The 'Base URL' leads to another address",
		"'Base URL'",
	],
	[
		'HTTP 200 without a task ID',
		'maybe',
		{ status: 200, body: { status: 'queued' } },
		'OctopusX accepted the request but sent no task ID',
		'OctopusX sent: {"status":"queued"} (HTTP 200, request ID 2026',
	],
	[
		'a connection reset',
		'maybe',
		'reset',
		'The connection broke off',
		'OctopusX sent no complete answer',
	],
];

test.each(SUBMIT_ERRORS)(
	'a submission answered with %s fails with a specific error that does not contain the API key',
	async (_name, charge, answer, message, description) => {
		sandbox.faults.add({ on: 'submit', times: Infinity, answer });
		const { error, run } = await runNodeVirtually(sandbox, GENERATE);
		expect(error).toMatchObject({ message, context: { itemIndex: 0, charge } });
		expect(error?.description).toContain(description);
		expect(sandbox.requestsTo('submit')).toHaveLength(1);
		// The key must not even be in a cause, context or stack, which only a debugger or a log shows.
		expect(inspect(run, { depth: 20, showHidden: true })).not.toContain(sandbox.apiKey);
	},
);

/**
 * The name of the failure, the charge, the sentence about the charge, the prompt, and the faults of
 * the API.
 */
const CHARGES: Array<[string, Charge, string, string, ...Fault[]]> = [
	[
		'HTTP 400 for a submission',
		'none',
		'Nothing was charged.',
		'a boat',
		{ on: 'submit', answer: { status: 400 } },
	],
	[
		'an unanswered submission',
		'maybe',
		'It may have been charged, so the node did not send it again: check the usage log of the OctopusX account before you run it again.',
		'a boat',
		{ on: 'submit', answer: 'reset' },
	],
	[
		'a timeout',
		{ taskId: 'video_1' },
		'Task video_1 was charged: fetch its video with Get Status, which is not charged.',
		'a boat [never]',
	],
	[
		'a failed task whose verdict has quota 0',
		{ taskId: 'video_1', refund: 'given' },
		'Task video_1 was charged, and the charge was refunded.',
		'a boat [failed]',
	],
	[
		'a failed task whose verdict has a quota of 5',
		{ taskId: 'video_1', refund: 'unknown' },
		'Task video_1 was charged. The usage log of the OctopusX account shows whether the charge was refunded.',
		'a boat [failed]',
		{
			on: 'verdict',
			answer: { status: 200, body: { code: 'success', data: { status: 'FAILURE', quota: 5 } } },
		},
	],
];

test.each(CHARGES)(
	'the error after %s begins with a sentence about the charge',
	async (_failure, charge, sentence, prompt, ...faults) => {
		for (const fault of faults) sandbox.faults.add(fault);
		const parameters = { ...GENERATE, prompt, options: { timeout: 1 } };
		const { error } = await runNodeVirtually(sandbox, parameters);
		expect(error?.context.charge).toEqual(charge);
		expect(error?.description?.slice(0, sentence.length + 1)).toBe(`${sentence} `);

		for (const fault of faults) sandbox.faults.add(fault);
		const settings = CONTINUE;
		const { items } = await runNodeVirtually(sandbox, parameters, { settings });
		const { description } = items[0]?.json.error as { description: string };
		const ofSecondTask = sentence.replace('video_1', 'video_2');
		expect(description.slice(0, sentence.length + 1)).toBe(`${ofSecondTask} `);
	},
);

test('the error of an unreachable server points to the Base URL', async () => {
	const { error } = await runNodeVirtually(sandbox, GENERATE, {
		credential: { baseUrl: 'http://127.0.0.1:9' },
	});
	expect(error?.message).toBe('OctopusX cannot be reached');
	expect(error?.description).toContain("Check the 'Base URL'");
});

test('the error of HTTP 400 quotes the server briefly, without the API key, tokens or file contents', async () => {
	const secret = `${sandbox.apiKey} Bearer abc.def data:image/png;base64,AAAA ${'word '.repeat(400_000)}${sandbox.apiKey}`;
	sandbox.faults.add({ on: 'submit', answer: { status: 400, body: apiErrorBody(secret) } });
	const { error, run } = await runNodeVirtually(sandbox, GENERATE);
	expect(error?.description).toContain('"*** Bearer *** data:*** word word');
	expect(error?.description?.length).toBeLessThan(750);
	expect(JSON.stringify(run)).not.toContain(sandbox.apiKey);
});

test('an API key pasted with white space around it is sent without the space, and is hidden in the error of HTTP 400', async () => {
	const message = `no such key: ${sandbox.apiKey}`;
	sandbox.faults.add({ on: 'submit', answer: { status: 400, body: apiErrorBody(message) } });
	const { error, run } = await runNodeVirtually(sandbox, GENERATE, {
		credential: { apiKey: ` ${sandbox.apiKey}\n` },
	});
	expect(error?.description).toContain('no such key: ***');
	expect(inspect(run, { depth: 20 })).not.toContain(sandbox.apiKey);
	expect(sandbox.log[0]?.headers.authorization).toBe(`Bearer ${sandbox.apiKey}`);
});

test('invisible characters in a pasted API key are not sent, and the error of HTTP 400 still hides the key', async () => {
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
	['an empty API key', { apiKey: ' \u200b' }, 'The API key in the credential is empty'],
	[
		'a Base URL that contains a password',
		{ baseUrl: 'http://user:secret-password@127.0.0.1:9' },
		"The 'Base URL' in the credential is not a web address",
	],
])('a credential with %s is refused before any request', async (_what, credential, message) => {
	const { error, run } = await runNodeVirtually(sandbox, GENERATE, { credential });
	expect(error?.message).toBe(message);
	expect(error?.context.charge).toBe('none');
	expect(JSON.stringify(run)).not.toContain('secret-password');
	expect(sandbox.log).toEqual([]);
});

test('a completed task that contains the API key is output without it', async () => {
	const body = {
		id: 'video_1',
		status: 'completed',
		note: `made with ${sandbox.apiKey}`,
		video_url: `${sandbox.fileHost}/a.mp4?key=${sandbox.apiKey}`,
	};
	sandbox.faults.add({ on: 'check', answer: { status: 200, body } });
	const { items, run } = await runNodeVirtually(sandbox, { ...GENERATE, simplify: false });
	expect(items[0]?.json).toMatchObject({ note: 'made with ***' });
	expect(JSON.stringify(run)).not.toContain(sandbox.apiKey);
});

test('the error of a run whose tasks all failed lists them without advice to fetch them', async () => {
	const input = [{ json: {} }, { json: {} }];
	const { error } = await runNodeVirtually(sandbox, { prompt: 'a boat [failed]' }, { input });
	expect(error?.description).toMatch(
		/Tasks of this run: .*video_1 \(failed\).*video_2 \(failed\)\.$/,
	);
});

test('the error of a run with one task names that task once', async () => {
	const { error } = await runNodeVirtually(sandbox, { prompt: 'a boat [failed]' });
	expect(error?.description?.match(/video_1/g)).toHaveLength(1);
	expect(error?.description).not.toContain('Tasks of this run');
});

test('a request that n8n cannot send because of its credential is reported as not charged', async () => {
	const node = nodeWithContext((context) => ({
		helpers: {
			...context.helpers,
			httpRequestWithAuthentication: async () => {
				throw new ExpressionError("Node 'Video' hasn't been executed");
			},
		},
	}));
	const { error } = await runNodeVirtually(sandbox, { prompt: 'a boat' }, { node });
	expect(error).toMatchObject({ message: 'n8n did not send the request' });
	expect(error?.context.charge).toBe('none');
});

describe('length of messages in a large batch', () => {
	const ITEM_COUNT = 60;
	/** Users can no longer read longer errors in n8n. */
	const MAX_READABLE_LENGTH = 2_500;

	beforeEach(() => void (sandbox.durationMs = 20_000));

	test('the error of a large batch lists ten tasks per status, and the log lists all of them', async () => {
		const input = numberedItems(ITEM_COUNT).map(({ json }, n) => ({
			json: {
				prompt: `${json.prompt}${n % 3 === 0 ? ' [failed]' : n % 3 === 1 ? ' [never]' : ''}`,
			},
		}));
		const lines: string[] = [];
		const { error } = await runNodeVirtually(
			sandbox,
			{ ...GENERATE_EACH, options: { timeout: 1, maxConcurrency: 50 } },
			{ input, node: loggingNode(lines) },
		);
		const { description = '' } = error ?? {};
		expect(String(description).length).toBeLessThan(MAX_READABLE_LENGTH);
		// Running tasks come first, because they still have to be fetched.
		expect(description).toMatch(
			/Tasks of this run: item 1: video_\d+ \(in_progress\).* and 10 more \(all are in n8n's log\), item 2: video_\d+ \(completed\)/,
		);
		const log = lines.at(-1) ?? '';
		expect(sandbox.tasks.filter(({ id }) => !log.includes(`${id} (`))).toEqual([]);
	});

	test('the hint of a large batch stays short when every item fails', async () => {
		const input = numberedItems(ITEM_COUNT);
		const { run } = await runNodeVirtually(
			sandbox,
			{ ...GENERATE_EACH, seconds: '={{ $itemIndex + 100 }}', aspectRatio: '={{ "x".repeat(9) }}' },
			{ input, settings: CONTINUE },
		);
		const [hint] = lastRunOf(run, NODE).hints ?? [];
		expect(hint?.message).toContain(`${ITEM_COUNT} of ${ITEM_COUNT} items failed: `);
		expect(hint?.message.length).toBeLessThan(MAX_READABLE_LENGTH);
	});

	test('the error lists at most ten unanswered submissions', async () => {
		sandbox.faults.add({ on: 'submit', times: Infinity, answer: 'reset' });
		const { error } = await runNodeVirtually(sandbox, GENERATE_EACH, {
			input: numberedItems(ITEM_COUNT),
		});
		expect(error?.description).toContain('item 9 and 50 more');
		expect(String(error?.description).length).toBeLessThan(MAX_READABLE_LENGTH);
	});

	test('the error of a large batch that got HTTP 400 for every item quotes the server only briefly', async () => {
		const body = apiErrorBody('word '.repeat(1_000));
		sandbox.faults.add({ on: 'submit', times: Infinity, answer: { status: 400, body } });
		const { error } = await runNodeVirtually(sandbox, GENERATE_EACH, {
			input: numberedItems(ITEM_COUNT),
		});
		expect(String(error?.description).length).toBeLessThan(MAX_READABLE_LENGTH);
	});
});

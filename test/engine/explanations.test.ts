import type { Fault } from '../sandbox/faults';
import { apiErrorBody, taskErrorBody } from './support/errorBodies';
import { eventually } from './support/eventually';
import { CONTINUE, GENERATE, GENERATE_EACH, numbered } from './support/inputs';
import { runNodeVirtually } from './support/runNode';
import { loggedNode } from './support/watchedNode';
import { useSandbox } from './support/useSandbox';

/** What the gateway's refusals of a submission are told as: docs/API.md, "Refusals". */

const sandbox = useSandbox();

/** The model service's own answer, as the gateway hands it on. */
const fromModelService = (status: number, message: string): Fault['answer'] => ({
	status,
	body: { code: 'fail_to_fetch_task', message, data: null },
});
const inner = (message: string, code: string) => JSON.stringify({ error: { message, code } });

const REFUSALS: Array<[string, Fault['answer'], string, string]> = [
	[
		'the model service’s moderation',
		fromModelService(400, inner('Your prompt was blocked', 'moderation_blocked')),
		'The model refused the request',
		'OctopusX said: "Your prompt was blocked (moderation_blocked)"',
	],
	[
		'a refusal of the model service in plain words',
		fromModelService(400, 'seconds must be between 4 and 30'),
		'The model refused the request',
		'"seconds must be between 4 and 30"',
	],
	...[
		{ error: { code: 'bad_seconds', msg: 'seconds too large' } },
		{ code: 'bad_seconds', errors: [{ detail: 'seconds too large' }] },
		{ error: { error: { code: 'bad_seconds', reason: 'seconds too large' } } },
	].map((said): (typeof REFUSALS)[number] => [
		`a refusal of the model service of the form ${JSON.stringify(said)}`,
		fromModelService(400, JSON.stringify(said)),
		'The model refused the request',
		'OctopusX said: "seconds too large (bad_seconds)"',
	]),
	[
		'an odd answer of the model service, with HTTP 201',
		fromModelService(201, '{"id": "up_76b59cd436", "status": "queued"}'),
		'The AI model is not available at the moment',
		'HTTP 201',
	],
	[
		'a redirect of the model service, without an address',
		fromModelService(307, ''),
		'The AI model is not available at the moment',
		'HTTP 307, fail_to_fetch_task',
	],
	[
		'a model service that does not let OctopusX in',
		fromModelService(401, inner('Incorrect API key provided', 'invalid_api_key')),
		'The AI model is closed to OctopusX at the moment',
		'Your API key is not the reason.',
	],
	[
		'a model service that is down',
		fromModelService(502, '<html><h1>Bad Gateway</h1></html>'),
		'The AI model is not available at the moment',
		'a page instead of an answer came from the model service',
	],
	[
		'a model service that cannot be reached',
		{ status: 500, body: taskErrorBody('do_request_failed') },
		'OctopusX could not reach the AI model',
		'do_request_failed',
	],
	[
		'a model without a channel',
		{
			status: 503,
			body: { error: { ...apiErrorBody('No channel').error, code: 'model_not_found' } },
		},
		'OctopusX does not offer this model to the account',
		"'Model'",
	],
	[
		'a channel that cannot be had',
		{ status: 500, body: taskErrorBody('get_channel_failed') },
		'OctopusX does not offer this model to the account',
		"'Model'",
	],
	[
		'the quota of the key',
		{ status: 403, body: taskErrorBody('pre_consume_token_quota_failed') },
		'The quota of the API key is too low',
		"Raise the key's quota",
	],
	[
		'the balance, in Chinese',
		{
			status: 403,
			body: { code: 'insufficient_user_quota', message: '用户额度不足, 剩余额度: ＄0.000000' },
		},
		'The balance of the OctopusX account is too low',
		'in English: the balance of the account is too low',
	],
	[
		'a body that is too large',
		{ status: 400, body: apiErrorBody('Invalid request: request body exceeds 128 MB') },
		'The request is too large for OctopusX',
		'public URL',
	],
	[
		'the gateway’s own error with HTTP 500',
		{ status: 500, body: apiErrorBody('database is locked') },
		'OctopusX is not available at the moment',
		'"database is locked"',
	],
];

describe('a structured refusal raises no doubt', () => {
	test.each(REFUSALS)(
		'a submission refused by %s is told as that, was not charged, and may be retried',
		async (_what, answer, message, description) => {
			sandbox.faults.add({ on: 'submit', answer });
			const lines: string[] = [];
			const { items } = await runNodeVirtually(sandbox, GENERATE, {
				node: loggedNode(lines),
				settings: { retryOnFail: true, maxTries: 2, waitBetweenTries: 1_000 },
			});
			expect(items[0]?.json).toMatchObject({ task_id: 'video_1' });
			expect(lines.join('\n')).not.toMatch(/may be charged twice|may have been charged/);

			sandbox.faults.add({ on: 'submit', answer });
			const { error } = await runNodeVirtually(sandbox, GENERATE);
			expect(error?.message).toBe(message);
			expect(error?.description).toContain(description);
			expect(error?.description).toContain('Nothing was charged.');
			expect(error?.description).not.toMatch(/not known|perhaps paid/);
		},
	);

	test('a model service that is saturated is asked again, and its Chinese words get their meaning', async () => {
		const answer = fromModelService(429, '当前分组上游负载已饱和，请稍后再试');
		sandbox.faults.add({ on: 'submit', times: 3, answer });
		const { items } = await runNodeVirtually(sandbox, GENERATE);
		expect(items[0]?.json).toMatchObject({ task_id: 'video_1' });
		expect(sandbox.tasks).toHaveLength(1);

		sandbox.faults.add({ on: 'submit', times: Infinity, answer });
		const { error } = await runNodeVirtually(sandbox, { ...GENERATE, options: { timeout: 1 } });
		expect(error?.message).toBe('OctopusX received too many requests');
		expect(error?.description).toContain('(in English: the model is overloaded, try again later)');
	});
});

test('the request ID is in the error, from the header where the text has none', async () => {
	const headers = { 'x-oneapi-request-id': '20261121-abc' };
	const body = taskErrorBody('invalid_request');
	sandbox.faults.add({ on: 'submit', answer: { status: 400, headers, body } });
	const { error } = await runNodeVirtually(sandbox, GENERATE);
	expect(error?.description).toContain('request ID 20261121-abc');
});

test('an answer after which nobody knows is quoted whole, without the key', async () => {
	const message = `${'long '.repeat(200)}${sandbox.apiKey} job-4711`;
	const body = { error: { message, type: 'new_api_panic', code: '' } };
	sandbox.faults.add({ on: 'submit', answer: { status: 500, body } });
	const lines: string[] = [];
	const { error, run } = await runNodeVirtually(sandbox, GENERATE, { node: loggedNode(lines) });
	expect(error?.description).toContain('job-4711');
	expect(error?.description).toContain('It may have been charged');
	expect(lines.join()).toContain('job-4711');
	expect(JSON.stringify(run)).not.toContain(sandbox.apiKey);
});

describe('a key that is refused', () => {
	const keyState = (body: object, status = 200): Fault => ({
		on: 'usage',
		times: Infinity,
		answer: { status, body },
	});
	const usage = (data: object) => keyState({ code: true, message: 'ok', data });
	const refuse = () =>
		sandbox.faults.add({
			on: 'submit',
			times: Infinity,
			answer: { status: 401, body: apiErrorBody('Invalid token (request id: 1)') },
		});

	test.each<[string, Fault, string]>([
		[
			'used up',
			usage({ total_available: 0, unlimited_quota: false }),
			"The key's quota is used up",
		],
		['expired', usage({ expires_at: 1_600_000_000, total_available: 5 }), 'the key has expired'],
		['good again', usage({ total_available: 5 }), 'it has quota left'],
		['unlimited', usage({ total_available: -5, unlimited_quota: true }), 'it has quota left'],
		[
			'disabled',
			keyState({ success: false, message: 'This token status is unavailable' }, 401),
			'the key or its account is disabled',
		],
		[
			'wrong',
			keyState({ success: false, message: 'Invalid token' }, 401),
			'OctopusX does not know this key',
		],
	])('a refused key that is %s is told as that', async (_what, fault, words) => {
		refuse();
		sandbox.faults.add(fault);
		const { error } = await runNodeVirtually(sandbox, GENERATE);
		expect(error?.message).toBe('OctopusX did not accept the API key');
		expect(error?.description).toContain(words);
		expect(error?.description).toContain('wrong, disabled or expired, or its quota is used up');
	});

	test.each<[string, Fault['answer']]>([
		['is refused', { status: 429, headers: { 'retry-after': '1200' } }],
		['brings a page', { status: 200, body: '<html>' }],
		['breaks off', 'reset'],
		['hangs', 'hang'],
	])('a question for the state of the key that %s changes nothing', async (_what, answer) => {
		refuse();
		sandbox.faults.add({ on: 'usage', answer });
		const { error } = await runNodeVirtually(sandbox, GENERATE);
		expect(error?.message).toBe('OctopusX did not accept the API key');
		expect(error?.description).toMatch(
			/^Nothing was charged. Check the API key in the node's credential/,
		);
		await eventually(() => expect(sandbox.hanging).toBe(0));
	});

	test('the state of the key is asked for once in a run, never for each item', async () => {
		refuse();
		const { items } = await runNodeVirtually(sandbox, GENERATE_EACH, {
			settings: CONTINUE,
			input: numbered(5),
		});
		expect(items).toHaveLength(5);
		expect(sandbox.requestsTo('usage')).toHaveLength(1);
	});

	test('the state of the key is told to the items for which it was refused, and to no other', async () => {
		const answer = { status: 401, body: apiErrorBody('No') };
		sandbox.faults.add({ on: 'submit', prompt: 'number 1', answer });
		sandbox.faults.add({ on: 'submit', prompt: 'number 2', answer: { status: 400 } });
		const { items } = await runNodeVirtually(
			sandbox,
			{ ...GENERATE_EACH, seconds: '={{ $json.prompt.endsWith(3) ? 99 : 8 }}' },
			{ settings: CONTINUE, input: numbered(4) },
		);
		expect(items[0]?.json.status).toBe('completed');
		expect(
			items.map(({ json }) => JSON.stringify(json).includes('OctopusX knows the key')),
		).toEqual([false, true, false, false]);
	});

	test('an error that tells the state of the key has the status of the refusal', async () => {
		refuse();
		const { error } = await runNodeVirtually(sandbox, GENERATE);
		expect(error).toMatchObject({ name: 'NodeApiError', httpCode: '401' });
		expect(error?.description).toMatch(/^OctopusX knows the key.*\. Nothing was charged\./);
	});

	test('a run without a refused key does not ask for the state of the key', async () => {
		await runNodeVirtually(sandbox, GENERATE);
		expect(sandbox.requestsTo('usage')).toHaveLength(0);
	});
});

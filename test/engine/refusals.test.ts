import { chargeSentence } from '../../nodes/OctopusXVideo/api/errors';
import type { Fault } from '../sandbox/faults';
import { startingWith } from './support/charges';
import { apiErrorBody, taskErrorBody } from './support/errorBodies';
import { eventually } from './support/eventually';
import { CONTINUE, GENERATE, GENERATE_EACH, numberedItems } from './support/inputs';
import { useRefusals } from './support/refusals';
import { runNode, runNodeVirtually, type NodeRun } from './support/runNode';
import { loggingNode } from './support/nodeWithContext';

/**
 * Tests of what the node refuses before any request, and how it explains what the API rejects
 * (docs/API.md, "Refusals").
 */

const { sandbox, refusal } = useRefusals();

describe('numbers out of range', () => {
	test.each<[number | string, string]>([
		[3, '3'],
		[31, '31'],
		[4.5, '4.5'],
		['={{ "long" }}', '"long"'],
		['={{ "" }}', '""'],
		['={{ null }}', 'null'],
		['={{ [8] }}', '[8]'],
		['={{ NaN }}', 'null'],
		['={{ "8".repeat(999) }}', `"${'8'.repeat(99)}`],
	])('Duration (Seconds) %p is refused before any request', async (seconds, quoted) => {
		const text = await refusal({ ...GENERATE, seconds });
		expect(text).toContain("'Duration (Seconds)' must be a whole number from 4 to 30 [item 0]");
		expect(text).toContain(`For this item the value is ${quoted}.`);
	});

	test.each([
		['pollInterval', 0.5, "'Check Every (Seconds)' must be from 1 to 300"],
		['pollInterval', 301, "'Check Every (Seconds)' must be from 1 to 300"],
		['timeout', 0, "'Timeout (Minutes)' must be above 0 and at most 1440"],
		['timeout', 1441, "'Timeout (Minutes)' must be above 0 and at most 1440"],
		['maxConcurrency', 0, "'Max Concurrency' must be a whole number from 1 to 50"],
		['maxConcurrency', 51, "'Max Concurrency' must be a whole number from 1 to 50"],
		['maxVideos', 0, "'Safety Limit (Items)' must be a whole number from 1 [item 0]"],
		['maxVideos', 1.5, "'Safety Limit (Items)' must be a whole number from 1 [item 0]"],
	])(
		'the %s option with the value %p is refused before any request',
		async (name, value, message) => {
			const options = { [name]: value };
			expect(await refusal({ ...GENERATE, waitForCompletion: true, options })).toContain(message);
		},
	);

	test.each([
		[4, { pollInterval: 1, maxConcurrency: 1, maxVideos: 1, timeout: '0.1' }],
		[30, { pollInterval: 300, maxConcurrency: 50, timeout: 1440 }],
	])('a Duration of %p seconds and options %j are accepted', async (seconds, options) => {
		const { items } = await runNodeVirtually(sandbox, { ...GENERATE, seconds, options });
		expect(items[0]?.json).toMatchObject({ status: 'completed', seconds: String(seconds) });
	});
});

describe('empty or invalid values', () => {
	test.each([
		'={{ "" }}',
		'={{ "  " }}',
		'={{ null }}',
		'={{ ({}) }}',
		'={{ NaN }}',
		'={{ 1 / 0 }}',
	])('the Prompt %s has no text and is refused before any request', async (prompt) => {
		expect(await refusal({ ...GENERATE, prompt })).toContain("'Prompt' has no text");
	});

	test('a Prompt with an object inside its text is refused before any request', async () => {
		const text = await refusal({ ...GENERATE, prompt: '=A film about {{ ({ a: 1 }) }}' });
		expect(text).toContain("'Prompt' has an object in place of text");
		expect(text).toContain('which reads [object Object]. Use one of its fields');
	});

	test.each(['={{ "" }}', '={{ undefined }}'])(
		'the Task ID %s has no text and is refused before any request',
		async (taskId) => {
			expect(await refusal({ operation: 'getStatus', taskId })).toContain("'Task ID' has no text");
		},
	);

	test.each(['.', '..', ' .. ', '={{ "a\\ud800" }}'])(
		'the Task ID %s is not valid in a URL path and is refused before any request',
		async (taskId) => {
			const text = await refusal({ operation: 'getStatus', taskId });
			expect(text).toContain("'Task ID' is not a task ID");
			expect(text).toContain('It looks like video_abc123.');
		},
	);

	test('a failing expression in Prompt is reported with n8n’s message and as not charged', async () => {
		const prompt = "={{ $('Nowhere').item.json.prompt }}";
		expect(await refusal({ ...GENERATE, prompt })).toBe(
			`Referenced node doesn't exist | ${chargeSentence('none')}`,
		);
	});

	test('the error of an empty Prompt says only once that nothing was charged', async () => {
		const text = await refusal({ ...GENERATE, prompt: '={{ "" }}' });
		expect(text).toContain(` | ${chargeSentence('none')} Fill in 'Prompt'`);
		expect(text.split(chargeSentence('none'))).toHaveLength(2);
	});

	test('an unknown Mode, While Waiting or Operation is refused before any request', async () => {
		const text = await refusal({ ...GENERATE, mode: 'constructor' });
		expect(text).toContain('\'Mode\' has no option "constructor"');
		expect(text).toContain(
			'It must be one of: textToVideo, firstFrame, firstLastFrame, referenceImages.',
		);
		const waiting = {
			...GENERATE,
			waitForCompletion: true,
			options: { waitStrategy: 'Suspend' },
		};
		expect(await refusal(waiting)).toContain('\'While Waiting\' has no option "Suspend"');
		expect(await refusal({ operation: 'delete' })).toContain(
			'\'Operation\' has no option "delete"',
		);
	});

	test('an error quotes at most 100 characters of a value, on one line', async () => {
		const testMode = `={{ "a\\r\\n\\tb" + "c".repeat(200) }}`;
		expect(await refusal({ ...GENERATE, options: { testMode } })).toContain(
			`'Test Mode' has no option "a b${'c'.repeat(95)}"`,
		);
	});

	test('a value of Wait Until Completed that is neither true nor false is refused before any request', async () => {
		const text = await refusal({ ...GENERATE, waitForCompletion: '={{ "maybe" }}' });
		expect(text).toContain("'Wait Until Completed' is neither on nor off");
		expect(text).toContain('Its expression must yield true or false for this item.');
	});

	test.each(['[1]', 'seed=1', '"text"', '={{ 7 }}', '={{ [1] }}'])(
		'the value %s of Extra API Fields (JSON) is not a JSON object and is refused before any request',
		async (additionalFields) => {
			const text = await refusal({ ...GENERATE, options: { additionalFields } });
			expect(text).toContain("'Extra API Fields (JSON)' is not a JSON object");
			expect(text).toContain('Write field names and values in curly brackets');
		},
	);

	test('Extra API Fields (JSON) with more than 20 levels are refused before any request', async () => {
		const additionalFields = `${'{"a":'.repeat(30)}1${'}'.repeat(30)}`;
		const text = await refusal({ ...GENERATE, options: { additionalFields } });
		expect(text).toContain("'Extra API Fields (JSON)' is nested too deeply");
		expect(text).toContain('It can have up to 20 levels.');
	});

	test.each([
		['model', 'model', "Use the field 'Model' instead."],
		[' Model ', 'model', "Use the field 'Model' instead."],
		['prompt', 'prompt', "Use the field 'Prompt' instead."],
	])(
		'Extra API Fields (JSON) that replace "%s" are refused before any request',
		async (name, field, advice) => {
			const options = { additionalFields: `{"${name}": "other"}` };
			const text = await refusal({ ...GENERATE, options });
			expect(text).toContain(`'Extra API Fields (JSON)' may not replace ${field}`);
			expect(text).toContain(advice);
		},
	);
});

const ON_ERROR = ['stopWorkflow', 'continueRegularOutput', 'continueErrorOutput'] as const;

describe.each(ON_ERROR)('refusals of a whole run with On Error set to %s', (onError) => {
	const twoItems = { input: [{ json: {} }, { json: {} }], settings: { onError } };

	/**
	 * Expects that nothing was submitted and every item has the error, so that no input item passes
	 * as a video.
	 */
	const expectEachRefused = ({ items, errorItems, error }: NodeRun, message: RegExp) => {
		const texts = [...items, ...errorItems].map(({ json }) => (json.error as Error).message);
		expect(sandbox.requestsTo('submit')).toEqual([]);
		expect(error ? [error.message, error.message] : texts).toEqual(
			Array(2).fill(expect.stringMatching(message)),
		);
		expect(errorItems).toHaveLength(onError === 'continueErrorOutput' ? 2 : 0);
	};

	test(`a Base URL that is not a web address is refused for every item with On Error ${onError}`, async () => {
		const credential = { baseUrl: 'octopusx' };
		const run = await runNode(sandbox, { ...GENERATE }, { ...twoItems, credential });
		expectEachRefused(run, /^The 'Base URL' in the credential is not a web address$/);
	});

	test(`more items than Safety Limit (Items) are all refused with On Error ${onError}`, async () => {
		const options = { maxVideos: 1 };
		const run = await runNode(sandbox, { ...GENERATE, options }, twoItems);
		expectEachRefused(run, /^2 items arrived, but 'Safety Limit \(Items\)' allows 1/);
	});

	test(`an expression in Safety Limit (Items) is evaluated once for the run with On Error ${onError}`, async () => {
		const options = { maxVideos: '={{ $itemIndex === 0 ? 1 : 99 }}' };
		const run = await runNode(sandbox, { ...GENERATE, options }, twoItems);
		expectEachRefused(run, /^2 items arrived, but 'Safety Limit \(Items\)' allows 1/);
	});

	test(`Max Concurrency 0 is refused for every item with On Error ${onError}`, async () => {
		const options = { maxConcurrency: 0 };
		const run = await runNode(sandbox, { ...GENERATE, options }, twoItems);
		expectEachRefused(run, /^'Max Concurrency' must be a whole number from 1 to 50/);
	});
});

test('with On Error: Continue, an expression in File Name that fails for the first item fails only that item', async () => {
	const fileName = "={{ $itemIndex === 0 ? $('Nowhere').item.json.name : 'a' }}";
	const { items } = await runNodeVirtually(
		sandbox,
		{ ...GENERATE, downloadVideo: true, options: { maxVideos: 2, fileName } },
		{ input: [{ json: {} }, { json: {} }], settings: CONTINUE },
	);
	expect(items[0]?.json.error).toMatchObject({ description: chargeSentence('none') });
	expect(items[1]?.json).toMatchObject({ status: 'completed' });
});

test('the error of a run with more items than Safety Limit (Items) says what to do', async () => {
	const parameters = { ...GENERATE, options: { maxVideos: 1 } };
	const { error } = await runNode(sandbox, parameters, { input: [{ json: {} }, { json: {} }] });
	expect(error?.description).toContain('Find out why so many items arrived, or raise the limit.');
});

test('an item whose Test Mode has an unknown value is not marked as a test', async () => {
	const parameters = { ...GENERATE, options: { testMode: 'on' } };
	const { items } = await runNode(sandbox, parameters, { settings: CONTINUE });
	expect(items[0]?.json.error).toMatchObject({
		message: expect.stringContaining('no option "on"'),
	});
	expect(items[0]?.json.error).not.toHaveProperty('test');
});

test('a run with exactly as many items as Safety Limit (Items) allows is accepted', async () => {
	const { items } = await runNode(
		sandbox,
		{ ...GENERATE, waitForCompletion: false, options: { maxVideos: 2 } },
		{ input: [{ json: {} }, { json: {} }] },
	);
	expect(items).toHaveLength(2);
});

/** Creates a response of the model service as the gateway passes it on. */
const passedOn = (status: number, message: string): Fault['answer'] => ({
	status,
	body: { code: 'fail_to_fetch_task', message, data: null },
});
const modelError = (message: string, code: string) => JSON.stringify({ error: { message, code } });

/** The name of the rejection, the response, and the message and description of its error. */
const REJECTIONS: Array<[string, Fault['answer'], string, string]> = [
	[
		'HTTP 400 from the model service’s moderation',
		passedOn(400, modelError('Your prompt was blocked', 'moderation_blocked')),
		'The model refused the request',
		'OctopusX said: "Your prompt was blocked (moderation_blocked)"',
	],
	[
		'HTTP 400 from the model service with plain text',
		passedOn(400, 'seconds must be between 4 and 30'),
		'The model refused the request',
		'"seconds must be between 4 and 30"',
	],
	...[
		{ error: { code: 'bad_seconds', msg: 'seconds too large' } },
		{ code: 'bad_seconds', errors: [{ detail: 'seconds too large' }] },
		{ error: { error: { code: 'bad_seconds', reason: 'seconds too large' } } },
	].map((body): (typeof REJECTIONS)[number] => [
		`HTTP 400 from the model service with the body ${JSON.stringify(body)}`,
		passedOn(400, JSON.stringify(body)),
		'The model refused the request',
		'OctopusX said: "seconds too large (bad_seconds)"',
	]),
	[
		'HTTP 201 from the model service without a usable task',
		passedOn(201, '{"id": "up_76b59cd436", "status": "queued"}'),
		'The AI model is not available at the moment',
		'HTTP 201',
	],
	[
		'HTTP 307 from the model service without a URL',
		passedOn(307, ''),
		'The AI model is not available at the moment',
		'HTTP 307, fail_to_fetch_task',
	],
	[
		'HTTP 401 from the model service for OctopusX’s own key',
		passedOn(401, modelError('Incorrect API key provided', 'invalid_api_key')),
		'The AI model is closed to OctopusX at the moment',
		'Your API key is not the reason.',
	],
	[
		'HTTP 502 from the model service with a web page',
		passedOn(502, '<html><h1>Bad Gateway</h1></html>'),
		'The AI model is not available at the moment',
		'a page instead of an answer came from the model service',
	],
	[
		'HTTP 500, do_request_failed',
		{ status: 500, body: taskErrorBody('do_request_failed') },
		'OctopusX could not reach the AI model',
		'do_request_failed',
	],
	[
		'HTTP 503, model_not_found',
		{
			status: 503,
			body: { error: { ...apiErrorBody('No channel').error, code: 'model_not_found' } },
		},
		'OctopusX does not offer this model to the account',
		'Check the model',
	],
	[
		'HTTP 500, get_channel_failed',
		{ status: 500, body: taskErrorBody('get_channel_failed') },
		'OctopusX does not offer this model to the account',
		'Check the model',
	],
	[
		'HTTP 403, pre_consume_token_quota_failed',
		{ status: 403, body: taskErrorBody('pre_consume_token_quota_failed') },
		'The quota of the API key is too low',
		"Raise the key's quota",
	],
	[
		'HTTP 403, insufficient_user_quota with a Chinese message',
		{
			status: 403,
			body: { code: 'insufficient_user_quota', message: '用户额度不足, 剩余额度: ＄0.000000' },
		},
		'The balance of the OctopusX account is too low',
		'in English: the balance of the account is too low',
	],
	[
		'HTTP 400 for a body that is too large',
		{ status: 400, body: apiErrorBody('Invalid request: request body exceeds 128 MB') },
		'The request is too large for OctopusX',
		'public URL',
	],
	[
		'HTTP 500 with an error from the gateway itself',
		{ status: 500, body: apiErrorBody('database is locked') },
		'OctopusX is not available at the moment',
		'"database is locked"',
	],
];

describe('rejections by the API', () => {
	test.each(REJECTIONS)(
		'a submission rejected with %s has its specific error, is not charged, and succeeds with Retry On Fail',
		async (_what, answer, message, description) => {
			sandbox.faults.add({ on: 'submit', answer });
			const lines: string[] = [];
			const { items } = await runNodeVirtually(sandbox, GENERATE, {
				node: loggingNode(lines),
				settings: { retryOnFail: true, maxTries: 2, waitBetweenTries: 1_000 },
			});
			expect(items[0]?.json).toMatchObject({ task_id: 'video_1' });
			expect(lines.join('\n')).not.toMatch(/may be charged twice|may have been charged/);

			sandbox.faults.add({ on: 'submit', answer });
			const { error } = await runNodeVirtually(sandbox, GENERATE);
			expect(error?.message).toBe(message);
			expect(error?.description).toContain(description);
			expect(error?.context.charge).toBe('none');
		},
	);

	test('HTTP 429 from the model service is retried, and its Chinese message is translated', async () => {
		const answer = passedOn(429, '当前分组上游负载已饱和，请稍后再试');
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

test('the error of HTTP 400 contains the request ID from the response header', async () => {
	const headers = { 'x-oneapi-request-id': '20261121-abc' };
	const body = taskErrorBody('invalid_request');
	sandbox.faults.add({ on: 'submit', answer: { status: 400, headers, body } });
	const { error } = await runNodeVirtually(sandbox, GENERATE);
	expect(error?.description).toContain('request ID 20261121-abc');
});

test('the error of HTTP 500 that may have been charged quotes the whole response, without the API key', async () => {
	const message = `${'long '.repeat(200)}${sandbox.apiKey} job-4711`;
	const body = { error: { message, type: 'new_api_panic', code: '' } };
	sandbox.faults.add({ on: 'submit', answer: { status: 500, body } });
	const lines: string[] = [];
	const { error, run } = await runNodeVirtually(sandbox, GENERATE, { node: loggingNode(lines) });
	expect(error?.description).toContain('job-4711');
	expect(error?.context.charge).toBe('maybe');
	expect(lines.join()).toContain('job-4711');
	expect(JSON.stringify(run)).not.toContain(sandbox.apiKey);
});

describe('an API key rejected with HTTP 401', () => {
	const keyInfo = (body: object, status = 200): Fault => ({
		on: 'usage',
		times: Infinity,
		answer: { status, body },
	});
	const usage = (data: object) => keyInfo({ code: true, message: 'ok', data });
	const rejectKey = () =>
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
		['valid again', usage({ total_available: 5 }), 'it has quota left'],
		['unlimited', usage({ total_available: -5, unlimited_quota: true }), 'it has quota left'],
		[
			'disabled',
			keyInfo({ success: false, message: 'This token status is unavailable' }, 401),
			'the key or its account is disabled',
		],
		[
			'unknown',
			keyInfo({ success: false, message: 'Invalid token' }, 401),
			'OctopusX does not know this key',
		],
	])('the error of HTTP 401 says that the API key is %s', async (_state, fault, text) => {
		rejectKey();
		sandbox.faults.add(fault);
		const { error } = await runNodeVirtually(sandbox, GENERATE);
		expect(error?.message).toBe('OctopusX did not accept the API key');
		expect(error?.description).toContain(text);
		expect(error?.description).toContain('wrong, disabled or expired, or its quota is used up');
	});

	test.each<[string, Fault['answer']]>([
		['is answered with HTTP 429', { status: 429, headers: { 'retry-after': '1200' } }],
		['is answered with a web page', { status: 200, body: '<html>' }],
		['is reset', 'reset'],
		['hangs', 'hang'],
	])(
		'the error of HTTP 401 stays the same if the request for the key’s state %s',
		async (_what, answer) => {
			rejectKey();
			sandbox.faults.add({ on: 'usage', answer });
			const { error } = await runNodeVirtually(sandbox, GENERATE);
			expect(error?.message).toBe('OctopusX did not accept the API key');
			expect(error?.description).toEqual(
				startingWith('none', "Check the API key in the node's credential"),
			);
			await eventually(() => expect(sandbox.hanging).toBe(0));
		},
	);

	test('the key’s state is requested once per run after HTTP 401, not once per item', async () => {
		rejectKey();
		const { items } = await runNodeVirtually(sandbox, GENERATE_EACH, {
			settings: CONTINUE,
			input: numberedItems(5),
		});
		expect(items).toHaveLength(5);
		expect(sandbox.requestsTo('usage')).toHaveLength(1);
	});

	test('the key’s state is only in the errors of the items that got HTTP 401', async () => {
		const answer = { status: 401, body: apiErrorBody('No') };
		sandbox.faults.add({ on: 'submit', prompt: 'number 1', answer });
		sandbox.faults.add({ on: 'submit', prompt: 'number 2', answer: { status: 400 } });
		const { items } = await runNodeVirtually(
			sandbox,
			{ ...GENERATE_EACH, seconds: '={{ $json.prompt.endsWith(3) ? 99 : 8 }}' },
			{ settings: CONTINUE, input: numberedItems(4) },
		);
		expect(items[0]?.json.status).toBe('completed');
		expect(
			items.map(({ json }) => JSON.stringify(json).includes('OctopusX knows the key')),
		).toEqual([false, true, false, false]);
	});

	test('an error with the key’s state keeps the status HTTP 401', async () => {
		rejectKey();
		const { error } = await runNodeVirtually(sandbox, GENERATE);
		expect(error).toMatchObject({ name: 'NodeApiError', httpCode: '401' });
		expect(error?.description).toEqual(startingWith('none', 'OctopusX knows the key'));
	});

	test('a run without HTTP 401 does not request the key’s state', async () => {
		await runNodeVirtually(sandbox, GENERATE);
		expect(sandbox.requestsTo('usage')).toHaveLength(0);
	});
});

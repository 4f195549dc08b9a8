import net, { type AddressInfo } from 'node:net';
import type { INode, INodeParameters } from 'n8n-workflow';
import type { Fault, FaultyAnswer } from '../sandbox/faults';
import { Sandbox, startSandbox } from '../sandbox/sandbox';
import { apiErrorBody, taskErrorBody } from './support/errorBodies';
import { CONTINUE, GENERATE, GENERATE_EACH, inputOf, numberedItems } from './support/inputs';
import { loggingNode } from './support/nodeWithContext';
import { NODE, runNodeVirtually, type NodeSetup } from './support/runNode';
import { lastRunOf, storeBinary } from './support/runWorkflow';
import { useSandbox } from './support/useSandbox';

const sandbox = useSandbox();
afterEach(() => jest.restoreAllMocks());

const UNREACHABLE = { baseUrl: 'http://127.0.0.1:9' };

/** Runs Generate without waiting. `gaps` are the delays between its submissions in ms. */
async function submit(parameters: INodeParameters = {}, setup?: NodeSetup) {
	const all = { ...GENERATE, waitForCompletion: false, ...parameters };
	const result = await runNodeVirtually(sandbox, all, setup);
	const submissions = sandbox.requestsTo('submit').map(({ at }) => at);
	return {
		...result,
		submissions,
		gaps: submissions.slice(1).map((at, n) => at - submissions[n]!),
	};
}

test.each<[string, Fault]>([
	['a connection reset', { on: 'submit', accept: true, answer: 'reset' }],
	['HTTP 502 of a proxy', { on: 'submit', accept: true, answer: { status: 502, byProxy: true } }],
])(
	'a submission with a file that was sent completely may have been charged after %s',
	async (_response, fault) => {
		sandbox.faults.add(fault);
		const data = await storeBinary(Buffer.alloc(90_000, 1), 'image/png');
		const { error } = await submit(
			{ mode: 'firstFrame', firstFrameSource: 'binary' },
			{ input: [{ json: {}, binary: { data } }] },
		);
		expect(error?.context.charge).toBe('maybe');
		expect(error?.message).not.toBe('The request could not be sent completely');
		expect(sandbox.tasks).toHaveLength(1);
	},
);

const tooManyRequests = (headers?: Record<string, string>): Fault['answer'] => ({
	status: 429,
	headers,
	body: { error: { message: 'slow down', code: '' } },
});

describe('a submission that was certainly not accepted', () => {
	test('a submission is retried after HTTP 429, with growing delays and jitter', async () => {
		sandbox.faults.add({ on: 'submit', times: 4, answer: tooManyRequests() });
		const { items, gaps } = await submit();
		expect(items[0]?.json).toMatchObject({ task_id: 'video_1' });
		[1_000, 2_000, 4_000, 8_000].forEach((backoff, n) => {
			expect(gaps[n]).toBeGreaterThanOrEqual(backoff);
			expect(gaps[n]).toBeLessThanOrEqual(backoff * 1.25 + 1);
		});
		expect(sandbox.tasks).toHaveLength(1);
	});

	test('a submission is retried after HTTP 429 once the seconds of Retry-After have passed', async () => {
		sandbox.faults.add({ on: 'submit', answer: tooManyRequests({ 'retry-after': '90' }) });
		const { gaps } = await submit();
		expect(gaps[0]).toBeGreaterThanOrEqual(90_000);
		expect(gaps[0]).toBeLessThanOrEqual(90_000 * 1.25 + 1);
	});

	test('a submission is still retried when Retry-After ends exactly at the Timeout of its item', async () => {
		jest.spyOn(Math, 'random').mockReturnValue(0);
		sandbox.faults.add({ on: 'submit', answer: tooManyRequests({ 'retry-after': '6' }) });
		const { items, elapsedMs } = await submit({ options: { timeout: 0.1 } });
		expect(items[0]?.json).toMatchObject({ task_id: 'video_1' });
		expect(elapsedMs).toBe(6_000);
	});

	test('a submission is not retried after HTTP 429 before the date of Retry-After', async () => {
		// HTTP dates have a resolution of whole seconds.
		const inTwoMinutes = () => new Date(Math.ceil(Date.now() / 1_000) * 1_000 + 120_000);
		let retryAt = 0;
		const answer = {
			status: 429,
			get headers() {
				retryAt = inTwoMinutes().getTime();
				return { 'retry-after': inTwoMinutes().toUTCString() };
			},
		};
		sandbox.faults.add({ on: 'submit', answer });
		const { submissions } = await submit();
		expect(submissions[1]).toBeGreaterThanOrEqual(retryAt);
	});

	test('a submission is retried after HTTP 503 with Retry-After', async () => {
		const headers = { 'retry-after': '5' };
		sandbox.faults.add({ on: 'submit', times: 2, answer: { status: 503, headers } });
		const { items, submissions } = await submit();
		expect(items[0]?.json).toMatchObject({ task_id: 'video_1' });
		expect(submissions).toHaveLength(3);
	});

	test('a submission is retried when no connection was made', async () => {
		const closed = await startSandbox();
		const { url } = closed;
		await closed.close();
		const reopened = new Sandbox();
		const { items } = await submit(
			{},
			{
				credential: { baseUrl: url },
				onStart: () =>
					void setTimeout(() => void reopened.listen(Number(new URL(url).port)), 10_000),
			},
		);
		await reopened.close();
		expect(items[0]?.json).toMatchObject({ task_id: 'video_1' });
		expect(reopened.tasks).toHaveLength(1);
	});

	test.each<[string, number, INodeParameters]>([
		['a manual run gives up after about a minute without a connection', 80_000, {}],
		[
			'a manual run tries for as long as a shorter Timeout (Minutes) without a connection',
			30_000,
			{ options: { timeout: 0.5 } },
		],
	])('%s', async (_what, atMost, parameters) => {
		const { error, elapsedMs } = await submit(parameters, { credential: UNREACHABLE });
		expect(error?.message).toBe('OctopusX cannot be reached');
		expect(error?.description).toBe(
			"Nothing was charged. No connection to 127.0.0.1:9 was made. Check the 'Base URL' in the credential and the network of the n8n server.",
		);
		expect(elapsedMs).toBeLessThan(atMost);
		expect(elapsedMs).toBeGreaterThan(atMost / 4);
	});

	test('a run of a trigger tries until Timeout (Minutes) to make a connection', async () => {
		const { elapsedMs } = await submit({}, { credential: UNREACHABLE, mode: 'trigger' });
		expect(elapsedMs).toBeGreaterThan(25 * 60_000);
	});

	test('a manual run tries until Timeout (Minutes) to make a connection once OctopusX has answered it', async () => {
		const once = await startSandbox();
		once.faults.add({ on: 'submit', answer: tooManyRequests() });
		const { error, elapsedMs } = await submit(
			{},
			{
				credential: { baseUrl: once.url, apiKey: once.apiKey },
				onStart: () => void setTimeout(() => void once.close(), 900),
			},
		);
		expect(error?.message).toBe('OctopusX cannot be reached');
		expect(elapsedMs).toBeGreaterThan(25 * 60_000);
	});

	test('a manual run waits 10 minutes for the answer to the first request that has left', async () => {
		sandbox.faults.add({ on: 'submit', answer: 'hang' });
		const { error, elapsedMs } = await submit();
		expect(error?.message).toBe('OctopusX did not answer the submission');
		expect(elapsedMs).toBeGreaterThanOrEqual(10 * 60_000);
	});

	test('a submission is retried when the connection ends during the TLS handshake', async () => {
		const server = net.createServer((socket) => socket.on('error', () => {}).destroy());
		await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
		const { port } = server.address() as AddressInfo;
		const credential = { baseUrl: `https://127.0.0.1:${port}` };
		const { error, elapsedMs } = await submit({ options: { timeout: 1 } }, { credential });
		await new Promise((resolve) => server.close(resolve));
		expect(error?.message).toBe('OctopusX cannot be reached');
		expect(error?.context.charge).toBe('none');
		expect(elapsedMs).toBeGreaterThan(30_000);
	});

	test('a submission is retried when the host name cannot be resolved', async () => {
		const credential = { baseUrl: 'http://octopusx.invalid' };
		const { error, elapsedMs } = await submit({ options: { timeout: 1 } }, { credential });
		expect(error?.message).toBe('OctopusX cannot be reached');
		expect(elapsedMs).toBeGreaterThan(30_000);
	});

	test('the submissions of several items are spread out when they are retried after HTTP 429', async () => {
		sandbox.faults.add({
			on: 'submit',
			times: 8,
			answer: tooManyRequests({ 'retry-after': '60' }),
		});
		const input = Array.from({ length: 8 }, () => ({ json: {} }));
		const { submissions } = await submit({}, { input });
		expect(submissions).toHaveLength(16);
		expect(new Set(submissions.slice(8)).size).toBeGreaterThan(4);
	});

	test('a submission is not retried after the Timeout of its item', async () => {
		sandbox.faults.add({ on: 'submit', times: Infinity, answer: tooManyRequests() });
		const { error, elapsedMs, submissions } = await submit({ options: { timeout: 2 } });
		expect(error?.message).toBe('OctopusX received too many requests');
		expect(submissions.length).toBeGreaterThan(4);
		expect(elapsedMs).toBeLessThanOrEqual(120_000);
	});
});

describe('a submission that may have been accepted', () => {
	test.each<[string, Fault]>([
		['a connection reset before it was accepted', { on: 'submit', answer: 'reset' }],
		['a connection reset after it was accepted', { on: 'submit', accept: true, answer: 'reset' }],
		['a missing response', { on: 'submit', accept: true, answer: 'hang' }],
		['HTTP 500', { on: 'submit', answer: { status: 500 } }],
		['HTTP 503 without Retry-After', { on: 'submit', answer: { status: 503 } }],
		[
			'HTTP 504 with a web page',
			{ on: 'submit', accept: true, answer: { status: 504, body: '<html>' } },
		],
		[
			'HTTP 200 with a web page',
			{ on: 'submit', accept: true, answer: { status: 200, body: '<html>', byProxy: true } },
		],
		['HTTP 200 without an ID', { on: 'submit', accept: true, answer: { status: 200, body: {} } }],
		['HTTP 200 with an array', { on: 'submit', accept: true, answer: { status: 200, body: [1] } }],
	])(
		'a submission is not retried after %s, and the error says that it may have been charged',
		async (_failure, fault) => {
			sandbox.faults.add(fault);
			const { error, submissions } = await submit();
			expect(submissions).toHaveLength(1);
			expect(error?.context.charge).toBe('maybe');
		},
	);
});

test.each([400, 401, 403, 404, 413])(
	'a submission that was rejected with HTTP %s is not retried, and the error says that it was not charged',
	async (status) => {
		sandbox.faults.add({ on: 'submit', answer: { status, body: { code: 'x', message: 'no' } } });
		const { error, submissions } = await submit();
		expect(submissions).toHaveLength(1);
		expect(error?.context.charge).toBe('none');
	},
);

test('a Base URL with https:// for an http port fails at once, and the error says that nothing was charged', async () => {
	const credential = { baseUrl: sandbox.url.replace('http:', 'https:') };
	const { error, elapsedMs } = await submit({}, { credential });
	expect(error?.message).toBe('No secure connection could be made');
	expect(error?.description).toContain("Check the 'Base URL'");
	expect(error?.context.charge).toBe('none');
	expect(error?.description).toContain('OctopusX does not speak https at this address and port.');
	expect(elapsedMs).toBe(0);
});

test('an HTTP 307 redirect of a submission is not followed, to protect the API key', async () => {
	const headers = { location: `${sandbox.fileHost}/v1/videos` };
	sandbox.faults.add({ on: 'submit', answer: { status: 307, headers } });
	const { error, submissions } = await submit();
	expect(submissions).toHaveLength(1);
	expect(sandbox.log).toHaveLength(1);
	expect(error?.message).toBe("The 'Base URL' leads to another address");
});

describe('an unanswered submission', () => {
	const noAnswer: Fault = { on: 'submit', prompt: 'slow', accept: true, answer: 'hang' };

	test('an unanswered submission times out after ten minutes', async () => {
		sandbox.faults.add(noAnswer);
		const { error, elapsedMs } = await submit({ prompt: 'slow' });
		expect(error?.message).toBe('OctopusX did not answer the submission');
		expect(elapsedMs).toBe(10 * 60_000);
		expect(error?.description).toContain(
			'No answer came within 600 seconds, or before the execution was stopped.',
		);
		sandbox.release();
	});

	test('a task ID that arrives after the submission timed out is logged, and Retry On Fail uses it without a second charge', async () => {
		sandbox.faults.add(noAnswer);
		const lines: string[] = [];
		const { items } = await submit(
			{ prompt: 'slow' },
			{
				node: loggingNode(lines),
				settings: { retryOnFail: true, maxTries: 2, waitBetweenTries: 5_000 },
				onStart: () => void setTimeout(() => sandbox.release(), 10 * 60_000 + 2_000),
			},
		);
		expect(lines[0]).toMatch(
			/item 0 may have been charged: OctopusX did not answer the submission\. No answer .* \{"item":0\}$/s,
		);
		expect(lines[1]).toContain('OctopusX task video_1 created for item 0');
		expect(lines[1]).toContain(' {"item":0,"taskId":"video_1"}');
		expect(lines[2]).toContain(
			'item 0 continues with task video_1 of an earlier run, which is not charged again',
		);
		expect(items[0]?.json).toMatchObject({ task_id: 'video_1' });
		expect(sandbox.tasks).toHaveLength(1);
	});

	test('a task ID that arrives while the next attempt of Retry On Fail waits to submit is used without a second charge', async () => {
		sandbox.faults.add({ ...noAnswer, nth: 1 });
		sandbox.faults.add({ on: 'submit', nth: 2, answer: tooManyRequests({ 'retry-after': '60' }) });
		const lines: string[] = [];
		const { items, run } = await submit(
			{ prompt: 'slow' },
			{
				node: loggingNode(lines),
				settings: { retryOnFail: true, maxTries: 2, waitBetweenTries: 1_000 },
				onStart: () => void setTimeout(() => sandbox.release(), 10 * 60_000 + 20_000),
			},
		);
		expect(items[0]?.json).toMatchObject({ task_id: 'video_1' });
		expect(lastRunOf(run, NODE).hints?.[0]?.message).toContain('already charged');
		expect(sandbox.tasks).toHaveLength(1);
	});

	test('a task ID that arrives late, while another item is still waiting, is listed in the error', async () => {
		sandbox.faults.add(noAnswer);
		const { error } = await submit(
			{ prompt: '={{ $json.prompt }}', waitForCompletion: true, options: { timeout: 20 } },
			{
				input: [{ json: { prompt: 'slow' } }, { json: { prompt: 'other [never]' } }],
				onStart: () => void setTimeout(() => sandbox.release(), 12 * 60_000),
			},
		);
		const id = sandbox.tasks.find(({ request }) => request.prompt === 'slow')?.id;
		expect(error?.message).toBe('2 of 2 videos failed');
		expect(error?.description).toContain('("slow"): OctopusX did not answer the submission. ');
		expect(error?.description).toContain(`Task ${id} was charged`);
		expect(error?.description).not.toContain('which may have been charged');
	});
});

describe('a task ID in an unusual place in the response', () => {
	test.each<[string, number, unknown]>([
		['data.task_id', 200, { code: 'success', data: { task_id: 'video_77' } }],
		['data.id', 200, { code: 'success', data: { id: 'video_77', status: 'queued' } }],
		['task.id', 202, { task: { id: 'video_77' } }],
		[
			'the top level next to an error',
			200,
			{ id: 'video_77', error: { message: 'slow', code: '' } },
		],
		['the top level', 500, { task_id: 'video_77', error: { message: 'late', type: 'x' } }],
	])(
		'a task ID at %s of the response to a submission (HTTP %s) is used',
		async (_place, status, body) => {
			sandbox.faults.add({ on: 'submit', answer: { status, body } });
			const { items, submissions } = await submit();
			// The status stays unknown until the task is checked.
			expect(items[0]?.json).toMatchObject({ task_id: 'video_77', status: 'unknown' });
			expect(submissions).toHaveLength(1);
		},
	);
});

test('an ID in an HTTP 422 rejection is not used as a task ID', async () => {
	const body = { task_id: 'video_77', error: { message: 'no', code: 'x' } };
	sandbox.faults.add({ on: 'submit', answer: { status: 422, body } });
	const { error } = await submit();
	expect(error?.message).toBe('OctopusX rejected the request');
	expect(error?.context.charge).toBe('none');
});

test.each<[string, number, unknown]>([
	['HTTP 200 with an array', 200, [{ id: 'video_77' }]],
	['HTTP 200 with an ID in an unknown field', 200, { result: { deep: { video: 'video_77' } } }],
	['HTTP 502 with a web page', 502, '<html><p>upstream task video_77 timed out</p></html>'],
])(
	'an ID that cannot be used as the task ID is quoted in the error and logged: %s',
	async (_answer, status, body) => {
		sandbox.faults.add({ on: 'submit', answer: { status, body } });
		const lines: string[] = [];
		const { error } = await submit({}, { node: loggingNode(lines) });
		expect(error?.description).toContain('video_77');
		expect(lines.join()).toContain('video_77');
	},
);

test.each([301, 302, 303])(
	'after HTTP %s, the error of a submission says that it may have been charged',
	async (status) => {
		const headers = { location: `${sandbox.fileHost}/v1/videos` };
		sandbox.faults.add({ on: 'submit', accept: true, answer: { status, headers } });
		const { error } = await submit();
		expect(error?.context.charge).toBe('maybe');
	},
);

/**
 * The gateway puts a request ID on its responses. A response without one comes from something in between, which
 * does not know whether the gateway accepted the request (docs/API.md, "Who answered").
 */
describe('a submission answered by the gateway or by something in between', () => {
	let lines: string[];
	beforeEach(() => {
		sandbox.durationMs = 5_000;
		lines = [];
	});
	const RETRY: Partial<INode> = { retryOnFail: true, maxTries: 2, waitBetweenTries: 1_000 };
	const TWICE = 'may be charged twice';
	const RETRY_AFTER = { 'retry-after': '2' };

	async function generate(answer: Fault['answer'], settings: Partial<INode> = {}, times = 1) {
		sandbox.faults.add({ on: 'submit', accept: true, times, answer });
		const { error, items } = await runNodeVirtually(sandbox, GENERATE_EACH, {
			node: loggingNode(lines),
			settings,
			input: inputOf('one'),
		});
		const { charge } = error?.context ?? {};
		return { charge, error, items, submissions: sandbox.requestsTo('submit').length };
	}

	/** Answers of proxies, caches and load balancers after a submission that the gateway accepted. */
	const IN_BETWEEN: Array<[string, FaultyAnswer]> = [
		[
			'504, GatewayTimeout',
			{ status: 504, body: { error: { code: 'GatewayTimeout', message: 'x' } } },
		],
		[
			'502, origin_bad_gateway',
			{ status: 502, body: { error: { code: 'origin_bad_gateway', message: 'x' } } },
		],
		['500, server_error', { status: 500, body: { error: { type: 'server_error', message: 'x' } } }],
		['502, bad_gateway', { status: 502, body: { status: 502, code: 'bad_gateway', message: 'x' } }],
		['200, an error', { status: 200, body: { error: { code: 'x', message: 'x' } } }],
		['200, a web page', { status: 200, body: '<html>console</html>' }],
		['200, empty', { status: 200 }],
		['502, a web page', { status: 502, body: '<html>Bad Gateway</html>' }],
		[
			'503, Retry-After',
			{ status: 503, headers: RETRY_AFTER, body: '<html>Guru Meditation</html>' },
		],
		[
			'503 in JSON, Retry-After',
			{ status: 503, headers: RETRY_AFTER, body: { code: 'x', message: 'x' } },
		],
		[
			'500, worded as the gateway words it',
			{ status: 500, body: taskErrorBody('do_request_failed') },
		],
		['500, new_api_error', { status: 500, body: apiErrorBody('x', 'get_channel_failed') }],
	];

	describe.each(IN_BETWEEN)('HTTP %s, without the request ID of the gateway', (name, shape) => {
		const answer = { ...shape, byProxy: true };

		test(`a submission that meets HTTP ${name} from something in between may have been charged, and is not repeated`, async () => {
			const { charge, submissions } = await generate(answer);
			expect([charge, submissions]).toEqual(['maybe', 1]);
		});

		test(`Retry On Fail warns before it repeats a submission that met HTTP ${name} from something in between`, async () => {
			const { items, submissions } = await generate(answer, RETRY);
			expect([items.length, submissions]).toEqual([1, 2]);
			expect(lines.filter((line) => line.includes(TWICE))).toHaveLength(1);
		});
	});

	test('a submission that meets HTTP 503 with Retry-After from the gateway itself is repeated, and charged once', async () => {
		sandbox.faults.add({ on: 'submit', times: 3, answer: { status: 503, headers: RETRY_AFTER } });
		const { items } = await runNodeVirtually(sandbox, GENERATE_EACH, { input: inputOf('one') });
		expect(items[0]?.json.status).toBe('completed');
		expect(sandbox.requestsTo('submit')).toHaveLength(4);
		expect(sandbox.tasks).toHaveLength(1);
	});

	test('a batch of 20 that meets HTTP 503 with Retry-After from a cache after its submissions sends 20 submissions', async () => {
		const answer = { status: 503, headers: RETRY_AFTER, body: '<html>', byProxy: true };
		sandbox.faults.add({ on: 'submit', accept: true, nth: 5, times: 4, answer });
		const { items } = await runNodeVirtually(sandbox, GENERATE_EACH, {
			settings: CONTINUE,
			input: numberedItems(20),
		});
		expect(sandbox.requestsTo('submit')).toHaveLength(20);
		expect(sandbox.tasks).toHaveLength(20);
		expect(items.filter(({ json }) => json.status === 'completed')).toHaveLength(16);
	});

	describe('the words of the gateway itself', () => {
		test.each<[string, FaultyAnswer]>([
			['500, do_request_failed', { status: 500, body: taskErrorBody('do_request_failed') }],
			['503, model_not_found', { status: 503, body: apiErrorBody('x', 'model_not_found') }],
			['201, fail_to_fetch_task', { status: 201, body: taskErrorBody('fail_to_fetch_task', 'x') }],
			['200, the console', { status: 200, body: '<!doctype html><html></html>' }],
		])(
			'a submission that the gateway refuses with HTTP %s was not charged',
			async (_name, answer) => {
				const { charge, submissions, error } = await generate(answer);
				expect([charge, submissions]).toEqual(['none', 1]);
				expect(error?.description).toContain('request ID 2026');
			},
		);

		test.each<[string, FaultyAnswer]>([
			[
				'500, new_api_panic',
				{ status: 500, body: { error: { message: 'x', type: 'new_api_panic' } } },
			],
			['500, an unknown form', { status: 500, body: { error: { message: 'x', code: 'x' } } }],
			['500, empty', { status: 500 }],
			['502, a web page', { status: 502, body: '<html>' }],
			['200, text', { status: 200, headers: { 'content-type': 'text/plain' }, body: 'ok' }],
		])(
			'a submission that meets HTTP %s from the gateway may have been charged',
			async (_name, answer) => {
				const { charge, submissions } = await generate(answer);
				expect([charge, submissions]).toEqual(['maybe', 1]);
			},
		);
	});

	describe('a deployment that strips the request ID from all answers', () => {
		test.each([400, 401, 402, 403, 404, 408, 413, 422, 451, 499])(
			'a submission that it answers with HTTP %i was not charged',
			async (status) => {
				const { charge, submissions } = await generate({ status, byProxy: true }, {}, Infinity);
				expect([charge, submissions]).toEqual(['none', 1]);
			},
		);

		test('a submission that it answers with HTTP 429 is repeated', async () => {
			sandbox.faults.add({ on: 'submit', answer: { status: 429, byProxy: true } });
			const { items } = await runNodeVirtually(sandbox, GENERATE_EACH, { input: inputOf('one') });
			expect(items[0]?.json.status).toBe('completed');
			expect(sandbox.tasks).toHaveLength(1);
		});

		test.each([500, 502, 503, 504, 200])(
			'a submission that it answers with HTTP %i and a refusal may have been charged',
			async (status) => {
				const body = taskErrorBody('do_request_failed');
				const { charge, submissions } = await generate({ status, body, byProxy: true });
				expect([charge, submissions]).toEqual(['maybe', 1]);
			},
		);
	});

	describe('an answer that is cut', () => {
		test('a batch of 20 with four cut answers delivers 20 videos and is charged for 20', async () => {
			for (const nth of [2, 7, 8, 20]) {
				sandbox.faults.add({ on: 'submit', nth, accept: true, answer: 'short' });
			}
			const { items, error } = await runNodeVirtually(
				sandbox,
				{ ...GENERATE_EACH, downloadVideo: true },
				{ input: numberedItems(20) },
			);
			expect(error).toBeUndefined();
			expect(items.map(({ json, binary }) => [json.status, binary?.data?.mimeType])).toEqual(
				Array(20).fill(['completed', 'video/mp4']),
			);
			expect(sandbox.requestsTo('submit')).toHaveLength(20);
			expect(sandbox.charged).toHaveLength(20);
		});

		test('a cut answer with an ID that contains a colon and a slash is a task', async () => {
			sandbox.quirks = { ...sandbox.quirks, ids: 'colonAndSlash', idFields: 'id' };
			const { items } = await generate('short');
			expect(items[0]?.json).toMatchObject({ task_id: 'omni-2:task/1', status: 'completed' });
		});

		test('text that is the start of a JSON answer with an ID is a task, although the connection did not break', async () => {
			const bodyFor = (id: string) => Buffer.from(`{"task_id":"${id}","status":"que`);
			const { items } = await generate({ status: 200, bodyFor });
			expect(items[0]?.json).toMatchObject({ task_id: 'video_1', status: 'completed' });
		});

		test('a cut answer with HTTP 403 was not charged, and is not repeated', async () => {
			sandbox.key.quota = 1;
			const { charge, submissions, error } = await generate('short');
			expect([charge, submissions]).toEqual(['none', 1]);
			expect(error?.description).toContain('(HTTP 403, request ID 2026');
		});

		test('a cut answer without an ID may have been charged, and the error quotes its request ID and text', async () => {
			sandbox.quirks.idFields = 'id';
			// half of the response ends within the long ID
			jest.spyOn(sandbox.tasks, 'push').mockImplementation(function (
				this: typeof sandbox.tasks,
				task,
			) {
				task.id = `video_${'x'.repeat(900)}`;
				return Array.prototype.push.call(this, task);
			});
			const { charge, error, submissions } = await generate('short');
			jest.restoreAllMocks();
			expect([charge, submissions]).toEqual(['maybe', 1]);
			expect(error?.description).toContain('OctopusX sent: {"id":"video_xxx');
			expect(error?.description).toContain('(HTTP 200, request ID 20260101000000-sandbox-1)');
		});
	});

	describe('a used-up quota', () => {
		test('HTTP 429 with insufficient_quota is not repeated, and three of them end the batch', async () => {
			const answer = { status: 429, body: apiErrorBody('You exceeded it', 'insufficient_quota') };
			sandbox.faults.add({ on: 'submit', times: Infinity, answer });
			const { items, elapsedMs } = await runNodeVirtually(
				sandbox,
				{ ...GENERATE_EACH, options: { maxConcurrency: 1 } },
				{ settings: CONTINUE, input: numberedItems(10) },
			);
			expect(sandbox.requestsTo('submit')).toHaveLength(3);
			expect(elapsedMs).toBe(0);
			expect(items).toHaveLength(10);
			for (const { json } of items) {
				const message = 'The balance for this request is used up';
				expect(json.error).toMatchObject({ message });
			}
		});

		test('a key that its own submissions use up under Retry On Fail: the last error names each charged task', async () => {
			sandbox.durationMs = 60_000;
			sandbox.faults.add({
				on: 'check',
				times: Infinity,
				answer: { status: 401, body: apiErrorBody('Invalid token') },
			});
			sandbox.faults.add({
				on: 'submit',
				nth: 3,
				times: Infinity,
				answer: { status: 401, body: apiErrorBody('Invalid token') },
			});
			const { error } = await runNodeVirtually(
				sandbox,
				{ ...GENERATE_EACH, options: { timeout: 2, maxConcurrency: 1 } },
				{ settings: RETRY, input: inputOf('one', 'two', 'three') },
			);
			expect(sandbox.tasks).toHaveLength(2);
			expect(error?.description).toContain('video_1');
			expect(error?.description).toContain('video_2');
			expect(error?.context.charge).toEqual({ taskId: 'video_1' });
		});
	});
});

describe('the highlighted data of the execution', () => {
	const submitTogether = async (count: number, options = {}) => {
		const { run, error } = await submit({ options }, { input: numberedItems(count) });
		expect(error).toBeUndefined();
		return (run.data.resultData.metadata ?? {}) as Record<string, string>;
	};

	test('the highlighted data has the IDs of many tasks in at most 5 entries of 255 characters', async () => {
		const entries = Object.values(await submitTogether(200, { maxConcurrency: 50 }));
		expect(entries).toHaveLength(5);
		const ids = entries.flatMap((entry) => entry.split(' '));
		expect(new Set(ids).size).toBe(ids.length);
		expect(ids.length).toBeGreaterThan(100);
		for (const entry of entries) {
			expect(entry.length).toBeLessThanOrEqual(255);
			expect(entry.length).toBeGreaterThan(240);
		}
	});

	test('the highlighted data has no IDs of samples', async () => {
		expect(await submitTogether(2, { testMode: 'sample' })).toEqual({});
	});
});

import type { INode } from 'n8n-workflow';
import type { Fault, FaultyAnswer } from '../sandbox/faults';
import { apiErrorBody, taskErrorBody } from './support/errorBodies';
import { CONTINUE, GENERATE_EACH, inputOf, numberedItems } from './support/inputs';
import { runNodeVirtually } from './support/runNode';
import { useSandbox } from './support/useSandbox';
import { loggingNode } from './support/nodeWithContext';

/**
 * The gateway puts a request ID on its answers. An answer without one comes from something in between, which
 * does not know whether the gateway accepted the request (docs/API.md, "Who answered").
 */

const RETRY: Partial<INode> = { retryOnFail: true, maxTries: 2, waitBetweenTries: 1_000 };
const TWICE = 'may be charged twice';
const RETRY_AFTER = { 'retry-after': '2' };

const sandbox = useSandbox({ durationMs: 5_000 });
let lines: string[];
beforeEach(() => void (lines = []));

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
	['503, Retry-After', { status: 503, headers: RETRY_AFTER, body: '<html>Guru Meditation</html>' }],
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
		// half of the answer ends within the long ID
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

import type { INodeExecutionData } from 'n8n-workflow';
import { chargeSentence } from '../../nodes/OctopusXVideo/api/errors';
import { startingWith } from './support/charges';
import { apiErrorBody, taskErrorBody } from './support/errorBodies';
import { CONTINUE, GENERATE_EACH, inputOf, numberedItems } from './support/inputs';
import { nodeWithContext } from './support/nodeWithContext';
import { runNodeVirtually, type NodeSetup } from './support/runNode';
import { storeBinary } from './support/runWorkflow';
import { useSandbox } from './support/useSandbox';

const sandbox = useSandbox({ durationMs: 30_000 });

/** Returns the largest number of tasks that were in progress at the same time. */
function mostInProgress(): number {
	const edges = sandbox.tasks.flatMap(({ createdAt, durationMs }) => [
		{ at: createdAt, step: 1 },
		{ at: createdAt + durationMs, step: -1 },
	]);
	edges.sort((a, b) => a.at - b.at || a.step - b.step);
	let now = 0;
	return Math.max(...edges.map(({ step }) => (now += step)));
}

test('a batch with Max Concurrency 20 takes as long as its slowest video', async () => {
	const { items, elapsedMs } = await runNodeVirtually(
		sandbox,
		{ ...GENERATE_EACH, options: { maxConcurrency: 20 } },
		{ input: numberedItems(20) },
	);
	expect(items).toHaveLength(20);
	expect(elapsedMs).toBe(30_000);
});

test.each([1, 5, 10])(
	'Max Concurrency %p keeps exactly that many videos in progress',
	async (maxConcurrency) => {
		const { items } = await runNodeVirtually(
			sandbox,
			{ ...GENERATE_EACH, options: { maxConcurrency } },
			{ input: numberedItems(23) },
		);
		expect(items).toHaveLength(23);
		expect(mostInProgress()).toBe(maxConcurrency);
	},
);

test('a completed video makes room for the next one at once, before its download (Max Concurrency 1)', async () => {
	sandbox.faults.add({ on: 'file', prompt: 'number 0', answer: 'hang' });
	await runNodeVirtually(
		sandbox,
		{ ...GENERATE_EACH, downloadVideo: true, options: { maxConcurrency: 1 } },
		{ input: numberedItems(2) },
	);
	const [first, second] = sandbox.tasks;
	expect((second?.createdAt ?? 0) - (first?.createdAt ?? 0)).toBe(30_000);
});

test('a video is downloaded while other items are still waiting', async () => {
	sandbox.durationMs = 10_000;
	await runNodeVirtually(
		sandbox,
		{ ...GENERATE_EACH, downloadVideo: true, options: { maxConcurrency: 2, timeout: 1 } },
		{
			input: inputOf('one', 'two [never]'),
			settings: CONTINUE,
		},
	);
	const [file] = sandbox.requestsTo('file');
	expect((file?.at ?? 0) - (sandbox.tasks[0]?.createdAt ?? 0)).toBe(10_000);
});

test('a batch of 200 items is output in order, without idle time and with at most 30 requests a second', async () => {
	const { items, elapsedMs } = await runNodeVirtually(sandbox, GENERATE_EACH, {
		input: numberedItems(200),
	});
	const prompts = items.map(
		({ json }) => sandbox.tasks.find(({ id }) => id === json.task_id)?.request.prompt,
	);
	expect(prompts).toEqual(numberedItems(200).map(({ json }) => json.prompt));
	expect(mostInProgress()).toBe(10);
	expect(elapsedMs).toBe(20 * 30_000);

	// Ten videos are submitted together, and later checked together every five seconds.
	// What they cost is asked when they are done.
	const perSecond = new Map<number, number>();
	for (const { at } of sandbox.log) {
		const second = Math.floor((at - (sandbox.log[0]?.at ?? 0)) / 1_000);
		perSecond.set(second, (perSecond.get(second) ?? 0) + 1);
	}
	expect(Math.max(...perSecond.values())).toBeLessThanOrEqual(31);
	expect(sandbox.requestsTo('check')).toHaveLength(200 * 6);
});

test('checks continue after a period in which no task is running', async () => {
	sandbox.faults.add({ on: 'submit', nth: 2, accept: true, answer: 'hang' });
	const { items } = await runNodeVirtually(
		sandbox,
		{ ...GENERATE_EACH, options: { maxConcurrency: 1, timeout: 5 } },
		{
			input: numberedItems(2),
			onStart: () => void setTimeout(() => sandbox.release(), 45_000),
		},
	);
	expect(items.map(({ json }) => json.status)).toEqual(['completed', 'completed']);
});

test('Get Status of 100 tasks checks them without a pause', async () => {
	sandbox.durationMs = 0;
	await runNodeVirtually(
		sandbox,
		{ ...GENERATE_EACH, waitForCompletion: false },
		{ input: numberedItems(100) },
	);
	const { items, elapsedMs } = await runNodeVirtually(
		sandbox,
		{ operation: 'getStatus', taskId: '={{ $json.id }}' },
		{ input: sandbox.tasks.map(({ id }) => ({ json: { id } })) },
	);
	expect(items).toHaveLength(100);
	expect(elapsedMs).toBeLessThan(500);
});

test('an item whose upload does not end within its Timeout is not submitted', async () => {
	sandbox.faults.add({ on: 'upload', answer: 'hang' });
	const data = await storeBinary(Buffer.from('film'), 'video/mp4');
	const { error } = await runNodeVirtually(
		sandbox,
		{
			operation: 'edit',
			prompt: 'x',
			videoSource: 'binary',
			options: { sendBinaryAs: 'upload', timeout: 1 },
		},
		{
			input: [{ json: {}, binary: { data } }],
			onStart: () => void setTimeout(() => sandbox.release(), 90_000),
		},
	);
	expect(error).toMatchObject({
		message: 'The file could not be uploaded to OctopusX',
		description: expect.stringContaining('The upload took too long.'),
		context: { charge: 'none' },
	});
	expect(sandbox.requestsTo('submit')).toEqual([]);
});

test('an item is not submitted after its Timeout', async () => {
	sandbox.durationMs = 1_000;
	sandbox.faults.add({ on: 'check', nth: 1, answer: { status: 403 } });
	sandbox.faults.add({ on: 'check', nth: 2, answer: 'hang' });
	const { error } = await runNodeVirtually(
		sandbox,
		{ ...GENERATE_EACH, options: { timeout: 0.2 } },
		{
			input: inputOf('one [failed]'),
			settings: { retryOnFail: true, maxTries: 2, waitBetweenTries: 1_000 },
			onStart: () => void setTimeout(() => sandbox.release(), 30_000),
		},
	);
	expect(error).toMatchObject({
		message: 'The time for this item was over before it could be submitted',
		description: expect.stringContaining("Raise the option 'Timeout (Minutes)'."),
		context: { charge: 'none' },
	});
	expect(sandbox.requestsTo('submit')).toHaveLength(1);
});

test('the editor receives each status of a task with the index of its item', async () => {
	const messages: unknown[] = [];
	const node = nodeWithContext(() => ({ sendMessageToUI: (text) => void messages.push(text) }));
	sandbox.durationMs = 8_000;
	await runNodeVirtually(sandbox, GENERATE_EACH, { node, input: numberedItems(1) });
	expect(messages).toEqual([
		'item 0: video_1 queued 0 %',
		'item 0: video_1 in_progress 62 %',
		'item 0: video_1 completed 100 %',
	]);
});

test('an exception from sendMessageToUI ends the node instead of blocking it forever', async () => {
	const node = nodeWithContext(() => ({
		sendMessageToUI: () => {
			throw new Error('no editor is open');
		},
	}));
	const { error } = await runNodeVirtually(sandbox, GENERATE_EACH, {
		node,
		input: numberedItems(1),
	});
	expect(error?.description).toContain('video_1');
});

test('Max Concurrency also limits the number of simultaneous downloads', async () => {
	sandbox.durationMs = 0;
	sandbox.faults.add({ on: 'file', times: Infinity, answer: 'stall' });
	let mostDownloads = 0;
	await runNodeVirtually(
		sandbox,
		{ ...GENERATE_EACH, downloadVideo: true, options: { maxConcurrency: 2 } },
		{
			input: numberedItems(6),
			settings: CONTINUE,
			onStart: (execution) =>
				void setTimeout(() => {
					mostDownloads = sandbox.hanging;
					execution.cancel();
				}, 30_000),
		},
	);
	expect(mostDownloads).toBe(2);
});

/** Stops further requests after failures that would recur for every item. */
describe('the circuit breaker', () => {
	beforeEach(() => void (sandbox.durationMs = 60_000));

	const MINUTE = 60_000;
	const UNREACHABLE = { baseUrl: 'http://127.0.0.1:9' };

	const errorOf = ({ json }: INodeExecutionData) =>
		json.error as { message: string; description: string };

	async function generate(
		itemCount: number,
		options: object = {},
		credential = {},
		mode: NodeSetup['mode'] = 'trigger',
	) {
		return await runNodeVirtually(
			sandbox,
			{ ...GENERATE_EACH, options: { timeout: 5, ...options } },
			{ settings: CONTINUE, input: numberedItems(itemCount), credential, mode },
		);
	}

	describe('an unreachable or overloaded API', () => {
		test('a batch on an unreachable API ends after one Timeout (Minutes), not after one per item', async () => {
			const { items, elapsedMs } = await generate(25, { maxConcurrency: 5 }, UNREACHABLE);
			expect(items.map((item) => errorOf(item).message)).toEqual(
				Array(25).fill('OctopusX cannot be reached'),
			);
			expect(errorOf(items[24] as INodeExecutionData).description).toBe(
				`${chargeSentence('none')} The items before this one failed in the same way, so this one was not tried.`,
			);
			expect(elapsedMs).toBeGreaterThan(4 * MINUTE);
			expect(elapsedMs).toBeLessThan(6 * MINUTE);
		});

		test('a manual run of a batch on an unreachable API ends after about a minute, uncharged', async () => {
			const { items, elapsedMs } = await generate(25, { maxConcurrency: 5 }, UNREACHABLE, 'manual');
			expect(errorOf(items[0] as INodeExecutionData)).toMatchObject({
				message: 'OctopusX cannot be reached',
				description: `${chargeSentence('none')} No connection to 127.0.0.1:9 was made. Check the 'Base URL' in the credential and the network of the n8n server.`,
			});
			expect(errorOf(items[24] as INodeExecutionData).message).toBe('OctopusX cannot be reached');
			expect(elapsedMs).toBeGreaterThanOrEqual(MINUTE);
			expect(elapsedMs).toBeLessThan(1.5 * MINUTE);
		});

		test('Get Status of 40 tasks on an unreachable API ends after one Timeout (Minutes)', async () => {
			const { items, elapsedMs } = await runNodeVirtually(
				sandbox,
				{ operation: 'getStatus', taskId: '={{ $json.prompt }}', options: { timeout: 5 } },
				{
					settings: CONTINUE,
					input: numberedItems(40),
					credential: UNREACHABLE,
					mode: 'trigger',
				},
			);
			expect(items.map((item) => errorOf(item).message)).toEqual(
				Array(40).fill('OctopusX cannot be reached'),
			);
			expect(elapsedMs).toBeLessThan(6 * MINUTE);
		});

		test('HTTP 429 that lasts as long as Timeout (Minutes) ends the submissions of a batch', async () => {
			sandbox.faults.add({ on: 'submit', times: Infinity, answer: { status: 429 } });
			const { elapsedMs } = await generate(25, { maxConcurrency: 5 });
			expect(elapsedMs).toBeLessThan(6 * MINUTE);
		});

		test('HTTP 429 beyond the Timeout (Minutes) of the first item does not fail items with a longer Timeout', async () => {
			sandbox.faults.add({ on: 'submit', times: 8, answer: { status: 429 } });
			const timeout = '={{ $itemIndex === 0 ? 0.02 : 5 }}';
			const { items } = await generate(6, { timeout, maxConcurrency: 2 });
			expect(errorOf(items[0] as INodeExecutionData).message).toContain('too many requests');
			expect(items.slice(1).map(({ json }) => json.status)).toEqual(Array(5).fill('completed'));
		});

		test('uploads to an unreachable API end after one Timeout (Minutes), not after one per item', async () => {
			const binary = { data: { data: 'AAAA', mimeType: 'image/png' } };
			const { elapsedMs } = await runNodeVirtually(
				sandbox,
				{
					...GENERATE_EACH,
					mode: 'firstFrame',
					firstFrameSource: 'binary',
					options: { sendBinaryAs: 'upload', timeout: 5, maxConcurrency: 5 },
				},
				{
					settings: CONTINUE,
					input: numberedItems(25).map((item) => ({ ...item, binary })),
					credential: UNREACHABLE,
					mode: 'trigger',
				},
			);
			expect(elapsedMs).toBeGreaterThan(4 * MINUTE);
			expect(elapsedMs).toBeLessThan(6 * MINUTE);
		});

		test('no item fails if HTTP 429 stops within Timeout (Minutes)', async () => {
			sandbox.faults.add({ on: 'submit', times: 40, answer: { status: 429 } });
			const { items } = await generate(10, { maxConcurrency: 5 });
			expect(items.map(({ json }) => json.status)).toEqual(Array(10).fill('completed'));
			expect(sandbox.tasks).toHaveLength(10);
		});
	});

	describe('a rejection that every item would get', () => {
		test.each([
			['HTTP 401, Invalid token,', { status: 401, body: apiErrorBody('Invalid token') }],
			[
				'HTTP 403, insufficient_user_quota,',
				{ status: 403, body: taskErrorBody('insufficient_user_quota') },
			],
			[
				'HTTP 403, pre_consume_token_quota_failed,',
				{ status: 403, body: taskErrorBody('pre_consume_token_quota_failed') },
			],
			['HTTP 403 for a banned user', { status: 403, body: apiErrorBody('User has been banned') }],
			['HTTP 404, Invalid URL,', { status: 404, body: apiErrorBody('Invalid URL') }],
			['a web page with HTTP 200', { status: 200, body: '<html>Console</html>' }],
		])(
			'%s stops a batch after three submissions, and every item gets the same error',
			async (_rejection, answer) => {
				sandbox.faults.add({ on: 'submit', times: Infinity, answer });
				const { items } = await generate(100, { maxConcurrency: 1 });
				expect(sandbox.requestsTo('submit')).toHaveLength(3);
				expect(items).toHaveLength(100);
				expect(new Set(items.map((item) => errorOf(item).message)).size).toBe(1);
				expect(errorOf(items[99] as INodeExecutionData).description).toEqual(startingWith('none'));
			},
		);

		test('HTTP 401 with the default Max Concurrency stops a batch of 100 after at most 12 submissions', async () => {
			const { items } = await generate(100, {}, { apiKey: 'wrong' });
			expect(items).toHaveLength(100);
			expect(sandbox.requestsTo('submit').length).toBeLessThanOrEqual(12);
			expect(sandbox.requestsTo('usage')).toHaveLength(1);
		});

		test('running tasks are finished when HTTP 403, insufficient_user_quota, stops further submissions', async () => {
			const answer = { status: 403, body: taskErrorBody('insufficient_user_quota') };
			sandbox.faults.add({ on: 'submit', nth: 6, times: Infinity, answer });
			const { items } = await generate(30);
			expect(items.slice(0, 5).map(({ json }) => json.status)).toEqual(Array(5).fill('completed'));
			expect(sandbox.tasks).toHaveLength(5);
			expect(sandbox.requestsTo('submit').length).toBeLessThanOrEqual(5 + 12);
		});

		test('HTTP 403 for two submissions in a row does not stop a batch', async () => {
			const answer = { status: 403, body: taskErrorBody('insufficient_user_quota') };
			for (const nth of [1, 4, 7]) sandbox.faults.add({ on: 'submit', nth, times: 2, answer });
			const { items } = await generate(9, { maxConcurrency: 1 });
			expect(items.filter(({ json }) => json.status === 'completed')).toHaveLength(3);
			expect(sandbox.requestsTo('submit')).toHaveLength(9);
		});

		test('HTTP 400 for a rejected Prompt does not stop a batch', async () => {
			const message = JSON.stringify({ error: { message: 'no', code: 'moderation_blocked' } });
			const body = { code: 'fail_to_fetch_task', message, data: null };
			sandbox.faults.add({ on: 'submit', times: Infinity, answer: { status: 400, body } });
			await generate(10, { maxConcurrency: 1 });
			expect(sandbox.requestsTo('submit')).toHaveLength(10);
		});
	});
});

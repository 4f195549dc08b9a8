import { CONTINUE, GENERATE_EACH, inputOf, numberedItems } from './support/inputs';
import { runNodeVirtually } from './support/runNode';
import { storeBinary } from './support/runWorkflow';
import { useSandbox } from './support/useSandbox';
import { nodeWithContext } from './support/nodeWithContext';

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

test('a batch of 200 items is output in order, without idle time and with at most 20 requests a second', async () => {
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
	const perSecond = new Map<number, number>();
	for (const { at } of sandbox.log) {
		const second = Math.floor((at - (sandbox.log[0]?.at ?? 0)) / 1_000);
		perSecond.set(second, (perSecond.get(second) ?? 0) + 1);
	}
	expect(Math.max(...perSecond.values())).toBeLessThanOrEqual(20);
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

import { CONTINUE, GENERATE_EACH, inputOf, numbered } from './support/inputs';
import { runNodeVirtually } from './support/runNode';
import { useSandbox } from './support/useSandbox';

const sandbox = useSandbox();

const generate = {
	...GENERATE_EACH,
	seconds: '={{ $json.seconds ?? 8 }}',
	options: { pollInterval: 1 },
};

/** Item 0 fails, item 1 does not. */
const failedFirst = { input: inputOf('one [failed]', 'two') };

test('two input items give two output items, paired right', async () => {
	const { items } = await runNodeVirtually(sandbox, generate, {
		input: inputOf('one', 'two'),
	});
	expect(items.map(({ json, pairedItem }) => [json.task_id, pairedItem])).toEqual([
		['video_1', { item: 0 }],
		['video_2', { item: 1 }],
	]);
});

test('output items follow the order of the input, whichever video is done first', async () => {
	const { items } = await runNodeVirtually(sandbox, generate, {
		input: numbered(12),
	});
	const promptOf = (id: unknown) => sandbox.tasks.find((task) => task.id === id)?.request.prompt;
	expect(items.map(({ json }) => promptOf(json.task_id))).toEqual(
		Array.from({ length: 12 }, (_, n) => `number ${n}`),
	);
});

test('an output item is the task, without placeholders and without a top-level error', async () => {
	const { items } = await runNodeVirtually(
		sandbox,
		{ ...generate, simplify: false },
		{ input: inputOf('one') },
	);
	expect(items[0]?.json).toEqual({
		id: 'video_1',
		task_id: 'video_1',
		object: 'video',
		model: 'omni-fast',
		status: 'completed',
		progress: 100,
		created_at: expect.any(Number),
		completed_at: expect.any(Number),
		expires_at: expect.any(Number),
		seconds: '8',
		size: '1280x720',
		video_url: expect.stringMatching(/\/files\/video_1\.mp4\?signature=sandbox\d+$/),
	});
	expect(items[0]?.binary).toBeUndefined();
});

test('an output item without waiting is the task as it was accepted', async () => {
	const { items } = await runNodeVirtually(
		sandbox,
		{ ...generate, waitForCompletion: false },
		{
			input: inputOf('one'),
		},
	);
	expect(items[0]?.json).toMatchObject({ task_id: 'video_1', status: 'queued', progress: 0 });
	expect(sandbox.log).toHaveLength(1);
});

describe('On Error: Continue', () => {
	test('an item that fails carries its task and leaves the others unharmed, with On Error: Continue', async () => {
		const { items, run } = await runNodeVirtually(sandbox, generate, {
			...failedFirst,
			settings: CONTINUE,
		});
		expect(run.status).toBe('success');
		expect(items).toHaveLength(2);
		expect(items[0]).toEqual({
			json: {
				error: {
					message: 'The video could not be generated',
					description: expect.stringContaining('video_1'),
					task_id: 'video_1',
					status: 'failed',
				},
			},
			pairedItem: { item: 0 },
		});
		expect(items[1]).toMatchObject({
			json: { task_id: 'video_2', status: 'completed' },
			pairedItem: { item: 1 },
		});
	});

	test('an item with a bad field costs nothing and lets the others go on, with On Error: Continue', async () => {
		const { items } = await runNodeVirtually(sandbox, generate, {
			input: [{ json: { prompt: 'one', seconds: 3 } }, ...inputOf('two')],
			settings: CONTINUE,
		});
		expect(items[0]?.json).toMatchObject({
			error: { message: "'Duration (Seconds)' must be a whole number from 4 to 30 [item 0]" },
		});
		expect(items[1]?.json).toMatchObject({ status: 'completed' });
		expect(sandbox.tasks).toHaveLength(1);
	});
});

test('the error output gets the failed item, and only that', async () => {
	const { items, errorItems } = await runNodeVirtually(sandbox, generate, {
		...failedFirst,
		settings: { onError: 'continueErrorOutput' },
	});
	expect(items).toHaveLength(1);
	expect(items[0]).toMatchObject({
		json: { task_id: 'video_2', status: 'completed' },
		pairedItem: { item: 1 },
	});
	expect(errorItems).toHaveLength(1);
	expect(errorItems[0]?.json).toMatchObject({
		prompt: 'one [failed]',
		error: { task_id: 'video_1', status: 'failed' },
	});
});

describe('On Error: Stop', () => {
	test('an item with a bad field stops all items before anything is paid for, with On Error: Stop', async () => {
		const { error } = await runNodeVirtually(sandbox, generate, {
			input: [...inputOf('one', 'two'), { json: { prompt: 'three', seconds: 99 } }],
		});
		expect(error).toMatchObject({ context: { itemIndex: 2 } });
		expect(sandbox.log).toEqual([]);
	});

	test('all items settle before the error, which lists every task, with On Error: Stop', async () => {
		const { error, run } = await runNodeVirtually(sandbox, generate, failedFirst);
		expect(run.status).toBe('error');
		expect(error).toMatchObject({
			message: 'The video could not be generated',
			context: { itemIndex: 0 },
		});
		expect(error?.description).toContain('item 0: video_1 (failed), item 1: video_2 (completed)');
	});
});

test('Max Concurrency bounds the videos in flight, and a finished one frees its place', async () => {
	sandbox.durationMs = 4_000;
	const { items, elapsedMs } = await runNodeVirtually(
		sandbox,
		{ ...generate, options: { pollInterval: 1, maxConcurrency: 3 } },
		{ input: numbered(7) },
	);
	expect(items).toHaveLength(7);
	const startedAt = sandbox.tasks[0]?.createdAt ?? 0;
	expect(sandbox.tasks.map(({ createdAt }) => createdAt - startedAt)).toEqual([
		0, 0, 0, 4_000, 4_000, 4_000, 8_000,
	]);
	expect(elapsedMs).toBe(12_000);
});

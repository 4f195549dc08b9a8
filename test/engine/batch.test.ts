import { runNodeVirtually } from './support/octopus';
import { storeBinary } from './support/runWorkflow';
import { useSandbox } from './support/useSandbox';

const sandbox = useSandbox({ durationMs: 30_000 });

const generate = { operation: 'generate', prompt: '={{ $json.prompt }}' };
const inputOf = (count: number) =>
	Array.from({ length: count }, (_, n) => ({ json: { prompt: `number ${n}` } }));

/** The most tasks that the sandbox was working on at a time. */
function mostInFlight(): number {
	const edges = sandbox.tasks.flatMap(({ createdAt, durationMs }) => [
		{ at: createdAt, step: 1 },
		{ at: createdAt + durationMs, step: -1 },
	]);
	edges.sort((a, b) => a.at - b.at || a.step - b.step);
	let now = 0;
	return Math.max(...edges.map(({ step }) => (now += step)));
}

test('a batch takes as long as its slowest video', async () => {
	const { items, elapsedMs } = await runNodeVirtually(
		sandbox,
		{ ...generate, options: { maxConcurrency: 20 } },
		{ input: inputOf(20) },
	);
	expect(items).toHaveLength(20);
	expect(elapsedMs).toBe(30_000);
});

test.each([1, 5, 10])(
	'never more than %p videos are in flight at the server',
	async (maxConcurrency) => {
		const { items } = await runNodeVirtually(
			sandbox,
			{ ...generate, options: { maxConcurrency } },
			{ input: inputOf(23) },
		);
		expect(items).toHaveLength(23);
		expect(mostInFlight()).toBe(maxConcurrency);
	},
);

test('a finished video frees its place at once, its download does not hold it', async () => {
	sandbox.faults.add({ on: 'file', prompt: 'number 0', answer: 'hang' });
	await runNodeVirtually(
		sandbox,
		{ ...generate, downloadVideo: true, options: { maxConcurrency: 1 } },
		{ input: inputOf(2) },
	);
	const [first, second] = sandbox.tasks;
	expect((second?.createdAt ?? 0) - (first?.createdAt ?? 0)).toBe(30_000);
});

test('downloads run while others still wait', async () => {
	sandbox.durationMs = 10_000;
	await runNodeVirtually(
		sandbox,
		{ ...generate, downloadVideo: true, options: { maxConcurrency: 2, timeout: 1 } },
		{
			input: [{ json: { prompt: 'one' } }, { json: { prompt: 'two [never]' } }],
			settings: { onError: 'continueRegularOutput' },
		},
	);
	const [file] = sandbox.requestsTo('file');
	expect((file?.at ?? 0) - (sandbox.tasks[0]?.createdAt ?? 0)).toBe(10_000);
});

test('500 items neither flood the server nor starve, and come out in order', async () => {
	const { items, elapsedMs } = await runNodeVirtually(sandbox, generate, { input: inputOf(500) });
	const prompts = items.map(
		({ json }) => sandbox.tasks.find(({ id }) => id === json.task_id)?.request.prompt,
	);
	expect(prompts).toEqual(inputOf(500).map(({ json }) => json.prompt));
	expect(mostInFlight()).toBe(10);
	expect(elapsedMs).toBe(50 * 30_000);

	// requests in any second: ten videos looked at once in five seconds, and their submissions
	const perSecond = new Map<number, number>();
	for (const { at } of sandbox.log) {
		const second = Math.floor((at - (sandbox.log[0]?.at ?? 0)) / 1_000);
		perSecond.set(second, (perSecond.get(second) ?? 0) + 1);
	}
	expect(Math.max(...perSecond.values())).toBeLessThanOrEqual(20);
	expect(sandbox.requestsTo('poll')).toHaveLength(500 * 6);
});

test('files are held in memory one large video at a time, small ones together', async () => {
	const inputWith = async (bytes: number) => {
		const data = await storeBinary(Buffer.alloc(bytes, 1), 'video/mp4');
		return Array.from({ length: 6 }, (_, n) => ({
			json: { prompt: `number ${n}` },
			binary: { data },
		}));
	};
	const edit = { ...generate, operation: 'edit', videoSource: 'binary', waitForCompletion: false };
	const mostSubmitting = async (bytes: number) => {
		sandbox.reset();
		sandbox.faults.add({ on: 'submit', times: Infinity, answer: 'hang' });
		const input = await inputWith(bytes);
		let most = 0;
		await runNodeVirtually(sandbox, edit, {
			input,
			settings: { onError: 'continueRegularOutput' },
			onStart: (run) =>
				void setTimeout(() => {
					most = sandbox.hanging;
					run.cancel();
				}, 5_000),
		});
		sandbox.release();
		return most;
	};
	expect(await mostSubmitting(9 * 1024 * 1024)).toBe(1);
	expect(await mostSubmitting(1024)).toBe(6);
});

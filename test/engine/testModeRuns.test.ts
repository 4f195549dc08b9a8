import { useRequests } from './support/countRequests';
import { GENERATE, GENERATE_EACH, inputOf } from './support/inputs';
import { runNode, runNodeVirtually, type NodeSetup } from './support/runNode';
import { MINUTE, onNewEngine, runSuspending } from './support/suspending';
import { FREE_WHILE_BUILDING, hintAbout, hintsOf, runTest } from './support/testMode';
import { useSandbox } from './support/useSandbox';
import { loggedNode, watchedNode } from './support/watchedNode';

/** Which runs and items Test Mode counts for, who is told, and what it does while an execution is suspended. */

const sandbox = useSandbox({ durationMs: 60_000 });
const requests = useRequests();

describe('who it counts for', () => {
	const perItem = { testMode: "={{ $json.prompt === 'real' ? 'off' : 'sample' }}" };
	afterEach(() => sandbox.reset());

	test('the expression of the description is free in the editor and pays in production', async () => {
		const parameters = { ...GENERATE, options: { testMode: FREE_WHILE_BUILDING } };
		const manual = await runNodeVirtually(sandbox, parameters);
		expect(manual.items[0]?.json).toMatchObject({ test: true });
		expect(requests).toEqual([]);
		const production = await runNodeVirtually(sandbox, parameters, { mode: 'trigger' });
		expect(production.items[0]?.json).toMatchObject({ task_id: 'video_1' });
		expect(production.items[0]?.json).not.toHaveProperty('test');
		expect(sandbox.tasks).toHaveLength(1);
	});

	test('an expression decides for each item', async () => {
		const { items, run } = await runNodeVirtually(
			sandbox,
			{ ...GENERATE_EACH, options: perItem },
			{ input: inputOf('try', 'real', 'try') },
		);
		expect(items.map(({ json }) => json.test)).toEqual([true, undefined, true]);
		expect(sandbox.tasks.map(({ request }) => request.prompt)).toEqual(['real']);
		expect(hintsOf({ run })).toEqual([hintAbout('2 items')]);
	});

	test.each([undefined, null, '', 'on', true])(
		'%j is no mode, and nothing is sent',
		async (value) => {
			const { error } = await runNode(
				sandbox,
				{ ...GENERATE_EACH, options: { testMode: '={{ $json.mode }}' } },
				{ input: [{ json: { prompt: 'one', mode: value } }] },
			);
			expect(error?.message).toContain("'Test Mode' has no option");
			expect(requests).toEqual([]);
		},
	);

	test('a retry with Test Mode off pays for the video, and does not hand out the sample', async () => {
		const parameters = (testMode: string) => ({ ...GENERATE_EACH, options: { testMode } });
		const input = inputOf('one', 'two');
		const first = await runNodeVirtually(
			sandbox,
			{ ...parameters(perItem.testMode), seconds: 8 },
			{
				input: inputOf('try', 'real'),
				onStart: () => sandbox.faults.add({ on: 'submit', answer: { status: 400, body: {} } }),
			},
		);
		expect(first.error?.description).toContain('item 0: test_');
		sandbox.reset();
		const { items } = await runNodeVirtually(sandbox, parameters('off'), {
			input,
			retryOf: first.run,
		});
		expect(items.map(({ json }) => json.task_id)).toEqual(['video_1', 'video_2']);
	});
});

describe('nobody takes it for real', () => {
	test('a manual run has a hint, a production run a line in the log', async () => {
		const input = inputOf('one', 'two');
		const lines: string[] = [];
		const logger = { info: () => {}, warn: (line: string) => void lines.push(line) };
		const node = watchedNode(() => ({ logger }) as never);
		const logged = () => lines.splice(0);
		const manual = await runTest(sandbox, {}, { input, node });
		expect(hintsOf(manual)).toEqual([hintAbout('2 items')]);
		expect(logged()).toEqual([]);
		const production = await runTest(sandbox, {}, { input, node, mode: 'trigger' });
		expect(hintsOf(production)).toEqual([]);
		expect(logged()).toEqual([`OctopusX: ${hintAbout('2 items')}`]);
	});

	test('a run without Test Mode has neither', async () => {
		const lines: string[] = [];
		const { run } = await runNodeVirtually(
			sandbox,
			{ ...GENERATE, options: { testMode: 'off' } },
			{ node: loggedNode(lines) },
		);
		expect(hintsOf({ run })).toEqual([]);
		expect(lines.join()).not.toContain('Test Mode');
		sandbox.reset();
	});
});

onNewEngine('a run of both, suspended', () => {
	test('only the real task is looked at', async () => {
		sandbox.durationMs = 3 * MINUTE;
		const { items } = await runSuspending(
			sandbox,
			{
				...GENERATE_EACH,
				waitStrategy: 'suspend',
				options: { testMode: "={{ $json.prompt === 'real' ? 'off' : 'sample' }}" },
			},
			{ input: inputOf('try', 'real') },
		);
		expect(items.map(({ json }) => [json.status, json.test])).toEqual([
			['completed', true],
			['completed', undefined],
		]);
		expect(requests.join()).not.toContain('test_');
		expect(sandbox.tasks).toHaveLength(1);
	});
	afterEach(() => sandbox.reset());
});

onNewEngine('Suspend the Execution', () => {
	const suspend = async (testMode: string, setup: NodeSetup = {}) =>
		await runSuspending(
			sandbox,
			{
				...GENERATE_EACH,
				waitStrategy: 'suspend',
				downloadVideo: true,
				options: { testMode },
			},
			{
				input: inputOf('one', 'two'),
				credential: { apiKey: '', baseUrl: 'nowhere' },
				settings: { credentials: undefined },
				...setup,
			},
		);
	afterEach(() => expect(requests).toEqual([]));

	test('samples go through the suspension, without a credential', async () => {
		const { items, resumed, elapsedMs, started } = await suspend('sample');
		expect(started).toBeDefined();
		expect(resumed).toBe(1);
		expect(elapsedMs).toBe(MINUTE);
		expect(items.map(({ json }) => [json.status, json.test])).toEqual([
			['completed', true],
			['completed', true],
		]);
		expect(items.map(({ binary }) => binary?.data?.mimeType)).toEqual(['video/mp4', 'video/mp4']);
	});

	test('a refusal suspends nothing', async () => {
		const { error, started } = await suspend('failure');
		expect(started).toBeUndefined();
		expect(error?.message).toBe('The model refused the request');
	});

	test('what refuses to suspend does so', async () => {
		const { error } = await suspend('sample', { executionId: '' });
		expect(error?.message).toBe('The execution cannot be suspended');
		expect(error?.context).toMatchObject({ test: true });
	});
});

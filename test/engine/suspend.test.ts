import type { IExecuteFunctions, INode, IRun } from 'n8n-workflow';
import { CONTINUE, inputOf } from './support/inputs';
import { runNode } from './support/runNode';
import { lastRunOf } from './support/runWorkflow';
import {
	CHECKING,
	canSuspend,
	MINUTE,
	onNewEngine,
	runSuspending,
	suspendingOn,
} from './support/suspending';
import { useSandbox } from './support/useSandbox';
import { loggedNode, watchedNode } from './support/watchedNode';

const sandbox = useSandbox({ durationMs: 5 * MINUTE });

const suspend = suspendingOn(sandbox, { downloadVideo: true }, inputOf('one', 'two', 'three'));

onNewEngine('a suspended execution', () => {
	test('suspended videos arrive in input order, each paid for once, looked at once a minute', async () => {
		const { suspended, items, resumed, elapsedMs } = await suspend();
		const tasks = (status: string) => ['video_1', 'video_2', 'video_3'].map((id) => [id, status]);
		const pairs = [0, 1, 2].map((item) => ({ item }));
		expect(suspended?.items.map(({ json }) => [json.task_id, json.status])).toEqual(
			tasks('queued'),
		);
		expect(suspended?.items.map(({ pairedItem }) => pairedItem)).toEqual(pairs);
		expect(items.map(({ json }) => [json.task_id, json.status])).toEqual(tasks('completed'));
		expect(items.map(({ pairedItem }) => pairedItem)).toEqual(pairs);
		expect(items.map(({ binary }) => binary?.data?.mimeType)).toEqual(Array(3).fill('video/mp4'));
		expect(sandbox.tasks).toHaveLength(3);
		expect(resumed).toBe(5);
		expect(sandbox.requestsTo('poll')).toHaveLength(3 * 5);
		expect(elapsedMs).toBe(5 * MINUTE);
	});

	test('videos arrive where n8n tells of no Stop', async () => {
		const node = watchedNode(() => ({ getExecutionCancelSignal: () => undefined }));
		const { items, suspended } = await suspend({}, { node });
		expect(suspended).toBeDefined();
		expect(items.map(({ json }) => json.status)).toEqual(Array(3).fill('completed'));
	});

	test('a suspended wait of an hour costs few looks, the last of them in time', async () => {
		sandbox.durationMs = 70 * MINUTE;
		const { items, resumed, elapsedMs } = await suspend({ options: { timeout: 90 } });
		expect(items).toHaveLength(3);
		expect(resumed).toBe(31);
		expect(elapsedMs).toBeLessThanOrEqual(75 * MINUTE);
	});

	test('videos that are done within seconds arrive with the first look, after a minute', async () => {
		sandbox.durationMs = 4_000;
		const { items, resumed, elapsedMs } = await suspend();
		expect(items.map(({ binary }) => binary?.data?.mimeType)).toEqual(Array(3).fill('video/mp4'));
		expect(resumed).toBe(1);
		expect(elapsedMs).toBe(MINUTE);
	});

	test('what n8n saves of a suspended wait holds no key, no prompt and no file', async () => {
		const data = { mimeType: 'image/png', fileName: 'a.png', data: 'aW1hZ2U=' };
		const { started, child } = await suspend(
			{ mode: 'firstFrame', firstFrameSource: 'binary' },
			{ input: [{ json: { prompt: 'one secret prompt' }, binary: { data } }] },
		);
		const saved = JSON.stringify([started, child?.data]);
		expect(saved).toContain('video_1');
		expect(saved).not.toContain(sandbox.apiKey);
		expect(saved).not.toContain('secret prompt');
		expect(saved).not.toContain('aW1hZ2U=');
	});

	test('a task that fails while suspended fails the execution with On Error: Stop, listing all tasks', async () => {
		const { error, items } = await suspend({}, { input: inputOf('one', 'two [failed]') });
		expect(items).toEqual([]);
		expect(error?.message).toBe('The video could not be generated');
		expect(error?.description).toContain('item 0: video_1 (completed), item 1: video_2 (failed).');
		expect(error?.description).not.toContain('use Retry');
	});

	test('items carry what became of them while suspended, with On Error: Continue', async () => {
		sandbox.faults.add({
			on: 'submit',
			prompt: 'refused',
			answer: { status: 400, body: { code: 'bad', message: 'no', data: null } },
		});
		const input = inputOf('one', 'two [failed]', 'refused', 'four [never]');
		const { items } = await suspend({}, { input, settings: CONTINUE });
		expect(items.map(({ json }) => json.error ?? json.task_id)).toEqual([
			'video_1',
			expect.objectContaining({ message: 'The video could not be generated', task_id: 'video_2' }),
			expect.objectContaining({ message: 'OctopusX rejected the request' }),
			expect.objectContaining({ message: 'The video was not ready in time', task_id: 'video_3' }),
		]);
		expect(items.map(({ pairedItem }) => pairedItem)).toEqual(
			[0, 1, 2, 3].map((item) => ({ item })),
		);
	});

	test('the deadline of a suspended wait counts from the submission', async () => {
		const { error, elapsedMs } = await suspend({ prompt: 'x [never]', options: { timeout: 10 } });
		expect(error?.message).toBe('The video was not ready in time');
		expect(elapsedMs).toBe(10 * MINUTE);
	});

	test('faults of the API are sat out while suspended', async () => {
		const down = { status: 502, body: '<html>' };
		const { items } = await suspend(
			{},
			{
				whileSuspended: (times) => {
					if (times === 1) sandbox.faults.add({ on: 'poll', times: 40, answer: down });
					if (times === 3) sandbox.faults.clear();
				},
			},
		);
		expect(items).toHaveLength(3);
		expect(sandbox.tasks).toHaveLength(3);
	});

	test('a clock that jumps past the deadline while suspended does not lose a finished video', async () => {
		const { items } = await suspend(
			{ options: { timeout: 6 } },
			{ whileSuspended: (times) => times === 1 && jest.setSystemTime(Date.now() + 60 * MINUTE) },
		);
		expect(items.map(({ json }) => json.status)).toEqual(Array(3).fill('completed'));
	});

	test.each([
		['stopped', { resultData: { error: { message: 'stopped' }, runData: {} } }],
		['deleted', undefined],
	])('once the suspended execution is %s, no request leaves any more', async (_what, data) => {
		const lines: string[] = [];
		sandbox.faults.add({ on: 'submit', prompt: 'one', answer: { status: 400 } });
		const node = loggedNode(lines);
		const { child } = await suspend({}, { parent: () => data as never, node });
		expect(lastRunOf(child as IRun, CHECKING).data?.main).toEqual([[]]);
		expect(sandbox.requestsTo('poll')).toEqual([]);
		expect(lines.join('\n')).toContain('no execution waits any more for video_1, video_2 ');
	});

	test('the node waits by itself where n8n does not start the workflow that looks', async () => {
		const lines: string[] = [];
		const executeWorkflow = async () => {
			throw new Error('policy');
		};
		const { items } = await suspend({}, { executeWorkflow, node: loggedNode(lines) });
		expect(items.map(({ binary }) => binary?.data?.mimeType)).toEqual(Array(3).fill('video/mp4'));
		expect(sandbox.tasks).toHaveLength(3);
		expect(lines.join('\n')).toMatch(
			/OctopusX: policy [^]*n8n did not suspend the execution, so it waits by itself/,
		);
	});

	test('with Max Concurrency 1, all videos are submitted before the execution is suspended', async () => {
		const { items, elapsedMs } = await suspend({ options: { maxConcurrency: 1 } });
		expect(items).toHaveLength(3);
		expect(sandbox.tasks).toHaveLength(3);
		expect(sandbox.requestsTo('poll')).toHaveLength(3 * 5);
		expect(elapsedMs).toBe(5 * MINUTE);
	});

	test('Stop before the execution is suspended ends the node at once, and nothing is started', async () => {
		sandbox.faults.add({ on: 'submit', times: 3, answer: 'hang' });
		const { error, started, elapsedMs } = await suspend(
			{},
			{ onStart: (run) => void setTimeout(() => run.cancel(), 3_000) },
		);
		expect(error?.message).toBe('The execution was canceled');
		expect(started).toBeUndefined();
		expect(elapsedMs).toBeLessThanOrEqual(3_500);
	});

	test('a retry of an execution that failed before it was suspended does not pay again', async () => {
		sandbox.faults.add({ on: 'poll', times: 3, answer: { status: 403 } });
		const parameters = { prompt: '={{ $json.prompt }}', waitStrategy: 'suspend' };
		const input = inputOf('one', 'two', 'three');
		const executeWorkflow = async () => await Promise.reject(new Error('policy'));
		const first = await runSuspending(sandbox, parameters, { input, executeWorkflow });
		expect(first.error?.description).toContain('video_1');
		const { items } = await runSuspending(sandbox, parameters, { input, retryOf: first.run });
		expect(items.map(({ json }) => json.task_id)).toEqual(['video_1', 'video_2', 'video_3']);
		expect(sandbox.tasks).toHaveLength(3);
	});

	test('an n8n that does not tell of calls by an AI agent suspends, too', async () => {
		const node = watchedNode(() => ({ isToolExecution: undefined }));
		const { items } = await suspend({}, { node, input: inputOf('one') });
		expect(items[0]?.json.status).toBe('completed');
	});

	test('Get Status waits suspended', async () => {
		await runNode(sandbox, { prompt: 'one', waitForCompletion: false });
		const { items } = await suspend(
			{ operation: 'getStatus', taskId: 'video_1', waitForCompletion: true },
			{ input: [{ json: {} }] },
		);
		expect(items[0]?.json).toMatchObject({ task_id: 'video_1', status: 'completed' });
	});
});

describe('an execution that cannot be suspended', () => {
	async function refusal(context: Partial<IExecuteFunctions>, settings?: Partial<INode>) {
		const node = watchedNode(() => context);
		const { error, items } = await suspend({}, { node, settings });
		expect(sandbox.log).toEqual([]);
		return error ?? items[0]?.json.error;
	}
	const message = 'The execution cannot be suspended';

	test('Suspend is refused before anything is paid for when an AI agent runs a tool of its own type', async () => {
		const node = watchedNode((context) => {
			const tool = { ...context.getNode(), type: 'n8n-nodes-octopusx.octopusXVideoTool' };
			return { getNode: () => tool };
		});
		expect((await suspend({}, { node })).error).toMatchObject({ message });
		expect(sandbox.log).toEqual([]);
	});

	test.each<[string, Partial<IExecuteFunctions>, string]>([
		['the execution is not saved', { getExecutionId: () => '' }, 'n8n does not save'],
		['the workflow is not saved', { getWorkflow: () => ({ active: false }) }, 'n8n does not save'],
		[
			'the workflow has the id of an unsaved one',
			{ getWorkflow: () => ({ active: false, id: '__EMPTY__' }) },
			'n8n does not save',
		],
		['an AI agent runs the node', { isToolExecution: () => true }, 'An AI agent waits'],
	])('Suspend is refused before anything is paid for when %s', async (_why, context, words) => {
		const description = expect.stringContaining(canSuspend ? words : 'n8n 2.0 or later');
		expect(await refusal(context)).toMatchObject({ message, description });
	});

	test('a refusal to suspend is on the items with On Error: Continue', async () => {
		expect(await refusal({ getExecutionId: () => '' }, CONTINUE)).toMatchObject({ message });
	});

	(canSuspend ? test.skip : test)(
		'Suspend is refused before anything is paid for on an n8n that is too old',
		async () => {
			expect(await refusal({})).toMatchObject({
				message,
				description: expect.stringContaining('n8n 2.0 or later'),
			});
		},
	);
});

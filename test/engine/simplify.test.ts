import type { INodeParameters } from 'n8n-workflow';
import { CONTINUE, GENERATE, GENERATE_EACH, inputOf } from './support/inputs';
import { runNode, runNodeVirtually } from './support/runNode';
import { onNewEngine, suspendingOn } from './support/suspending';
import { useSandbox } from './support/useSandbox';

const sandbox = useSandbox();

const QUEUED = ['task_id', 'status', 'progress', 'model', 'seconds', 'size', 'created_at'];
const COMPLETED = [
	...['task_id', 'status', 'progress', 'video_url'],
	...['model', 'seconds', 'size', 'created_at', 'completed_at', 'expires_at'],
];
const RAW = [
	...['id', 'task_id', 'status', 'progress', 'video_url'],
	...['object', 'model', 'created_at', 'seconds', 'size', 'completed_at', 'expires_at'],
];

/** The names of the fields of the only item, in their order. */
async function fieldsWith(parameters: INodeParameters): Promise<string[]> {
	const { items, error } = await runNodeVirtually(sandbox, { ...GENERATE, ...parameters });
	expect(error).toBeUndefined();
	return Object.keys(items[0]?.json ?? {});
}

async function submit(prompt: string): Promise<void> {
	await runNode(sandbox, { ...GENERATE, prompt, waitForCompletion: false });
}

test.each([
	['Generate', { operation: 'generate' }],
	['Edit', { operation: 'edit', videoUrl: 'https://example.com/in.mp4' }],
	['Get Status', { operation: 'getStatus', taskId: 'video_1' }],
])(
	'%s gives the ten fields of a finished task, and all of them unless simplified',
	async (_, is) => {
		await submit('a boat');
		expect(await fieldsWith(is)).toEqual(COMPLETED);
		expect(await fieldsWith({ ...is, simplify: false })).toEqual(RAW);
	},
);

test('a task that is not done has the fields that are known of it', async () => {
	expect(await fieldsWith({ waitForCompletion: false })).toEqual(QUEUED);
});

test('a failed task says why, simplified or not', async () => {
	await submit('a boat [failed]');
	const look = { operation: 'getStatus', taskId: 'video_1' };
	expect((await fieldsWith(look)).at(-1)).toBe('failure');
	expect(await fieldsWith({ ...look, simplify: false })).toContain('failure');
});

test('fields that the node has never heard of are there without Simplify only', async () => {
	const body = {
		id: 'video_1',
		status: 'completed',
		mood: 'good',
		video_url: 'https://a.example/b',
	};
	sandbox.faults.add({ on: 'poll', times: 2, answer: { status: 200, body } });
	const look = { operation: 'getStatus', taskId: 'video_1' };
	expect(await fieldsWith(look)).not.toContain('mood');
	expect(await fieldsWith({ ...look, simplify: false })).toContain('mood');
});

test('a task that is marked as none of the real ones stays marked', async () => {
	const body = { id: 'video_1', status: 'completed', test: true, video_url: 'https://a.example/b' };
	sandbox.faults.add({ on: 'poll', answer: { status: 200, body } });
	expect(await fieldsWith({ operation: 'getStatus', taskId: 'video_1' })).toContain('test');
});

test('every item may choose for itself', async () => {
	const { items } = await runNodeVirtually(
		sandbox,
		{ ...GENERATE_EACH, simplify: '={{ $json.prompt === "one" }}' },
		{ input: inputOf('one', 'two') },
	);
	expect(items.map(({ json }) => Object.keys(json))).toEqual([COMPLETED, RAW]);
});

test('an item that fails keeps ID, state and reason, whatever Simplify says', async () => {
	for (const simplify of [true, false]) {
		const { items } = await runNodeVirtually(
			sandbox,
			{ ...GENERATE, prompt: 'a boat [failed]', simplify },
			{ settings: CONTINUE },
		);
		expect(items[0]?.json).toEqual({
			error: {
				message: 'The video could not be generated',
				description: expect.stringContaining('The sandbox let this task end failed'),
				task_id: expect.any(String),
				status: 'failed',
			},
		});
	}
});

onNewEngine('Simplify of a suspended execution', () => {
	const suspend = suspendingOn(sandbox, { downloadVideo: true }, inputOf('one'));

	test.each([
		[true, COMPLETED],
		[false, RAW],
	])('is handed on with the wait: %s', async (simplify, fields) => {
		sandbox.durationMs = 5 * 60_000;
		const { items } = await suspend({ simplify });
		expect(items.map(({ json }) => Object.keys(json))).toEqual([fields]);
		expect(items[0]?.binary?.data?.mimeType).toBe('video/mp4');
	});
});

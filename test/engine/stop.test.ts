import type { Readable } from 'node:stream';
import type { INodeParameters } from 'n8n-workflow';
import type { Fault } from '../sandbox/faults';
import { apiErrorBody } from './support/errorBodies';
import { CONTINUE, GENERATE } from './support/inputs';
import { eventually } from './support/eventually';
import { NODE, runNodeVirtually, type NodeSetup } from './support/runNode';
import { loggedNode, openingNode, watchedNode } from './support/watchedNode';
import { storeBinary } from './support/runWorkflow';
import { useSandbox } from './support/useSandbox';

const STOP_AT_MS = 12_300;

const sandbox = useSandbox();
let lines: string[];
beforeEach(() => {
	lines = [];
});

/** Runs two items and stops the execution in the middle. */
async function stop(parameters: INodeParameters = {}, setup: NodeSetup = {}) {
	const result = await runNodeVirtually(
		sandbox,
		{ ...GENERATE, downloadVideo: true, ...parameters },
		{
			node: loggedNode(lines),
			input: [{ json: {} }, { json: {} }],
			onStart: (run) => void setTimeout(() => run.cancel(), STOP_AT_MS),
			...setup,
		},
	);
	const startedAt = sandbox.log[0]?.at ?? 0;
	const lastRequestAt = (sandbox.log.at(-1)?.at ?? 0) - startedAt;
	expect(result.run.status).toBe('canceled');
	expect(result.elapsedMs).toBeGreaterThanOrEqual(STOP_AT_MS);
	expect(result.elapsedMs).toBeLessThanOrEqual(STOP_AT_MS + 1_000);
	expect(lastRequestAt).toBeLessThanOrEqual(STOP_AT_MS);
	return result;
}

const tooMany = { status: 429, headers: { 'retry-after': '600' } };
const CASES: Array<[string, Fault | undefined]> = [
	['a sleep between two looks', undefined],
	['a submission', { on: 'submit', times: 2, answer: 'hang' }],
	['a pause before the next submission', { on: 'submit', times: 2, answer: tooMany }],
	['a look', { on: 'poll', times: 2, answer: 'hang' }],
	['a pause after a look that failed', { on: 'poll', times: Infinity, answer: tooMany }],
	['a download before its first byte', { on: 'file', times: 2, answer: 'hang' }],
	['a download in the middle', { on: 'file', times: 2, answer: 'stall' }],
	['a pause before the next download', { on: 'file', times: Infinity, answer: tooMany }],
];

test.each(CASES)(
	'Stop ends %s within a second, and nothing is sent after it',
	async (_what, fault) => {
		sandbox.durationMs = fault?.on === 'file' ? 0 : 600_000;
		if (fault) sandbox.faults.add(fault);
		await stop();
	},
);

test('Stop logs the ids of what is still running, and has them in the error', async () => {
	sandbox.durationMs = 600_000;
	const { error } = await stop();
	const tasks = 'item 0: video_1 (queued), item 1: video_2 (queued)';
	expect(lines.at(-1)).toContain(tasks);
	expect(error?.description).toContain(tasks);
	// of an execution that was stopped by hand, n8n keeps nothing
	const advice =
		"Use n8n's Retry only after n8n's own time limit: after a Stop by hand it is charged again";
	expect(lines.at(-1)).toContain(advice);
	expect(error?.description).toContain(advice);
});

test.each([...CASES, ['an upload', undefined]])(
	'n8n’s time limit in %s leaves n8n with the node to run again: Retry goes on',
	async (what, fault) => {
		const isUpload = what === 'an upload';
		sandbox.durationMs = fault?.on === 'file' ? 0 : 600_000;
		if (fault) sandbox.faults.add(fault);
		if (isUpload) sandbox.faults.add({ on: 'upload', times: 2, answer: 'hang' });
		const saved: unknown[] = [];
		const binary = { data: await storeBinary(Buffer.from('film'), 'video/mp4') };
		await stop(
			isUpload
				? { operation: 'edit', videoSource: 'binary', options: { sendBinaryAs: 'upload' } }
				: {},
			{
				input: [{ json: {}, binary }],
				// n8n writes what it has one turn of the event loop after the signal, and never again
				onSave: async ({ data }) => {
					await new Promise(setImmediate);
					saved.push(data.executionData?.nodeExecutionStack.map(({ node }) => node.name));
				},
			},
		);
		expect(saved).toEqual([[NODE]]);
	},
);

test('Stop names a submission that was under way, since it may have been accepted', async () => {
	sandbox.faults.add({ on: 'submit', times: 2, accept: true, answer: 'hang' });
	const { error } = await stop();
	const items =
		'Submissions without an answer, which may have been charged and which a retry sends again: item 0, item 1.';
	expect(lines.at(-1)).toContain(items);
	expect(error?.description).toContain(items);
});

test('Stop returns at once during a submission, and the ids reach the log when the answers come', async () => {
	sandbox.faults.add({ on: 'submit', times: 2, accept: true, answer: 'hang' });
	await stop();
	expect(lines.join()).not.toContain('video_1');
	sandbox.release();
	await eventually(() => {
		expect(lines.join('\n')).toMatch(/task video_1 created for item 0/);
		expect(lines.join('\n')).toMatch(/task video_2 created for item 1/);
	});
});

test('Stop keeps items whose turn has not come from being submitted', async () => {
	sandbox.durationMs = 600_000;
	await stop({ options: { maxConcurrency: 1 } });
	expect(sandbox.tasks).toHaveLength(1);
});

test('items say how far they came before a Stop, with On Error: Continue', async () => {
	sandbox.durationMs = 600_000;
	const { items } = await runNodeVirtually(
		sandbox,
		{ ...GENERATE, options: { maxConcurrency: 1 } },
		{
			settings: CONTINUE,
			input: [{ json: {} }, { json: {} }],
			onStart: (run) => void setTimeout(() => run.cancel(), STOP_AT_MS),
		},
	);
	expect(items.map(({ json }) => json.error)).toEqual([
		{
			message: 'The execution was canceled',
			description: expect.stringContaining('use Get Status with this Task ID'),
			task_id: 'video_1',
			status: 'queued',
		},
		{ message: 'The execution was canceled', description: 'Nothing was submitted.' },
	]);
});

describe('Stop does not wait for n8n’s storage', () => {
	const never = new Promise<never>(() => {});

	/** Our node, with one of n8n's binary helpers that takes for ever. */
	const nodeWith = (name: 'getBinaryStream' | 'getBinaryMetadata' | 'prepareBinaryData') =>
		watchedNode((context) => ({
			helpers: { ...context.helpers, [name]: async () => await never },
		}));
	const stopIt = {
		onStart: (run: { cancel: () => void }) => void setTimeout(() => run.cancel(), STOP_AT_MS),
	};

	test.each([
		['size of a file', 'getBinaryMetadata', 'dataUri'],
		['file', 'getBinaryStream', 'dataUri'],
		['file to be uploaded', 'getBinaryStream', 'upload'],
	] as const)(
		'Stop does not wait for storage that hands out a %s, and nothing is submitted',
		async (_what, name, sendBinaryAs) => {
			const binary = { data: await storeBinary(Buffer.from('film'), 'video/mp4') };
			const { elapsedMs, error } = await runNodeVirtually(
				sandbox,
				{ operation: 'edit', prompt: 'x', videoSource: 'binary', options: { sendBinaryAs } },
				{ ...stopIt, node: nodeWith(name), input: [{ json: {}, binary }] },
			);
			expect(elapsedMs).toBeLessThanOrEqual(STOP_AT_MS + 1_000);
			expect(sandbox.requestsTo('submit')).toEqual([]);
			expect(error?.message).toBe('The execution was canceled');
			expect(String(error?.description)).not.toContain('may have been charged');
		},
	);

	test('Stop at the moment in which a file is opened closes it, and nothing is submitted', async () => {
		let stop = () => {};
		const opened: Readable[] = [];
		const node = openingNode(opened, () => stop());
		const binary = { data: await storeBinary(Buffer.from('film'), 'video/mp4') };
		const { run, error } = await runNodeVirtually(
			sandbox,
			{ operation: 'edit', prompt: 'x', videoSource: 'binary' },
			{ node, input: [{ json: {}, binary }], onStart: (it) => (stop = () => it.cancel()) },
		);
		expect(run.status).toBe('canceled');
		expect(String(error?.description)).not.toContain('perhaps paid for');
		expect(opened.map(({ destroyed }) => destroyed)).toEqual([true]);
		expect(sandbox.requestsTo('submit')).toEqual([]);
	});

	test('Stop does not wait for storage that takes in a file', async () => {
		const { elapsedMs, error } = await runNodeVirtually(
			sandbox,
			{ ...GENERATE, downloadVideo: true },
			{ ...stopIt, node: nodeWith('prepareBinaryData') },
		);
		expect(elapsedMs).toBeLessThanOrEqual(STOP_AT_MS + 1_000);
		expect(error?.description).toContain('item 0: video_1 (completed)');
	});
});

describe('where n8n tells of no Stop', () => {
	const run = async (parameters: INodeParameters) => {
		const node = watchedNode(() => ({ getExecutionCancelSignal: () => undefined }));
		const binary = { data: await storeBinary(Buffer.from('film'), 'video/mp4') };
		return await runNodeVirtually(sandbox, parameters, { node, input: [{ json: {}, binary }] });
	};

	test('a file is uploaded, and its video awaited and downloaded, in spite of faults', async () => {
		const answer = { status: 429 };
		sandbox.faults.add({ on: 'upload', answer: { status: 503 } });
		sandbox.faults.add({ on: 'submit', answer });
		sandbox.faults.add({ on: 'poll', answer });
		sandbox.faults.add({ on: 'file', answer: { status: 403 } });
		const { items } = await run({
			operation: 'edit',
			prompt: 'x',
			videoSource: 'binary',
			downloadVideo: true,
			options: { sendBinaryAs: 'upload' },
		});
		expect(items[0]?.json).toMatchObject({ task_id: 'video_1', status: 'completed' });
		expect(items[0]?.binary?.data?.mimeType).toBe('video/mp4');
	});

	test('an item that cannot work is told as such', async () => {
		const { error } = await run({ ...GENERATE, seconds: 99 });
		expect(error?.message).toContain("'Duration (Seconds)' must be");
	});

	test('a refused key is explained', async () => {
		sandbox.faults.add({ on: 'submit', answer: { status: 401, body: apiErrorBody('No') } });
		const { error } = await run(GENERATE);
		expect(error?.description).toContain('OctopusX knows the key');
	});
});

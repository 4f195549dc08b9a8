import type { Readable } from 'node:stream';
import type { INodeParameters } from 'n8n-workflow';
import { chargeSentence } from '../../nodes/OctopusXVideo/api/errors';
import type { Fault } from '../sandbox/faults';
import { apiErrorBody } from './support/errorBodies';
import { eventually } from './support/eventually';
import { CONTINUE, GENERATE } from './support/inputs';
import { NODE, runNodeVirtually, type NodeSetup } from './support/runNode';
import { storeBinary } from './support/runWorkflow';
import { useSandbox } from './support/useSandbox';
import { loggingNode, fileTrackingNode, nodeWithContext } from './support/nodeWithContext';

const STOP_AT_MS = 12_300;
const cancelAtStop = (execution: { cancel: () => void }) =>
	void setTimeout(() => execution.cancel(), STOP_AT_MS);

const sandbox = useSandbox();
let lines: string[];
beforeEach(() => {
	lines = [];
});

/** Runs two items, stops the execution in the middle, and checks that this takes at most a second. */
async function runAndStop(parameters: INodeParameters = {}, setup: NodeSetup = {}) {
	const result = await runNodeVirtually(
		sandbox,
		{ ...GENERATE, downloadVideo: true, ...parameters },
		{
			node: loggingNode(lines),
			input: [{ json: {} }, { json: {} }],
			onStart: cancelAtStop,
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

const tooManyRequests = { status: 429, headers: { 'retry-after': '600' } };
/** What the node is doing when the execution is stopped. */
const MOMENTS: Array<[string, Fault | undefined]> = [
	['a pause between two checks', undefined],
	['a submission', { on: 'submit', times: 2, answer: 'hang' }],
	['a pause before a retried submission', { on: 'submit', times: 2, answer: tooManyRequests }],
	['a check', { on: 'check', times: 2, answer: 'hang' }],
	['a pause after a failed check', { on: 'check', times: Infinity, answer: tooManyRequests }],
	['a download before its first byte', { on: 'file', times: 2, answer: 'hang' }],
	['a download halfway', { on: 'file', times: 2, answer: 'stall' }],
	['a pause before a retried download', { on: 'file', times: Infinity, answer: tooManyRequests }],
];

test.each(MOMENTS)(
	'Stop ends %s within a second, and no request is sent afterwards',
	async (_moment, fault) => {
		sandbox.durationMs = fault?.on === 'file' ? 0 : 600_000;
		if (fault) sandbox.faults.add(fault);
		await runAndStop();
	},
);

test('Stop lists the IDs of the running tasks in the log and in the error', async () => {
	sandbox.durationMs = 600_000;
	const { error } = await runAndStop();
	const tasks = 'video 1: video_1 (queued), video 2: video_2 (queued)';
	expect(lines.at(-1)).toContain(tasks);
	expect(error?.description).toContain(tasks);
	const advice =
		'Fetch the videos with Get Status, which is not charged. A new run is charged again.';
	expect(lines.at(-1)).toContain(advice);
	expect(error?.description).toContain(advice);
});

test('Stop leaves the task IDs in the highlighted data of the execution', async () => {
	sandbox.durationMs = 600_000;
	const { run } = await runAndStop();
	expect(run.data.resultData.metadata).toEqual({ octopusx_tasks_1: 'video_1 video_2' });
});

test.each([...MOMENTS, ['an upload', undefined]])(
	'n8n’s time limit during %s leaves the node on n8n’s stack, so that Retry continues with it',
	async (moment, fault) => {
		const isUpload = moment === 'an upload';
		sandbox.durationMs = fault?.on === 'file' ? 0 : 600_000;
		if (fault) sandbox.faults.add(fault);
		if (isUpload) sandbox.faults.add({ on: 'upload', times: 2, answer: 'hang' });
		const saved: unknown[] = [];
		const binary = { data: await storeBinary(Buffer.from('film'), 'video/mp4') };
		await runAndStop(
			isUpload
				? { operation: 'edit', videoSource: 'binary', options: { sendBinaryAs: 'upload' } }
				: {},
			{
				input: [{ json: {}, binary }],
				// n8n saves the execution once, one turn of the event loop after the signal.
				onSave: async ({ data }) => {
					await new Promise(setImmediate);
					saved.push(data.executionData?.nodeExecutionStack.map(({ node }) => node.name));
				},
			},
		);
		expect(saved).toEqual([[NODE]]);
	},
);

test('Stop lists unanswered submissions, because they may have been charged', async () => {
	sandbox.faults.add({ on: 'submit', times: 2, accept: true, answer: 'hang' });
	const { error } = await runAndStop();
	const unanswered =
		'Submissions without an answer, which may have been charged and which a retry sends again: video 1, video 2.';
	expect(lines.at(-1)).toContain(unanswered);
	expect(error?.description).toContain(unanswered);
});

test('Stop does not wait for the response to a submission, and the task ID is logged when the response arrives', async () => {
	sandbox.faults.add({ on: 'submit', times: 2, accept: true, answer: 'hang' });
	await runAndStop();
	expect(lines.join()).not.toContain('video_1');
	sandbox.release();
	await eventually(() => {
		expect(lines.join('\n')).toMatch(/task video_1 created for item 0/);
		expect(lines.join('\n')).toMatch(/task video_2 created for item 1/);
	});
});

test('Stop prevents the submission of items that wait for their turn (Max Concurrency 1)', async () => {
	sandbox.durationMs = 600_000;
	await runAndStop({ options: { maxConcurrency: 1 } });
	expect(sandbox.tasks).toHaveLength(1);
});

test('with On Error: Continue, Stop gives every item an error with its progress', async () => {
	sandbox.durationMs = 600_000;
	const { items } = await runNodeVirtually(
		sandbox,
		{ ...GENERATE, options: { maxConcurrency: 1 } },
		{
			settings: CONTINUE,
			input: [{ json: {} }, { json: {} }],
			onStart: cancelAtStop,
		},
	);
	expect(items.map(({ json }) => json.error)).toEqual([
		{
			message: 'The execution was canceled',
			description: chargeSentence({ taskId: 'video_1' }),
			task_id: 'video_1',
			status: 'queued',
			prompt: 'a boat',
		},
		{
			message: 'The execution was canceled',
			description: chargeSentence('none'),
			prompt: 'a boat',
		},
	]);
});

describe('Stop during work of n8n’s storage', () => {
	const never = new Promise<never>(() => {});

	/** Creates the node with one of n8n's binary helpers replaced by one that never returns. */
	const nodeWithHanging = (name: 'getBinaryStream' | 'getBinaryMetadata' | 'prepareBinaryData') =>
		nodeWithContext((context) => ({
			helpers: { ...context.helpers, [name]: async () => await never },
		}));

	test.each([
		['the size of a file', 'getBinaryMetadata', 'dataUri'],
		['a file', 'getBinaryStream', 'dataUri'],
		['a file to upload', 'getBinaryStream', 'upload'],
	] as const)(
		'Stop does not wait for n8n’s storage to return %s, and nothing is submitted',
		async (_data, name, sendBinaryAs) => {
			const binary = { data: await storeBinary(Buffer.from('film'), 'video/mp4') };
			const { elapsedMs, error } = await runNodeVirtually(
				sandbox,
				{ operation: 'edit', prompt: 'x', videoSource: 'binary', options: { sendBinaryAs } },
				{ onStart: cancelAtStop, node: nodeWithHanging(name), input: [{ json: {}, binary }] },
			);
			expect(elapsedMs).toBeLessThanOrEqual(STOP_AT_MS + 1_000);
			expect(sandbox.requestsTo('submit')).toEqual([]);
			expect(error?.message).toBe('The execution was canceled');
			expect(String(error?.description)).not.toContain('may have been charged');
		},
	);

	test('Stop while a file is being opened closes the file, and nothing is submitted', async () => {
		let stop = () => {};
		const opened: Readable[] = [];
		const node = fileTrackingNode(opened, () => stop());
		const binary = { data: await storeBinary(Buffer.from('film'), 'video/mp4') };
		const { run, error } = await runNodeVirtually(
			sandbox,
			{ operation: 'edit', prompt: 'x', videoSource: 'binary' },
			{
				node,
				input: [{ json: {}, binary }],
				onStart: (execution) => (stop = () => execution.cancel()),
			},
		);
		expect(run.status).toBe('canceled');
		expect(error?.message).toBe('The execution was canceled');
		// A description would list tasks and unanswered submissions.
		expect(error?.description).toBeUndefined();
		expect(opened.map(({ destroyed }) => destroyed)).toEqual([true]);
		expect(sandbox.requestsTo('submit')).toEqual([]);
	});

	test('Stop does not wait for n8n’s storage to save a video', async () => {
		const { elapsedMs, error } = await runNodeVirtually(
			sandbox,
			{ ...GENERATE, downloadVideo: true },
			{ onStart: cancelAtStop, node: nodeWithHanging('prepareBinaryData') },
		);
		expect(elapsedMs).toBeLessThanOrEqual(STOP_AT_MS + 1_000);
		expect(error?.description).toContain('video 1: video_1 (completed)');
	});
});

describe('an n8n without a cancel signal', () => {
	const run = async (parameters: INodeParameters) => {
		const node = nodeWithContext(() => ({ getExecutionCancelSignal: () => undefined }));
		const binary = { data: await storeBinary(Buffer.from('film'), 'video/mp4') };
		return await runNodeVirtually(sandbox, parameters, { node, input: [{ json: {}, binary }] });
	};

	test('without a cancel signal, upload, submission, wait and download are retried after HTTP 503, 429 and 403', async () => {
		const answer = { status: 429 };
		sandbox.faults.add({ on: 'upload', answer: { status: 503 } });
		sandbox.faults.add({ on: 'submit', answer });
		sandbox.faults.add({ on: 'check', answer });
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

	test('without a cancel signal, an invalid Duration is refused', async () => {
		const { error } = await run({ ...GENERATE, seconds: 99 });
		expect(error?.message).toContain("'Duration (Seconds)' must be");
	});

	test('without a cancel signal, HTTP 401 is explained', async () => {
		sandbox.faults.add({ on: 'submit', answer: { status: 401, body: apiErrorBody('No') } });
		const { error } = await run(GENERATE);
		expect(error?.description).toContain('OctopusX knows the key');
	});
});

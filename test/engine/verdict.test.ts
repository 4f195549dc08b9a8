import type { INodeParameters } from 'n8n-workflow';
import type { Quirks } from '../sandbox/tasks';
import { contentErrorBody, taskErrorBody } from './support/errorBodies';
import { hasCompleteVideo } from './support/downloads';
import { CONTINUE, GENERATE, GENERATE_EACH, inputOf } from './support/inputs';
import { runNode, runNodeVirtually, type NodeSetup } from './support/runNode';
import { MINUTE, describeIfCanSuspend, suspendingOn } from './support/suspending';
import { useSandbox } from './support/useSandbox';
import { loggingNode } from './support/nodeWithContext';

/** What an answer of the task endpoint leaves out, and where the node finds it. */

const sandbox = useSandbox({ durationMs: 20_000 });
const GIVEN_UP = 'one [abandoned]';

async function generate(prompt: string, parameters: INodeParameters = {}, setup: NodeSetup = {}) {
	return await runNodeVirtually(
		sandbox,
		{ ...GENERATE_EACH, ...parameters },
		{ input: inputOf(prompt), ...setup },
	);
}

/** A task that ended before, checked by Get Status. */
async function getStatus(prompt: string, parameters: INodeParameters = {}, body?: object) {
	sandbox.durationMs = 0;
	await runNode(sandbox, { ...GENERATE, prompt, waitForCompletion: false });
	sandbox.log = [];
	if (body) sandbox.faults.add({ on: 'check', times: Infinity, answer: { status: 200, body } });
	const all = { operation: 'getStatus', taskId: 'video_1', ...parameters };
	return await runNodeVirtually(sandbox, all);
}

describe('a task that the gateway has given up, and shows as in progress for ever', () => {
	test('Get Status without a wait says at once that it has failed', async () => {
		const { items, elapsedMs } = await getStatus(GIVEN_UP);
		expect(items[0]?.json).toMatchObject({
			task_id: 'video_1',
			status: 'failed',
			failure: { message: '任务超时（1分钟）', refunded: true },
		});
		expect(elapsedMs).toBe(0);
	});

	test('a wait ends within about a minute, and the error says what it cost and to try again', async () => {
		const { error, elapsedMs } = await generate(GIVEN_UP);
		expect(elapsedMs).toBeGreaterThan(20_000);
		expect(elapsedMs).toBeLessThan(75_000);
		expect(error?.message).toBe('The video could not be generated');
		expect(error?.description).toContain('(in English: it took too long, try again later)');
		expect(error?.description).toContain('Try again later. This is a new, paid video.');
		expect(error?.context.charge).toEqual({ taskId: 'video_1', refund: 'given' });
	});

	test('a wait of 20 minutes asks for the verdict seldom', async () => {
		await generate('one [never]', { options: { timeout: 20 } });
		const asked = sandbox.requestsTo('verdict').length;
		expect(asked).toBeGreaterThanOrEqual(8);
		expect(asked).toBeLessThanOrEqual(14);
	});

	test('a video that is ready within a minute needs no verdict', async () => {
		const { items } = await generate('one');
		expect(items[0]?.json.status).toBe('completed');
		expect(sandbox.requestsTo('verdict')).toEqual([]);
	});

	test('a wait goes on while the endpoint of the verdict fails', async () => {
		sandbox.durationMs = 3 * MINUTE;
		sandbox.faults.add({ on: 'verdict', times: Infinity, answer: { status: 500 } });
		const { items } = await generate('one');
		expect(items[0]?.json.status).toBe('completed');
	});

	describeIfCanSuspend('suspended', () => {
		const suspend = suspendingOn(sandbox);

		test('a suspended execution ends at its first check', async () => {
			const { error, resumed } = await suspend({}, { input: inputOf(GIVEN_UP) });
			expect(error?.message).toBe('The video could not be generated');
			expect(resumed).toBe(1);
		});

		test('a suspended execution settles a status that the node does not know at the next check', async () => {
			sandbox.durationMs = 30 * MINUTE;
			const times: number[] = [];
			sandbox.faults.add({
				on: 'check',
				nth: 9,
				times: Infinity,
				answer: { status: 200, body: { status: 'done' } },
			});
			await suspend(
				{ options: { timeout: 60 } },
				{
					input: inputOf('one'),
					whileSuspended: () => times.push(sandbox.requestsTo('verdict').length),
				},
			);
			// in the ninth minute, the verdict would not be asked for otherwise
			const [before = 0, after = 0] = times.slice(8, 10);
			expect(after - before).toBe(1);
		});
	});
});

describe('Get Status without a wait, of a completed video', () => {
	test.each(['done', 'succeed', 'running', 'rejected', 'in_progress'])(
		'a video whose status word is %j is downloaded',
		async (status) => {
			const { items } = await getStatus('one', { downloadVideo: true }, { id: 'video_1', status });
			expect(items[0]?.json).toMatchObject({ task_id: 'video_1', status: 'completed' });
			expect(await hasCompleteVideo(items)).toBe(true);
			expect(sandbox.requestsTo('verdict')).toHaveLength(1);
		},
	);

	test.each<[string, (task: object) => object]>([
		['data', (data) => ({ code: 'success', data })],
		['data, with a status of its own', (data) => ({ status: 'success', data })],
		['task', (task) => ({ task })],
	])('a task inside %s is understood', async (_where, wrap) => {
		const task = { task_id: 'video_1', status: 'in_progress', progress: '40%' };
		sandbox.faults.add({ on: 'verdict', times: Infinity, answer: { status: 404 } });
		const { items } = await getStatus('one', { simplify: false }, wrap(task));
		expect(items[0]?.json).toMatchObject({ status: 'in_progress', progress: 40, raw: wrap(task) });
	});
});

describe('the address of a finished video', () => {
	test.each<Quirks['videoUrl']>(['fileHost', 'metadata', 'data', 'verdict'])(
		'is found with the sandbox set to %s, and its file comes from the file host',
		async (videoUrl) => {
			sandbox.quirks.videoUrl = videoUrl;
			const { items } = await generate('one', { downloadVideo: true });
			expect(await hasCompleteVideo(items)).toBe(true);
			expect(items[0]?.json.video_url).toMatch(/\/files\/video_1\.mp4/);
			expect(sandbox.requestsTo('file')).toHaveLength(1);
			expect(sandbox.requestsTo('content')).toEqual([]);
		},
	);

	test.each<[string, (url: string) => object]>([
		['data.url', (url) => ({ data: { url } })],
		['result_url', (result_url) => ({ result_url })],
		['url', (url) => ({ url })],
		['video.url', (url) => ({ video: { url } })],
		['output', (output) => ({ output })],
		['output[0]', (url) => ({ output: [url] })],
		['content.video_url', (video_url) => ({ content: { video_url } })],
	])('is found in %s', async (_place, place) => {
		const url = `${sandbox.fileHost}/files/video_1.mp4?signature=sandbox${Date.now() + MINUTE}`;
		const body = { id: 'video_1', status: 'completed', ...place(url) };
		const { items } = await getStatus('one', { downloadVideo: true }, body);
		expect(await hasCompleteVideo(items)).toBe(true);
		expect(items[0]?.json.video_url).toBe(url);
		expect(sandbox.requestsTo('verdict')).toEqual([]);
		expect(sandbox.requestsTo('content')).toEqual([]);
	});

	test('is asked of the verdict before an item without one is returned', async () => {
		sandbox.quirks.videoUrl = 'verdict';
		const { items } = await getStatus('one');
		expect(items[0]?.json.video_url).toMatch(/\/files\/video_1\.mp4/);
	});

	test('is the content endpoint if nothing has one, and the verdict is asked once', async () => {
		sandbox.quirks.videoUrl = 'missing';
		const { items } = await generate('one', { downloadVideo: true });
		expect(await hasCompleteVideo(items)).toBe(true);
		expect(items[0]?.json.video_url).toBe(`${sandbox.url}/v1/videos/video_1/content`);
		expect(sandbox.requestsTo('verdict')).toHaveLength(1);
	});
});

test('a completed task without an address that the gateway has given up fails, and is not downloaded', async () => {
	const body = { id: 'video_1', status: 'completed' };
	sandbox.faults.add({ on: 'check', times: Infinity, answer: { status: 200, body } });
	sandbox.durationMs = 0;
	const { error } = await generate('one [expired]', { downloadVideo: true });
	expect(error?.message).toBe('The video could not be generated');
	expect(error?.context.charge).toEqual({ taskId: 'video_1', refund: 'given' });
	expect(sandbox.requestsTo('content')).toEqual([]);
});

describe('the reason of a failure', () => {
	test.each([
		{ fail_reason: 'No cats' },
		{ failure_reason: 'No cats' },
		{ error_message: 'No cats' },
		{ message: 'No cats' },
		{ error: { message: 'No cats' } },
		{ error: { code: '', message: '' }, fail_reason: 'No cats' },
	])('is in the error for %j', async (fields) => {
		const body = { id: 'video_1', status: 'FAILURE', ...fields };
		sandbox.faults.add({ on: 'check', times: Infinity, answer: { status: 200, body } });
		const { error } = await generate('one');
		expect(error?.description).toContain('OctopusX said: "No cats" (failure). Fix what');
	});

	test('is taken from the verdict if the task has none, in a wait and in a single check', async () => {
		const body = { id: 'video_1', status: 'failed' };
		const { items } = await getStatus('one [failed]', {}, body);
		const message = 'The sandbox let this task end failed';
		expect(items[0]?.json.failure).toMatchObject({ message, refunded: true });
		const { error } = await runNodeVirtually(sandbox, {
			operation: 'getStatus',
			taskId: 'video_1',
			waitForCompletion: true,
		});
		expect(error?.description).toContain(`OctopusX said: "${message}"`);
	});

	test('is in the error of a timeout if the status is "error"', async () => {
		const error = { message: 'No cats', code: 'policy' };
		const body = { id: 'video_1', status: 'error', error };
		sandbox.faults.add({ on: 'check', times: Infinity, answer: { status: 200, body } });
		sandbox.faults.add({ on: 'verdict', times: Infinity, answer: { status: 404 } });
		const run = await generate('one', { options: { timeout: 1 } });
		expect(run.error?.message).toBe('The video was not ready in time');
		expect(run.error?.description).toContain('OctopusX said: "No cats" (policy).');
	});

	test.each(['overloaded', 'Rate limit reached', 'timed out', 'timeout', '任务超时'])(
		'%j leads to the advice to try again later',
		async (reason) => {
			const body = { id: 'video_1', status: 'failed', error: { message: reason, code: 'x' } };
			sandbox.faults.add({ on: 'check', times: Infinity, answer: { status: 200, body } });
			const { error } = await generate('one [failed]');
			expect(error?.description).toContain('Try again later. This is a new, paid video.');
			expect(error?.description).not.toContain('Fix what the reason names');
		},
	);

	test('stays under raw.error with Simplify off, and not at the top level', async () => {
		const { items } = await getStatus('one [failed]', { simplify: false });
		expect(items[0]?.json).toMatchObject({ raw: { error: { code: 'task_failed' } } });
		expect(items[0]?.json).not.toHaveProperty('error');
	});
});

describe('a refusal of the content endpoint', () => {
	test.each([403, 410, 422, 451])(
		'with HTTP %i is final and blames neither parameters nor balance',
		async (status) => {
			sandbox.quirks.videoUrl = 'missing';
			const answer = { status, body: contentErrorBody('blocked') };
			sandbox.faults.add({ on: 'content', times: Infinity, answer });
			const { error } = await generate('one', { downloadVideo: true });
			expect(error?.description).toContain(
				'OctopusX has no file for this task. OctopusX said: "blocked"',
			);
			expect(error?.description).not.toMatch(/parameters|balance/);
			expect(sandbox.requestsTo('content')).toHaveLength(1);
		},
	);

	test.each([
		['FAILURE', 1],
		['IN_PROGRESS', 4],
	])('with "current status: %s" is requested %i times', async (status, requests) => {
		sandbox.quirks.videoUrl = 'missing';
		const body = contentErrorBody(`Task is not completed yet, current status: ${status}`);
		sandbox.faults.add({ on: 'content', times: Infinity, answer: { status: 400, body } });
		await generate('one', { downloadVideo: true });
		expect(sandbox.requestsTo('content')).toHaveLength(requests);
	});
});

describe('a submission with two IDs', () => {
	const RETRY = { retryOnFail: true, maxTries: 2, waitBetweenTries: 1_000 };
	const twoIds = () => {
		const bodyFor = (id: string) => ({ id, task_id: 'private_7', status: 'queued' });
		sandbox.faults.add({ on: 'submit', accept: true, answer: { status: 200, bodyFor } });
	};

	test('is checked with its other ID if the API does not know the first, and the log has both', async () => {
		twoIds();
		const lines: string[] = [];
		const { items } = await generate('one', { downloadVideo: true }, { node: loggingNode(lines) });
		expect(items[0]?.json).toMatchObject({ task_id: 'video_1', status: 'completed' });
		expect(await hasCompleteVideo(items)).toBe(true);
		expect(lines.join('\n')).toContain('task private_7 or video_1 created for item 0');
		// afterwards only the ID that works is used
		const paths = sandbox.requestsTo('check').map(({ path }) => path.split('/').at(-1));
		expect(paths.slice(0, 3)).toEqual(['private_7', 'video_1', 'video_1']);
	});

	test('is found by Retry On Fail with its other ID, and not charged again', async () => {
		twoIds();
		const forbidden = { status: 403, body: { error: { message: 'no', code: '' } } };
		sandbox.faults.add({ on: 'check', answer: forbidden });
		const { items } = await generate('one', {}, { settings: RETRY });
		expect(items[0]?.json).toMatchObject({ task_id: 'video_1', status: 'completed' });
		expect(sandbox.tasks).toHaveLength(1);
	});

	test('keeps its first ID if the API knows neither', async () => {
		twoIds();
		const answer = { status: 400, body: taskErrorBody('task_not_exist') };
		sandbox.faults.add({ on: 'check', times: Infinity, answer });
		const { items } = await generate('one', {}, { settings: CONTINUE });
		expect(items[0]?.json.error).toMatchObject({
			message: 'OctopusX does not know this task',
			task_id: 'private_7',
		});
		expect(sandbox.requestsTo('check')).toHaveLength(4);
	});

	describeIfCanSuspend('suspended', () => {
		test('is checked with its other ID by a checking execution', async () => {
			twoIds();
			const suspend = suspendingOn(sandbox);
			const { items } = await suspend({}, { input: inputOf('one') });
			expect(items[0]?.json).toMatchObject({ task_id: 'video_1', status: 'completed' });
		});
	});

	test('whose delivered task is found by its other ID is not delivered again in a loop', async () => {
		twoIds();
		const { items } = await generate('one', {}, { connectTwice: true });
		expect(items[0]?.json.status).toBe('completed');
		expect(sandbox.tasks).toHaveLength(2);
	});
});

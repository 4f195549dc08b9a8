import type { INodeParameters } from 'n8n-workflow';
import { HTML_502 } from '../sandbox/faults';
import { isWhole } from './support/downloads';
import { apiErrorBody } from './support/errorBodies';
import { CONTINUE, GENERATE } from './support/inputs';
import { runNode, runNodeVirtually } from './support/runNode';
import { useSandbox } from './support/useSandbox';

const sandbox = useSandbox();

/** Creates a task, as another workflow would, and returns its ID. */
async function submit(parameters: INodeParameters = {}) {
	const { items } = await runNode(sandbox, {
		...GENERATE,
		waitForCompletion: false,
		...parameters,
	});
	sandbox.log = [];
	return String(items[0]?.json.task_id);
}

test('Get Status checks the task once and outputs it', async () => {
	const taskId = await submit();
	const { items } = await runNode(sandbox, { operation: 'getStatus', taskId: ` ${taskId}\n` });
	expect(items[0]).toMatchObject({
		json: { task_id: taskId, status: 'completed', seconds: '8' },
		pairedItem: { item: 0 },
	});
	expect(sandbox.log.map(({ method, path, body }) => [method, path, body])).toEqual([
		['GET', `/v1/videos/${taskId}`, undefined],
	]);
});

test('Get Status without Wait Until Completed outputs a failed task without an error', async () => {
	const taskId = await submit({ prompt: 'a boat [failed]' });
	const { items, error } = await runNode(sandbox, { operation: 'getStatus', taskId });
	expect(error).toBeUndefined();
	expect(items[0]?.json).toMatchObject({
		status: 'failed',
		failure: { code: 'task_failed', message: 'The sandbox let this task end failed' },
	});
	expect(items[0]?.json).not.toHaveProperty('error');
});

test('Get Status with Wait Until Completed fails if the task fails', async () => {
	const taskId = await submit({ prompt: 'a boat [failed]' });
	const { error } = await runNodeVirtually(sandbox, {
		operation: 'getStatus',
		taskId,
		waitForCompletion: true,
	});
	expect(error?.message).toBe('The video could not be generated');
});

test('Get Status with Wait Until Completed waits for the video', async () => {
	sandbox.durationMs = 20_000;
	const taskId = await submit();
	const { items } = await runNodeVirtually(sandbox, {
		operation: 'getStatus',
		taskId,
		waitForCompletion: true,
	});
	expect(items[0]?.json).toMatchObject({ status: 'completed' });
	expect(sandbox.requestsTo('poll').length).toBeGreaterThan(3);
});

test('Get Status with Download Video downloads a completed video without waiting', async () => {
	const taskId = await submit();
	const { items } = await runNode(sandbox, { operation: 'getStatus', taskId, downloadVideo: true });
	expect(await isWhole(items)).toBe(true);
});

test('Get Status with Download Video outputs a queued task without a file', async () => {
	sandbox.durationMs = 60_000;
	const taskId = await submit();
	const { items } = await runNode(sandbox, { operation: 'getStatus', taskId, downloadVideo: true });
	expect(items[0]?.json).toMatchObject({ status: 'queued' });
	expect(items[0]?.binary).toBeUndefined();
});

test('Get Status of an unknown task (HTTP 400) fails, and the error says that the task is unknown', async () => {
	const { error } = await runNode(sandbox, { operation: 'getStatus', taskId: 'video_404' });
	expect(error).toMatchObject({
		name: 'NodeApiError',
		message: 'OctopusX does not know this task',
		httpCode: '400',
	});
	expect(error?.description).toContain("Check the 'Task ID'");
	expect(error?.description).toContain('(HTTP 400, task_not_exist, request ID ');
	expect(error?.description).not.toMatch(/Tasks of this run|Get Status|Retry/);
});

test('Get Status of several tasks, one of them unknown, lists the known ones in the error', async () => {
	const taskId = await submit();
	const { error } = await runNode(
		sandbox,
		{ operation: 'getStatus', taskId: '={{ $json.id }}' },
		{ input: [{ json: { id: 'video_404' } }, { json: { id: taskId } }] },
	);
	expect(error?.message).toBe('OctopusX does not know this task');
	expect(error?.description).toContain(`Tasks of this run: item 1: ${taskId} (completed).`);
	expect(error?.description).not.toContain('video_404');
});

test.each([false, true])(
	'the error of Get Status with a wrong API key does not advise to use Get Status (Wait Until Completed: %s)',
	async (waitForCompletion) => {
		const parameters = { operation: 'getStatus', taskId: 'video_1', waitForCompletion };
		const credential = { apiKey: 'sk-wrong' };
		const { error } = await runNode(sandbox, parameters, { credential });
		expect(error?.message).toBe('OctopusX did not accept the API key');
		expect(error?.description).not.toMatch(/Tasks of this run|Get Status|Retry/);

		const { items } = await runNode(sandbox, parameters, { credential, settings: CONTINUE });
		expect(items[0]?.json.error).toMatchObject({ task_id: 'video_1', status: 'unknown' });
	},
);

test('Get Status retries a check after HTTP 502, and its error after HTTP 403 contains the task ID', async () => {
	const taskId = await submit();
	sandbox.faults.add({ on: 'poll', nth: 1, answer: HTML_502 });
	sandbox.faults.add({ on: 'poll', nth: 3, answer: { status: 403, body: apiErrorBody('No') } });
	const check = async () =>
		await runNodeVirtually(sandbox, { operation: 'getStatus', taskId }, { settings: CONTINUE });
	const result = await check();
	expect(result.items[0]?.json).toMatchObject({ task_id: taskId, status: 'completed' });
	expect(result.elapsedMs).toBe(2_000);
	expect((await check()).items[0]?.json.error).toMatchObject({ task_id: taskId });
});

test.each(['../../admin', 'a/b:c?d#e', '%2e%2e', 'ü ñ/💥'])(
	'Get Status sends the task ID %s as one path segment of the URL',
	async (taskId) => {
		await runNode(sandbox, { operation: 'getStatus', taskId });
		expect(sandbox.log.map(({ path }) => path)).toEqual([
			`/v1/videos/${encodeURIComponent(taskId)}`,
		]);
	},
);

test.each([false, true])(
	'Get Status fails at once if the first check is redirected with HTTP 301 (Wait Until Completed: %s)',
	async (waitForCompletion) => {
		const headers = { location: 'https://example.com/' };
		const answer = { status: 301, headers, body: '<a href="https://example.com/">Moved</a>' };
		sandbox.faults.add({ on: 'poll', times: Infinity, answer });
		const parameters = { operation: 'getStatus', taskId: 'video_1', waitForCompletion };
		const { error, elapsedMs } = await runNodeVirtually(sandbox, parameters);
		expect(error?.message).toBe("The 'Base URL' leads to another address");
		expect(elapsedMs).toBe(0);
		expect(sandbox.requestsTo('poll')).toHaveLength(1);
	},
);

test('a redirect with HTTP 302 in the middle of a wait does not end the wait', async () => {
	const taskId = await submit();
	const headers = { location: 'https://example.com/' };
	sandbox.faults.add({ on: 'poll', nth: 2, answer: { status: 302, headers } });
	for (const task of sandbox.tasks) task.durationMs = 8_000;
	const parameters = { operation: 'getStatus', taskId, waitForCompletion: true };
	const { items } = await runNodeVirtually(sandbox, parameters);
	expect(items[0]?.json.status).toBe('completed');
});

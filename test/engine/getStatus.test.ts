import type { IDataObject, INodeParameters } from 'n8n-workflow';
import { HTML_502 } from '../sandbox/faults';
import { hasCompleteVideo } from './support/downloads';
import { apiErrorBody } from './support/errorBodies';
import { CONTINUE, GENERATE } from './support/inputs';
import { runNode, runNodeVirtually, type NodeSetup } from './support/runNode';
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

test('Get Status checks the task once, asks what it cost, and outputs it', async () => {
	const taskId = await submit();
	const { items } = await runNode(sandbox, { operation: 'getStatus', taskId: ` ${taskId}\n` });
	expect(items[0]).toMatchObject({
		json: { task_id: taskId, status: 'completed', seconds: '8' },
		pairedItem: { item: 0 },
	});
	expect(sandbox.log.map(({ method, path, body }) => [method, path, body])).toEqual([
		['GET', `/v1/videos/${taskId}`, undefined],
		['GET', `/v1/video/generations/${taskId}`, undefined],
		['GET', '/api/status', undefined],
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
	expect(sandbox.requestsTo('check').length).toBeGreaterThan(3);
});

test('Get Status with Download Video downloads a completed video without waiting', async () => {
	const taskId = await submit();
	const { items } = await runNode(sandbox, { operation: 'getStatus', taskId, downloadVideo: true });
	expect(await hasCompleteVideo(items)).toBe(true);
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
		message: 'OctopusX does not know task video_404',
		httpCode: '400',
	});
	expect(error?.description).toContain("Check the 'Task ID'");
	expect(error?.description).toContain('(HTTP 400, task_not_exist, request ID ');
	expect(error?.description).not.toMatch(/Tasks of this run|Get Status|Retry/);
	expect(error?.context.task_id).toBe('video_404');
});

test('Get Status of several tasks, one of them unknown, lists the known ones in the error', async () => {
	const taskId = await submit();
	const { error } = await runNode(
		sandbox,
		{ operation: 'getStatus', taskId: '={{ $json.id }}' },
		{ input: [{ json: { id: 'video_404' } }, { json: { id: taskId } }] },
	);
	expect(error?.message).toBe('1 of 2 videos failed: OctopusX does not know task video_404');
	expect(error?.description).toMatch(
		/^Video 1 of 2: OctopusX does not know task video_404\. Check the 'Task ID'/,
	);
	expect(error?.description).toContain(
		`Tasks of this run: video 2: ${taskId} (completed). Run the node again to check them, which is not charged.`,
	);
	expect(error?.description).not.toContain('Get Status');
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
	sandbox.faults.add({ on: 'check', nth: 1, answer: HTML_502 });
	sandbox.faults.add({ on: 'check', nth: 3, answer: { status: 403, body: apiErrorBody('No') } });
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
		sandbox.faults.add({ on: 'check', times: Infinity, answer });
		const parameters = { operation: 'getStatus', taskId: 'video_1', waitForCompletion };
		const { error, elapsedMs } = await runNodeVirtually(sandbox, parameters);
		expect(error?.message).toBe("The 'Base URL' leads to another address");
		expect(elapsedMs).toBe(0);
		expect(sandbox.requestsTo('check')).toHaveLength(1);
	},
);

test('a redirect with HTTP 302 in the middle of a wait does not end the wait', async () => {
	const taskId = await submit();
	const headers = { location: 'https://example.com/' };
	sandbox.faults.add({ on: 'check', nth: 2, answer: { status: 302, headers } });
	for (const task of sandbox.tasks) task.durationMs = 8_000;
	const parameters = { operation: 'getStatus', taskId, waitForCompletion: true };
	const { items } = await runNodeVirtually(sandbox, parameters);
	expect(items[0]?.json.status).toBe('completed');
});

describe('Task ID as people paste it', () => {
	/** The IDs that Get Status asks for. */
	async function checkedIds(taskId: string) {
		await runNode(sandbox, { operation: 'getStatus', taskId });
		return sandbox.requestsTo('check').map(({ path }) => decodeURIComponent(path.slice(11)));
	}

	test.each([
		'video_x,',
		'"video_x"',
		"'video_x';",
		'“video_x”',
		'`video_x`',
		'<video_x>',
		'(video_x)',
		'[video_x]',
		'["video_x"]',
		'={{ ["video_x"] }}',
		'video_x (queued)',
		'video_x (in progress)',
		'video_x queued',
		'item 3: video_x (completed)',
		'"task_id": "video_x",',
		'{"task_id":"video_x"}',
		'task_id: video_x',
		'Task video_x was charged: fetch its video with Get Status, which is not charged.',
		'OctopusX task video_x created for item 0 of execution 12.',
		'Task video_x.',
		'video_x, video_x',
		'\u200bvideo_x\ufeff',
		'video\u200b_x',
		'\u00a0video_x\u00a0',
		'\u202avideo_x\u202c',
		'https://octopusx.ai/v1/videos/video_x/content',
		'"https://octopusx.ai/v1/videos/video_x/content?a=b",',
		'https://octopusx.ai/v1/videos/video_x',
		'https://octopusx.ai/v1/videos/video_x/remix',
		'https://octopusx.ai/v1/video/generations/video_x',
		'https://octopusx.ai/v1/videos/video%5Fx/content/',
		'https%3A%2F%2Foctopusx.ai%2Fv1%2Fvideos%2Fvideo_x%2Fcontent',
		'/v1/videos/video_x',
	])('Task ID %j checks the task video_x', async (taskId) => {
		expect(await checkedIds(taskId)).toEqual(['video_x']);
	});

	test.each([
		['(abc)', 'abc'],
		['grid', 'grid'],
		['idea', 'idea'],
		['12345a final', '12345a'],
		['123456 final', '123456 final'],
		['a1 b2', 'a1 b2'],
		['1a 2b', '1a 2b'],
		['my-video_a final', 'my-video_a final'],
	])('Task ID %j checks the task %j', async (taskId, expected) => {
		expect(await checkedIds(taskId)).toEqual([expected]);
	});

	test('a Task ID of a label and a status only is refused before any request', async () => {
		const { error } = await runNode(sandbox, {
			operation: 'getStatus',
			taskId: 'task_id: (queued)',
		});
		expect(error?.message).toBe("'Task ID' is not a task ID [item 0]");
		expect(sandbox.log).toEqual([]);
	});

	test('an ID in an address keeps its colon and its slash', async () => {
		const taskId = 'https://octopusx.ai/v1/videos/a%3Ab%2Fc/content';
		expect(await checkedIds(taskId)).toEqual(['a:b/c']);
	});

	test.each([
		['video_a,video_b', 2],
		['video_a; video_b; video_c', 3],
		['video_a video_b', 2],
		['video_a\nvideo_b\n', 2],
		['["video_a", "video_b"]', 2],
		['={{ ["video_a", "video_b", "video_c"] }}', 3],
		['123, 456', 2],
		['123 456', 2],
		['video_a, 0b1c2d3e-aaaa', 2],
		['item 0: video_a (queued), item 1: video_b (queued)', 2],
		[
			'https://octopusx.ai/v1/videos/video_a/content https://octopusx.ai/v1/videos/video_b/content',
			2,
		],
	])('Task ID %j is refused as a list, with the number of IDs', async (taskId, count) => {
		const { error } = await runNode(sandbox, { operation: 'getStatus', taskId });
		expect(error?.message).toBe(`'Task ID' holds ${count} task IDs [item 0]`);
		expect(error?.description).toContain('Split Out');
		expect(sandbox.log).toEqual([]);
	});

	test('a Task ID of 1 MB is read in less than a second', async () => {
		const start = performance.now();
		for (const part of ['a,', '"', 'video_1 ', '/v1/videos/', '%2F', '(']) {
			const taskId = part.repeat(1_000_000 / part.length);
			await runNode(sandbox, { operation: 'getStatus', taskId });
		}
		expect(performance.now() - start).toBeLessThan(6_000);
	});
});

describe('Errors of Get Status', () => {
	const parameters = { operation: 'getStatus', taskId: 'video_x' };
	const errorItem = async (more: INodeParameters, setup: NodeSetup = {}) => {
		const all = { ...parameters, ...more };
		const { items } = await runNodeVirtually(sandbox, all, { ...setup, settings: CONTINUE });
		return items[0]?.json.error as IDataObject;
	};

	test('the error item of a task that OctopusX does not know has its ID', async () => {
		expect(await errorItem({})).toMatchObject({
			message: 'OctopusX does not know task video_x',
			task_id: 'video_x',
		});
	});

	test.each<[string, INodeParameters, NodeSetup]>([
		['an empty API key', {}, { credential: { apiKey: '' } }],
		['an invalid Base URL', {}, { credential: { baseUrl: 'nowhere' } }],
		['a rejected API key', {}, { credential: { apiKey: 'sk-wrong' } }],
		['an invalid option', { options: { maxConcurrency: 0 } }, {}],
		['an invalid Timeout', { waitForCompletion: true, options: { timeout: -1 } }, {}],
		['a failing expression', { downloadVideo: "={{ $('Nowhere').item.json.a }}" }, {}],
		[
			'a suspension that n8n does not support',
			{ waitForCompletion: true, options: { waitStrategy: 'suspend' } },
			{ mode: 'integrated' },
		],
	])('the error item has the task ID after %s', async (_what, more, setup) => {
		expect(await errorItem(more, setup)).toMatchObject({ task_id: 'video_x', status: 'unknown' });
	});

	test.each([
		[403, apiErrorBody('No')],
		[401, apiErrorBody('Invalid token')],
		[503, 'down'],
	])('with On Error: Stop, the error after HTTP %s has the task ID', async (status, body) => {
		sandbox.faults.add({ on: 'check', times: Infinity, answer: { status, body } });
		const { error } = await runNodeVirtually(sandbox, parameters);
		expect(error?.description).toContain('Task: video_x.');
		expect(error?.context.task_id).toBe('video_x');
	});

	test('the error of a task that OctopusX does not know names the ID that was taken out of the text', async () => {
		const { error } = await runNode(sandbox, { ...parameters, taskId: '"video_x" (queued),' });
		expect(error?.message).toBe('OctopusX does not know task video_x');
	});

	test('a 403 gives advice that Get Status can follow', async () => {
		const body = apiErrorBody('This token has no access to model omni-fast');
		sandbox.faults.add({ on: 'check', times: Infinity, answer: { status: 403, body } });
		const { message, description } = await errorItem({});
		expect(message).toBe('OctopusX does not offer this model to the account');
		expect(description).toContain('which models the API key may use');
		expect(description).not.toContain("option 'Model'");
	});

	test.each<[string, INodeParameters, () => void]>([
		[
			'a wait that ends too early',
			{ waitForCompletion: true, options: { timeout: 0.5 } },
			() => {},
		],
		[
			'a download that fails',
			{ downloadVideo: true },
			() => {
				for (const on of ['file', 'content'] as const) {
					sandbox.faults.add({ on, times: Infinity, answer: { status: 404, body: 'gone' } });
				}
			},
		],
	])(
		'the error after %s has the task ID, and no advice to use Get Status',
		async (_what, more, prepare) => {
			sandbox.durationMs = more.waitForCompletion ? 600_000 : 0;
			const taskId = await submit();
			prepare();
			const all = { ...parameters, ...more, taskId };
			const { error } = await runNodeVirtually(sandbox, all);
			expect(error?.description).toContain(taskId);
			expect(error?.description).toContain('Run the node again to check them');
			expect(error?.description).not.toContain('Get Status');
			expect(await errorItem({ ...more, taskId })).toMatchObject({
				task_id: taskId,
				description: expect.not.stringContaining('Get Status'),
			});
		},
	);

	test('the error of a stopped Get Status does not advise using Get Status', async () => {
		sandbox.durationMs = 600_000;
		const taskId = await submit();
		const all = { ...parameters, taskId, waitForCompletion: true };
		const { error } = await runNodeVirtually(sandbox, all, {
			onStart: (execution) => void setTimeout(() => execution.cancel(), 12_000),
		});
		expect(error?.description).toContain(taskId);
		expect(error?.description).toContain('Run the node again to check them');
		expect(error?.description).not.toContain('Get Status');
	});
});

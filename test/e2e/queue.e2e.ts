import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { IRunExecutionData } from 'n8n-workflow';
import { Sandbox } from '../sandbox/sandbox';
import type { SavedWorkflow } from './support/n8nApi';
import { PER_WORKER, QueueMode, type Worker } from './support/queueMode';
import { until } from './support/until';
import { chain, node, VIDEO_NODE, videoNode, webhookNode } from './support/workflows';

const VIDEO = readFileSync(join(__dirname, '..', 'sandbox', 'fixtures', 'landscape.mp4'));
const HOUR_MS = 3_600_000;

/** n8n's own settings, shortened; its defaults are 60 s, 10 s and 30 s. */
const STALLED = {
	QUEUE_WORKER_LOCK_DURATION: '10000',
	QUEUE_WORKER_LOCK_RENEW_TIME: '2000',
	QUEUE_WORKER_STALLED_INTERVAL: '2000',
};
const IN_DATABASE = { N8N_DEFAULT_BINARY_DATA_MODE: 'database' };
const IN_FILES = { N8N_DEFAULT_BINARY_DATA_MODE: 'filesystem' };

const sandbox = new Sandbox();
let queue: QueueMode;
let credentialId: string;

beforeAll(async () => {
	await sandbox.listen();
	queue = await QueueMode.start({ env: { ...STALLED, N8N_GRACEFUL_SHUTDOWN_TIMEOUT: '60' } });
	credentialId = await queue.n8n.api.createCredential('octopusXApi', 'OctopusX account', {
		apiKey: sandbox.apiKey,
		baseUrl: sandbox.url,
	});
}, 240_000);

beforeEach(() => {
	sandbox.reset();
	sandbox.durationMs = 0;
});

// a worker that is stopped waits for its executions
afterEach(finishTasks);

afterAll(async () => {
	await queue?.remove();
	await sandbox.close();
}, 120_000);

function finishTasks(): void {
	for (const task of sandbox.tasks) task.durationMs = 0;
}

/** A workflow that makes three videos each time that it is called. */
async function threeVideos(path: string, settings = {}): Promise<SavedWorkflow> {
	const split = node('Split Out', 'n8n-nodes-base.splitOut', { fieldToSplitOut: 'body.videos' });
	const video = videoNode(credentialId, { prompt: '={{ $json.prompt }}', downloadVideo: true });
	return await activated(path, [split, video], settings);
}

async function activated(path: string, nodes: Parameters<typeof chain>[1], settings = {}) {
	const { api } = queue.n8n;
	const draft = chain(path, [webhookNode(path), ...nodes], { executionOrder: 'v1', ...settings });
	const workflow = await api.createWorkflow(draft);
	await api.activate(workflow);
	return workflow;
}

async function call(path: string, body: object): Promise<void> {
	const { status } = await fetch(`${queue.n8n.url}/webhook/${path}`, {
		method: 'POST',
		headers: { 'content-type': 'application/json' },
		body: JSON.stringify(body),
	});
	expect(status).toBe(200);
}

/** Calls a workflow of `threeVideos` so many times at once, each time with prompts of its own. */
async function callTimes(path: string, times: number): Promise<void> {
	const bodies = Array.from({ length: times }, (_, call) => ({
		videos: [0, 1, 2].map((video) => ({ prompt: `call ${call}, video ${video}` })),
	}));
	await Promise.all(bodies.map(async (body) => await call(path, body)));
}

/** The executions of a workflow, once so many are over. */
async function ended(workflow: SavedWorkflow, count: number) {
	const { api } = queue.n8n;
	const executions = await until(`${count} executions`, async () => {
		const found = await api.executionsOf(workflow);
		return found.length === count && found;
	});
	return await Promise.all(executions.map(async (one) => await api.ended(one)));
}

const itemsOf = (data: IRunExecutionData, name = VIDEO_NODE) =>
	data.resultData.runData[name]?.at(-1)?.data?.main?.[0] ?? [];

const promptsOf = (data: IRunExecutionData) =>
	itemsOf(data, 'Split Out').map(({ json }) => json.prompt);

/** What the sandbox was asked for under the ids on the items. */
const deliveredPrompts = (data: IRunExecutionData) =>
	itemsOf(data).map(({ json }) => {
		return sandbox.tasks.find(({ id }) => id === json.task_id)?.request.prompt;
	});

/** Reads the videos of an execution through n8n's API. */
async function expectFiles(data: IRunExecutionData, mode: RegExp): Promise<void> {
	for (const { binary } of itemsOf(data)) {
		const id = binary?.data?.id as string;
		expect(id).toMatch(mode);
		expect((await queue.n8n.api.binary(id)).equals(VIDEO)).toBe(true);
	}
}

/** Keeps both workers busy with tasks that do not end by themselves; each is in a log. */
async function occupy(path: string, workers: Worker[]): Promise<void> {
	sandbox.durationMs = HOUR_MS;
	const count = workers.length * PER_WORKER;
	await callTimes(path, count);
	await until('a task for every item, and its id in a log', () => {
		const logged = workers.flatMap(({ tasks }) => tasks);
		return (
			sandbox.tasks.length === 3 * count && sandbox.tasks.every(({ id }) => logged.includes(id))
		);
	});
}

test.each([
	['database', IN_DATABASE, /^database:/],
	['file system', IN_FILES, /^filesystem-v2:/],
])('40 executions of 3 videos on two workers, files in the %s', async (where, env, mode) => {
	const workers = await queue.workers(2, env);
	const path = `many-${where.replace(' ', '-')}`;
	const workflow = await threeVideos(path);
	sandbox.durationMs = 500;
	await callTimes(path, 40);
	for (const { status, data } of await ended(workflow, 40)) {
		expect(status).toBe('success');
		expect(promptsOf(data)).toHaveLength(3);
		expect(deliveredPrompts(data)).toEqual(promptsOf(data));
		await expectFiles(data, mode);
	}
	expect(sandbox.tasks).toHaveLength(120);
	expect(new Set(sandbox.tasks.map(({ request }) => request.prompt)).size).toBe(120);
	for (const { tasks } of workers) expect(tasks.length).toBeGreaterThan(0);
	expect(workers.flatMap(({ tasks }) => tasks).sort()).toEqual(
		sandbox.tasks.map(({ id }) => id).sort(),
	);
});

test('a worker that is stopped brings its videos home first', async () => {
	const [stopped, other] = (await queue.workers(2, IN_DATABASE)) as [Worker, Worker];
	const workflow = await threeVideos('stopped');
	await occupy('stopped', [stopped, other]);
	const stopping = stopped.program.stop(60);
	await until('it waits for them', () =>
		stopped.program.output.includes(`Waiting for ${PER_WORKER} active executions to finish`),
	);
	finishTasks();
	await stopping;
	for (const { status, data } of await ended(workflow, 2 * PER_WORKER)) {
		expect(status).toBe('success');
		expect(deliveredPrompts(data)).toEqual(promptsOf(data));
		await expectFiles(data, /^database:/);
	}
	expect(sandbox.tasks).toHaveLength(3 * 2 * PER_WORKER);
});

test('a worker that dies loses its executions; each of its videos can be fetched', async () => {
	const { api } = queue.n8n;
	const [dead, alive] = (await queue.workers(2, IN_DATABASE)) as [Worker, Worker];
	// the most that n8n can be told to keep
	const workflow = await threeVideos('dies', { saveExecutionProgress: true });
	await occupy('dies', [dead, alive]);
	const [first = ''] = dead.executions;
	expect(promptsOf((await api.execution(first)).data)).toHaveLength(3);
	await dead.program.kill();
	finishTasks();

	const executions = await ended(workflow, 2 * PER_WORKER);
	const lost = executions.filter(({ id }) => dead.executions.includes(id));
	expect(lost).toHaveLength(PER_WORKER);
	for (const { status, data } of lost) {
		// n8n overwrites all that it had of them, the output of earlier nodes too
		expect(status).toBe('error');
		expect(data.resultData.error?.message).toContain('failed to be processed too many times');
		expect(data.resultData.runData).toEqual({});
	}
	for (const { status, data } of executions.filter((one) => !lost.includes(one))) {
		expect(status).toBe('success');
		expect(deliveredPrompts(data)).toEqual(promptsOf(data));
	}
	// nobody starts them again, and Retry runs no node at all: it has nothing to start with
	const retried = await api.ended(await api.retry(first));
	expect(retried).toMatchObject({ status: 'error', data: { resultData: { runData: {} } } });

	expect(dead.tasks).toHaveLength(3 * PER_WORKER);
	const fetching = await activated('fetch', [
		node('Split Out', 'n8n-nodes-base.splitOut', { fieldToSplitOut: 'body.ids' }),
		videoNode(credentialId, {
			operation: 'getStatus',
			taskId: "={{ $json['body.ids'] }}",
			downloadVideo: true,
		}),
	]);
	await call('fetch', { ids: dead.tasks });
	const [fetched] = await ended(fetching, 1);
	const { data } = fetched as { data: IRunExecutionData };
	expect(itemsOf(data).map(({ json }) => json.task_id)).toEqual(dead.tasks);
	await expectFiles(data, /^database:/);
	expect(sandbox.tasks).toHaveLength(3 * 2 * PER_WORKER);
});

test('an execution in a Wait node outlives every worker', async () => {
	const { api, url } = queue.n8n;
	const [worker] = (await queue.workers(1, IN_DATABASE)) as [Worker];
	sandbox.durationMs = HOUR_MS;
	const workflow = await activated('waits', [
		videoNode(credentialId, { waitForCompletion: false }, { id: 'Submit', name: 'Submit' }),
		node(
			'Resume URL',
			'n8n-nodes-base.set',
			{ mode: 'raw', jsonOutput: '={{ { id: $json.task_id, url: $execution.resumeUrl } }}' },
			3.4,
		),
		node('Wait', 'n8n-nodes-base.wait', { resume: 'webhook' }, 1.1),
		videoNode(credentialId, {
			operation: 'getStatus',
			taskId: "={{ $('Submit').item.json.task_id }}",
			waitForCompletion: true,
			downloadVideo: true,
		}),
	]);
	await call('waits', {});
	const { id, data } = await until('an execution that waits', async () => {
		const [found] = await api.executionsOf(workflow);
		return found?.status === 'waiting' && (await api.execution(found.id));
	});
	await worker.program.kill();
	finishTasks();
	await queue.workers(1, IN_DATABASE);
	const { pathname, search } = new URL(itemsOf(data, 'Resume URL')[0]?.json.url as string);
	expect((await fetch(url + pathname + search)).status).toBe(200);
	const resumed = await api.ended({ id });
	expect(resumed.status).toBe('success');
	expect(itemsOf(resumed.data)[0]?.json.task_id).toBe('video_1');
	await expectFiles(resumed.data, /^database:/);
	expect(sandbox.tasks).toHaveLength(1);
});

import type { IRunExecutionData } from 'n8n-workflow';
import { VIDEOS } from '../sandbox/fixtures';
import { PER_WORKER, type Worker } from './support/queueMode';
import { until } from './support/until';
import { STALLED, useQueue } from './support/useQueue';
import { HOUR_MS } from './support/sandboxInN8n';
import { itemsOf, node, videoNode } from './support/workflows';

const IN_DATABASE = { N8N_DEFAULT_BINARY_DATA_MODE: 'database' };
const IN_FILES = { N8N_DEFAULT_BINARY_DATA_MODE: 'filesystem' };

const setup = useQueue({ env: { ...STALLED, N8N_GRACEFUL_SHUTDOWN_TIMEOUT: '60' } });
const { sandbox } = setup;

const promptsOf = (data: IRunExecutionData) =>
	itemsOf(data, 'Split Out').map(({ json }) => json.prompt);

/** Returns the prompts of the tasks whose IDs are in the output. */
const deliveredPrompts = (data: IRunExecutionData) =>
	itemsOf(data).map(({ json }) => {
		return sandbox.tasks.find(({ id }) => id === json.task_id)?.request.prompt;
	});

/** Expects that all videos of an execution can be downloaded from n8n, and are stored in the given mode. */
async function expectFiles(data: IRunExecutionData, mode: RegExp): Promise<void> {
	for (const { binary } of itemsOf(data)) {
		const id = binary?.data?.id as string;
		expect(id).toMatch(mode);
		expect((await setup.queue.n8n.api.binary(id)).equals(VIDEOS.landscape)).toBe(true);
	}
}

test.each([
	['database', IN_DATABASE, /^database:/],
	['file system', IN_FILES, /^filesystem-v2:/],
])(
	'two workers complete 40 executions of 3 videos each, with files in the %s',
	async (where, env, mode) => {
		const workers = await setup.queue.workers(2, env);
		const path = `many-${where.replace(' ', '-')}`;
		const workflow = await setup.threeVideos(path);
		sandbox.durationMs = 500;
		await setup.callTimes(path, 40);
		for (const { status, data } of await setup.queue.n8n.api.endedOf(workflow, 40)) {
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
	},
);

test('a worker that is stopped first waits for its videos', async () => {
	const [stopped, other] = (await setup.queue.workers(2, IN_DATABASE)) as [Worker, Worker];
	const workflow = await setup.threeVideos('stopped');
	await setup.occupy('stopped', [stopped, other]);
	const stopping = stopped.program.stop(60);
	// n8n logs this every two seconds, so the worker has waited longer than a forced shutdown would take.
	const waiting = `Waiting for ${PER_WORKER} active executions to finish`;
	await until('the worker to wait', () => stopped.program.output.split(waiting).length > 3);
	setup.finishTasks();
	await stopping;
	for (const { status, data } of await setup.queue.n8n.api.endedOf(workflow, 2 * PER_WORKER)) {
		expect(status).toBe('success');
		expect(deliveredPrompts(data)).toEqual(promptsOf(data));
		await expectFiles(data, /^database:/);
	}
	expect(sandbox.tasks).toHaveLength(3 * 2 * PER_WORKER);
});

test('a worker that is killed loses its executions, but each of their videos can be fetched', async () => {
	const { api } = setup.queue.n8n;
	const [dead, alive] = (await setup.queue.workers(2, IN_DATABASE)) as [Worker, Worker];
	// This setting makes n8n save the most.
	const workflow = await setup.threeVideos('dies', { saveExecutionProgress: true });
	await setup.occupy('dies', [dead, alive]);
	const [first = ''] = dead.executions;
	expect(promptsOf((await api.execution(first)).data)).toHaveLength(3);
	await dead.program.kill();
	setup.finishTasks();

	const executions = await setup.queue.n8n.api.endedOf(workflow, 2 * PER_WORKER);
	const lost = executions.filter(({ id }) => dead.executions.includes(id));
	expect(lost).toHaveLength(PER_WORKER);
	for (const { status, data } of lost) {
		// n8n overwrites all that it saved of these executions, even the output of earlier nodes.
		expect(status).toBe('error');
		expect(data.resultData.error?.message).toContain('failed to be processed too many times');
		expect(data.resultData.runData).toEqual({});
	}
	for (const { status, data } of executions.filter((one) => !lost.includes(one))) {
		expect(status).toBe('success');
		expect(deliveredPrompts(data)).toEqual(promptsOf(data));
	}
	// n8n does not restart the executions, and Retry runs no node, because there is no data left to start from.
	const retried = await api.ended(await api.retry(first));
	expect(retried).toMatchObject({ status: 'error', data: { resultData: { runData: {} } } });

	expect(dead.tasks).toHaveLength(3 * PER_WORKER);
	const fetching = await setup.activated('fetch', [
		node('Split Out', 'n8n-nodes-base.splitOut', { fieldToSplitOut: 'body.ids' }),
		videoNode(setup.credentialId, {
			operation: 'getStatus',
			taskId: "={{ $json['body.ids'] }}",
			downloadVideo: true,
		}),
	]);
	await setup.queue.n8n.api.callWebhook('fetch', { ids: dead.tasks });
	const [fetched] = await setup.queue.n8n.api.endedOf(fetching, 1);
	const { data } = fetched as { data: IRunExecutionData };
	expect(itemsOf(data).map(({ json }) => json.task_id)).toEqual(dead.tasks);
	await expectFiles(data, /^database:/);
	expect(sandbox.tasks).toHaveLength(3 * 2 * PER_WORKER);
});

test('an execution in a Wait node survives a shutdown of all workers', async () => {
	const { api, url } = setup.queue.n8n;
	const [worker] = (await setup.queue.workers(1, IN_DATABASE)) as [Worker];
	sandbox.durationMs = HOUR_MS;
	const workflow = await setup.activated('waits', [
		videoNode(setup.credentialId, { waitForCompletion: false }, { id: 'Submit', name: 'Submit' }),
		node(
			'Resume URL',
			'n8n-nodes-base.set',
			{ mode: 'raw', jsonOutput: '={{ { id: $json.task_id, url: $execution.resumeUrl } }}' },
			3.4,
		),
		node('Wait', 'n8n-nodes-base.wait', { resume: 'webhook' }, 1.1),
		videoNode(setup.credentialId, {
			operation: 'getStatus',
			taskId: "={{ $('Submit').item.json.task_id }}",
			waitForCompletion: true,
			downloadVideo: true,
		}),
	]);
	await setup.queue.n8n.api.callWebhook('waits', {});
	const { id, data } = await until('a waiting execution', async () => {
		const [found] = await api.executionsOf(workflow);
		return found?.status === 'waiting' && (await api.execution(found.id));
	});
	await worker.program.kill();
	setup.finishTasks();
	await setup.queue.workers(1, IN_DATABASE);
	const { pathname, search } = new URL(itemsOf(data, 'Resume URL')[0]?.json.url as string);
	expect((await fetch(url + pathname + search)).status).toBe(200);
	const resumed = await api.ended({ id });
	expect(resumed.status).toBe('success');
	expect(itemsOf(resumed.data)[0]?.json.task_id).toBe('video_1');
	await expectFiles(resumed.data, /^database:/);
	expect(sandbox.tasks).toHaveLength(1);
});

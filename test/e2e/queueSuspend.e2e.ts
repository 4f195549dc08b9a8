import { RESUME_TIMEOUT_S } from './support/n8nApi';
import type { Worker } from './support/queueMode';
import { until } from './support/until';
import { STALLED, useQueue } from './support/useQueue';
import { HOUR_MS } from './support/sandboxInN8n';
import { itemsOf, videoNode } from './support/workflows';

const COUNT = 50;
/** With this limit, the worker can run all executions at once. */
const CONCURRENCY = { N8N_CONCURRENCY_PRODUCTION_LIMIT: String(COUNT) };

const setup = useQueue({});
const { sandbox } = setup;

async function workflow(path: string, waitStrategy: string) {
	return await setup.activated(path, [
		videoNode(setup.credentialId, { options: { waitStrategy, pollInterval: 5, timeout: 90 } }),
	]);
}

const countOf = async (of: { id: string }, status: string) =>
	(await setup.queue.n8n.api.executionsOf(of)).filter(
		(one) => one.status === status && one.mode === 'webhook',
	).length;

/** Returns all executions of a workflow, once each of them has the given status. */
const allWith = async (of: { id: string }, status: string) =>
	await until(
		`all executions to be ${status}`,
		async () => {
			const found = await setup.queue.n8n.api.executionsOf(of);
			return found.every((one) => one.status === status) && found;
		},
		120,
	);

const megabytes = ({ program }: Worker) => Math.round(program.residentBytes / 2 ** 20);

test('50 running executions fill a worker, but 50 suspended ones leave it free and survive its shutdown', async () => {
	const { api } = setup.queue.n8n;
	const [worker] = (await setup.queue.workers(1, CONCURRENCY)) as [Worker];
	const quick = await setup.activated('quick', [
		videoNode(setup.credentialId, { waitForCompletion: false }),
	]);
	const keeping = await workflow('keeping', 'poll');
	const suspending = await workflow('suspending', 'suspend');
	const callAll = async (path: string) =>
		await Promise.all(Array.from({ length: COUNT }, async () => await api.callWebhook(path)));

	await api.callWebhook('quick');
	await api.onlyEnded(quick);
	const memory: Record<string, number> = { idle: megabytes(worker) };

	sandbox.durationMs = HOUR_MS;
	await callAll('keeping');
	await until('50 tasks', () => sandbox.tasks.length === COUNT + 1);
	await until('checks of all tasks', () => sandbox.requestsTo('check').length >= 2 * COUNT);
	memory['50 keep running'] = megabytes(worker);
	await api.callWebhook('quick');
	// The worker is full, so this execution waits in the queue.
	expect(await countOf(quick, 'new')).toBe(1);
	setup.finishTasks();
	await api.endedOf(keeping, COUNT);
	await api.endedOf(quick, 2);
	memory['all ended'] = megabytes(worker);

	await callAll('suspending');
	await until('50 suspended', async () => (await countOf(suspending, 'waiting')) === COUNT, 120);
	memory['50 suspended'] = megabytes(worker);
	expect(await countOf(suspending, 'running')).toBe(0);
	await api.callWebhook('quick');
	await api.endedOf(quick, 3);
	console.log(`Resident memory of the worker in MB: ${JSON.stringify(memory)}`);

	// The kill must not come during a check; suspend.e2e.ts tests that case.
	const all = await allWith(suspending, 'waiting');
	const ids = all.filter(({ mode }) => mode === 'webhook');
	await worker.program.kill();
	setup.finishTasks();
	await setup.queue.workers(1, CONCURRENCY);
	const ended = await Promise.all(ids.map(async (one) => await api.ended(one, RESUME_TIMEOUT_S)));
	const tasks = ended.map(({ data }) => itemsOf(data)[0]?.json);
	expect(new Set(tasks.map((task) => task?.error ?? task?.status))).toEqual(new Set(['completed']));
	expect(new Set(tasks.map((task) => task?.task_id)).size).toBe(COUNT);
	expect(sandbox.tasks).toHaveLength(2 * COUNT + 3);
}, 500_000);

test('a worker that is killed during a download ends the suspended execution, but its log has the task IDs', async () => {
	const { api } = setup.queue.n8n;
	const env = { ...CONCURRENCY, ...STALLED };
	const [worker] = (await setup.queue.workers(1, env)) as [Worker];
	sandbox.faults.add({ on: 'file', times: Infinity, answer: 'stall' });
	const suspending = await setup.activated('fetching', [
		videoNode(setup.credentialId, { options: { waitStrategy: 'suspend' } }),
	]);
	await api.callWebhook('fetching');
	await until('a download', () => sandbox.hanging > 0, RESUME_TIMEOUT_S);
	await worker.program.kill();
	sandbox.faults.clear();
	sandbox.release();
	await setup.queue.workers(1, env);
	const ended = await allWith(suspending, 'error');
	expect(ended).toHaveLength(2);
	expect(worker.tasks).toEqual(sandbox.tasks.map(({ id }) => id));
	expect(sandbox.tasks).toHaveLength(1);
}, 500_000);

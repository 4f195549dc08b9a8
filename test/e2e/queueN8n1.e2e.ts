import { PER_WORKER, type Worker } from './support/queueMode';
import { STALLED, useQueue } from './support/useQueue';
import { itemsOf } from './support/workflows';

const CALLED = 2 * PER_WORKER;
const TASKS = 3 * CALLED;

const setup = useQueue({ major: 1, env: STALLED });
const { sandbox } = setup;

test.each([
	// This is the default. n8n restarts the executions, but without the node's ledger, so they are charged again.
	['1', 'success', TASKS + 3 * PER_WORKER],
	['0', 'error', TASKS],
])(
	'n8n 1.x: with QUEUE_WORKER_MAX_STALLED_COUNT=%s, executions of a killed worker end with status %s',
	async (QUEUE_WORKER_MAX_STALLED_COUNT, status, bill) => {
		const env = { QUEUE_WORKER_MAX_STALLED_COUNT };
		const [dead, alive] = (await setup.queue.workers(2, env)) as [Worker, Worker];
		const path = `stalled-${QUEUE_WORKER_MAX_STALLED_COUNT}`;
		const workflow = await setup.threeVideos(path, { saveExecutionProgress: true });
		await setup.occupy(path, [dead, alive]);
		await dead.program.kill();
		setup.finishTasks();
		sandbox.durationMs = 0;

		const executions = await setup.queue.n8n.api.endedOf(workflow, CALLED);
		const lost = executions.filter(({ id }) => dead.executions.includes(id));
		const others = executions.filter((one) => !lost.includes(one));
		expect(lost.map((one) => one.status)).toEqual(Array(PER_WORKER).fill(status));
		expect(others.map((one) => one.status)).toEqual(Array(PER_WORKER).fill('success'));
		expect(sandbox.tasks).toHaveLength(bill);
		const delivered = executions.flatMap(({ data }) =>
			itemsOf(data).map(({ json }) => json.task_id),
		);
		expect(delivered.filter((id) => dead.tasks.includes(id as string))).toEqual([]);
	},
);

import type { INode } from 'n8n-workflow';
import type { N8nMajor } from './support/install';
import { N8n } from './support/n8n';
import type { SavedWorkflow } from './support/n8nApi';
import { HOUR_MS } from './support/sandboxInN8n';
import { until } from './support/until';
import { useN8n } from './support/useN8n';
import { chain, itemsOf, node, videoNode, webhookNode } from './support/workflows';

const after = () => node('After', 'n8n-nodes-base.noOp');

/** What n8n's Retry does with an execution that it cut off: the rows of docs/RETRYING.md. */
describe.each<N8nMajor>([2, 1])('n8n %d', (major) => {
	const setup = useN8n({ major });

	beforeEach(() => {
		setup.sandbox.durationMs = HOUR_MS;
	});

	const workflow = async (path: string, nodes: INode[], settings?: Record<string, unknown>) =>
		await setup.api.createActive(chain(path, [webhookNode(path), ...nodes, after()], settings));

	const waiting = async (path: string, node: Partial<INode> = {}, settings = {}) =>
		await workflow(path, [videoNode(setup.credentialId, {}, node)], settings);

	/** One node submits, the next one waits, and n8n saves what the first one has handed on. */
	const inTwo = async (path: string) =>
		await workflow(
			path,
			[
				videoNode(
					setup.credentialId,
					{ waitForCompletion: false },
					{ id: 'Submit', name: 'Submit' },
				),
				videoNode(setup.credentialId, {
					operation: 'getStatus',
					taskId: '={{ $json.task_id }}',
					waitForCompletion: true,
				}),
			],
			{ saveExecutionProgress: true },
		);

	/** Has a workflow executed until its node waits for a paid task. */
	async function start({ name }: SavedWorkflow): Promise<void> {
		const before = setup.sandbox.requestsTo('poll').length;
		await setup.api.callWebhook(name);
		await until('a check', () => setup.sandbox.requestsTo('poll').length > before);
	}

	async function stop(one: SavedWorkflow): Promise<void> {
		await start(one);
		const [execution] = await setup.api.executionsOf(one);
		await setup.api.stop(execution?.id as string);
	}

	/** Retries the execution of a workflow: what reached the node behind, and how many tasks that cost. */
	async function retry(one: SavedWorkflow) {
		const cutOff = await setup.api.onlyEnded(one);
		for (const task of setup.sandbox.tasks) task.durationMs = 0;
		setup.sandbox.durationMs = 0;
		const before = setup.sandbox.tasks.length;
		const { data } = await setup.api.ended(await setup.api.retry(cutOff.id));
		const items = itemsOf(data, 'After');
		return {
			was: cutOff.status,
			videos: items.flatMap(({ json }) => (json.status === 'completed' ? json.task_id : [])),
			errors: items.flatMap(({ json }) => json.error ?? []),
			paid: setup.sandbox.tasks.length - before,
		};
	}

	const NOTHING = { was: 'canceled', videos: [], errors: [], paid: 0 };
	const GOES_ON = { ...NOTHING, videos: ['video_1'] };
	const PAYS_AGAIN = { ...NOTHING, videos: ['video_2'], paid: 1 };
	const on = <T>(n8n2: T, n8n1: T) => (major === 2 ? n8n2 : n8n1);

	test(`n8n ${major}, its time limit: Retry ${on('goes on with the task', 'does nothing')}`, async () => {
		const one = await waiting('limit', {}, { executionTimeout: 2 });
		await start(one);
		expect(await retry(one)).toEqual(on(GOES_ON, NOTHING));
	});

	test(`n8n ${major}, its time limit and On Error set to Continue: Retry pays for nothing`, async () => {
		const one = await waiting(
			'limitContinue',
			{ onError: 'continueRegularOutput' },
			{ executionTimeout: 2 },
		);
		await start(one);
		const errors = [expect.objectContaining({ task_id: 'video_1' })];
		expect(await retry(one)).toEqual(on({ ...NOTHING, errors }, NOTHING));
	});

	test(`n8n ${major}, its time limit and Retry On Fail: Retry does nothing`, async () => {
		const one = await waiting('limitTries', { retryOnFail: true }, { executionTimeout: 2 });
		await start(one);
		expect(await retry(one)).toEqual(NOTHING);
	});

	// At a Stop by hand, n8n writes the execution twice at once: as it was at its start, and as it ended
	test(`n8n ${major}, Stop by hand: Retry pays again, or ${on('goes on', 'does nothing')}`, async () => {
		const one = await waiting('stop');
		await stop(one);
		expect([PAYS_AGAIN, on(GOES_ON, NOTHING)]).toContainEqual(await retry(one));
	});

	test(`n8n ${major}, Stop by hand, in two nodes: Retry goes on${on('', ', or does nothing')}`, async () => {
		const one = await inTwo('stopInTwo');
		await stop(one);
		expect([GOES_ON, on(GOES_ON, NOTHING)]).toContainEqual(await retry(one));
	});

	test(`n8n ${major}, a kill: Retry pays again, unless in two nodes`, async () => {
		const [two, one] = [await inTwo('killInTwo'), await waiting('kill')];
		await start(two);
		await start(one);
		const { userFolder, program } = setup.n8n;
		await program.kill();
		setup.n8n = await N8n.start({ major, userFolder });
		setup.api = setup.n8n.api;

		const crashed = { ...NOTHING, was: 'crashed' };
		expect(await retry(two)).toEqual({ ...crashed, videos: ['video_1'] });
		expect(await retry(one)).toEqual({ ...crashed, videos: ['video_3'], paid: 1 });
	}, 180_000);

	test(`n8n ${major}, deleted while it runs: there is nothing to retry, and the log has the task`, async () => {
		const one = await waiting('delete');
		await start(one);
		const [execution] = await setup.api.executionsOf(one);
		const { id = '' } = execution ?? {};
		await setup.api.deleteExecution(id);
		expect(await setup.api.executionsOf(one)).toEqual([]);
		await expect(setup.api.retry(id)).rejects.toThrow('answered 404');
		// n8n does not end what it has deleted
		const checks = setup.sandbox.requestsTo('poll').length;
		await until('another check', () => setup.sandbox.requestsTo('poll').length > checks);
		const told = `OctopusX task video_1 created for item 0 of execution ${id}. After a Stop or a crash, fetch it with Get Status before you retry`;
		expect(setup.n8n.program.output).toContain(told);
	});
});

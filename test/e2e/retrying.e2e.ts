import type { INode } from 'n8n-workflow';
import type { N8nMajor } from './support/install';
import { N8n } from './support/n8n';
import type { SavedWorkflow } from './support/n8nApi';
import { HOUR_MS } from './support/sandboxInN8n';
import { until } from './support/until';
import { useN8n } from './support/useN8n';
import { chain, itemsOf, node, VIDEO_NODE, videoNode, webhookNode } from './support/workflows';

const after = () => node('After', 'n8n-nodes-base.noOp');

/** Tests what n8n's Retry does after an interrupted execution. The tests are the rows of docs/RETRYING.md. */
describe.each<N8nMajor>([2, 1])('n8n %d', (major) => {
	const setup = useN8n({ major });

	beforeEach(() => {
		setup.sandbox.durationMs = HOUR_MS;
	});

	const workflow = async (path: string, nodes: INode[], settings?: Record<string, unknown>) =>
		await setup.api.createActive(chain(path, [webhookNode(path), ...nodes, after()], settings));

	const inOne = async (path: string, node: Partial<INode> = {}, settings = {}) =>
		await workflow(path, [videoNode(setup.credentialId, {}, node)], settings);

	/**
	 * Creates a workflow in which one node submits, the next one waits, and n8n saves the output of
	 * the first.
	 */
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

	/** Starts a workflow and waits until its node checks a task. */
	async function start({ name }: SavedWorkflow): Promise<void> {
		const before = setup.sandbox.requestsTo('check').length;
		await setup.api.callWebhook(name);
		await until('a check', () => setup.sandbox.requestsTo('check').length > before);
	}

	async function stop(one: SavedWorkflow): Promise<void> {
		await start(one);
		const [execution] = await setup.api.executionsOf(one);
		await setup.api.stop(execution?.id as string);
	}

	/** Retries the execution of a workflow. Returns what the next node got, and the number of new tasks. */
	async function retry(one: SavedWorkflow) {
		const interrupted = await setup.api.onlyEnded(one);
		for (const task of setup.sandbox.tasks) task.durationMs = 0;
		setup.sandbox.durationMs = 0;
		const before = setup.sandbox.tasks.length;
		const { data } = await setup.api.ended(await setup.api.retry(interrupted.id));
		const items = itemsOf(data, 'After');
		return {
			was: interrupted.status,
			videos: items.flatMap(({ json }) => (json.status === 'completed' ? json.task_id : [])),
			errors: items.flatMap(({ json }) => json.error ?? []),
			newTasks: setup.sandbox.tasks.length - before,
		};
	}

	const NOTHING = { was: 'canceled', videos: [], errors: [], newTasks: 0 };
	const CONTINUES = { ...NOTHING, videos: ['video_1'] };
	const STARTS_AGAIN = { ...NOTHING, videos: ['video_2'], newTasks: 1 };
	const on = <T>(n8n2: T, n8n1: T) => (major === 2 ? n8n2 : n8n1);

	test(`n8n ${major}: after the execution timeout, Retry ${on('continues with the task', 'does nothing')}`, async () => {
		const one = await inOne('limit', {}, { executionTimeout: 2 });
		await start(one);
		expect(await retry(one)).toEqual(on(CONTINUES, NOTHING));
	});

	test(`n8n ${major}: after the execution timeout, Retry is not charged with On Error set to Continue`, async () => {
		const one = await inOne(
			'limitContinue',
			{ onError: 'continueRegularOutput' },
			{ executionTimeout: 2 },
		);
		await start(one);
		const errors = [expect.objectContaining({ task_id: 'video_1' })];
		expect(await retry(one)).toEqual(on({ ...NOTHING, errors }, NOTHING));
	});

	test(`n8n ${major}: after the execution timeout, Retry does nothing with Retry On Fail`, async () => {
		const one = await inOne('limitTries', { retryOnFail: true }, { executionTimeout: 2 });
		await start(one);
		expect(await retry(one)).toEqual(NOTHING);
	});

	test(`n8n ${major}: after a failed task of a batch, finished videos move on if On Error is changed before Retry`, async () => {
		setup.sandbox.durationMs = 0;
		const splitOut = node('Split Out', 'n8n-nodes-base.splitOut', {
			fieldToSplitOut: 'body.prompts',
			options: { destinationFieldName: 'prompt' },
		});
		const one = await setup.api.createActive(
			chain('batch', [
				webhookNode('batch'),
				splitOut,
				videoNode(setup.credentialId, { prompt: '={{ $json.prompt }}' }),
				after(),
			]),
		);
		const prompts = ['one', 'two [failed]', 'three'];
		await setup.api.callWebhook('batch', { prompts });
		const failed = await setup.api.onlyEnded(one);
		expect(failed.status).toBe('error');
		expect(failed.data.resultData.error).toMatchObject({
			message: '1 of 3 videos could not be generated',
			description: expect.stringContaining(
				"set 'On Error' in the Settings of this node to 'Continue (using error output)', save the workflow, and choose 'Retry with currently saved workflow'",
			),
		});
		const idOf = (prompt: string) =>
			setup.sandbox.tasks.flatMap(({ id, request }) => (request.prompt === prompt ? id : []));

		await setup.api.saveNodes(
			one,
			one.nodes.map((each) =>
				each.name === VIDEO_NODE ? { ...each, onError: 'continueErrorOutput' } : each,
			),
		);
		const { data, status } = await setup.api.ended(await setup.api.retry(failed.id, true));
		expect(status).toBe('success');
		expect(itemsOf(data, 'After').map(({ json }) => [json.task_id, json.prompt])).toEqual([
			[idOf('one')[0], 'one'],
			[idOf('three')[0], 'three'],
		]);
		const errors = data.resultData.runData[VIDEO_NODE]?.at(-1)?.data?.main?.[1] ?? [];
		expect(errors.map(({ json }) => json)).toEqual([
			expect.objectContaining({
				error: expect.objectContaining({ task_id: idOf('two [failed]')[1], status: 'failed' }),
			}),
		]);
		expect(prompts.map((prompt) => idOf(prompt).length)).toEqual([1, 2, 1]);
	});

	// At a manual Stop, n8n saves the execution twice at the same time: in its first and in its last state.
	test(`n8n ${major}: after a manual Stop, Retry is charged again or ${on('continues with the task', 'does nothing')}`, async () => {
		const one = await inOne('stop');
		await stop(one);
		expect([STARTS_AGAIN, on(CONTINUES, NOTHING)]).toContainEqual(await retry(one));
	});

	test(`n8n ${major}: after a manual Stop or the execution timeout, the task ID is in the execution's highlighted data`, async () => {
		const [stopped, late] = [
			await inOne('stopHighlights'),
			await inOne('lateHighlights', {}, { executionTimeout: 2 }),
		];
		await stop(stopped);
		await start(late);
		for (const [one, id] of [
			[stopped, 'video_1'],
			[late, 'video_2'],
		] as const) {
			await setup.api.onlyEnded(one);
			const [{ id: execution } = { id: '' }] = await setup.api.executionsOf(one);
			const saved = await until('the highlighted data', async () => {
				const { customData = {} } = await setup.api.execution(execution);
				return Object.keys(customData).length > 0 && customData;
			});
			expect(saved).toEqual({ octopusx_tasks_1: id });
		}
	});

	test(`n8n ${major}: after a manual Stop, Retry continues with the task${on('', ' or does nothing')} if one node submits and another waits`, async () => {
		const one = await inTwo('stopInTwo');
		await stop(one);
		expect([CONTINUES, on(CONTINUES, NOTHING)]).toContainEqual(await retry(one));
	});

	test(`n8n ${major}: after a kill of n8n, Retry is charged again, unless one node submits and another waits`, async () => {
		const [two, one] = [await inTwo('killInTwo'), await inOne('kill')];
		await start(two);
		await start(one);
		const { userFolder, program } = setup.n8n;
		await program.kill();
		setup.n8n = await N8n.start({ major, userFolder });
		setup.api = setup.n8n.api;

		const crashed = { ...NOTHING, was: 'crashed' };
		expect(await retry(two)).toEqual({ ...crashed, videos: ['video_1'] });
		expect(await retry(one)).toEqual({ ...crashed, videos: ['video_3'], newTasks: 1 });
	}, 180_000);

	test(`n8n ${major}: a running execution that is deleted cannot be retried, but its task ID is in the log`, async () => {
		const one = await inOne('delete');
		await start(one);
		const [execution] = await setup.api.executionsOf(one);
		const { id = '' } = execution ?? {};
		await setup.api.deleteExecution(id);
		expect(await setup.api.executionsOf(one)).toEqual([]);
		await expect(setup.api.retry(id)).rejects.toThrow('answered 404');
		// n8n does not stop an execution that is deleted.
		const checks = setup.sandbox.requestsTo('check').length;
		await until('another check', () => setup.sandbox.requestsTo('check').length > checks);
		const line = `OctopusX task video_1 created for item 0 of execution ${id}. After a Stop or a crash, fetch it with Get Status before you run it again`;
		expect(setup.n8n.program.output).toContain(line);
	});
});

import { parse, stringify } from 'flatted';
import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { OctopusXVideo } from '../../nodes/OctopusXVideo/OctopusXVideo.node';
import { CONTINUE, GENERATE_EACH, inputOf } from './support/inputs';
import { NODE, runNode } from './support/runNode';
import { lastRunOf } from './support/runWorkflow';
import { CHECKING, errorOf, MINUTE, onNewEngine, suspendingOn } from './support/suspending';
import { useSandbox } from './support/useSandbox';
import { onVirtualTime } from './support/virtualTime';
import { watchedNode } from './support/watchedNode';

/** What n8n can do to a suspended execution, and what the node has to stand. */

const PARAMETERS = { ...GENERATE_EACH, waitStrategy: 'suspend' };

const sandbox = useSandbox({ durationMs: 5 * MINUTE });

const suspend = suspendingOn(sandbox);

onNewEngine('what n8n does around a suspended execution', () => {
	test('a second run of a suspended node submits its own video and hands on no input', async () => {
		const { run } = await suspend({}, { input: inputOf('one'), reachTwice: true });
		// the second one suspends in its turn; what counts is that its input is not handed on
		expect(sandbox.tasks).toHaveLength(2);
		expect(JSON.stringify(run.data.resultData.runData[NODE])).not.toContain('"prompt"');
	});

	test('n8n does not run a suspended node again because its first item has an error', async () => {
		const answer = { status: 400, body: { code: 'bad', message: 'no', data: null } };
		sandbox.faults.add({ on: 'submit', prompt: 'one', answer });
		const settings = { ...CONTINUE, retryOnFail: true, maxTries: 2, waitBetweenTries: 10 };
		const { items } = await suspend({}, { input: inputOf('one', 'two'), settings });
		expect(sandbox.requestsTo('submit')).toHaveLength(2);
		expect(items.map(({ json }) => json.task_id ?? (json.error as IDataObject).message)).toEqual([
			'OctopusX rejected the request',
			'video_1',
		]);
	});

	test.each(['stopWorkflow', 'continueRegularOutput', 'continueErrorOutput'] as const)(
		'Stop and Retry of a suspended execution hand on no input in place of videos, with %s',
		async (onError) => {
			const waitTill = new Date(Date.now() + MINUTE);
			const { result } = await onVirtualTime(sandbox, async () => {
				const { run } = await runNode(sandbox, PARAMETERS, {
					input: inputOf('one', 'two'),
					settings: { onError },
					executeWorkflow: async () => ({ executionId: '2', data: [null], waitTill }),
				});
				expect(run.status).toBe('waiting');
				const resumeOf = parse(stringify(run));
				return await runNode(sandbox, PARAMETERS, {
					settings: { onError },
					resumeOf,
					mode: 'retry',
				});
			});
			const all = [...result.items, ...result.errorItems];
			const error = (task_id: string) => ({
				message: 'The execution was stopped while it was suspended',
				description: expect.stringContaining('use Get Status with this Task ID'),
				task_id,
			});
			expect(all.map(errorOf)).toMatchObject([error('video_1'), error('video_2')]);
		},
	);

	test('n8n is told the tasks, should it die in the middle of a look', async () => {
		await suspend(
			{},
			{
				input: inputOf('one', 'two'),
				whileSuspended: (_times, child) => {
					const { runData, lastNodeExecuted } = child.data.resultData;
					// n8n's recovery makes up an item for a node that has none
					expect(Object.keys(runData).sort()).toEqual([
						'All done?',
						CHECKING,
						'Videos of execution 1',
					]);
					const items = lastRunOf(child, lastNodeExecuted as string).data?.main?.[0] ?? [];
					expect(items.map((item) => errorOf(item).task_id)).toEqual(['video_1', 'video_2']);
				},
			},
		);
		expect.assertions(2 * 5);
	});

	test('an n8n that has just started looks at nothing and hands on nothing for a minute', async () => {
		let isLoaded = true;
		let ours = OctopusXVideo;
		class RestartedNode extends OctopusXVideo {
			override async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
				if (!isLoaded) {
					jest.isolateModules(
						() =>
							({ OctopusXVideo: ours } = jest.requireActual(
								'../../nodes/OctopusXVideo/OctopusXVideo.node',
							)),
					);
				}
				isLoaded = true;
				return await ours.prototype.execute.call(this);
			}
		}
		const looks: number[] = [];
		const { items, resumed, elapsedMs } = await suspend(
			{},
			{
				input: inputOf('one', 'two'),
				node: new RestartedNode(),
				whileSuspended: (times) => {
					looks.push(sandbox.requestsTo('poll').length);
					if (times === 4) isLoaded = false;
				},
			},
		);
		expect(items.map(({ json }) => json.status)).toEqual(['completed', 'completed']);
		// n8n is started before the fifth look, at which all are done
		expect(looks).toEqual([0, 2, 4, 6, 8, 8]);
		expect(resumed).toBe(6);
		expect(elapsedMs).toBe(6 * MINUTE);
	});

	test('an execution that was suspended before the package was updated goes on', async () => {
		const { items } = await suspend(
			{},
			{
				input: inputOf('one', 'two'),
				whileSuspended: (times, { data }) => {
					// once, all items went round
					const [entry] = data.executionData?.nodeExecutionStack ?? [];
					if (times !== 2 || !entry) return;
					entry.data = data.resultData.runData['Videos of execution 1']?.[0]?.data ?? {};
					expect(entry.data.main?.[0]).toHaveLength(2);
					const memory = data.executionData?.contextData[`node:${CHECKING}`];
					// under another name, an update would lose it
					expect(memory).toHaveProperty('octopusXHandover');
					delete memory?.octopusXHandover;
				},
			},
		);
		expect(items.map(({ json }) => [json.task_id, json.status])).toEqual([
			['video_1', 'completed'],
			['video_2', 'completed'],
		]);
		expect(sandbox.tasks).toHaveLength(2);
	});

	test('the workflow that looks runs whatever the settings of the suspended one', async () => {
		const workflowSettings = {
			callerPolicy: 'none',
			errorWorkflow: 'other',
			executionTimeout: 60,
			saveDataSuccessExecution: 'none',
			saveExecutionProgress: true,
			timezone: 'Europe/Berlin',
		};
		const { started } = await suspend({}, { input: inputOf('one'), workflowSettings });
		expect(started?.workflow.settings).toMatchObject({
			callerPolicy: 'any',
			executionTimeout: -1,
			saveDataSuccessExecution: 'all',
			saveDataErrorExecution: 'all',
			saveExecutionProgress: false,
			timezone: 'Europe/Berlin',
		});
		expect(started?.workflow.settings).not.toHaveProperty('errorWorkflow', 'other');
		const look = started?.workflow.nodes.find(({ name }) => name === CHECKING);
		expect(look?.credentials).toEqual({ octopusXApi: { id: '1', name: 'OctopusX' } });
		expect(started?.parentExecution).toMatchObject({
			executionId: '1',
			workflowId: 'test',
			shouldResume: true,
		});
	});

	test.each([
		['is on the item and does not loop, with Continue', CONTINUE],
		['tells all tasks, with Stop', {}],
	])('a case that the node was not made for, met at a look, %s', async (_what, settings) => {
		let waits = 0;
		const node = watchedNode((context) => ({
			putExecutionToWait: async (until) => {
				if (++waits > 1) throw new Error('boom');
				await context.putExecutionToWait(until);
			},
		}));
		const { items, error, resumed } = await suspend({}, { input: inputOf('one'), settings, node });
		expect(resumed).toBe(1);
		const [item] = items;
		const { message, description, task_id } = (item ? errorOf(item) : error) as IDataObject;
		expect(message).toBe('Something unexpected happened in the node');
		expect(`${task_id} ${description}`).toContain('video_1');
	});

	test('an n8n that does not suspend leaves the wait to the node, until the deadline', async () => {
		const { error, elapsedMs } = await suspend(
			{ options: { timeout: 10 } },
			{
				input: inputOf('one [never]'),
				executeWorkflow: async () => ({ executionId: '2', data: [null] }),
			},
		);
		expect(error?.message).toBe('The video was not ready in time');
		expect(elapsedMs).toBe(10 * MINUTE);
	});

	test('what failed while suspended goes to the error output', async () => {
		const { items, errorItems } = await suspend(
			{},
			{
				input: inputOf('one', 'two [failed]'),
				settings: { onError: 'continueErrorOutput' },
			},
		);
		expect([items.length, errorItems.length]).toEqual([1, 1]);
	});

	test('an execution that is stopped while items are submitted is not suspended', async () => {
		sandbox.faults.add({ on: 'submit', nth: 3, answer: 'hang' });
		const { started, error } = await suspend(
			{ options: { maxConcurrency: 1 } },
			{
				input: inputOf('one', 'two', 'three'),
				onStart: (run) => void setTimeout(() => run.cancel(), 3_000),
			},
		);
		expect(started).toBeUndefined();
		expect(error?.message).toBe('The execution was canceled');
	});
});

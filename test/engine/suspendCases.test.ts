import { parse, stringify } from 'flatted';
import * as n8nWorkflow from 'n8n-workflow';
import type { IDataObject, INode, INodeExecutionData, INodeParameters } from 'n8n-workflow';
import { NODE, runNode } from './support/octopus';
import { lastRunOf } from './support/runWorkflow';
import { runSuspending, type SuspendingSetup } from './support/suspending';
import { useSandbox } from './support/useSandbox';
import { onVirtualTime } from './support/virtualTime';
import { watchedNode } from './support/watchedNode';

/** What n8n can do to a suspended execution, and what the node has to stand. */

const MINUTE = 60_000;
const CONTINUE: Partial<INode> = { onError: 'continueRegularOutput' };
const PARAMETERS: INodeParameters = { prompt: '={{ $json.prompt }}', waitStrategy: 'suspend' };
const down = { status: 502, body: '<html>' };

const sandbox = useSandbox({ durationMs: 5 * MINUTE });
const inputOf = (...prompts: string[]) => prompts.map((prompt) => ({ json: { prompt } }));
const errorOf = ({ json }: INodeExecutionData) => json.error as IDataObject;

async function suspend(setup: SuspendingSetup, parameters: INodeParameters = {}) {
	return await runSuspending(sandbox, { ...PARAMETERS, ...parameters }, setup);
}

const onNewEngine = 'CRASHABLE_EXECUTION_STATUSES' in n8nWorkflow ? describe : describe.skip;

onNewEngine('n8n', () => {
	test('runs a second run that waits for its turn', async () => {
		const { run } = await suspend({ input: inputOf('one'), reachTwice: true });
		// the second one suspends in its turn; what counts is that its input is not handed on
		expect(sandbox.tasks).toHaveLength(2);
		expect(JSON.stringify(run.data.resultData.runData[NODE])).not.toContain('"prompt"');
	});

	test('does not run a suspended node again because its first item has an error', async () => {
		const answer = { status: 400, body: { code: 'bad', message: 'no', data: null } };
		sandbox.faults.add({ on: 'submit', prompt: 'one', answer });
		const settings = { ...CONTINUE, retryOnFail: true, maxTries: 2, waitBetweenTries: 10 };
		const { items } = await suspend({ input: inputOf('one', 'two'), settings });
		expect(sandbox.requestsTo('submit')).toHaveLength(2);
		expect(items.map(({ json }) => json.task_id ?? (json.error as IDataObject).message)).toEqual([
			'OctopusX rejected the request',
			'video_1',
		]);
	});

	test.each(['stopWorkflow', 'continueRegularOutput', 'continueErrorOutput'] as const)(
		'hands on no input in place of videos after Stop and Retry, with %s',
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
			expect(all.map((item) => errorOf(item).task_id)).toEqual(['video_1', 'video_2']);
		},
	);

	test('is told the tasks, should it die in the middle of a look', async () => {
		await suspend({
			input: inputOf('one', 'two'),
			whileSuspended: (_times, child) => {
				const { runData, lastNodeExecuted } = child.data.resultData;
				// n8n's recovery makes up an item for a node that has none
				expect(Object.keys(runData).sort()).toEqual(['Done?', 'Look', 'Start']);
				const items = lastRunOf(child, lastNodeExecuted as string).data?.main?.[0] ?? [];
				expect(items.map((item) => errorOf(item).task_id)).toEqual(['video_1', 'video_2']);
			},
		});
		expect.assertions(2 * 5);
	});

	test('is given a workflow that it runs whatever the settings of its own', async () => {
		const workflowSettings = {
			callerPolicy: 'none',
			errorWorkflow: 'other',
			executionTimeout: 60,
			saveDataSuccessExecution: 'none',
			timezone: 'Europe/Berlin',
		};
		const { started } = await suspend({ input: inputOf('one'), workflowSettings });
		expect(started?.workflow.settings).toMatchObject({
			callerPolicy: 'any',
			executionTimeout: -1,
			saveDataSuccessExecution: 'all',
			saveDataErrorExecution: 'all',
			timezone: 'Europe/Berlin',
		});
		expect(started?.workflow.settings).not.toHaveProperty('errorWorkflow', 'other');
		const look = started?.workflow.nodes.find(({ name }) => name === 'Look');
		expect(look?.credentials).toEqual({ octopusXApi: { id: '1', name: 'OctopusX' } });
		expect(started?.parentExecution).toMatchObject({
			executionId: '1',
			workflowId: 'test',
			shouldResume: true,
		});
	});

	test('does not loop without a pause when the node meets what it was not made for', async () => {
		const node = watchedNode((context) => ({
			getContext: (type) => {
				if (context.getNodeParameter('operation', 0) === 'resume') throw new Error('boom');
				return context.getContext(type);
			},
		}));
		const { items, resumed } = await suspend({ input: inputOf('one'), settings: CONTINUE, node });
		expect(resumed).toBe(1);
		expect(errorOf(items[0] as INodeExecutionData)).toMatchObject({
			message: 'The node met a case that it was not made for',
			task_id: 'video_1',
		});
	});

	test('that does not suspend leaves the wait to the node, until the deadline', async () => {
		const { error, elapsedMs } = await suspend(
			{
				input: inputOf('one [never]'),
				executeWorkflow: async () => ({ executionId: '2', data: [null] }),
			},
			{ options: { timeout: 10 } },
		);
		expect(error?.message).toBe('The video was not ready in time');
		expect(elapsedMs).toBe(10 * MINUTE);
	});
});

onNewEngine('the API', () => {
	/** Lets every look fail from the `from`th suspension on, for tasks of that prompt. */
	const downFrom = (from: number, prompt?: string) => (times: number) => {
		if (times === from) sandbox.faults.add({ on: 'poll', prompt, times: Infinity, answer: down });
	};

	test('that is down at the last look does not spoil what has been seen done', async () => {
		sandbox.durationMs = 90_000;
		const { items } = await suspend(
			{
				input: inputOf('one', 'two [never]'),
				settings: CONTINUE,
				whileSuspended: downFrom(3),
			},
			{ options: { timeout: 4 } },
		);
		expect(items[0]?.json).toMatchObject({ task_id: 'video_1', status: 'completed' });
		expect(errorOf(items[1] as INodeExecutionData).message).toBe('The video was not ready in time');
	});

	test('that is down does not touch an item that does not wait', async () => {
		const input = [
			{ json: { prompt: 'one', wait: false } },
			{ json: { prompt: 'two', wait: true } },
		];
		const { items } = await suspend(
			{ input, whileSuspended: downFrom(0, 'one') },
			{ waitForCompletion: '={{ $json.wait }}' },
		);
		expect(items.map(({ json }) => json.status)).toEqual(['queued', 'completed']);
		expect(sandbox.requestsTo('poll').filter(({ path }) => path.endsWith('video_1'))).toEqual([]);
	});

	test('that stays down ends the wait at its deadline', async () => {
		const { error, elapsedMs } = await suspend(
			{ input: inputOf('one'), whileSuspended: downFrom(0) },
			{ options: { timeout: 10 } },
		);
		expect(error?.message).toBe('The video was not ready in time');
		expect(elapsedMs).toBeLessThanOrEqual(10.5 * MINUTE);
	});

	test('that hangs holds the execution for one look, not for one per item', async () => {
		sandbox.durationMs = 3 * MINUTE;
		const gaps: number[] = [];
		let last = 0;
		await suspend(
			{
				input: inputOf(...Array<string>(30).fill('x')),
				whileSuspended: (times) => {
					gaps.push(Date.now() - last);
					last = Date.now();
					if (times === 0) sandbox.faults.add({ on: 'poll', times: Infinity, answer: 'hang' });
					if (times === 1) {
						sandbox.faults.clear();
						sandbox.release();
					}
				},
			},
			{ options: { maxConcurrency: 3 } },
		);
		expect(Math.max(...gaps.slice(1))).toBeLessThanOrEqual(2.5 * MINUTE);
	});

	test('that refuses the key ends the wait', async () => {
		const { error, elapsedMs } = await suspend({
			input: inputOf('one'),
			whileSuspended: () =>
				sandbox.faults.add({ on: 'poll', times: Infinity, answer: { status: 401 } }),
		});
		expect(error).toMatchObject({ message: 'OctopusX did not accept the API key' });
		expect(elapsedMs).toBeLessThan(2 * MINUTE);
	});

	test('that did not answer a submission is named beside the others', async () => {
		sandbox.faults.add({ on: 'submit', prompt: 'one', accept: true, answer: 'reset' });
		const { error } = await suspend({ input: inputOf('one', 'two') });
		expect(error?.description).toContain('perhaps paid for: item 0');
		expect(error?.description).toContain('item 1: video_2 (completed)');
	});
});

onNewEngine('a database that cannot tell about the execution that waits', () => {
	test('is no reason to give up', async () => {
		const { items } = await suspend({
			input: inputOf('one'),
			parent: () => {
				throw new Error('no connection');
			},
		});
		expect(items[0]?.json).toMatchObject({ status: 'completed' });
	});
});

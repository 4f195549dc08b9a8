import { parse, stringify } from 'flatted';
import type { IDataObject, IExecuteFunctions, INode, INodeExecutionData, IRun } from 'n8n-workflow';
import { chargeSentence } from '../../nodes/OctopusXVideo/api/errors';
import { OctopusXVideo } from '../../nodes/OctopusXVideo/OctopusXVideo.node';
import { CONTINUE, GENERATE_EACH, inputOf, numberedItems } from './support/inputs';
import { NODE, runNode } from './support/runNode';
import { lastRunOf } from './support/runWorkflow';
import {
	canSuspend,
	CHECKING,
	errorOf,
	MINUTE,
	describeIfCanSuspend,
	runSuspending,
	suspendingOn,
} from './support/suspending';
import { useSandbox } from './support/useSandbox';
import { onVirtualTime } from './support/virtualTime';
import { loggingNode, nodeWithContext } from './support/nodeWithContext';

const SUSPENDING = { ...GENERATE_EACH, options: { waitStrategy: 'suspend' } };

const sandbox = useSandbox({ durationMs: 5 * MINUTE });

const suspend = suspendingOn(sandbox);

const suspendThree = suspendingOn(sandbox, { downloadVideo: true }, inputOf('one', 'two', 'three'));

describeIfCanSuspend('a suspended execution', () => {
	test('the videos of a suspended execution arrive in input order, charged once each, after a check per minute', async () => {
		const { suspended, items, resumed, elapsedMs } = await suspendThree();
		const allTasks = (status: string) =>
			['video_1', 'video_2', 'video_3'].map((id) => [id, status]);
		const pairedItems = [0, 1, 2].map((item) => ({ item }));
		expect(suspended?.items.map(({ json }) => [json.task_id, json.status])).toEqual(
			allTasks('queued'),
		);
		expect(suspended?.items.map(({ pairedItem }) => pairedItem)).toEqual(pairedItems);
		expect(items.map(({ json }) => [json.task_id, json.status])).toEqual(allTasks('completed'));
		expect(items.map(({ pairedItem }) => pairedItem)).toEqual(pairedItems);
		expect(items.map(({ binary }) => binary?.data?.mimeType)).toEqual(Array(3).fill('video/mp4'));
		expect(sandbox.tasks).toHaveLength(3);
		expect(resumed).toBe(5);
		expect(sandbox.requestsTo('check')).toHaveLength(3 * 5);
		expect(elapsedMs).toBe(5 * MINUTE);
	});

	test('a suspended execution gets its videos if n8n offers no cancel signal', async () => {
		const node = nodeWithContext(() => ({ getExecutionCancelSignal: () => undefined }));
		const { items, suspended } = await suspendThree({}, { node });
		expect(suspended).toBeDefined();
		expect(items.map(({ json }) => json.status)).toEqual(Array(3).fill('completed'));
	});

	test('a suspended wait of 70 minutes needs 31 checks and ends within 5 minutes of the video', async () => {
		sandbox.durationMs = 70 * MINUTE;
		const { items, resumed, elapsedMs } = await suspendThree({ options: { timeout: 90 } });
		expect(items).toHaveLength(3);
		expect(resumed).toBe(31);
		expect(elapsedMs).toBeLessThanOrEqual(75 * MINUTE);
	});

	test('videos completed within seconds are output after the first check of a suspended execution, after a minute', async () => {
		sandbox.durationMs = 4_000;
		const { items, resumed, elapsedMs } = await suspendThree();
		expect(items.map(({ binary }) => binary?.data?.mimeType)).toEqual(Array(3).fill('video/mp4'));
		expect(resumed).toBe(1);
		expect(elapsedMs).toBe(MINUTE);
	});

	test('n8n’s saved data of a checking execution contains no API key or file, and the prompt once, however often it checks', async () => {
		const data = { mimeType: 'image/png', fileName: 'a.png', data: 'aW1hZ2U=' };
		const saved: string[] = [];
		const { child, items } = await suspendThree(
			{ mode: 'firstFrame', firstFrameSource: 'binary' },
			{
				input: [{ json: { prompt: 'one long prompt' }, binary: { data } }],
				// as n8n saves it
				whileSuspended: (_times, execution) => saved.push(stringify(execution.data)),
			},
		);
		expect(items[0]?.json.prompt).toBe('one long prompt');
		expect(saved).toHaveLength(5);
		for (const one of saved) {
			expect(one).toContain('video_1');
			expect(one.match(/long prompt/g)).toHaveLength(1);
			expect(one).not.toContain(sandbox.apiKey);
			expect(one).not.toContain('aW1hZ2U=');
			const checks = lastRunOf({ data: parse(one) } as IRun, CHECKING).data?.main?.[0];
			expect(checks?.map(({ json }) => json.error)).toEqual([
				expect.objectContaining({ task_id: 'video_1' }),
			]);
			expect(JSON.stringify(checks)).not.toContain('prompt');
		}
		expect(JSON.stringify(child?.data)).not.toContain(sandbox.apiKey);
	});

	test('with On Error: Stop, a task that fails while suspended fails the execution, and the error lists all tasks', async () => {
		const { error, items } = await suspendThree({}, { input: inputOf('one', 'two [failed]') });
		expect(items).toEqual([]);
		expect(error?.message).toBe('1 of 2 videos could not be generated');
		expect(error?.description).toMatch(
			/^Video 2 of 2 \("two \[failed\]"\): .* Other tasks of this run: video 1: video_1 \(completed\)\. n8n's Retry does not help/,
		);
	});

	test('with On Error: Continue, each item of a suspended execution has its own result', async () => {
		sandbox.faults.add({
			on: 'submit',
			prompt: 'rejected',
			answer: { status: 400, body: { code: 'bad', message: 'no', data: null } },
		});
		const input = inputOf('one', 'two [failed]', 'rejected', 'four [never]');
		const { items } = await suspendThree({}, { input, settings: CONTINUE });
		expect(items.map(({ json }) => json.error ?? json.task_id)).toEqual([
			'video_1',
			expect.objectContaining({ message: 'The video could not be generated', task_id: 'video_2' }),
			expect.objectContaining({ message: 'OctopusX rejected the request' }),
			expect.objectContaining({ message: 'The video was not ready in time', task_id: 'video_3' }),
		]);
		expect(items.map(({ pairedItem }) => pairedItem)).toEqual(
			[0, 1, 2, 3].map((item) => ({ item })),
		);
		// columns beside the error, as without a suspension
		expect(items.slice(1).map(({ json }) => ({ ...json, error: undefined }))).toEqual([
			{ task_id: 'video_2', status: 'failed', prompt: 'two [failed]' },
			{ status: 'failed', prompt: 'rejected' },
			{ task_id: 'video_3', status: 'failed', prompt: 'four [never]' },
		]);
	});

	test('Timeout (Minutes) of a suspended execution starts at the submission', async () => {
		const { error, elapsedMs } = await suspendThree({
			prompt: 'x [never]',
			options: { timeout: 10 },
		});
		expect(error?.message).toBe('3 of 3 videos failed: The video was not ready in time');
		expect(elapsedMs).toBe(10 * MINUTE);
	});

	test('HTTP 502 for some checks does not fail a suspended execution', async () => {
		const HTTP_502 = { status: 502, body: '<html>' };
		const { items } = await suspendThree(
			{},
			{
				whileSuspended: (times) => {
					if (times === 1) sandbox.faults.add({ on: 'check', times: 40, answer: HTTP_502 });
					if (times === 3) sandbox.faults.clear();
				},
			},
		);
		expect(items).toHaveLength(3);
		expect(sandbox.tasks).toHaveLength(3);
	});

	test('a clock that jumps past Timeout (Minutes) while the execution is suspended does not lose a finished video', async () => {
		const { items } = await suspendThree(
			{ options: { timeout: 6 } },
			{ whileSuspended: (times) => times === 1 && jest.setSystemTime(Date.now() + 60 * MINUTE) },
		);
		expect(items.map(({ json }) => json.status)).toEqual(Array(3).fill('completed'));
	});

	test.each([
		['stopped', { resultData: { error: { message: 'stopped' }, runData: {} } }],
		['deleted', undefined],
	])('no more requests are sent after the suspended execution is %s', async (_what, data) => {
		const lines: string[] = [];
		sandbox.faults.add({ on: 'submit', prompt: 'one', answer: { status: 400 } });
		const node = loggingNode(lines);
		const { child } = await suspendThree({}, { parent: () => data as never, node });
		expect(lastRunOf(child as IRun, CHECKING).data?.main).toEqual([[]]);
		expect(sandbox.requestsTo('check')).toEqual([]);
		expect(lines.join('\n')).toContain('no execution waits for video_1, video_2 any more');
	});

	test('the node waits without suspending if n8n does not start the checking execution', async () => {
		const lines: string[] = [];
		const executeWorkflow = async () => {
			throw new Error('policy');
		};
		const { items } = await suspendThree({}, { executeWorkflow, node: loggingNode(lines) });
		expect(items.map(({ binary }) => binary?.data?.mimeType)).toEqual(Array(3).fill('video/mp4'));
		expect(sandbox.tasks).toHaveLength(3);
		expect(lines.join('\n')).toMatch(
			/OctopusX: policy [^]*n8n did not suspend the execution, so the node waits itself/,
		);
	});

	test('with Max Concurrency 1, all videos are submitted before the execution is suspended', async () => {
		const { items, elapsedMs } = await suspendThree({ options: { maxConcurrency: 1 } });
		expect(items).toHaveLength(3);
		expect(sandbox.tasks).toHaveLength(3);
		expect(sandbox.requestsTo('check')).toHaveLength(3 * 5);
		expect(elapsedMs).toBe(5 * MINUTE);
	});

	test('Stop before the suspension ends the node at once, and no checking execution is started', async () => {
		sandbox.faults.add({ on: 'submit', times: 3, answer: 'hang' });
		const { error, started, elapsedMs } = await suspendThree(
			{},
			{ onStart: (run) => void setTimeout(() => run.cancel(), 3_000) },
		);
		expect(error?.message).toBe('The execution was canceled');
		expect(started).toBeUndefined();
		expect(elapsedMs).toBeLessThanOrEqual(3_500);
	});

	test('Retry of an execution that failed with HTTP 403 before its suspension submits nothing again', async () => {
		sandbox.faults.add({ on: 'check', times: 3, answer: { status: 403 } });
		const parameters = { ...GENERATE_EACH, options: { waitStrategy: 'suspend' } };
		const input = inputOf('one', 'two', 'three');
		const executeWorkflow = async () => await Promise.reject(new Error('policy'));
		const first = await runSuspending(sandbox, parameters, { input, executeWorkflow });
		expect(first.error?.description).toContain('video_1');
		const { items } = await runSuspending(sandbox, parameters, { input, retryOf: first.run });
		expect(items.map(({ json }) => json.task_id)).toEqual(['video_1', 'video_2', 'video_3']);
		expect(sandbox.tasks).toHaveLength(3);
	});

	test('an execution can be suspended on an n8n without isToolExecution', async () => {
		const node = nodeWithContext(() => ({ isToolExecution: undefined }));
		const { items } = await suspendThree({}, { node, input: inputOf('one') });
		expect(items[0]?.json.status).toBe('completed');
	});

	test('Get Status suspends the execution while it waits', async () => {
		await runNode(sandbox, { prompt: 'one', waitForCompletion: false });
		const { items } = await suspendThree(
			{ operation: 'getStatus', taskId: 'video_1', waitForCompletion: true },
			{ input: [{ json: {} }] },
		);
		expect(items[0]?.json).toMatchObject({ task_id: 'video_1', status: 'completed' });
	});
});

describeIfCanSuspend('n8n’s handling of a suspended execution', () => {
	test('a second run of a suspended node submits another video and does not output its input', async () => {
		const input = [{ json: { prompt: 'one', mark: 'of the input' } }];
		const { run } = await suspend({}, { input, connectTwice: true });
		// The second run suspends as well, but this test is only about its input.
		expect(sandbox.tasks).toHaveLength(2);
		expect(JSON.stringify(run.data.resultData.runData[NODE])).not.toContain('of the input');
	});

	test('Retry On Fail does not run a suspended node again after HTTP 400 for its first item', async () => {
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
		'with On Error %s, Retry of a stopped suspended execution outputs errors with task IDs, not its input',
		async (onError) => {
			const waitTill = new Date(Date.now() + MINUTE);
			const { result } = await onVirtualTime(sandbox, async () => {
				const { run } = await runNode(sandbox, SUSPENDING, {
					input: inputOf('one', 'two'),
					settings: { onError },
					executeWorkflow: async () => ({ executionId: '2', data: [null], waitTill }),
				});
				expect(run.status).toBe('waiting');
				const resumeOf = parse(stringify(run));
				return await runNode(sandbox, SUSPENDING, {
					settings: { onError },
					resumeOf,
					mode: 'retry',
				});
			});
			const outputs = [...result.items, ...result.errorItems];
			const error = (task_id: string) => ({
				message: 'The execution was stopped while it was suspended',
				description: `${chargeSentence({ taskId: task_id })} The wait for the task was interrupted.`,
				task_id,
			});
			expect(outputs.map(errorOf)).toMatchObject([error('video_1'), error('video_2')]);
		},
	);

	test('n8n’s saved data contains the tasks in case n8n crashes during a check', async () => {
		await suspend(
			{},
			{
				input: inputOf('one', 'two'),
				whileSuspended: (_times, child) => {
					const { runData, lastNodeExecuted } = child.data.resultData;
					// n8n's recovery makes up an item for a node without output.
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

	test('a restarted n8n checks no task of a suspended execution for one minute, and then continues', async () => {
		let isLoaded = true;
		let LoadedNode = OctopusXVideo;
		class RestartedNode extends OctopusXVideo {
			override async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
				if (!isLoaded) {
					jest.isolateModules(
						() =>
							({ OctopusXVideo: LoadedNode } = jest.requireActual(
								'../../nodes/OctopusXVideo/OctopusXVideo.node',
							)),
					);
				}
				isLoaded = true;
				return await LoadedNode.prototype.execute.call(this);
			}
		}
		const checks: number[] = [];
		const { items, resumed, elapsedMs } = await suspend(
			{},
			{
				input: inputOf('one', 'two'),
				node: new RestartedNode(),
				whileSuspended: (times) => {
					checks.push(sandbox.requestsTo('check').length);
					if (times === 4) isLoaded = false;
				},
			},
		);
		expect(items.map(({ json }) => json.status)).toEqual(['completed', 'completed']);
		// n8n restarts before the fifth check, when all videos are ready.
		expect(checks).toEqual([0, 2, 4, 6, 8, 8]);
		expect(resumed).toBe(6);
		expect(elapsedMs).toBe(6 * MINUTE);
	});

	test('an execution that was suspended before an update of the package continues after it', async () => {
		const { items } = await suspend(
			{},
			{
				input: inputOf('one', 'two'),
				whileSuspended: (times, { data }) => {
					// An earlier version passed all items through the loop.
					const [entry] = data.executionData?.nodeExecutionStack ?? [];
					if (times !== 2 || !entry) return;
					entry.data = data.resultData.runData['Videos of execution 1']?.[0]?.data ?? {};
					expect(entry.data.main?.[0]).toHaveLength(2);
					const memory = data.executionData?.contextData[`node:${CHECKING}`];
					// Renaming this key would break suspended executions at an update.
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

	test('the checking execution does not inherit workflow settings that would prevent it', async () => {
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
		const checkingNode = started?.workflow.nodes.find(({ name }) => name === CHECKING);
		expect(checkingNode?.credentials).toEqual({ octopusXApi: { id: '1', name: 'OctopusX' } });
		expect(started?.parentExecution).toMatchObject({
			executionId: '1',
			workflowId: 'test',
			shouldResume: true,
		});
	});

	test.each([
		['is in the item and ends the checks, with On Error: Continue', CONTINUE],
		['fails the execution and lists all tasks, with On Error: Stop', {}],
	])('an unexpected exception during a check %s', async (_what, settings) => {
		let waitCount = 0;
		const node = nodeWithContext((context) => ({
			putExecutionToWait: async (until) => {
				if (++waitCount > 1) throw new Error('boom');
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

	test('the node waits until Timeout (Minutes) without suspending if n8n starts the checking execution but does not wait for it', async () => {
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

	test('with On Error: Continue (using error output), a task that fails while suspended goes to the error output', async () => {
		const { items, errorItems } = await suspend(
			{},
			{
				input: inputOf('one', 'two [failed]'),
				settings: { onError: 'continueErrorOutput' },
			},
		);
		expect(items.map(({ json }) => json.task_id)).toEqual(['video_1']);
		expect(errorItems.map(({ json }) => json.error)).toEqual([
			expect.objectContaining({ task_id: 'video_2', prompt: 'two [failed]' }),
		]);
	});

	test('an execution that is stopped while it submits items is not suspended', async () => {
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

describeIfCanSuspend('the size of n8n’s saved data', () => {
	// n8n saves all data of a suspended execution again after each check.
	const CHECKS = 3;
	const suspendMany = suspendingOn(sandbox, { options: { maxConcurrency: 50 } });

	/** Returns the size of n8n's saved data at each check of this many running tasks, in characters. */
	async function savedSizes(itemCount: number): Promise<number[]> {
		const saved: number[] = [];
		sandbox.reset();
		sandbox.durationMs = 60 * MINUTE;
		await suspendMany(
			{},
			{
				input: numberedItems(itemCount),
				whileSuspended: (_times, { data }) => {
					saved.push(stringify(data).length);
					if (saved.length === CHECKS) for (const task of sandbox.tasks) task.durationMs = 0;
				},
			},
		);
		return saved;
	}

	test('the saved data of a suspended execution grows by less than 1 kB per check and 2 kB per item', async () => {
		const few = await savedSizes(20);
		const many = await savedSizes(100);
		// from the second check on, whose errors in case of a crash first say what the videos cost
		const growth = ([, ...saved]: number[]) =>
			saved.slice(1).map((size, check) => size - (saved[check] as number));
		const perItem = ((many[0] as number) - (few[0] as number)) / (100 - 20);
		expect(perItem).toBeLessThan(2_000);
		for (const saved of [few, many]) {
			expect(growth(saved)).toHaveLength(CHECKS - 2);
			expect(Math.max(...growth(saved))).toBeLessThan(1_000);
		}
	});
});

describe('an execution that cannot be suspended', () => {
	async function refusalWith(context: Partial<IExecuteFunctions>, settings?: Partial<INode>) {
		const node = nodeWithContext(() => context);
		const { error, items } = await suspendThree({}, { node, settings });
		expect(sandbox.log).toEqual([]);
		return error ?? items[0]?.json.error;
	}
	const message = 'The execution cannot be suspended';

	test('While Waiting: Suspend is refused before any request if an AI agent runs the node as a tool', async () => {
		const node = nodeWithContext((context) => {
			const tool = { ...context.getNode(), type: 'n8n-nodes-octopusx.octopusXVideoTool' };
			return { getNode: () => tool };
		});
		expect((await suspendThree({}, { node })).error).toMatchObject({ message });
		expect(sandbox.log).toEqual([]);
	});

	test.each<[string, Partial<IExecuteFunctions>, string]>([
		['the execution is not saved', { getExecutionId: () => '' }, 'n8n does not save'],
		['the workflow is not saved', { getWorkflow: () => ({ active: false }) }, 'n8n does not save'],
		[
			'the workflow has the ID of an unsaved workflow',
			{ getWorkflow: () => ({ active: false, id: '__EMPTY__' }) },
			'n8n does not save',
		],
		['an AI agent runs the node', { isToolExecution: () => true }, 'An AI agent waits'],
	])(
		'While Waiting: Suspend is refused before any request if %s',
		async (_why, context, reason) => {
			const description = expect.stringContaining(canSuspend ? reason : 'n8n 2.0 or later');
			expect(await refusalWith(context)).toMatchObject({ message, description });
		},
	);

	test('with On Error: Continue, each item contains the refusal of While Waiting: Suspend', async () => {
		expect(await refusalWith({ getExecutionId: () => '' }, CONTINUE)).toMatchObject({ message });
	});

	(canSuspend ? test.skip : test)(
		'While Waiting: Suspend is refused before any request on an n8n before 2.0',
		async () => {
			expect(await refusalWith({})).toMatchObject({
				message,
				description: expect.stringContaining('n8n 2.0 or later'),
			});
		},
	);
});

import { parse, stringify } from 'flatted';
import { NodeHelpers, type INode, type INodeExecutionData, type IRun } from 'n8n-workflow';
import { OctopusXVideo } from '../../nodes/OctopusXVideo/OctopusXVideo.node';
import { pause } from '../../nodes/OctopusXVideo/timing/time';
import type { Fault, Route } from '../sandbox/faults';
import { startingWith } from './support/charges';
import { maxOpenRequests } from './support/countRequests';
import { apiErrorBody, taskErrorBody } from './support/errorBodies';
import { CONTINUE, inputOf } from './support/inputs';
import { lastRunOf } from './support/runWorkflow';
import {
	CHECKING,
	errorOf,
	MINUTE,
	describeIfCanSuspend,
	runCheckingExecution,
	suspendingOn,
} from './support/suspending';
import { useSandbox } from './support/useSandbox';
import { onVirtualTime } from './support/virtualTime';
import { nodeWithContext } from './support/nodeWithContext';

/**
 * Tests of the checking execution, which checks the tasks of a suspended one: its nodes, its
 * schedule, and faults.
 */

const HTTP_401 = { status: 401, body: apiErrorBody('Invalid token') };
const HTTP_502 = { status: 502, body: '<html>' };

const sandbox = useSandbox({ durationMs: 5 * MINUTE });

const suspend = suspendingOn(sandbox);
const suspendOne = suspendingOn(sandbox, {}, inputOf('one'));
const suspendTwo = suspendingOn(sandbox, {}, inputOf('one', 'two'));

const rejectWith422 = (prompt: string) => {
	const body = { code: 'bad', message: 'no', data: null };
	sandbox.faults.add({ on: 'submit', prompt, answer: { status: 422, body } });
};

describeIfCanSuspend('nodes and data of the checking execution', () => {
	test('the names and the note in a checking execution say which execution it belongs to and not to stop it', async () => {
		const { started } = await suspendTwo();
		const { name, nodes } = started?.workflow ?? { nodes: [] };
		expect(name).toBe('Videos of execution 1: checking, do not stop');
		const names = ['Videos of execution 1', CHECKING, 'All done?', 'What this is'];
		expect(nodes.map((node) => node.name)).toEqual(names);
		expect(new Set(nodes.map((node) => node.id)).size).toBe(nodes.length);
		expect(nodes.map((node) => node.id)).not.toContain('');
		const note = nodes.find(({ type }) => type === 'n8n-nodes-base.stickyNote');
		expect(note?.parameters.content).toContain('## Videos of execution 1: checking, do not stop');
		expect(note?.parameters.content).toContain('stop execution 1, not this one');
	});

	test('the note in a checking execution is above the nodes and spans their width', async () => {
		const { started } = await suspendTwo();
		const nodes = started?.workflow.nodes ?? [];
		const [note] = nodes.filter(({ type }) => type === 'n8n-nodes-base.stickyNote');
		const others = nodes.filter((node) => node !== note).map(({ position }) => position);
		const [x, y] = note?.position ?? [];
		const { width, height } = note?.parameters as Record<'width' | 'height', number>;
		expect(Number(y) + height).toBeLessThan(Math.min(...others.map((position) => position[1])));
		expect(x).toBeLessThan(Math.min(...others.map((position) => position[0])));
		expect(Number(x) + width).toBeGreaterThan(Math.max(...others.map((position) => position[0])));
	});

	test('the node in a checking execution opens without issues, as Get Status with Wait Until Completed', async () => {
		const { started } = await suspendTwo();
		const node = started?.workflow.nodes.find(({ name }) => name === CHECKING) as INode;
		const { description } = new OctopusXVideo();
		expect(NodeHelpers.getNodeParametersIssues(description.properties, node, description)).toBe(
			null,
		);
		const operation = description.properties.find(
			({ name, displayOptions }) =>
				name === 'operation' && displayOptions?.show?.resource?.includes('video'),
		);
		const shownParameters = {
			resource: 'video',
			operation: 'getStatus',
			waitForCompletion: true,
			options: { waitStrategy: 'suspend' },
		};
		expect(node.parameters).toMatchObject(shownParameters);
		expect(operation?.options).toContainEqual(
			expect.objectContaining({ value: shownParameters.operation }),
		);
		const hasNotice = (parameters: INode['parameters']) =>
			description.properties
				.filter((property) => NodeHelpers.displayParameter(parameters, property, node, description))
				.some(({ type }) => type === 'notice');
		expect(hasNotice(node.parameters)).toBe(true);
		expect(hasNotice({ operation: 'generate' })).toBe(false);
		expect(hasNotice({ operation: 'generate', checkedExecution: '' })).toBe(false);
	});

	test('a checking execution gets the task ID and settings of each item, or the error of an item rejected with HTTP 422', async () => {
		rejectWith422('two');
		const completed = (taskId: string) => ({ id: taskId, status: 'completed' });
		const answer = { status: 200, bodyFor: completed };
		sandbox.faults.add({ on: 'submit', prompt: 'three', accept: true, answer });
		const input = inputOf('one', 'two', 'three');
		const { started, child } = await suspendTwo({}, { input });
		expect(started?.items.map(({ pairedItem }) => pairedItem)).toEqual([
			{ item: 0 },
			{ item: 1 },
			{ item: 2 },
		]);
		const job = { wait: { isSuspended: true }, timeoutMs: 30 * MINUTE };
		const task = (taskId: string) => ({
			job: { ...job, source: { taskId } },
			task: { id: taskId },
		});
		expect(started?.items.map(({ json }) => json.octopusXSuspended)).toMatchObject([
			{ parent: '1', item: { state: 'running', index: 0, ...task('video_1') } },
			{ parent: '1', item: { state: 'failed', index: 1, error: { statusCode: 422 } } },
			{ parent: '1', item: { state: 'ready', index: 2, ...task('video_2') } },
		]);
		expect(child?.data.resultData.error).toMatchObject({
			name: 'NodeApiError',
			message: '1 of 3 videos failed: OctopusX rejected the request',
			httpCode: '422',
		});
	});

	test('one small item with the ID of the suspended execution passes through the loop of a checking execution', async () => {
		const loopItems: unknown[] = [];
		await suspendTwo(
			{},
			{
				whileSuspended: (_times, { data }) =>
					loopItems.push(data.executionData?.nodeExecutionStack[0]?.data.main?.[0]),
			},
		);
		const smallItem = [{ json: { octopusXSuspended: { parent: '1' } } }];
		expect(loopItems).toEqual(Array(5).fill(smallItem));
	});

	/** Stops a checking execution while it waits, and retries it as n8n does. */
	async function stopAndRetry(settings = {}): Promise<IRun> {
		let stopped: IRun | undefined;
		rejectWith422('rejected');
		const { started } = await suspendTwo(
			{},
			{
				settings,
				input: inputOf('one', 'rejected', 'two'),
				whileSuspended: (times, child) => {
					if (times === 1) stopped = parse(stringify(child)) as IRun;
				},
			},
		);
		sandbox.log = [];
		return await runCheckingExecution({
			credential: { apiKey: sandbox.apiKey, baseUrl: sandbox.url },
			workflow: started?.workflow ?? { nodes: [], connections: {} },
			mode: 'retry',
			resumeOf: stopped,
		});
	}

	test.each([
		['Stop', {}],
		['Continue', CONTINUE],
		['Continue (using error output)', { onError: 'continueErrorOutput' as const }],
	])(
		'Retry of a checking execution fails and says what to do instead, with On Error: %s',
		async (_what, settings) => {
			const { status, data } = await stopAndRetry(settings);
			expect(status).toBe('error');
			expect(data.resultData.error).toMatchObject({
				message: 'A checking execution cannot be retried',
				description:
					'Fetch the videos of execution 1 with Get Status, which is not charged: video_1, video_2.',
			});
			const [entry] = data.executionData?.nodeExecutionStack ?? [];
			expect(entry?.node).toMatchObject({ name: CHECKING, onError: 'stopWorkflow' });
			expect(sandbox.log).toEqual([]);
		},
	);

	/** Runs the node of a checking execution manually, with these items as its input. */
	async function runOutside(...inputs: Array<INodeExecutionData['json']>) {
		const { started } = await suspendTwo({}, { settings: CONTINUE });
		const workflow = started?.workflow ?? { nodes: [], connections: {} };
		sandbox.log = [];
		const run = await runCheckingExecution({
			credential: { apiKey: sandbox.apiKey, baseUrl: sandbox.url },
			workflow: {
				nodes: workflow.nodes,
				connections: {
					'Videos of execution 1': { main: [[{ node: CHECKING, type: 'main', index: 0 }]] },
				},
			},
			mode: 'manual',
			input: inputs.map((json) => ({ json })),
		});
		expect(sandbox.log).toEqual([]);
		return lastRunOf(run, CHECKING);
	}

	const error = { message: 'It failed' };
	const validItem = {
		octopusXSuspended: { parent: '1', item: { index: 0, state: 'failed', error } },
	};

	test.each<[string, ...Array<INodeExecutionData['json']>]>([
		['an item from another node', { prompt: 'one' }],
		['an invalid item under our key', { octopusXSuspended: { parent: '1', item: 'x' } }],
		['an item without an index under our key', { octopusXSuspended: { parent: '1', item: {} } }],
		['null under our key', { octopusXSuspended: null }],
		[
			'a failed item whose error is null',
			{ octopusXSuspended: { parent: '1', item: { index: 0, state: 'failed', error: null } } },
		],
		['an item from another node next to a valid one', validItem, { prompt: 'one' }],
	])(
		'the node of a checking execution refuses to run anywhere else, with %s',
		async (_what, ...inputs) => {
			expect((await runOutside(...inputs)).error).toMatchObject({
				message: 'This node only works in a checking execution',
				description: expect.stringContaining('Delete it'),
			});
		},
	);

	test('the node of a checking execution outputs an error that has no description unchanged', async () => {
		const { data } = await runOutside(validItem);
		expect(data?.main?.[0]?.map(({ json }) => json)).toEqual([{ error }]);
	});
});

describeIfCanSuspend('the suspended execution after its checks', () => {
	test.each([
		['one of the videos', inputOf('one', 'two [failed]'), '1 of 2 videos could not be generated'],
		['the only video', inputOf('one [failed]'), 'The video could not be generated'],
	])(
		'the error of a suspended execution after the failure of %s says why not to use Retry and what to do',
		async (_what, input, message) => {
			const { error } = await suspendTwo({}, { input });
			expect(error?.message).toBe(message);
			expect(error?.description).toContain("n8n's Retry does not help here");
			expect(error?.description).not.toContain('currently saved workflow');
			expect(error?.description).toContain('start the workflow again for those that failed');
		},
	);
});

describeIfCanSuspend('times of the checks', () => {
	/** Changes the wall clock during a pause of the node, so that the node notices it. */
	async function setClock(ms: number): Promise<void> {
		await onVirtualTime(sandbox, async () => {
			setTimeout(() => jest.setSystemTime(Date.now() + ms), 1_000);
			await pause(2_000);
		});
	}

	test('the interval between checks depends on the item that has waited longest, and the checks continue until the last Timeout (Minutes)', async () => {
		// With Max Concurrency 1 and a first submission after 20 minutes, the second item has a different deadline.
		const answer = { status: 429, headers: { 'Retry-After': '1200' } };
		sandbox.faults.add({ on: 'submit', answer });
		const times: number[] = [];
		let start = 0;
		const { error } = await suspendOne(
			{ options: { maxConcurrency: 1, timeout: 60 } },
			{
				input: inputOf('one [never]', 'two [never]'),
				onStart: () => (start ||= Date.now()),
				whileSuspended: (_times, { waitTill }) => times.push(Number(waitTill)),
			},
		);
		const minutes = (time = 0) => (time - start) / MINUTE;
		const second = minutes(sandbox.tasks[1]?.createdAt);
		const last = second + 60;
		const expected: number[] = [];
		for (let at = second; at < last; expected.push(at)) {
			const waited = at < 60 ? at : at - second;
			at = Math.min(at + Math.max(1, Math.min(waited / 10, 5)), last);
		}
		expect(second).toBeGreaterThanOrEqual(20);
		expect(times).toHaveLength(expected.length);
		times.forEach((time, n) => expect(minutes(time)).toBeCloseTo(expected[n] ?? NaN, 2));
		expect(error?.message).toBe('2 of 2 videos failed: The video was not ready in time');
	});

	test('a video completed exactly at Timeout (Minutes) needs five checks, each with a verdict', async () => {
		const { items } = await suspendOne({ options: { timeout: 5 } });
		expect(items[0]?.json.status).toBe('completed');
		expect(sandbox.requestsTo('check')).toHaveLength(5);
		// the last one for what it cost
		expect(sandbox.requestsTo('verdict')).toHaveLength(5);
	});

	test('the checks of a suspended execution end at Timeout (Minutes) even if the wall clock was changed before', async () => {
		await setClock(20 * MINUTE);
		const setup = { input: inputOf('one [never]') };
		const { elapsedMs } = await suspendOne({ options: { timeout: 10 } }, setup);
		await setClock(-20 * MINUTE);
		expect(elapsedMs).toBe(10 * MINUTE);
	});

	test('the checks of a suspended execution are one minute apart at first', async () => {
		const times: number[] = [];
		await suspendOne(
			{},
			{ whileSuspended: (_times, { waitTill }) => times.push(Number(waitTill)) },
		);
		const [first = 0] = sandbox.tasks.map(({ createdAt }) => createdAt);
		expect(times.map((time) => time - first)).toEqual([1, 2, 3, 4, 5].map((n) => n * MINUTE));
	});

	/** The last of many tasks ends one check later. Then all tasks are checked again, for fresh video URLs. */
	const inputWithLateItem = (ending: string) => {
		const answer = { status: 200, body: { id: 'video_1', status: 'in_progress' } };
		sandbox.faults.add({ on: 'check', prompt: 'late', answer });
		sandbox.faults.add({ on: 'verdict', prompt: 'late', answer });
		sandbox.durationMs = 0;
		return inputOf(...Array<string>(12).fill(`early ${ending}`), 'late');
	};

	test.each(['completed', '[failed]'])(
		'every check of a suspended execution, even the last, stays within Max Concurrency when its tasks end as %j',
		async (ending) => {
			const input = inputWithLateItem(ending);
			const most = await maxOpenRequests(async () => {
				const { resumed, items } = await suspendOne(
					{ options: { maxConcurrency: 3 } },
					{ input, settings: CONTINUE },
				);
				expect([resumed, items.length]).toEqual([2, 13]);
			});
			// A connection closes a moment after its response has arrived.
			expect(most).toBeLessThanOrEqual(3 + 1);
		},
	);

	test('the checks of a suspended execution end within four minutes if the API hangs at the last one', async () => {
		const input = inputWithLateItem('');
		const { items, elapsedMs } = await suspendOne(
			{ options: { maxConcurrency: 1 } },
			{
				input,
				whileSuspended: (times) => {
					if (times !== 1) return;
					sandbox.faults.add({ on: 'check', prompt: 'early', times: Infinity, answer: 'hang' });
				},
			},
		);
		expect(items.map(({ json }) => json.status)).toEqual(Array(13).fill('completed'));
		expect(elapsedMs).toBeLessThan(4 * MINUTE);
	});
});

describeIfCanSuspend('what ends the wait early', () => {
	/** Replaces the credential of the checking execution from the second check on. */
	const withCredential = (read: () => object) => {
		let isReplaced = false;
		const node = nodeWithContext((context) => ({
			getCredentials: async <T extends object>(type: string) => {
				const isUnchanged = !isReplaced || context.getNode().name !== CHECKING;
				const credential = await context.getCredentials<T>(type);
				return isUnchanged ? credential : { ...credential, ...read() };
			},
		}));
		return { node, whileSuspended: (times: number) => (isReplaced = times > 0) };
	};

	test('an invalid Base URL in the credential ends the wait of a checking execution at once', async () => {
		const setup = withCredential(() => ({ baseUrl: 'octopusx' }));
		const { error, resumed } = await suspendOne({}, setup);
		expect(error?.message).toContain('Base URL');
		expect(resumed).toBe(2);
	});

	test('a credential that n8n can never read ends the wait of a checking execution at Timeout (Minutes)', async () => {
		const setup = withCredential(() => {
			throw new Error('vault: connection timeout');
		});
		const input = [2, 10].map((timeout) => ({ json: { prompt: 'one', timeout } }));
		const options = { timeout: '={{ $json.timeout }}' };
		const { error, elapsedMs } = await suspendOne({ options }, { ...setup, input });
		expect(error).toMatchObject({
			message: '2 of 2 videos failed: vault: connection timeout',
			context: { charge: { taskId: 'video_1' }, task_id: 'video_1' },
		});
		expect(elapsedMs).toBe(10 * MINUTE);
	});

	test.each([
		['got HTTP 403', '', 30, 'The account or the API key does not allow this', 1, 0],
		['reached Timeout (Minutes)', ' [never]', 2, 'The video was not ready in time', 2, 2],
	])(
		'an item that %s is no longer checked while other items still wait',
		async (_what, ending, timeout, message, checks, verdicts) => {
			const answer = { status: 403, body: apiErrorBody('No') };
			if (!ending) sandbox.faults.add({ on: 'check', prompt: 'one', times: Infinity, answer });
			const { items } = await suspendOne(
				{ options: { timeout: '={{ $json.timeout }}' } },
				{
					input: [
						{ json: { prompt: `one${ending}`, timeout } },
						{ json: { prompt: 'two', timeout: 30 } },
					],
					settings: CONTINUE,
				},
			);
			expect(items[0]?.json.error).toMatchObject({ message, task_id: 'video_1' });
			expect(items[1]?.json).toMatchObject({ task_id: 'video_2', status: 'completed' });
			const requestCount = (route: Route) =>
				sandbox.requestsTo(route).filter(({ path }) => path.endsWith('/video_1')).length;
			expect([requestCount('check'), requestCount('verdict')]).toEqual([checks, verdicts]);
		},
	);

	test.each([
		['Generate', 403, {}, 'The account or the API key does not allow this'],
		['Get Status', 401, { operation: 'getStatus' }, 'OctopusX did not accept the API key'],
	])(
		'the suspended wait of %s ends at once with HTTP %s',
		async (_what, status, parameters, message) => {
			const operation = { waitForCompletion: true, taskId: 'video_1', ...parameters };
			await suspendOne();
			const { error, resumed } = await suspendOne(operation, {
				whileSuspended: () =>
					sandbox.faults.add({
						on: 'check',
						times: Infinity,
						answer: { status, body: apiErrorBody('No') },
					}),
			});
			expect(error?.message).toBe(message);
			expect(resumed).toBe(1);
		},
	);
});

describeIfCanSuspend('a check that fails an item', () => {
	test.each<[string, string, number, Fault['answer']]>([
		[
			'HTTP 403',
			'The account or the API key does not allow this',
			1,
			{ status: 403, body: apiErrorBody('No') },
		],
		[
			'task_not_exist twice',
			'OctopusX does not know this task',
			2,
			{ status: 400, body: taskErrorBody('task_not_exist') },
		],
	])(
		'an item whose suspended wait ends with %s fails, and the error says that the task was charged',
		async (_failure, message, checks, answer) => {
			const fault: Fault = { on: 'check', times: Infinity, answer };
			const charge = { taskId: 'video_1' };
			const stopped = await suspendOne({}, { whileSuspended: () => sandbox.faults.add(fault) });
			expect(stopped.error).toMatchObject({ message, context: { charge, task_id: 'video_1' } });
			expect(stopped.error?.description).toEqual(startingWith(charge));
			expect(stopped.resumed).toBe(1);
			expect(sandbox.requestsTo('check')).toHaveLength(checks);

			sandbox.reset();
			const { items } = await suspendOne(
				{},
				{ settings: CONTINUE, whileSuspended: () => sandbox.faults.add(fault) },
			);
			const { description, ...error } = errorOf(items[0] as INodeExecutionData);
			expect(error).toEqual({ message, task_id: 'video_1', status: 'unknown', prompt: 'one' });
			expect(description).toEqual(startingWith(charge));

			// The error is the same as without a suspension.
			sandbox.reset();
			sandbox.faults.add(fault);
			const running = await suspendOne(
				{ options: { waitStrategy: 'poll' } },
				{ settings: CONTINUE },
			);
			expect(errorOf(running.items[0] as INodeExecutionData)).toMatchObject({
				message,
				description,
			});
		},
	);
});

describeIfCanSuspend('faults of the API during checks', () => {
	/** Responds to every check with HTTP 502 from the `from`th suspension on, for tasks with this prompt. */
	const failChecksFrom = (from: number, prompt?: string) => (times: number) => {
		if (times === from)
			sandbox.faults.add({ on: 'check', prompt, times: Infinity, answer: HTTP_502 });
	};

	test('HTTP 502 at the last check does not fail a video that was already completed', async () => {
		sandbox.durationMs = 90_000;
		const { items } = await suspend(
			{ options: { timeout: 4 } },
			{
				input: inputOf('one', 'two [never]'),
				settings: CONTINUE,
				whileSuspended: failChecksFrom(3),
			},
		);
		expect(items[0]?.json).toMatchObject({ task_id: 'video_1', status: 'completed' });
		expect(errorOf(items[1] as INodeExecutionData).message).toBe('The video was not ready in time');
	});

	test('HTTP 502 for checks does not affect an item without Wait Until Completed', async () => {
		const input = [
			{ json: { prompt: 'one', wait: false } },
			{ json: { prompt: 'two', wait: true } },
		];
		const { items } = await suspend(
			{ waitForCompletion: '={{ $json.wait }}' },
			{ input, whileSuspended: failChecksFrom(0, 'one') },
		);
		expect(items.map(({ json }) => json.status)).toEqual(['queued', 'completed']);
		expect(sandbox.requestsTo('check').filter(({ path }) => path.endsWith('video_1'))).toEqual([]);
	});

	test('HTTP 502 for all checks ends a suspended wait at Timeout (Minutes)', async () => {
		const { error, elapsedMs } = await suspend(
			{ options: { timeout: 10 } },
			{ input: inputOf('one'), whileSuspended: failChecksFrom(0) },
		);
		expect(error?.message).toBe('The video was not ready in time');
		expect(elapsedMs).toBeLessThanOrEqual(10.5 * MINUTE);
	});

	test('an API that hangs delays a suspended execution once per check, not once per item', async () => {
		sandbox.durationMs = 3 * MINUTE;
		const gaps: number[] = [];
		let last = 0;
		await suspend(
			{ options: { maxConcurrency: 3 } },
			{
				input: inputOf(...Array<string>(30).fill('x')),
				whileSuspended: (times) => {
					gaps.push(Date.now() - last);
					last = Date.now();
					if (times === 0) sandbox.faults.add({ on: 'check', times: Infinity, answer: 'hang' });
					if (times === 1) {
						sandbox.faults.clear();
						sandbox.release();
					}
				},
			},
		);
		expect(Math.max(...gaps.slice(1))).toBeLessThanOrEqual(2.5 * MINUTE);
	});

	test('HTTP 502 is retried for 30 seconds per check for one item, and not for the other items', async () => {
		const checkCounts: number[] = [];
		const { items, elapsedMs } = await suspend(
			{ options: { maxConcurrency: 1 } },
			{
				input: inputOf('one', 'two', 'three'),
				whileSuspended: (times) => {
					checkCounts.push(sandbox.requestsTo('check').length);
					sandbox.faults.clear();
					if (times === 0) sandbox.faults.add({ on: 'check', times: Infinity, answer: HTTP_502 });
					if (times === 1) sandbox.faults.add({ on: 'check', answer: HTTP_502 });
				},
			},
		);
		expect(items.map(({ json }) => json.status)).toEqual(Array(3).fill('completed'));
		// The first item is checked at 0, 2, 6, 14 and 30 seconds. Then all three are checked, and one
		// of them is retried.
		expect(checkCounts.slice(0, 4)).toEqual([0, 5, 5 + 4, 5 + 4 + 3]);
		expect(elapsedMs).toBeLessThanOrEqual(6 * MINUTE);
	});

	test('HTTP 401 for some checks does not end a suspended wait', async () => {
		const { items } = await suspend(
			{},
			{
				input: inputOf('one', 'two'),
				whileSuspended: (times) => {
					sandbox.faults.clear();
					if (times < 3) sandbox.faults.add({ on: 'check', times: Infinity, answer: HTTP_401 });
				},
			},
		);
		expect(items.map(({ json }) => json.status)).toEqual(['completed', 'completed']);
	});

	test('HTTP 401 for all checks ends a suspended wait at Timeout (Minutes), and the error explains it', async () => {
		const { error, elapsedMs } = await suspend(
			{ options: { timeout: 10 } },
			{
				input: inputOf('one'),
				whileSuspended: () =>
					sandbox.faults.add({ on: 'check', times: Infinity, answer: HTTP_401 }),
			},
		);
		expect(error).toMatchObject({ message: 'OctopusX did not accept the API key' });
		expect(error?.context.charge).toEqual({ taskId: 'video_1' });
		expect(error?.description).toContain('The task was in progress at the last check.');
		expect(elapsedMs).toBeLessThanOrEqual(10.5 * MINUTE);
	});

	test('HTTP 401 that ended one of two suspended waits is explained when both are over', async () => {
		const { items } = await suspend(
			{ options: { timeout: '={{ $json.timeout }}' } },
			{
				input: [{ json: { prompt: 'one', timeout: 2 } }, { json: { prompt: 'two', timeout: 30 } }],
				settings: CONTINUE,
				whileSuspended: () =>
					sandbox.faults.add({ on: 'check', prompt: 'one', times: Infinity, answer: HTTP_401 }),
			},
		);
		expect(errorOf(items[0] as INodeExecutionData)).toMatchObject({
			message: 'OctopusX did not accept the API key',
			description: startingWith(
				{ taskId: 'video_1' },
				'OctopusX knows the key, and it has quota left',
			),
			task_id: 'video_1',
		});
		expect(items[1]?.json.status).toBe('completed');
	});

	test('a task with an unknown status whose verdict is FAILURE fails a suspended execution', async () => {
		const unknownStatus = { status: 200, body: { id: 'video_1', status: 'unrecognized' } };
		const data = { status: 'FAILURE', fail_reason: 'out of memory', quota: 0 };
		const { error, elapsedMs } = await suspend(
			{},
			{
				input: inputOf('one'),
				whileSuspended: () => {
					sandbox.faults.add({ on: 'check', times: Infinity, answer: unknownStatus });
					sandbox.faults.add({
						on: 'verdict',
						times: Infinity,
						answer: { status: 200, body: { code: 'success', data } },
					});
				},
			},
		);
		expect(error?.message).toBe('The video could not be generated');
		expect(error?.description).toContain('"out of memory"');
		expect(error?.context.charge).toEqual({ taskId: 'video_1', refund: 'given' });
		expect(elapsedMs).toBeLessThan(3 * MINUTE);
	});

	test('videos that take 5 minutes and 13 hours are both downloaded, although video URLs expire after 12 hours', async () => {
		const { items } = await suspend(
			{ downloadVideo: true, options: { timeout: 1_440 } },
			{
				input: inputOf('short', 'long'),
				whileSuspended: () => {
					const long = sandbox.tasks.find(({ request }) => request.prompt === 'long');
					if (long) long.durationMs = 13 * 60 * MINUTE;
				},
			},
		);
		expect(items.map(({ json, binary }) => [json.status, binary?.data?.mimeType])).toEqual(
			Array(2).fill(['completed', 'video/mp4']),
		);
		const [signature] = String(items[0]?.json.video_url).match(/\d+$/) ?? [];
		expect(Number(signature)).toBeGreaterThan(
			Number(sandbox.tasks[0]?.createdAt) + 12 * 60 * MINUTE,
		);
	});

	test('the error of a suspended execution lists tasks and unanswered submissions', async () => {
		sandbox.faults.add({ on: 'submit', prompt: 'one', accept: true, answer: 'reset' });
		const { error } = await suspend({}, { input: inputOf('one', 'two') });
		expect(error?.description).toContain('video 2: video_2 (completed)');
		// The error does not mention Retry, which submits nothing again here.
		expect(error?.description).toContain(
			'Submissions without an answer, which may have been charged: video 1.',
		);
	});

	test('the error of a suspended execution lists an unanswered submission even if Retry On Fail submitted the item again', async () => {
		for (const prompt of ['one', 'two [failed]']) {
			sandbox.faults.add({ on: 'submit', prompt, accept: true, answer: 'reset' });
		}
		const settings = { retryOnFail: true, maxTries: 2, waitBetweenTries: 10 };
		const { error } = await suspend({}, { input: inputOf('one', 'two [failed]'), settings });
		expect(error?.message).toBe('1 of 2 videos could not be generated');
		expect(error?.description).toContain(
			'Submissions without an answer, which may have been charged: video 1, video 2.',
		);
	});

	test('a suspended execution loses no video when some checks get HTTP 429', async () => {
		const { items, elapsedMs } = await suspend(
			{ options: { maxConcurrency: 5 } },
			{
				input: inputOf(...Array<string>(30).fill('x')),
				settings: CONTINUE,
				whileSuspended: () => {
					sandbox.faults.clear();
					sandbox.faults.add({ on: 'check', nth: 21, times: Infinity, answer: { status: 429 } });
				},
			},
		);
		expect(items.map(({ json }) => json.status)).toEqual(Array(30).fill('completed'));
		expect(elapsedMs).toBeLessThan(10 * MINUTE);
	});

	test('HTTP 502 at Timeout (Minutes) does not make n8n resume the checking execution forever', async () => {
		const { items, resumed } = await suspend(
			{ options: { maxConcurrency: 1, timeout: 3 } },
			{
				input: inputOf('one', 'two', 'three'),
				settings: CONTINUE,
				whileSuspended: failChecksFrom(0),
			},
		);
		expect(items.map((item) => errorOf(item).message)).toEqual(
			Array(3).fill('The video was not ready in time'),
		);
		expect(resumed).toBeLessThan(6);
	});

	test('a completed video that the API later reports as expired stays completed', async () => {
		sandbox.durationMs = 90_000;
		const body = { id: 'video_1', task_id: 'video_1', status: 'expired', progress: 0 };
		const { items } = await suspend(
			{ options: { timeout: 6 } },
			{
				input: inputOf('one', 'two [never]'),
				settings: CONTINUE,
				whileSuspended: (times, child) => {
					// What n8n would pass on after a crash contains both items, even after one is completed.
					expect(lastRunOf(child, CHECKING).data?.main?.[0]).toHaveLength(2);
					if (times !== 3) return;
					const answer = { status: 200, body };
					sandbox.faults.add({ on: 'check', prompt: 'one', times: Infinity, answer });
				},
			},
		);
		expect(items[0]?.json).toMatchObject({ task_id: 'video_1', status: 'completed' });
	});

	test('an HTTP 200 response that contains our internal key does not make the checks continue forever', async () => {
		let checkCount = 0;
		const node = nodeWithContext((context) => {
			if (context.getNode().name === CHECKING && ++checkCount > 5)
				throw new Error('Checks forever');
			return {};
		});
		const body = { id: 'video_1', status: 'completed', octopusXSuspended: { parent: 'x' } };
		sandbox.faults.add({ on: 'check', times: Infinity, answer: { status: 200, body } });
		const { items, error } = await suspend({ simplify: false }, { input: inputOf('one'), node });
		expect(error).toBeUndefined();
		expect(items[0]?.json).toMatchObject({ task_id: 'video_1', status: 'completed' });
		expect(checkCount).toBe(2);
	});
});

describeIfCanSuspend('faults of n8n during checks', () => {
	test('a credential that n8n fails to read once is read again at the next check', async () => {
		let failsNext = false;
		const node = nodeWithContext((context) => ({
			getCredentials: async <T extends object>(type: string) => {
				if (!failsNext) return await context.getCredentials<T>(type);
				failsNext = false;
				throw new Error('vault: connection timeout');
			},
		}));
		const { items } = await suspend(
			{},
			{
				input: inputOf('one', 'two'),
				node,
				whileSuspended: (times) => (failsNext = times === 2),
			},
		);
		expect(items.map(({ json }) => json.status)).toEqual(['completed', 'completed']);
	});

	test('a database error while loading the suspended execution does not end the checks', async () => {
		const { items } = await suspend(
			{},
			{
				input: inputOf('one'),
				parent: () => {
					throw new Error('no connection');
				},
			},
		);
		expect(items[0]?.json).toMatchObject({ status: 'completed' });
	});
});

import { parse, stringify } from 'flatted';
import type {
	IConnections,
	IDataObject,
	IExecuteFunctions,
	INode,
	INodeExecutionData,
	INodeParameters,
	INodeType,
	IRun,
} from 'n8n-workflow';
import { chargeSentence } from '../../nodes/OctopusXVideo/api/errors';
import { CONTINUE, GENERATE_EACH, inputOf } from './support/inputs';
import { NODE_TYPE, TRIGGER_TYPE } from './support/nodeTypes';
import { NODE, runNodeVirtually, type NodeSetup } from './support/runNode';
import { moveBinary, runWorkflow, storeBinary } from './support/runWorkflow';
import { describeIfCanSuspend, suspendingOn } from './support/suspending';
import { onVirtualTime } from './support/virtualTime';
import { loggingNode, nodeWithContext } from './support/nodeWithContext';
import { useSandbox } from './support/useSandbox';

const RETRY: Partial<INode> = { retryOnFail: true, maxTries: 3, waitBetweenTries: 1_000 };
const forbidden = { status: 403, body: { error: { message: 'no', code: '' } } };

const sandbox = useSandbox({ durationMs: 20_000 });
let lines: string[];
beforeEach(() => {
	lines = [];
});

async function run(parameters: INodeParameters = {}, setup: NodeSetup = {}) {
	return await runNodeVirtually(
		sandbox,
		{ ...GENERATE_EACH, ...parameters },
		{ node: loggingNode(lines), ...setup },
	);
}
const bill = () => sandbox.tasks.map(({ request }) => request.prompt);

describe('Retry On Fail', () => {
	test('Retry On Fail waits for the tasks that were already charged and does not submit them again', async () => {
		sandbox.faults.add({ on: 'check', prompt: 'one', times: 2, answer: forbidden });
		const { items } = await run({}, { settings: RETRY, input: inputOf('one', 'two') });
		expect(bill()).toEqual(['one', 'two']);
		expect(items.map(({ json }) => json.task_id)).toEqual(['video_1', 'video_2']);
		const line =
			'OctopusX: item 0 continues with task video_1 of an earlier run, which is not charged again';
		expect(lines.filter((one) => one.includes('item 0 continues'))).toEqual([
			`${line} {"item":0,"taskId":"video_1"}`,
		]);
	});

	test('Retry On Fail waits for the same task again after the Timeout', async () => {
		const options = { timeout: 0.2 };
		const { items } = await run({ options }, { settings: RETRY, input: inputOf('one') });
		expect(bill()).toEqual(['one']);
		expect(items[0]?.json).toMatchObject({ task_id: 'video_1', status: 'completed' });
	});

	test('Retry On Fail retries only the download after a failed download', async () => {
		sandbox.faults.add({ on: 'file', times: 5, answer: { status: 404 } });
		sandbox.faults.add({ on: 'content', times: Infinity, answer: { status: 404 } });
		const { items } = await run(
			{ downloadVideo: true },
			{ settings: { ...RETRY, maxTries: 5 }, input: inputOf('one') },
		);
		sandbox.faults.clear();
		expect(bill()).toEqual(['one']);
		expect(items).toEqual([]);
		expect(sandbox.requestsTo('file')).toHaveLength(5);
	});

	test.each(['failed', 'cancelled'])(
		'Retry On Fail submits only a %s task again',
		async (ending) => {
			const { items } = await run(
				{},
				{ settings: RETRY, input: inputOf(`one [${ending}]`, 'two') },
			);
			expect(items).toEqual([]);
			expect(bill().sort()).toEqual([...Array(3).fill(`one [${ending}]`), 'two']);
		},
	);

	test('Retry On Fail submits a task again that failed between two attempts', async () => {
		sandbox.durationMs = 5_500;
		sandbox.faults.add({ on: 'check', answer: forbidden });
		await run({}, { settings: RETRY, input: inputOf('one [failed]') });
		expect(bill()).toEqual(Array(3).fill('one [failed]'));
		expect(lines.join('\n')).not.toContain('continues with task');
	});

	test('Retry On Fail checks the charged task until the Timeout, and no longer', async () => {
		sandbox.faults.add({ on: 'check', times: Infinity, answer: { status: 502 } });
		const { error, elapsedMs } = await run(
			{ options: { timeout: 1 } },
			{ settings: { ...RETRY, maxTries: 2 }, input: inputOf('one') },
		);
		expect(elapsedMs).toBe(60_000 + 1_000 + 60_000);
		expect(error?.context.charge).toEqual({ taskId: 'video_1' });
	});

	test('each try after a lost answer warns about the request, and calls no submission unclaimed', async () => {
		sandbox.faults.add({ on: 'submit', times: 3, accept: true, answer: 'reset' });
		const { error } = await run({}, { settings: RETRY, input: inputOf('one') });
		expect(bill()).toEqual(['one', 'one', 'one']);
		expect(lines.filter((one) => one.includes('may be charged twice'))).toHaveLength(2);
		expect(lines.join('\n')).not.toContain('No item of this run asks for the same video');
		expect(error?.description).not.toContain('did not send it again');
	});

	test('a task that was charged in addition, because an answer came late, is in the log and in a hint', async () => {
		sandbox.durationMs = 8_000;
		sandbox.faults.add({ on: 'submit', answer: 'hang' });
		const { items, run: execution } = await run(
			{ options: { timeout: 0.2 } },
			{
				settings: RETRY,
				input: inputOf('one'),
				onStart: () => void setTimeout(() => sandbox.release(), 14_000),
				onMessage: () => {},
				mode: 'manual',
			},
		);
		expect(bill()).toEqual(['one', 'one']);
		const other = sandbox.tasks.find(({ id }) => id !== items[0]?.json.task_id)?.id;
		const extra = `Charged in addition, because an answer came late: ${other} (video 1). Get Status fetches such a video.`;
		expect(lines.join('\n')).toContain(`OctopusX: ${extra}`);
		expect(JSON.stringify(execution.data)).toContain(extra);
	});

	test('Retry On Fail without Wait Until Completed outputs the tasks that were already charged', async () => {
		sandbox.faults.add({ on: 'submit', prompt: 'two', answer: forbidden });
		const { items } = await run(
			{ waitForCompletion: false },
			{ settings: RETRY, input: inputOf('one', 'two') },
		);
		expect(bill()).toEqual(['one', 'two']);
		expect(items.map(({ json }) => json.task_id)).toEqual(['video_1', 'video_2']);
	});

	test('Retry On Fail logs a warning before a submission that may be charged twice', async () => {
		sandbox.faults.add({ on: 'submit', accept: true, answer: 'reset' });
		const { items } = await run({}, { settings: RETRY, input: inputOf('one') });
		expect(bill()).toEqual(['one', 'one']);
		expect(items[0]?.json).toMatchObject({ task_id: 'video_2' });
		expect(lines[1]).toContain(
			'an earlier submission for item 0 may have been charged; submitting it again may be charged twice {"item":0}',
		);
	});

	test('a submission that may have been charged is still reported after rejected attempts and in a retried execution', async () => {
		sandbox.faults.add({ on: 'submit', nth: 1, accept: true, answer: 'reset' });
		sandbox.faults.add({ on: 'submit', nth: 2, times: 2, answer: forbidden });
		const first = await run({}, { settings: RETRY, input: inputOf('one') });
		expect(first.error?.description).toContain('a retry sends again: video 1');
		lines = [];
		await run({}, { retryOf: first.run, node: loggingNode(lines) });
		expect(lines[0]).toContain('submitting it again may be charged twice');
	});

	test('the error after Retry On Fail does not name a failed task when a later submission may have been charged', async () => {
		sandbox.faults.add({ on: 'submit', nth: 2, accept: true, answer: 'reset' });
		const { items } = await run(
			{},
			{ settings: { ...RETRY, maxTries: 2, ...CONTINUE }, input: inputOf('one [failed]') },
		);
		expect(items[0]?.json.error).not.toHaveProperty('task_id');
		expect(JSON.stringify(items[0]?.json.error)).toContain(chargeSentence('maybe'));
	});

	test.each([
		['Stop Workflow', {}],
		['Continue', CONTINUE],
	])(
		'a Stop during Retry On Fail with On Error: %s lists the charged tasks',
		async (_policy, more) => {
			const { items, error } = await run(
				{},
				{
					settings: { ...RETRY, ...more },
					input: inputOf('one', 'two'),
					onStart: (it) => void setTimeout(() => it.cancel(), 7_000),
				},
			);
			const text = JSON.stringify([items, error?.description]);
			expect(text).toContain('video_1');
			expect(text).toContain('video_2');
			expect(text).not.toContain(chargeSentence('none'));
			expect(bill()).toEqual(['one', 'two']);
		},
	);

	test('Retry On Fail logs the earlier task once when the request differs at each attempt', async () => {
		const options = { additionalFields: '={{ ({ seed: Math.random() }) }}' };
		sandbox.faults.add({ on: 'check', times: 2, answer: forbidden });
		await run({ options }, { settings: RETRY, input: inputOf('one') });
		expect(bill()).toEqual(['one', 'one', 'one']);
		expect(lines.filter((line) => line.includes('no item of this run continues'))).toEqual(
			['video_1', 'video_2'].map((taskId) =>
				expect.stringContaining(`task ${taskId} of an earlier`),
			),
		);
	});

	test('a Stop just before a changed request is submitted prevents the submission', async () => {
		const options = { additionalFields: '={{ ({ seed: Math.random() }) }}' };
		let stop = () => {};
		const warn = (line: string) => void (line.includes('no item of this run continues') && stop());
		const quiet = () => {};
		const logger = { debug: quiet, info: quiet, warn, error: quiet };
		const node = nodeWithContext(() => ({ logger }));
		sandbox.faults.add({ on: 'check', answer: forbidden });
		const { run: stopped } = await run(
			{ options },
			{
				node,
				settings: { ...RETRY, maxTries: 2 },
				input: inputOf('one'),
				onStart: (it) => (stop = () => it.cancel()),
			},
		);
		expect(stopped.status).toBe('canceled');
		expect(bill()).toEqual(['one']);
	});

	test('Retry On Fail logs a warning about a possible second charge even if the request differs at each attempt', async () => {
		const options = { additionalFields: '={{ ({ seed: Math.random() }) }}' };
		sandbox.faults.add({ on: 'submit', accept: true, answer: 'reset' });
		await run({ options }, { settings: RETRY, input: inputOf('one') });
		expect(lines.join('\n')).toContain('a changed one may be charged as well');
	});

	test('with On Error: Continue, nothing is charged twice when n8n retries because the first item has an error', async () => {
		sandbox.faults.add({ on: 'check', prompt: 'one', answer: forbidden });
		const { items } = await run(
			{},
			{ settings: { ...RETRY, ...CONTINUE }, input: inputOf('one', 'two') },
		);
		expect(bill()).toEqual(['one', 'two']);
		expect(items.map(({ json }) => json.status)).toEqual(['completed', 'completed']);
	});

	test('Retry On Fail does not submit a task again that the API no longer knows', async () => {
		const answer = { status: 400, body: { code: 'task_not_exist', message: 'task_not_exist' } };
		sandbox.faults.add({ on: 'check', times: Infinity, answer });
		const { error } = await run({}, { settings: RETRY, input: inputOf('one') });
		expect(bill()).toEqual(['one']);
		expect(error?.message).toBe('OctopusX does not know this task');
		expect(error?.description).toContain('video_1');
	});
});

describe('Retry execution', () => {
	test('Retry execution waits for the charged tasks and submits only the rejected request again', async () => {
		sandbox.faults.add({ on: 'check', prompt: 'one', times: 1, answer: forbidden });
		sandbox.faults.add({ on: 'submit', prompt: 'three', answer: forbidden });
		const input = inputOf('one', 'two', 'three');
		const first = await run({}, { input });
		expect(first.error?.description).toContain('video_1');

		const second = await run({}, { retryOf: first.run });
		expect(second.items.map(({ json }) => json.status)).toEqual(Array(3).fill('completed'));
		expect(bill()).toEqual(['one', 'two', 'three']);
	});

	test('Retry execution after a Stop continues with the running tasks', async () => {
		const first = await run(
			{},
			{ input: inputOf('one', 'two'), onStart: (it) => void setTimeout(() => it.cancel(), 7_000) },
		);
		expect(first.run.status).toBe('canceled');
		const second = await run({}, { retryOf: first.run });
		expect(second.items.map(({ json }) => json.task_id)).toEqual(['video_1', 'video_2']);
		expect(bill()).toEqual(['one', 'two']);
	});

	test('Retry execution submits a changed request as a new one', async () => {
		sandbox.faults.add({ on: 'check', times: 1, answer: forbidden });
		const first = await run({}, { input: inputOf('one') });
		await run({ seconds: 9 }, { retryOf: first.run });
		expect(sandbox.tasks.map(({ request }) => request.seconds)).toEqual(['8', '9']);
	});

	test.each([
		['in n8n’s storage', async (bytes: Buffer) => await storeBinary(bytes, 'image/png')],
		[
			'inside the item',
			async (bytes: Buffer) => ({ data: bytes.toString('base64'), mimeType: 'image/png' }),
		],
	])(
		'Retry execution submits again when a file %s has changed but kept its name',
		async (_where, keep) => {
			const input = async (content: string) => [
				{ json: { prompt: 'one' }, binary: { data: await keep(Buffer.from(content)) } },
			];
			const parameters = { mode: 'firstFrame', firstFrameSource: 'binary' };
			sandbox.faults.add({ on: 'check', times: 1, answer: forbidden });
			const first = await run(parameters, { input: await input('a') });
			const stack = first.run.data.executionData?.nodeExecutionStack[0];
			expect(stack?.node.name).toBe(NODE);
			if (stack) stack.data.main = [await input('b')];
			await run(parameters, { retryOf: first.run });
			expect(bill()).toEqual(['one', 'one']);
		},
	);
});

/**
 * Runs a workflow in which the error output of the node leads back to it, with nodes in between.
 * Resumes it whenever it is suspended.
 */
async function runLoop(
	parameters: INodeParameters,
	{ input = inputOf('one'), between = [], retryOf }: LoopSetup = {},
): Promise<IRun> {
	const at = { typeVersion: 1, position: [0, 0] as [number, number] };
	const path = ['Start', NODE, ...between, NODE];
	const to = (node: string) => ({ node, type: 'main', index: 0 }) as const;
	const connections: IConnections = { Start: { main: [[to(NODE)]] } };
	connections[NODE] = { main: [[], [to(String(path[2]))]] };
	for (const [n, name] of between.entries()) {
		connections[name] = { main: [[to(String(path[n + 3]))]] };
	}
	const runOrResume = async (resumeOf?: IRun) =>
		await runWorkflow({
			workflow: {
				nodes: [
					{ ...at, id: 'start', name: 'Start', type: TRIGGER_TYPE, parameters: {} },
					{
						...at,
						id: 'video',
						name: NODE,
						type: NODE_TYPE,
						parameters: { ...GENERATE_EACH, ...parameters },
						credentials: { octopusXApi: { id: '1', name: 'OctopusX' } },
						onError: 'continueErrorOutput',
					},
					...between.map((name) => ({ ...at, id: name, name, type: name, parameters: {} })),
				],
				connections,
			},
			input,
			node: loggingNode(lines),
			otherNodes: { wait: waitNode, edit: editNode },
			credential: { apiKey: sandbox.apiKey, baseUrl: sandbox.url },
			resumeOf,
			retryOf,
		});
	const { result } = await onVirtualTime(sandbox, async () => {
		let done = await runOrResume();
		while (done.waitTill) done = await runOrResume(copyOf(done));
		return done;
	});
	return result;
}

interface LoopSetup {
	input?: INodeExecutionData[];
	/** The types of the nodes in between: `wait` and `edit`. */
	between?: string[];
	retryOf?: IRun;
}

const description = {
	displayName: 'Test',
	name: 'test',
	group: ['transform'],
	version: 1,
	description: '',
	defaults: { name: 'Test' },
	inputs: ['main'],
	outputs: ['main'],
	properties: [],
};

/** A node that suspends the execution, as n8n's Wait does for more than a minute. */
const waitNode = {
	description,
	async execute(this: IExecuteFunctions) {
		await this.putExecutionToWait(new Date());
		return [this.getInputData()];
	},
} as unknown as INodeType;

/** A node that drops everything but the prompt, as Edit Fields does by default. */
const editNode = {
	description,
	async execute(this: IExecuteFunctions) {
		return [this.getInputData().map(({ json }) => ({ json: { prompt: json.prompt } }))];
	},
} as unknown as INodeType;

const copyOf = <T>(value: T) => parse(stringify(value)) as T;
const turnsOf = ({ data }: IRun) => data.resultData.runData[NODE] ?? [];
const outputOf = (done: IRun) => turnsOf(done).at(-1)?.data?.main?.[0] ?? [];

describe('a loop from the error output back to the node', () => {
	const options = { timeout: 0.1 };

	test.each([
		['that leads straight back', []],
		['through a node that drops json.error', ['edit']],
	])(
		'a loop from the error output %s continues with the task that timed out',
		async (_way, between) => {
			const done = await runLoop({ options }, { between });
			expect(turnsOf(done)).toHaveLength(4);
			expect(bill()).toEqual(['one']);
			expect(outputOf(done)[0]?.json).toMatchObject({ task_id: 'video_1', status: 'completed' });
			expect(lines.join('\n')).toContain('item 0 continues with task video_1');
		},
	);

	test('a loop from the error output continues with the same task each time n8n resumes it after a Wait', async () => {
		const done = await runLoop({ options }, { between: ['wait'] });
		expect(turnsOf(done)).toHaveLength(4);
		expect(bill()).toEqual(['one']);
		expect(outputOf(done)[0]?.json).toMatchObject({ status: 'completed' });
	});

	test('a loop from the error output continues with the task of an item that has its First Frame as a file', async () => {
		const data = await storeBinary(Buffer.from('a'), 'image/png');
		const done = await runLoop(
			{ mode: 'firstFrame', firstFrameSource: 'binary', options },
			{ input: [{ json: { prompt: 'one' }, binary: { data } }] },
		);
		expect(turnsOf(done)).toHaveLength(4);
		expect(bill()).toEqual(['one']);
		expect(outputOf(done)[0]?.json).toMatchObject({ task_id: 'video_1', status: 'completed' });
	});

	test('a loop from the error output retries only a download that failed', async () => {
		sandbox.faults.add({ on: 'file', times: 2, answer: { status: 404 } });
		sandbox.faults.add({ on: 'content', times: 2, answer: { status: 404 } });
		const done = await runLoop({ downloadVideo: true });
		expect(bill()).toEqual(['one']);
		expect(outputOf(done)[0]?.binary).toHaveProperty('data');
	});

	test('a loop from the error output submits a failed task again', async () => {
		sandbox.faults.add({ on: 'check', nth: 1, answer: { ending: 'failed' } });
		const done = await runLoop({});
		expect(bill()).toEqual(['one', 'one']);
		expect(outputOf(done)[0]?.json).toMatchObject({ task_id: 'video_2' });
	});

	test('a loop from the error output matches items that have the same request by the task ID in each item', async () => {
		sandbox.durationMs = 8_000;
		sandbox.faults.add({ on: 'check', prompt: 'one', nth: 1, answer: forbidden });
		const input = ['first', 'second'].map((name) => ({ json: { prompt: 'one', name } }));
		const done = await runLoop({}, { input });
		const [failedItem] = turnsOf(done)[0]?.data?.main?.[1] ?? [];
		const error = failedItem?.json.error as IDataObject;
		expect(error.task_id).toMatch(/^video_/);
		expect(outputOf(done)[0]?.json.task_id).toBe(error.task_id);
		expect(bill()).toEqual(['one', 'one']);
	});

	test('a loop whose runs all succeed makes a new video in every run', async () => {
		const { run: twice } = await run({}, { input: inputOf('one'), connectTwice: true });
		expect(turnsOf(twice)).toHaveLength(2);
		expect(bill()).toEqual(['one', 'one']);
		expect(lines.join('\n')).not.toContain('earlier run');
	});
});

test('a new execution with the same input is charged again, even if the task of the first one is still running', async () => {
	sandbox.faults.add({ on: 'check', times: 1, answer: forbidden });
	await run({}, { input: inputOf('one') });
	const second = await run({}, { input: inputOf('one') });
	expect(second.items[0]?.json).toMatchObject({ task_id: 'video_2' });
	expect(bill()).toEqual(['one', 'one']);
	expect(lines.join('\n')).not.toContain('continues with task');
});

test('two items with the same prompt get a video each, and Retry continues with both', async () => {
	sandbox.faults.add({ on: 'check', times: 2, answer: forbidden });
	const first = await run({}, { input: inputOf('one', 'one') });
	const second = await run({}, { retryOf: first.run });
	expect(second.items.map(({ json }) => json.task_id).sort()).toEqual(['video_1', 'video_2']);
	expect(bill()).toEqual(['one', 'one']);
});

test('a task that timed out is claimed by a later item with the same request', async () => {
	const { items } = await run(
		{ options: { timeout: 0.2, maxConcurrency: 1 } },
		{ input: inputOf('one'), connectTwice: true, settings: CONTINUE },
	);
	expect(bill()).toEqual(['one']);
	expect(items[0]?.json).toMatchObject({ task_id: 'video_1', status: 'completed' });
});

test.each([
	['is claimed by the next run with the same request', 605, ['video_2', 'video_1'], 2],
	['has no effect if it arrives after its item was returned', 700, ['video_2', 'video_3'], 3],
])(
	'a task ID that arrives after its item was submitted again %s (after %d s)',
	async (_what, seconds, ids, charged) => {
		sandbox.faults.add({ on: 'submit', nth: 1, accept: true, answer: 'hang' });
		const { run: twice } = await run(
			{},
			{
				settings: { ...RETRY, maxTries: 2 },
				input: inputOf('one'),
				connectTwice: true,
				onStart: () => void setTimeout(() => sandbox.release(), seconds * 1_000),
			},
		);
		const outputs = turnsOf(twice).map(({ data }) => data?.main?.[0]?.[0]?.json.task_id);
		expect(outputs).toEqual(ids);
		expect(bill()).toHaveLength(charged);
		expect(lines.filter((line) => line.includes('may be charged twice'))).toHaveLength(1);
	},
);

describe('files in the request', () => {
	const parameters = { mode: 'firstFrame', firstFrameSource: 'binary' };

	test.each(['dataUri', 'upload'])(
		'Retry continues after n8n has moved the file of a webhook (Send Files As: %s)',
		async (sendBinaryAs) => {
			const stored = await storeBinary(Buffer.from('a'), 'image/png', 'temp');
			sandbox.faults.add({ on: 'check', times: 1, answer: forbidden });
			const first = await run(
				{ ...parameters, options: { sendBinaryAs } },
				{ input: [{ json: { prompt: 'one' }, binary: { data: stored } }] },
			);
			const movedTo = await moveBinary(stored, '1');
			expect(movedTo).not.toBe(stored.id);
			const saved = JSON.parse(
				JSON.stringify(first.run).replaceAll(String(stored.id), movedTo),
			) as IRun;
			const second = await run({ ...parameters, options: { sendBinaryAs } }, { retryOf: saved });
			expect(second.items[0]?.json).toMatchObject({ task_id: 'video_1' });
			expect(bill()).toEqual(['one']);
		},
	);
});

describe('a suspended execution', () => {
	const suspend = suspendingOn(sandbox, {}, inputOf('one'));

	describeIfCanSuspend('once a checking execution waits', () => {
		test('the task of a suspended execution is not claimed by a later run with the same request', async () => {
			const { run: done } = await suspend({}, { node: loggingNode(lines) });
			expect(memoryOf(done).entries).toEqual([
				{
					hash: expect.any(String),
					taskId: 'video_1',
					requestId: expect.any(String),
					isSuspended: true,
				},
			]);
		});

		test('the task of a suspended execution is claimed by an item that contains its ID', async () => {
			const { run: done } = await suspend({ options: { timeout: 0.1 } }, { settings: CONTINUE });
			const entry = { ...memoryOf(done).entries[0] } as IDataObject;
			const input = [{ json: { prompt: 'one', error: { task_id: entry.taskId } } }];
			const again = await run({}, { input, memory: { octopusXTasks: { entries: [entry] } } });
			expect(again.items[0]?.json).toMatchObject({ task_id: 'video_1' });
			const other = await run(
				{},
				{ input: inputOf('one'), memory: { octopusXTasks: { entries: [entry] } } },
			);
			expect(other.items[0]?.json).toMatchObject({ task_id: 'video_2' });
		});
	});
});

interface Memory {
	entries: IDataObject[];
}

const memoryOf = ({ data }: IRun) =>
	(data.executionData?.contextData[`node:${NODE}`] as IDataObject)
		.octopusXTasks as unknown as Memory;

test('the data kept for a retry is small and contains no API key, prompt or file', async () => {
	const data = { data: Buffer.alloc(100_000).toString('base64'), mimeType: 'image/png' };
	const input = Array.from({ length: 3 }, () => ({
		json: { prompt: 'a very secret prompt' },
		binary: { data },
	}));
	const { run: done } = await run({ mode: 'firstFrame', firstFrameSource: 'binary' }, { input });
	const hash = expect.stringMatching(/^[0-9a-f]{32}$/);
	expect(done.data.executionData?.contextData[`node:${NODE}`]).toEqual({
		octopusXTasks: {
			entries: ['video_1', 'video_2', 'video_3'].map((taskId) => ({
				hash,
				taskId,
				deliveredIn: 0,
				requestId: expect.any(String),
			})),
		},
	});
});

import type { IDataObject, INode, INodeParameters } from 'n8n-workflow';
import { CONTINUE, GENERATE_EACH, inputOf } from './support/inputs';
import { NODE, runNodeVirtually, type NodeSetup } from './support/runNode';
import { storeBinary } from './support/runWorkflow';
import { loggedNode, watchedNode } from './support/watchedNode';
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
		{ node: loggedNode(lines), ...setup },
	);
}
const bill = () => sandbox.tasks.map(({ request }) => request.prompt);

describe('Retry On Fail', () => {
	test('Retry On Fail waits for the tasks that were already charged and does not submit again', async () => {
		sandbox.faults.add({ on: 'poll', prompt: 'one', times: 2, answer: forbidden });
		const { items } = await run({}, { settings: RETRY, input: inputOf('one', 'two') });
		expect(bill()).toEqual(['one', 'two']);
		expect(items.map(({ json }) => json.task_id)).toEqual(['video_1', 'video_2']);
		const line = 'OctopusX task video_1 taken up again for item 0, not charged again';
		expect(lines.filter((one) => one.includes('for item 0, not charged again'))).toEqual([
			`${line} {"item":0,"taskId":"video_1"}`,
		]);
	});

	test('Retry On Fail waits for the same task again after the Timeout', async () => {
		const options = { timeout: 0.2 };
		const { items } = await run({ options }, { settings: RETRY, input: inputOf('one') });
		expect(bill()).toEqual(['one']);
		expect(items[0]?.json).toMatchObject({ task_id: 'video_1', status: 'completed' });
	});

	test('Retry On Fail repeats only the download after a failed download', async () => {
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

	test('Retry On Fail submits a task again that failed between two tries', async () => {
		sandbox.durationMs = 5_500;
		sandbox.faults.add({ on: 'poll', answer: forbidden });
		await run({}, { settings: RETRY, input: inputOf('one [failed]') });
		expect(bill()).toEqual(Array(3).fill('one [failed]'));
		expect(lines.join('\n')).not.toContain('taken up again');
	});

	test('Retry On Fail checks the charged task until the Timeout, and no longer', async () => {
		sandbox.faults.add({ on: 'poll', times: Infinity, answer: { status: 502 } });
		const { error, elapsedMs } = await run(
			{ options: { timeout: 1 } },
			{ settings: { ...RETRY, maxTries: 2 }, input: inputOf('one') },
		);
		expect(elapsedMs).toBe(60_000 + 1_000 + 60_000);
		expect(error?.description).toContain('item 0: video_1');
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

	test('Retry On Fail logs a warning before it may be charged twice', async () => {
		sandbox.faults.add({ on: 'submit', accept: true, answer: 'reset' });
		const { items } = await run({}, { settings: RETRY, input: inputOf('one') });
		expect(bill()).toEqual(['one', 'one']);
		expect(items[0]?.json).toMatchObject({ task_id: 'video_2' });
		expect(lines[1]).toContain(
			'an earlier try for item 0 may have been charged; submitting it again may be charged twice {"item":0}',
		);
	});

	test('a submission that may have been charged is still reported after rejected tries and in a retried execution', async () => {
		sandbox.faults.add({ on: 'submit', nth: 1, accept: true, answer: 'reset' });
		sandbox.faults.add({ on: 'submit', nth: 2, times: 2, answer: forbidden });
		const first = await run({}, { settings: RETRY, input: inputOf('one') });
		expect(first.error?.description).toContain('a retry sends again: item 0');
		lines = [];
		await run({}, { retryOf: first.run, node: loggedNode(lines) });
		expect(lines[0]).toContain('submitting it again may be charged twice');
	});

	test('the error does not name a failed task when a later submission may have been charged', async () => {
		sandbox.faults.add({ on: 'submit', nth: 2, accept: true, answer: 'reset' });
		const { items } = await run(
			{},
			{ settings: { ...RETRY, maxTries: 2, ...CONTINUE }, input: inputOf('one [failed]') },
		);
		expect(items[0]?.json.error).not.toHaveProperty('task_id');
		expect(JSON.stringify(items[0]?.json.error)).toContain('It may have been charged');
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
			expect(text).not.toContain('Nothing was submitted');
			expect(bill()).toEqual(['one', 'two']);
		},
	);

	test('Retry On Fail logs the earlier task when the request differs at each try', async () => {
		const options = { additionalFields: '={{ ({ seed: Math.random() }) }}' };
		sandbox.faults.add({ on: 'poll', answer: forbidden });
		await run({ options }, { settings: RETRY, input: inputOf('one') });
		expect(bill()).toEqual(['one', 'one']);
		expect(lines.join('\n')).toContain(
			'item 0 asks for another video than before; the earlier task: video_1 {"item":0}',
		);
	});

	test('a Stop just before a changed request is submitted prevents the submission', async () => {
		const options = { additionalFields: '={{ ({ seed: Math.random() }) }}' };
		let stop = () => {};
		const warn = (line: string) => void (line.includes('asks for another video') && stop());
		const quiet = () => {};
		const logger = { debug: quiet, info: quiet, warn, error: quiet };
		const node = watchedNode(() => ({ logger }));
		sandbox.faults.add({ on: 'poll', answer: forbidden });
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

	test('Retry On Fail logs a warning about a possible second charge even if the request differs at each try', async () => {
		const options = { additionalFields: '={{ ({ seed: Math.random() }) }}' };
		sandbox.faults.add({ on: 'submit', accept: true, answer: 'reset' });
		await run({ options }, { settings: RETRY, input: inputOf('one') });
		expect(lines.join('\n')).toContain('submitting it again may be charged twice');
	});

	test('nothing is charged twice when n8n retries because the first item has an error, with On Error: Continue', async () => {
		sandbox.faults.add({ on: 'poll', prompt: 'one', answer: forbidden });
		const { items } = await run(
			{},
			{ settings: { ...RETRY, ...CONTINUE }, input: inputOf('one', 'two') },
		);
		expect(bill()).toEqual(['one', 'two']);
		expect(items.map(({ json }) => json.status)).toEqual(['completed', 'completed']);
	});

	test('a task that the API no longer knows is not submitted again by Retry On Fail', async () => {
		const answer = { status: 400, body: { code: 'task_not_exist', message: 'task_not_exist' } };
		sandbox.faults.add({ on: 'poll', times: Infinity, answer });
		const { error } = await run({}, { settings: RETRY, input: inputOf('one') });
		expect(bill()).toEqual(['one']);
		expect(error?.message).toBe('OctopusX does not know this task');
		expect(error?.description).toContain('video_1');
	});
});

describe('Retry execution', () => {
	test('Retry execution waits for the charged tasks and submits only the rejected request again', async () => {
		sandbox.faults.add({ on: 'poll', prompt: 'one', times: 1, answer: forbidden });
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
		sandbox.faults.add({ on: 'poll', times: 1, answer: forbidden });
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
		'Retry execution submits again for a changed file with the same name, %s',
		async (_where, keep) => {
			const input = async (content: string) => [
				{ json: { prompt: 'one' }, binary: { data: await keep(Buffer.from(content)) } },
			];
			const parameters = { mode: 'firstFrame', firstFrameSource: 'binary' };
			sandbox.faults.add({ on: 'poll', times: 1, answer: forbidden });
			const first = await run(parameters, { input: await input('a') });
			const stack = first.run.data.executionData?.nodeExecutionStack[0];
			expect(stack?.node.name).toBe(NODE);
			if (stack) stack.data.main = [await input('b')];
			await run(parameters, { retryOf: first.run });
			expect(bill()).toEqual(['one', 'one']);
		},
	);
});

test('a second run of the node, as in a loop, is charged for its own videos', async () => {
	// two connections lead to the node, so n8n runs it twice
	const { run: twice } = await run({}, { input: inputOf('one'), reachTwice: true });
	expect(twice.data.resultData.runData[NODE]).toHaveLength(2);
	expect(bill()).toEqual(['one', 'one']);
});

test('the data kept for a retry is small and contains no API key, prompt or file', async () => {
	const data = { data: Buffer.alloc(100_000).toString('base64'), mimeType: 'image/png' };
	const input = Array.from({ length: 3 }, () => ({
		json: { prompt: 'a very secret prompt' },
		binary: { data },
	}));
	const { run: done } = await run({ mode: 'firstFrame', firstFrameSource: 'binary' }, { input });
	const context = done.data.executionData?.contextData[`node:${NODE}`] as IDataObject;
	expect(context).toEqual({
		octopusXTasks: {
			run: 0,
			entries: {
				0: {
					hash: expect.stringMatching(/^[0-9a-f]{32}$/),
					taskIds: ['video_1'],
					unanswered: 0,
				},
				1: { hash: expect.any(String), taskIds: ['video_2'], unanswered: 0 },
				2: { hash: expect.any(String), taskIds: ['video_3'], unanswered: 0 },
			},
		},
	});
});

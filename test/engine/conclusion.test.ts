import type { IDataObject, IExecuteFunctions, INodeExecutionData, INodeType } from 'n8n-workflow';
import { OctopusXVideo } from '../../nodes/OctopusXVideo/OctopusXVideo.node';
import { OctopusXError } from '../../nodes/OctopusXVideo/api/errors';
import { unseenTask, type TaskStatus } from '../../nodes/OctopusXVideo/api/task';
import type { Job } from '../../nodes/OctopusXVideo/job';
import {
	StoppedError,
	type Delivered,
	type Failed,
	type InDoubt,
	type Settled,
} from '../../nodes/OctopusXVideo/run/state/item';
import { conclude } from '../../nodes/OctopusXVideo/run/state/output';
import { CONTINUE, GENERATE } from './support/inputs';
import { NODE, runNode, type NodeSetup } from './support/runNode';
import { lastRunOf } from './support/runWorkflow';
import { useSandbox } from './support/useSandbox';

/** What n8n is told of items that are settled: the node is ours, but its work is done. */

const sandbox = useSandbox();

const job: Job = { source: { taskId: 'x' }, timeoutMs: 1, maxConcurrency: 1 };
const task = (status: TaskStatus, id = 'video_1') => ({ ...unseenTask(id), status });
const delivered = (index: number, more: Partial<Delivered> = {}): Delivered => ({
	state: 'delivered',
	index,
	job,
	task: task('completed', `video_${index}`),
	earlier: { paid: false, inDoubt: false },
	...more,
});
const failed = (index: number, more: Partial<Failed> = {}): Failed => ({
	state: 'failed',
	index,
	error: new OctopusXError('It failed', 'Do this.'),
	...more,
});
const inDoubt = (index: number): InDoubt => ({ ...failed(index), state: 'inDoubt' });
const withTask = (index: number, status: TaskStatus, description = 'Do this.') =>
	failed(index, {
		error: new OctopusXError('It failed', description),
		task: task(status, `video_${index}`),
	});

/** Runs a node that does nothing but conclude with these items. */
async function concludeWith(items: Settled[], setup: NodeSetup = {}, advice?: string) {
	const log: string[] = [];
	class Concluding extends OctopusXVideo {
		override async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
			this.logger.warn = (line) => void log.push(line);
			return [conclude(this, items, advice)];
		}
	}
	const node: INodeType = new Concluding();
	const { run, ...result } = await runNode(sandbox, GENERATE, { ...setup, node });
	return { ...result, log, hints: lastRunOf(run, NODE).hints ?? [] };
}

const RETRY =
	"Fetch the videos with Get Status, or use Retry in n8n's list of executions: it goes on with the tasks that are running or done.";

describe('an output item', () => {
	test.each<[string, Settled, IDataObject]>([
		['a task', delivered(0), { ...task('completed', 'video_0') }],
		[
			'the fields that are asked for, in their order',
			delivered(0, { job: { ...job, outputFields: ['status', 'toString', 'none', 'task_id'] } }),
			{ status: 'completed', task_id: 'video_0' },
		],
		['an error', failed(0), { error: { message: 'It failed', description: 'Do this.' } }],
		[
			'an error without a description',
			failed(0, { error: new Error('It failed') }),
			{ error: { message: 'It failed' } },
		],
		[
			'an error with its task',
			failed(0, { task: { ...task('completed'), video_url: 'https://a.test/' } }),
			{
				error: {
					message: 'It failed',
					description: 'Do this.',
					task_id: 'video_1',
					status: 'completed',
					video_url: 'https://a.test/',
				},
			},
		],
		[
			'an error in Test Mode',
			failed(0, { isTest: true }),
			{ error: { message: 'It failed', description: 'Do this.', test: true } },
		],
	])('holds %s', async (_what, item, json) => {
		const { items } = await concludeWith([item], { settings: CONTINUE });
		expect(items).toHaveLength(1);
		expect(items[0]?.json).toStrictEqual(json);
		expect(Object.keys(items[0]?.json ?? {})).toEqual(Object.keys(json));
		expect(items[0]?.pairedItem).toEqual({ item: 0 });
	});

	test('brings its file', async () => {
		const binary = { data: { data: 'aGk=', mimeType: 'video/mp4' } };
		const { items } = await concludeWith([delivered(0, { binary })]);
		expect(items[0]?.binary).toEqual(binary);
	});
});

describe('the error of a run', () => {
	test.each<[string, Settled[], string]>([
		['one item', [failed(0)], 'Do this.'],
		[
			'an error without a description',
			[failed(0, { error: new Error('It failed'), task: task('queued') })],
			`Tasks of this run: item 0: video_1 (queued). ${RETRY}`,
		],
		[
			'tasks that can be fetched',
			[withTask(0, 'failed'), delivered(1), withTask(2, 'queued')],
			`Do this. Tasks of this run: item 0: video_0 (failed), item 1: video_1 (completed), item 2: video_2 (queued). ${RETRY}`,
		],
		[
			'tasks that cannot',
			[withTask(0, 'failed'), withTask(1, 'cancelled')],
			'Do this. Tasks of this run: item 0: video_0 (failed), item 1: video_1 (cancelled).',
		],
		[
			'the only task, named before',
			[withTask(0, 'queued', 'Task video_0 goes on.')],
			"Task video_0 goes on. Or use Retry in n8n's list of executions: it goes on with this task.",
		],
		[
			'two tasks, one of them named before',
			[withTask(0, 'failed', 'Task video_0 failed.'), withTask(1, 'failed')],
			'Task video_0 failed. Tasks of this run: item 0: video_0 (failed), item 1: video_1 (failed).',
		],
		[
			'submissions without an answer',
			[failed(0), inDoubt(1), inDoubt(2)],
			'Do this. Submissions without an answer, which may have been charged and which a retry sends again: item 1, item 2.',
		],
	])('tells of %s', async (_what, items, description) => {
		const { error, log } = await concludeWith(items);
		expect(error).toMatchObject({ message: 'It failed', description });
		expect(error?.context.itemIndex).toBe(0);
		expect(log).toEqual([]);
	});

	test('is that of the first item that has one, with its status', async () => {
		const error = new OctopusXError('Refused', '', { statusCode: 403 });
		const { error: told } = await concludeWith([delivered(0), failed(1, { error }), failed(2)]);
		expect(told).toMatchObject({
			name: 'NodeApiError',
			message: 'Refused',
			description: `Tasks of this run: item 0: video_0 (completed). ${RETRY}`,
			httpCode: '403',
		});
		expect(told?.context.itemIndex).toBe(1);
		expect((await concludeWith([failed(0)])).error?.name).toBe('NodeOperationError');
	});

	test('gives advice of the caller’s own, also where nothing can be fetched', async () => {
		const { error } = await concludeWith([withTask(0, 'failed')], {}, 'Start anew.');
		expect(error?.description).toBe(
			'Do this. Tasks of this run: item 0: video_0 (failed). Start anew.',
		);
	});

	test('of ten tasks lists all, without a word in the log', async () => {
		const items = Array.from({ length: 10 }, (_, n) => withTask(n, n % 2 ? 'failed' : 'queued'));
		const { error, log } = await concludeWith(items);
		expect(error?.description).toContain(
			'item 0: video_0 (queued), item 1: video_1 (failed), item 2',
		);
		expect(error?.description).not.toContain('more');
		expect(log).toEqual([]);
	});

	test('of more lists those that go on first, and the log has all', async () => {
		const status = (n: number) =>
			(['failed', 'completed', 'in_progress'] as const)[n % 3] ?? 'failed';
		const items = Array.from({ length: 36 }, (_, n) => withTask(n, status(n)));
		const { error, log } = await concludeWith(items);
		const list = (first: number, kind: string) =>
			Array.from(
				{ length: 10 },
				(_, n) => `item ${first + 3 * n}: video_${first + 3 * n} (${kind})`,
			);
		const kinds = [list(2, 'in_progress'), list(1, 'completed'), list(0, 'failed')];
		const told = kinds.map((kind) => `${kind.join(', ')} and 2 more (all are in n8n's log)`);
		expect(error?.description).toBe(`Do this. Tasks of this run: ${told.join(', ')}. ${RETRY}`);
		expect(log).toHaveLength(1);
		expect(log[0]).toMatch(/^OctopusX: Tasks of this run: item 0: video_0 \(failed\), item 1: /);
		expect(log[0]).toContain('item 35: video_35 (in_progress).');
	});

	test('of a batch has no kind in its list that is not there', async () => {
		const items = Array.from({ length: 11 }, (_, n) => withTask(n, 'queued'));
		const { error } = await concludeWith(items);
		expect(error?.description).toMatch(
			/^Do this\. Tasks of this run: item 0.*and 1 more \(all are in n8n's log\)\. Fetch/,
		);
	});
});

describe('a run that was stopped', () => {
	const items = [
		delivered(0),
		failed(1, { error: new StoppedError('It goes on.'), task: task('queued') }),
	];
	const tasks =
		"Tasks of this run: item 0: video_0 (completed), item 1: video_1 (queued). Fetch the videos with Get Status, which is not charged. Use n8n's Retry only after n8n's own time limit: after a Stop by hand it is charged again.";

	test('says so in the words that n8n looks for, and its tasks are in the log', async () => {
		const { error, log } = await concludeWith(items);
		expect(error).toMatchObject({ message: 'The execution was canceled', description: tasks });
		expect(log).toEqual([`OctopusX: the execution was canceled. ${tasks}`]);
	});

	test('gives no advice about tasks where there is none to fetch', async () => {
		const stopped = failed(0, { error: new StoppedError('Nothing was submitted.') });
		const { error } = await concludeWith([stopped, withTask(1, 'failed')]);
		expect(error?.description).toBe('Tasks of this run: item 1: video_1 (failed).');
	});

	test('has its tasks in the log with On Error: Continue, too', async () => {
		const { items: output, log } = await concludeWith(items, { settings: CONTINUE });
		expect(output).toHaveLength(2);
		expect(log).toEqual([`OctopusX: the execution was canceled. ${tasks}`]);
	});
});

describe('a large run', () => {
	const many = Array.from({ length: 11 }, (_, n) => failed(n));

	test('is not in the log with On Error: Continue, nor where all went well', async () => {
		expect((await concludeWith(many, { settings: CONTINUE })).log).toEqual([]);
		const { log, items } = await concludeWith(Array.from({ length: 11 }, (_, n) => delivered(n)));
		expect([log, items.length]).toEqual([[], 11]);
	});
});

describe('the hint of a run', () => {
	const kinds = (...messages: string[]) =>
		messages.map((message, n) => failed(n, { error: new Error(message) }));
	const takenUp = (index: number) => delivered(index, { earlier: { paid: true, inDoubt: false } });

	test.each<[string, Settled[], object[]]>([
		['nothing, where all went as usual', [delivered(0)], []],
		[
			'what was taken up',
			[takenUp(0), takenUp(1), delivered(2)],
			[{ type: 'info', message: '2 of 3 items went on with a task that was already charged.' }],
		],
		[
			'a doubt about a video that came',
			[delivered(0, { earlier: { paid: false, inDoubt: true } })],
			[
				{
					type: 'info',
					message:
						'1 × A submission without an answer may have been charged: look into the usage log of the OctopusX account.',
				},
			],
		],
		[
			'five kinds of errors, the most frequent first',
			kinds('a', 'b', 'b', 'c', 'd', 'e'),
			[
				{
					type: 'warning',
					message: '6 of 6 items brought no video. 2 × b. 1 × a. 1 × c. 1 × d. 1 × e.',
				},
			],
		],
		[
			'how many more kinds there are',
			[takenUp(9), ...kinds('a', 'b', 'c', 'd', 'e', 'f', 'f')],
			[
				{
					type: 'warning',
					message:
						'1 of 8 items went on with a task that was already charged. 7 of 8 items brought no video. 2 × f. 1 × a. 1 × b. 1 × c. 1 × d. And 1 more kinds of errors: see the items.',
				},
			],
		],
	])('tells %s', async (_what, items, hints) => {
		const run = await concludeWith(items, { settings: CONTINUE });
		expect(run.hints).toEqual(hints.map((hint) => ({ ...hint, location: 'outputPane' })));
		const production = await concludeWith(items, { settings: CONTINUE, mode: 'trigger' });
		expect(production.hints).toEqual([]);
	});
});

describe('Test Mode', () => {
	const tested = (index: number) => delivered(index, { job: { ...job, testMode: 'sample' } });

	test.each<[Settled[], string[]]>([
		[[delivered(0)], []],
		[[tested(0), delivered(1)], ['Test Mode: 1 item, nothing generated']],
		[[tested(0), tested(1)], ['Test Mode: 2 items, nothing generated']],
	])('is told of in a hint, or in the log of a production run', async (items, messages) => {
		const { hints, log } = await concludeWith(items);
		expect(hints).toEqual(
			messages.map((message) => ({ message, type: 'warning', location: 'outputPane' })),
		);
		expect(log).toEqual([]);
		const production = await concludeWith(items, { mode: 'trigger' });
		expect(production.log).toEqual(messages.map((message) => `OctopusX: ${message}`));
		expect(production.hints).toEqual([]);
	});

	test('is told of in the error', async () => {
		const { error } = await concludeWith([failed(0, { isTest: true })]);
		expect(error?.description).toBe('This item is in Test Mode: nothing was sent for it. Do this.');
		expect(error?.context.test).toBe(true);
		const bare = failed(0, { isTest: true, error: new Error('It failed') });
		expect((await concludeWith([bare])).error?.description).toBe(
			'This item is in Test Mode: nothing was sent for it.',
		);
		expect((await concludeWith([failed(0)])).error?.context).not.toHaveProperty('test');
	});
});

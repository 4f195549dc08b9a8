import type {
	IDataObject,
	IExecuteFunctions,
	INodeExecutionData,
	INodeType,
	NodeExecutionHint,
} from 'n8n-workflow';
import { OctopusXVideo } from '../../nodes/OctopusXVideo/OctopusXVideo.node';
import { chargeSentence, OctopusXError, type Charge } from '../../nodes/OctopusXVideo/api/errors';
import { uncheckedTask, type TaskStatus } from '../../nodes/OctopusXVideo/api/task';
import type { Job } from '../../nodes/OctopusXVideo/job';
import {
	StoppedError,
	type Delivered,
	type Failed,
	type Settled,
} from '../../nodes/OctopusXVideo/run/state/item';
import { conclude } from '../../nodes/OctopusXVideo/run/state/output';
import { CONTINUE, GENERATE, GENERATE_EACH } from './support/inputs';
import { NODE, runNode, runNodeVirtually, type NodeSetup } from './support/runNode';
import { lastRunOf } from './support/runWorkflow';
import { useSandbox } from './support/useSandbox';

/**
 * Tests of what the node returns to n8n once all items are settled: output items, errors, hints and
 * log lines.
 */

const sandbox = useSandbox();

const job: Job = { source: { taskId: 'x' }, timeoutMs: 1, maxConcurrency: 1 };
const task = (status: TaskStatus, id = 'video_1') => ({ ...uncheckedTask(id), status });
const delivered = (index: number, more: Partial<Delivered> = {}): Delivered => ({
	state: 'delivered',
	index,
	job,
	task: task('completed', `video_${index}`),
	...more,
});
const failed = (index: number, more: Partial<Failed> = {}): Failed => ({
	state: 'failed',
	index,
	error: new OctopusXError('It failed', 'Do this.'),
	...more,
});
const inDoubt = (index: number) => failed(index, { isInDoubt: true });
const withTask = (index: number, status: TaskStatus, charge?: Charge) =>
	failed(index, {
		error: new OctopusXError('It failed', 'Do this.', { charge }),
		task: task(status, `video_${index}`),
	});

/** Runs a node that does no work and only returns these settled items to n8n. */
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

const RETRY_ADVICE =
	"Fetch the videos with Get Status, or use Retry in n8n's list of executions: it continues with the tasks that are running or done.";

const REFUNDED: Charge = { taskId: 'video_0', refund: 'given' };

describe('output items', () => {
	test.each<[string, Settled, IDataObject]>([
		['the task', delivered(0), { ...task('completed', 'video_0') }],
		[
			'only the chosen fields, in the chosen order',
			delivered(0, { job: { ...job, outputFields: ['status', 'toString', 'none', 'task_id'] } }),
			{ status: 'completed', task_id: 'video_0' },
		],
		['the error', failed(0), { error: { message: 'It failed', description: 'Do this.' } }],
		[
			'the charge of the item before the description of the error',
			failed(0, { error: new OctopusXError('It failed', 'Do this.', { charge: 'maybe' }) }),
			{ error: { message: 'It failed', description: `${chargeSentence('maybe')} Do this.` } },
		],
		[
			'an error that has no description',
			failed(0, { error: new Error('It failed') }),
			{ error: { message: 'It failed' } },
		],
		[
			'the error with the ID, status and URL of its task',
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
			'the error with a Test Mode mark',
			failed(0, { isTest: true }),
			{ error: { message: 'It failed', description: 'Do this.', test: true } },
		],
	])('with On Error: Continue, an output item contains %s', async (_what, item, json) => {
		const { items } = await concludeWith([item], { settings: CONTINUE });
		expect(items).toHaveLength(1);
		expect(items[0]?.json).toStrictEqual(json);
		expect(Object.keys(items[0]?.json ?? {})).toEqual(Object.keys(json));
		expect(items[0]?.pairedItem).toEqual({ item: 0 });
	});

	test('an output item contains the downloaded file', async () => {
		const binary = { data: { data: 'aGk=', mimeType: 'video/mp4' } };
		const { items } = await concludeWith([delivered(0, { binary })]);
		expect(items[0]?.binary).toEqual(binary);
	});
});

describe('the error of a run with On Error: Stop', () => {
	test.each<[string, Settled[], string]>([
		['no task when the only item has none', [failed(0)], 'Do this.'],
		[
			'the task of an error that has no description',
			[failed(0, { error: new Error('It failed'), task: task('queued') })],
			`Tasks of this run: item 0: video_1 (queued). ${RETRY_ADVICE}`,
		],
		[
			'the tasks and how to fetch them if some are running or completed',
			[withTask(0, 'failed'), delivered(1), withTask(2, 'queued')],
			`Do this. Tasks of this run: item 0: video_0 (failed), item 1: video_1 (completed), item 2: video_2 (queued). ${RETRY_ADVICE}`,
		],
		[
			'the tasks, without advice if none of them can be fetched',
			[withTask(0, 'failed'), withTask(1, 'cancelled')],
			'Do this. Tasks of this run: item 0: video_0 (failed), item 1: video_1 (cancelled).',
		],
		[
			'the only task once if the charge names it',
			[withTask(0, 'queued', { taskId: 'video_0' })],
			`${chargeSentence({ taskId: 'video_0' })} Do this. Or use Retry in n8n's list of executions: it continues with this task.`,
		],
		[
			'both tasks even if the charge names one of them',
			[withTask(0, 'failed', REFUNDED), withTask(1, 'failed')],
			`${chargeSentence(REFUNDED)} Do this. Tasks of this run: item 0: video_0 (failed), item 1: video_1 (failed).`,
		],
		[
			'unanswered submissions',
			[failed(0), inDoubt(1), inDoubt(2)],
			'Do this. Submissions without an answer, which may have been charged and which a retry sends again: item 1, item 2.',
		],
	])('with On Error: Stop, the error lists %s', async (_what, items, description) => {
		const { error, log } = await concludeWith(items);
		expect(error).toMatchObject({ message: 'It failed', description });
		expect(error?.context.itemIndex).toBe(0);
		expect(log).toEqual([]);
	});

	test('with On Error: Stop, the run fails with the error of the first failed item, including its HTTP 403', async () => {
		const error = new OctopusXError('Refused', '', { statusCode: 403 });
		const { error: thrown } = await concludeWith([delivered(0), failed(1, { error }), failed(2)]);
		expect(thrown).toMatchObject({
			name: 'NodeApiError',
			message: 'Refused',
			description: `Tasks of this run: item 0: video_0 (completed). ${RETRY_ADVICE}`,
			httpCode: '403',
		});
		expect(thrown?.context.itemIndex).toBe(1);
		expect((await concludeWith([failed(0)])).error?.name).toBe('NodeOperationError');
	});

	test.each<[string, Charge]>([
		['no charge', 'none'],
		['a possible charge', 'maybe'],
		['the charge for a task', { taskId: 'video_0' }],
		['a refunded charge', REFUNDED],
	])(
		'with On Error: Stop, the context of the error contains %s and the task ID',
		async (_which, charge) => {
			const { error } = await concludeWith([withTask(0, 'failed', charge), failed(1)]);
			expect(error?.context).toMatchObject({ charge, task_id: 'video_0' });
			const { error: unknown } = await concludeWith([failed(0), withTask(1, 'failed', charge)]);
			expect(unknown?.context).not.toHaveProperty('charge');
			expect(unknown?.context).not.toHaveProperty('task_id');
		},
	);

	test('with On Error: Stop, advice from the caller replaces the default advice, even if no task can be fetched', async () => {
		const { error } = await concludeWith([withTask(0, 'failed')], {}, 'Start again.');
		expect(error?.description).toBe(
			'Do this. Tasks of this run: item 0: video_0 (failed). Start again.',
		);
	});

	test('with On Error: Stop, the error of ten tasks lists all of them, and nothing is logged', async () => {
		const items = Array.from({ length: 10 }, (_, n) => withTask(n, n % 2 ? 'failed' : 'queued'));
		const { error, log } = await concludeWith(items);
		expect(error?.description).toContain(
			'item 0: video_0 (queued), item 1: video_1 (failed), item 2',
		);
		expect(error?.description).not.toContain('more');
		expect(log).toEqual([]);
	});

	test('with On Error: Stop, the error of 36 tasks lists ten per status, running ones first, and the log lists all', async () => {
		const status = (n: number) =>
			(['failed', 'completed', 'in_progress'] as const)[n % 3] ?? 'failed';
		const items = Array.from({ length: 36 }, (_, n) => withTask(n, status(n)));
		const { error, log } = await concludeWith(items);
		const list = (first: number, taskStatus: string) =>
			Array.from(
				{ length: 10 },
				(_, n) => `item ${first + 3 * n}: video_${first + 3 * n} (${taskStatus})`,
			);
		const kinds = [list(2, 'in_progress'), list(1, 'completed'), list(0, 'failed')];
		const listed = kinds.map((kind) => `${kind.join(', ')} and 2 more (all are in n8n's log)`);
		expect(error?.description).toBe(
			`Do this. Tasks of this run: ${listed.join(', ')}. ${RETRY_ADVICE}`,
		);
		expect(log).toHaveLength(1);
		expect(log[0]).toMatch(/^OctopusX: Tasks of this run: item 0: video_0 \(failed\), item 1: /);
		expect(log[0]).toContain('item 35: video_35 (in_progress).');
	});

	test('with On Error: Stop, the error of 11 running tasks lists no other status', async () => {
		const items = Array.from({ length: 11 }, (_, n) => withTask(n, 'queued'));
		const { error } = await concludeWith(items);
		expect(error?.description).toMatch(
			/^Do this\. Tasks of this run: item 0.*and 1 more \(all are in n8n's log\)\. Fetch/,
		);
	});
});

describe('a stopped run', () => {
	const items = [
		delivered(0),
		failed(1, { error: new StoppedError('', { taskId: 'video_1' }), task: task('queued') }),
	];
	const tasks =
		"Tasks of this run: item 0: video_0 (completed), item 1: video_1 (queued). Fetch the videos with Get Status, which is not charged. Use n8n's Retry only after n8n's own time limit: after a Stop by hand, you pay again.";

	test('a stopped run fails with the message that n8n expects, and its tasks are logged', async () => {
		const { error, log } = await concludeWith(items);
		expect(error).toMatchObject({ message: 'The execution was canceled', description: tasks });
		expect(log).toEqual([`OctopusX: the execution was canceled. ${tasks}`]);
	});

	test('the error of a stopped run has no advice if no task can be fetched', async () => {
		const stopped = failed(0, { error: new StoppedError('', 'none') });
		const { error } = await concludeWith([stopped, withTask(1, 'failed')]);
		expect(error?.description).toBe('Tasks of this run: item 1: video_1 (failed).');
	});

	test('with On Error: Continue, the tasks of a stopped run are logged as well', async () => {
		const { items: output, log } = await concludeWith(items, { settings: CONTINUE });
		expect(output).toHaveLength(2);
		expect(log).toEqual([`OctopusX: the execution was canceled. ${tasks}`]);
	});
});

describe('the log of a large run', () => {
	const many = Array.from({ length: 11 }, (_, n) => failed(n));

	test('a run of 11 items logs nothing with On Error: Continue, or if all items succeed', async () => {
		expect((await concludeWith(many, { settings: CONTINUE })).log).toEqual([]);
		const { log, items } = await concludeWith(Array.from({ length: 11 }, (_, n) => delivered(n)));
		expect([log, items.length]).toEqual([[], 11]);
	});
});

describe('the hint of a manual run', () => {
	const kinds = (...messages: string[]) =>
		messages.map((message, n) => failed(n, { error: new Error(message) }));
	const charged = (index: number) => delivered(index, { isClaimed: true });

	test.each<[string, Settled[], object[]]>([
		['nothing when all items succeed', [delivered(0)], []],
		[
			'how many items continued an existing task',
			[charged(0), charged(1), delivered(2)],
			[{ type: 'info', message: '2 of 3 items continued with a task that was already charged.' }],
		],
		[
			'that a delivered video had an earlier submission that may have been charged',
			[delivered(0, { isInDoubt: true })],
			[
				{
					type: 'info',
					message:
						'1 × A submission without an answer may have been charged: check the usage log of the OctopusX account.',
				},
			],
		],
		[
			'five different errors, the most frequent first',
			kinds('a', 'b', 'b', 'c', 'd', 'e'),
			[
				{
					type: 'warning',
					message: '6 of 6 items failed: b (2); a (1); c (1); d (1); e (1).',
				},
			],
		],
		[
			'how many more different errors there are',
			[charged(9), ...kinds('a', 'b', 'c', 'd', 'e', 'f', 'f')],
			[
				{
					type: 'warning',
					message:
						'1 of 8 items continued with a task that was already charged. 7 of 8 items failed: f (2); a (1); b (1); c (1); d (1). And 1 more kinds of errors: see the items.',
				},
			],
		],
	])(
		'the hint of a manual run reports %s, and a production run has no hint',
		async (_what, items, hints) => {
			const run = await concludeWith(items, { settings: CONTINUE });
			expect(run.hints).toEqual(hints.map((hint) => ({ ...hint, location: 'outputPane' })));
			const production = await concludeWith(items, { settings: CONTINUE, mode: 'trigger' });
			expect(production.hints).toEqual([]);
		},
	);
});

describe('items in Test Mode', () => {
	const inTestMode = (index: number) => delivered(index, { job: { ...job, testMode: 'sample' } });

	test.each<[string, Settled[], string[]]>([
		['no item', [delivered(0)], []],
		['one of two items', [inTestMode(0), delivered(1)], ['Test Mode: 1 item, nothing generated']],
		['both items', [inTestMode(0), inTestMode(1)], ['Test Mode: 2 items, nothing generated']],
	])(
		'with %s in Test Mode, a manual run has the matching hint and a production run the matching log line',
		async (_which, items, messages) => {
			const { hints, log } = await concludeWith(items);
			expect(hints).toEqual(
				messages.map((message) => ({ message, type: 'warning', location: 'outputPane' })),
			);
			expect(log).toEqual([]);
			const production = await concludeWith(items, { mode: 'trigger' });
			expect(production.log).toEqual(messages.map((message) => `OctopusX: ${message}`));
			expect(production.hints).toEqual([]);
		},
	);

	test('the error of an item in Test Mode says that nothing was sent', async () => {
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

describe('the hint after real tasks', () => {
	const HTTP_403 = { status: 403, body: { error: { message: 'no', code: '' } } };

	beforeEach(() => void (sandbox.durationMs = 20_000));

	async function hintsOf(prompts: string[], setup: NodeSetup): Promise<NodeExecutionHint[]> {
		const input = prompts.map((prompt) => ({ json: { prompt } }));
		const parameters = { ...GENERATE_EACH, options: { timeout: 0.5 } };
		const { run } = await runNodeVirtually(sandbox, parameters, { input, ...setup });
		return lastRunOf(run, NODE).hints ?? [];
	}

	test('a manual run in which every video succeeds has no hint', async () => {
		expect(await hintsOf(['one', 'two'], {})).toEqual([]);
	});

	test('the hint of a manual run counts the tasks that Retry On Fail continued after HTTP 403 without another charge', async () => {
		sandbox.faults.add({ on: 'check', prompt: 'one', answer: HTTP_403 });
		const settings = { retryOnFail: true, maxTries: 2 };
		expect(await hintsOf(['one', 'two'], { settings })).toEqual([
			{
				type: 'info',
				location: 'outputPane',
				message: '2 of 2 items continued with a task that was already charged.',
			},
		]);
	});

	test('with On Error: Continue, the hint of a manual run counts the failed items by error message', async () => {
		sandbox.faults.add({ on: 'submit', prompt: 'doubt', accept: true, answer: 'reset' });
		const prompts = ['one', 'two [failed]', 'three [failed]', 'four [never]', 'doubt'];
		expect(await hintsOf(prompts, { settings: CONTINUE })).toEqual([
			{
				type: 'warning',
				location: 'outputPane',
				message: [
					'4 of 5 items failed: The video could not be generated (2);',
					'The video was not ready in time (1); The connection broke off (1).',
					'1 × A submission without an answer may have been charged: check the usage log of the OctopusX account.',
				].join(' '),
			},
		]);
	});

	test('a production run with a failed item has no hint', async () => {
		const hints = await hintsOf(['two [failed]'], { settings: CONTINUE, mode: 'trigger' });
		expect(hints).toEqual([]);
	});
});

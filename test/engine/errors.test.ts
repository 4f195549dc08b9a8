import { inspect } from 'node:util';
import {
	ExpressionError,
	type IDataObject,
	type IExecuteFunctions,
	type INodeExecutionData,
	type INodeType,
	type NodeExecutionHint,
} from 'n8n-workflow';
import { OctopusXVideo } from '../../nodes/OctopusXVideo/OctopusXVideo.node';
import { chargeSentence, OctopusXError, type Charge } from '../../nodes/OctopusXVideo/api/errors';
import { uncheckedTask, type TaskStatus } from '../../nodes/OctopusXVideo/api/task';
import type { Job } from '../../nodes/OctopusXVideo/job';
import {
	NO_VIDEO,
	StoppedError,
	type Delivered,
	type Failed,
	type Settled,
} from '../../nodes/OctopusXVideo/run/state/item';
import { conclude } from '../../nodes/OctopusXVideo/run/state/output';
import type { Fault } from '../sandbox/faults';
import { apiErrorBody, taskErrorBody } from './support/errorBodies';
import { CONTINUE, GENERATE, GENERATE_EACH, inputOf, numberedItems } from './support/inputs';
import { loggingNode, nodeWithContext } from './support/nodeWithContext';
import { NODE, runNode, runNodeVirtually, type NodeSetup } from './support/runNode';
import { lastRunOf } from './support/runWorkflow';
import { useSandbox } from './support/useSandbox';

const sandbox = useSandbox();

/** The name of the response, the charge, the response, and the message and description of its error. */
const SUBMIT_ERRORS: Array<[string, Charge, Fault['answer'], string, string]> = [
	[
		'HTTP 401',
		'none',
		{ status: 401, body: apiErrorBody('Invalid token') },
		'OctopusX did not accept the API key',
		'OctopusX said: "Invalid token" (HTTP 401, request ID 2026',
	],
	[
		'HTTP 403, insufficient_user_quota',
		'none',
		{ status: 403, body: taskErrorBody('insufficient_user_quota') },
		'The balance of the OctopusX account is too low',
		'HTTP 403, insufficient_user_quota',
	],
	[
		'HTTP 403',
		'none',
		{ status: 403, body: apiErrorBody('no') },
		'The account or the API key does not allow this',
		'HTTP 403',
	],
	[
		'HTTP 413',
		'none',
		{ status: 413, body: apiErrorBody('too large') },
		'The request is too large for OctopusX',
		'public URL',
	],
	[
		'HTTP 400, model_price_error',
		'none',
		{ status: 400, body: taskErrorBody('model_price_error') },
		'OctopusX does not offer this model to the account',
		'Check the model',
	],
	[
		'HTTP 400',
		'none',
		{ status: 400, body: taskErrorBody('invalid_request') },
		'OctopusX rejected the request',
		'HTTP 400, invalid_request',
	],
	[
		'HTTP 404',
		'none',
		{ status: 404, body: apiErrorBody('Invalid URL') },
		"The 'Base URL' does not lead to the OctopusX API",
		"'Base URL'",
	],
	[
		'HTTP 500',
		'none',
		{ status: 500, body: apiErrorBody('boom') },
		'OctopusX is not available at the moment',
		'"boom" (HTTP 500, request ID 2026',
	],
	[
		'HTTP 502',
		'maybe',
		{ status: 502, body: '<html>bad</html>', byProxy: true },
		'OctopusX is not available at the moment',
		'(HTTP 502)',
	],
	[
		'a web page with HTTP 200',
		'maybe',
		{ status: 200, body: '<html>hello</html>', byProxy: true },
		'A web page answered instead of the OctopusX API',
		'a firewall or a proxy is in the way',
	],
	[
		"the gateway's own web page with HTTP 200",
		'none',
		{ status: 200, body: '<html>hello</html>' },
		'A web page answered instead of the OctopusX API',
		'a firewall or a proxy is in the way',
	],
	...[401, 403].map((status): (typeof SUBMIT_ERRORS)[number] => [
		`a web page with HTTP ${status}`,
		'none',
		{ status, body: '<html>hello</html>' },
		'A web page answered instead of the OctopusX API',
		'a firewall or a proxy is in the way',
	]),
	[
		'an HTTP 302 redirect',
		'maybe',
		{ status: 302, headers: { location: 'https://example.com/' } },
		"The 'Base URL' leads to another address",
		"'Base URL'",
	],
	[
		'HTTP 200 without a task ID',
		'maybe',
		{ status: 200, body: { status: 'queued' } },
		'OctopusX accepted the request but sent no task ID',
		'OctopusX sent: {"status":"queued"} (HTTP 200, request ID 2026',
	],
	[
		'a connection reset',
		'maybe',
		'reset',
		'The connection broke off',
		'OctopusX sent no complete answer',
	],
];

test.each(SUBMIT_ERRORS)(
	'a submission answered with %s fails with a specific error that does not contain the API key',
	async (_name, charge, answer, message, description) => {
		sandbox.faults.add({ on: 'submit', times: Infinity, answer });
		const { error, run } = await runNodeVirtually(sandbox, GENERATE);
		expect(error).toMatchObject({ message, context: { itemIndex: 0, charge } });
		expect(error?.description).toContain(description);
		expect(sandbox.requestsTo('submit')).toHaveLength(1);
		// The key must not even be in a cause, context or stack, which only a debugger or a log shows.
		expect(inspect(run, { depth: 20, showHidden: true })).not.toContain(sandbox.apiKey);
	},
);

/**
 * The name of the failure, the charge, the sentence about the charge, the prompt, and the faults of
 * the API.
 */
const CHARGES: Array<[string, Charge, string, string, ...Fault[]]> = [
	[
		'HTTP 400 for a submission',
		'none',
		'Nothing was charged.',
		'a boat',
		{ on: 'submit', answer: { status: 400 } },
	],
	[
		'an unanswered submission',
		'maybe',
		'It may have been charged: check the usage log of the OctopusX account before you run it again.',
		'a boat',
		{ on: 'submit', answer: 'reset' },
	],
	[
		'a timeout',
		{ taskId: 'video_1' },
		'Task video_1 was charged (0.08 USD): fetch its video with Get Status, which is not charged.',
		'a boat [never]',
	],
	[
		'a failed task whose verdict has quota 0',
		{ taskId: 'video_1', refund: 'given' },
		'Task video_1 was charged, and the charge was refunded.',
		'a boat [failed]',
	],
	[
		'a failed task whose verdict has a quota of 50,000',
		{ taskId: 'video_1', refund: 'unknown' },
		'Task video_1 was charged (0.1 USD). The usage log of the OctopusX account shows whether the charge was refunded.',
		'a boat [failed]',
		{
			on: 'verdict',
			answer: {
				status: 200,
				body: { code: 'success', data: { status: 'FAILURE', quota: 50_000 } },
			},
		},
	],
];

test.each(CHARGES)(
	'the error after %s begins with a sentence about the charge',
	async (_failure, charge, sentence, prompt, ...faults) => {
		for (const fault of faults) sandbox.faults.add(fault);
		const parameters = { ...GENERATE, prompt, options: { timeout: 1 } };
		const { error } = await runNodeVirtually(sandbox, parameters);
		expect(error?.context.charge).toEqual(charge);
		expect(error?.description?.slice(0, sentence.length + 1)).toBe(`${sentence} `);

		for (const fault of faults) sandbox.faults.add(fault);
		const settings = CONTINUE;
		const { items } = await runNodeVirtually(sandbox, parameters, { settings });
		const { description } = items[0]?.json.error as { description: string };
		const ofSecondTask = sentence.replace('video_1', 'video_2');
		expect(description.slice(0, sentence.length + 1)).toBe(`${ofSecondTask} `);
	},
);

test('the error of an unreachable server points to the Base URL', async () => {
	const { error } = await runNodeVirtually(sandbox, GENERATE, {
		credential: { baseUrl: 'http://127.0.0.1:9' },
	});
	expect(error?.message).toBe('OctopusX cannot be reached');
	expect(error?.description).toContain("Check the 'Base URL'");
});

test('the error of HTTP 400 quotes the server briefly, without the API key, tokens or file contents', async () => {
	const secret = `${sandbox.apiKey} Bearer abc.def data:image/png;base64,AAAA ${'word '.repeat(400_000)}${sandbox.apiKey}`;
	sandbox.faults.add({ on: 'submit', answer: { status: 400, body: apiErrorBody(secret) } });
	const { error, run } = await runNodeVirtually(sandbox, GENERATE);
	expect(error?.description).toContain('"*** Bearer *** data:*** word word');
	expect(error?.description?.length).toBeLessThan(750);
	expect(JSON.stringify(run)).not.toContain(sandbox.apiKey);
});

test('an API key pasted with white space around it is sent without the space, and is hidden in the error of HTTP 400', async () => {
	const message = `no such key: ${sandbox.apiKey}`;
	sandbox.faults.add({ on: 'submit', answer: { status: 400, body: apiErrorBody(message) } });
	const { error, run } = await runNodeVirtually(sandbox, GENERATE, {
		credential: { apiKey: ` ${sandbox.apiKey}\n` },
	});
	expect(error?.description).toContain('no such key: ***');
	expect(inspect(run, { depth: 20 })).not.toContain(sandbox.apiKey);
	expect(sandbox.log[0]?.headers.authorization).toBe(`Bearer ${sandbox.apiKey}`);
});

test('invisible characters in a pasted API key are not sent, and the error of HTTP 400 still hides the key', async () => {
	const message = `no such key: ${sandbox.apiKey}`;
	sandbox.faults.add({ on: 'submit', answer: { status: 400, body: apiErrorBody(message) } });
	const [start, end] = [sandbox.apiKey.slice(0, 4), sandbox.apiKey.slice(4)];
	const { error, run } = await runNodeVirtually(sandbox, GENERATE, {
		credential: { apiKey: `\u200b${start}\u200b${end}\ufeff` },
	});
	expect(error?.description).toContain('no such key: ***');
	expect(inspect(run, { depth: 20 })).not.toContain(sandbox.apiKey);
	expect(sandbox.log[0]?.headers.authorization).toBe(`Bearer ${sandbox.apiKey}`);
});

test.each([
	['an empty API key', { apiKey: ' \u200b' }, 'The API key in the credential is empty'],
	[
		'a Base URL that contains a password',
		{ baseUrl: 'http://user:secret-password@127.0.0.1:9' },
		"The 'Base URL' in the credential is not a web address",
	],
])('a credential with %s is refused before any request', async (_what, credential, message) => {
	const { error, run } = await runNodeVirtually(sandbox, GENERATE, { credential });
	expect(error?.message).toBe(message);
	expect(error?.context.charge).toBe('none');
	expect(JSON.stringify(run)).not.toContain('secret-password');
	expect(sandbox.log).toEqual([]);
});

test('a completed task that contains the API key is output without it', async () => {
	const body = {
		id: 'video_1',
		status: 'completed',
		note: `made with ${sandbox.apiKey}`,
		video_url: `${sandbox.fileHost}/a.mp4?key=${sandbox.apiKey}`,
	};
	sandbox.faults.add({ on: 'check', answer: { status: 200, body } });
	const { items, run } = await runNodeVirtually(sandbox, { ...GENERATE, simplify: false });
	expect(items[0]?.json).toMatchObject({ note: 'made with ***' });
	expect(JSON.stringify(run)).not.toContain(sandbox.apiKey);
});

test('the error of a batch says how to fix a failed video once, also before another failure', async () => {
	const input = inputOf('one [failed]', 'two [failed]', 'three [never]');
	const { error } = await runNodeVirtually(sandbox, GENERATE_EACH, { input });
	expect(error?.message).toBe('3 of 3 videos failed');
	expect(error?.description?.split('Fix the prompt or image and run again.')).toHaveLength(2);
});

test('the error of a run whose tasks all failed lists them without advice to fetch them', async () => {
	const input = [{ json: {} }, { json: {} }];
	const { error } = await runNodeVirtually(sandbox, { prompt: 'a boat [failed]' }, { input });
	expect(error?.message).toBe('2 of 2 videos could not be generated');
	expect(error?.description).toMatch(
		/^Video 1 of 2 \("a boat \[failed\]"\): ((?!This is a new).)* Video 2 of 2 .* This is a new, paid video\.$/,
	);
	for (const id of ['video_1', 'video_2']) expect(error?.description).toContain(`Task ${id} was`);
});

test('the error of a run with one task names that task once', async () => {
	const { error } = await runNodeVirtually(sandbox, { prompt: 'a boat [failed]' });
	expect(error?.description?.match(/video_1/g)).toHaveLength(1);
	expect(error?.description).not.toContain('Tasks of this run');
});

test('a request that n8n cannot send because of its credential is reported as not charged', async () => {
	const node = nodeWithContext((context) => ({
		helpers: {
			...context.helpers,
			httpRequestWithAuthentication: async () => {
				throw new ExpressionError("Node 'Video' hasn't been executed");
			},
		},
	}));
	const { error } = await runNodeVirtually(sandbox, { prompt: 'a boat' }, { node });
	expect(error).toMatchObject({ message: 'n8n did not send the request' });
	expect(error?.context.charge).toBe('none');
});

describe('length of messages in a large batch', () => {
	const ITEM_COUNT = 60;
	/** Users can no longer read longer errors in n8n. */
	const MAX_READABLE_LENGTH = 2_500;

	beforeEach(() => void (sandbox.durationMs = 20_000));

	test('the error of a large batch lists ten tasks per status, and the log lists all of them', async () => {
		const input = numberedItems(ITEM_COUNT).map(({ json }, n) => ({
			json: {
				prompt: `${json.prompt}${n % 3 === 0 ? ' [failed]' : n % 3 === 1 ? ' [never]' : ''}`,
			},
		}));
		const lines: string[] = [];
		const { error } = await runNodeVirtually(
			sandbox,
			{ ...GENERATE_EACH, options: { timeout: 1, maxConcurrency: 50 } },
			{ input, node: loggingNode(lines) },
		);
		const { description = '' } = error ?? {};
		expect(String(description).length).toBeLessThan(MAX_READABLE_LENGTH);
		// Running tasks come first, because they still have to be fetched.
		expect(description).toMatch(
			/ther tasks of this run: video \d+: video_\d+ \(in_progress\).* and \d+ more \(all are in n8n's log\), video 3: video_\d+ \(completed\)/,
		);
		const log = lines.find((line) => line.startsWith('OctopusX: Tasks of this run')) ?? '';
		expect(sandbox.tasks.filter(({ id }) => !log.includes(`${id} (`))).toEqual([]);
		// the reason of each failed item is in the error or in the log
		const [, more] = String(description).match(/(\d+) more failed: n8n's log says why\./) ?? [];
		const logged = lines.filter((line) => /^OctopusX: Video \d+ of 60 \("number /.test(line));
		expect(logged).toHaveLength(Number(more));
		expect(String(description).match(/Video \d+ of 60 \("number /g)).toHaveLength(
			40 - Number(more),
		);
	});

	test('the hint of a large batch stays short when every item fails', async () => {
		const input = numberedItems(ITEM_COUNT);
		const { run } = await runNodeVirtually(
			sandbox,
			{ ...GENERATE_EACH, seconds: '={{ $itemIndex + 100 }}', aspectRatio: '={{ "x".repeat(9) }}' },
			{ input, settings: CONTINUE },
		);
		const [hint] = lastRunOf(run, NODE).hints ?? [];
		// one kind of error, whatever number n8n adds to it
		expect(hint?.message).toBe(
			"60 of 60 items failed: 'Duration (Seconds)' must be a whole number from 4 to 30 (60).",
		);
		expect(hint?.message.length).toBeLessThan(MAX_READABLE_LENGTH);
	});

	test('the error lists at most ten unanswered submissions', async () => {
		sandbox.faults.add({ on: 'submit', times: Infinity, answer: 'reset' });
		const { error } = await runNodeVirtually(sandbox, GENERATE_EACH, {
			input: numberedItems(ITEM_COUNT),
		});
		expect(error?.description).toContain('video 10 and 50 more');
		expect(String(error?.description).length).toBeLessThan(MAX_READABLE_LENGTH);
	});

	test('the error of a large batch that got HTTP 400 for every item quotes the server only briefly', async () => {
		const body = apiErrorBody('word '.repeat(1_000));
		sandbox.faults.add({ on: 'submit', times: Infinity, answer: { status: 400, body } });
		const { error } = await runNodeVirtually(sandbox, GENERATE_EACH, {
			input: numberedItems(ITEM_COUNT),
		});
		expect(String(error?.description).length).toBeLessThan(MAX_READABLE_LENGTH);
	});
});

/** Output items, errors, hints and log lines. */
describe('the result once all items are settled', () => {
	const download = { outputField: 'data', fileName: '' };
	const job: Job = { source: { taskId: 'x' }, timeoutMs: 1, maxConcurrency: 1, download };
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

	const RESCUE =
		"To go on with the finished videos, set 'On Error' in the Settings of this node to 'Continue (using error output)', save the workflow, and choose 'Retry with currently saved workflow' in the tab Executions: they are not charged again. Items whose task failed are submitted again, as new, paid videos.";

	const ERROR_OUTPUT = { onError: 'continueErrorOutput' } as const;

	const LONG_PROMPT = 'A boat on a lake. '.repeat(50);

	const REFUNDED: Charge = { taskId: 'video_0', refund: 'given' };

	describe('output items', () => {
		test.each<[string, Settled, IDataObject]>([
			['the task', delivered(0), { ...task('completed', 'video_0') }],
			[
				'only the chosen fields, in the chosen order',
				delivered(0, { job: { ...job, outputFields: ['status', 'toString', 'none', 'task_id'] } }),
				{ status: 'completed', task_id: 'video_0' },
			],
			[
				'the error',
				failed(0),
				{ status: 'failed', error: { message: 'It failed', description: 'Do this.' } },
			],
			[
				'the charge of the item before the description of the error',
				failed(0, { error: new OctopusXError('It failed', 'Do this.', { charge: 'maybe' }) }),
				{
					status: 'failed',
					error: { message: 'It failed', description: `${chargeSentence('maybe')} Do this.` },
				},
			],
			[
				'an error that has no description',
				failed(0, { error: new Error('It failed') }),
				{ status: 'failed', error: { message: 'It failed' } },
			],
			[
				'the error with the ID, status and URL of its task',
				failed(0, { task: { ...task('completed'), video_url: 'https://a.test/' } }),
				{
					task_id: 'video_1',
					status: 'failed',
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
				{ status: 'failed', error: { message: 'It failed', description: 'Do this.', test: true } },
			],
			[
				'the whole prompt, also as a column',
				failed(0, { prompt: LONG_PROMPT }),
				{
					status: 'failed',
					prompt: LONG_PROMPT,
					error: { message: 'It failed', description: 'Do this.', prompt: LONG_PROMPT },
				},
			],
			[
				'the ID of a task that Get Status could not check, also as a column',
				failed(0, { uncheckedId: 'video_7' }),
				{
					task_id: 'video_7',
					status: 'failed',
					error: {
						message: 'It failed',
						description: 'Do this.',
						task_id: 'video_7',
						status: 'unknown',
					},
				},
			],
		])('with On Error: Continue, an output item contains %s', async (_what, item, json) => {
			const { items } = await concludeWith([item], { settings: CONTINUE });
			expect(items).toHaveLength(1);
			expect(items[0]?.json).toStrictEqual(json);
			expect(Object.keys(items[0]?.json ?? {})).toEqual(Object.keys(json));
			expect(items[0]?.pairedItem).toEqual({ item: 0 });
			if (item.state === 'delivered') return;
			const { errorItems } = await concludeWith([item], { settings: ERROR_OUTPUT });
			// n8n adds the fields of the input
			expect(Object.keys(errorItems[0]?.json ?? {}).filter((name) => name !== 'input')).toEqual([
				'error',
			]);
			expect(errorItems[0]?.json.error).toStrictEqual(json.error);
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
				`Tasks of this run: video 1: video_1 (queued). ${RETRY_ADVICE}`,
			],
			[
				'the only task once if the charge names it',
				[withTask(0, 'queued', { taskId: 'video_0' })],
				`${chargeSentence({ taskId: 'video_0' })} Do this. Or use Retry in n8n's list of executions: it continues with this task.`,
			],
			[
				'only the first failure and the unanswered submissions if there is no task yet',
				[failed(0), inDoubt(1), inDoubt(2)],
				'Do this. Submissions without an answer, which may have been charged and which a retry sends again: video 2, video 3.',
			],
			['no prompt if only one item arrived', [failed(0, { prompt: 'one' })], 'Do this.'],
		])('with On Error: Stop, the error lists %s', async (_what, items, description) => {
			const { error, log } = await concludeWith(items);
			expect(error).toMatchObject({ message: 'It failed', description });
			expect(error?.context.itemIndex).toBe(0);
			expect(log).toEqual([]);
		});

		const refunded = (index: number): Charge => ({ taskId: `video_${index}`, refund: 'given' });
		const noVideo = (index: number) =>
			failed(index, {
				error: new OctopusXError(NO_VIDEO, 'Do this.', { charge: refunded(index) }),
				prompt: `number ${index}`,
				task: task('failed', `video_${index}`),
			});
		const withError = (index: number, error: Error) => failed(index, { error });
		const sorry = (index: number) => `${NO_VIDEO}. ${chargeSentence(refunded(index))} Do this.`;

		test.each<[string, Settled[], string, string]>([
			[
				'a batch with a failed task names its video and says how to go on with the others',
				[delivered(0), noVideo(1), delivered(2)],
				'1 of 3 videos could not be generated',
				`Video 2 of 3 ("number 1"): ${sorry(1)} Other tasks of this run: video 1: video_0 (completed), video 3: video_2 (completed). ${RESCUE}`,
			],
			[
				'a batch names the failed videos first, in their order',
				[noVideo(0), delivered(1), noVideo(2)],
				'2 of 3 videos could not be generated',
				`Video 1 of 3 ("number 0"): ${sorry(0)} Video 3 of 3 ("number 2"): ${sorry(2)} Other tasks of this run: video 2: video_1 (completed). ${RESCUE}`,
			],
			[
				'a batch whose items failed for the same reason says it at once',
				[withTask(0, 'failed'), delivered(1), withTask(2, 'queued')],
				'2 of 3 videos failed: It failed',
				`Video 1 of 3: It failed. Do this. Video 3 of 3: It failed. Do this. Tasks of this run: video 1: video_0 (failed), video 2: video_1 (completed), video 3: video_2 (queued). ${RESCUE}`,
			],
			[
				'the item number that n8n adds makes no other reason',
				[
					delivered(0),
					withError(1, new Error('It failed [item 1]')),
					withError(2, new Error('It failed [item 2]')),
				],
				'2 of 3 videos failed: It failed',
				`Video 2 of 3: It failed [item 1]. Video 3 of 3: It failed [item 2]. Tasks of this run: video 1: video_0 (completed). ${RESCUE}`,
			],
			[
				'a batch whose items failed for several reasons only counts them in the message',
				[noVideo(0), failed(1), delivered(2)],
				'2 of 3 videos failed',
				`Video 1 of 3 ("number 0"): ${sorry(0)} Video 2 of 3: It failed. Do this. Other tasks of this run: video 3: video_2 (completed). ${RESCUE}`,
			],
			[
				'a batch whose tasks all failed has no advice about finished videos',
				[withTask(0, 'failed'), withTask(1, 'cancelled')],
				'2 of 2 videos failed: It failed',
				'Video 1 of 2: It failed. Do this. Video 2 of 2: It failed. Do this. Tasks of this run: video 1: video_0 (failed), video 2: video_1 (cancelled).',
			],
			[
				'a batch without a finished video keeps the advice to fetch the running ones',
				[withTask(0, 'failed', REFUNDED), withTask(1, 'queued')],
				'2 of 2 videos failed: It failed',
				`Video 1 of 2: It failed. ${chargeSentence(REFUNDED)} Do this. Video 2 of 2: It failed. Do this. Other tasks of this run: video 2: video_1 (queued). ${RETRY_ADVICE}`,
			],
			[
				'a batch of Get Status names the tasks that could not be checked, and advises to check again',
				[
					failed(0, { uncheckedId: 'video_8' }),
					withError(1, new Error('OctopusX does not know video_9')),
					delivered(2, { job: { ...job, source: { taskId: 'video_2', isRequested: true } } }),
				],
				'2 of 3 videos failed',
				'Video 1 of 3: It failed. Do this. Task: video_8. Video 2 of 3: OctopusX does not know video_9. Tasks of this run: video 3: video_2 (completed). Run the node again to check them, which is not charged.',
			],
			[
				'a batch with an item in Test Mode says so at that item',
				[delivered(0), failed(1, { isTest: true }), failed(2)],
				'2 of 3 videos failed: It failed',
				`Video 2 of 3: It failed. This item is in Test Mode: nothing was sent for it. Do this. Video 3 of 3: It failed. Do this. Tasks of this run: video 1: video_0 (completed). ${RESCUE}`,
			],
		])('with On Error: Stop, %s', async (_what, items, message, description) => {
			const { error, log } = await concludeWith(items);
			expect(error).toMatchObject({ message, description });
			expect(error?.context.itemIndex).toBe(items.findIndex(({ state }) => state === 'failed'));
			expect(log).toEqual([]);
		});

		test('with On Error: Stop, the text of a batch has 200 characters of a prompt, and the context all', async () => {
			const { error } = await concludeWith([delivered(0), failed(1, { prompt: LONG_PROMPT })]);
			expect(error?.description).toMatch(/^Video 2 of 2 \("A boat .{193}…"\): It failed\. /);
			expect(error?.context.prompt).toBe(LONG_PROMPT);
		});

		test('with On Error: Stop, the text of a batch shows no markup of a prompt', async () => {
			const prompt = '<img src=x>\na boat';
			const { error } = await concludeWith([delivered(0), failed(1, { prompt })]);
			expect(error?.description).toMatch(/^Video 2 of 2 \("a boat"\): /);
		});

		test('with On Error: Stop, the failed items that the error has no room for are in the log', async () => {
			const items = Array.from({ length: 4 }, (_, n) =>
				failed(n, { prompt: LONG_PROMPT, error: new OctopusXError('It failed', 'x'.repeat(200)) }),
			);
			const { error, log } = await concludeWith([...items, delivered(4)]);
			const { description = '' } = error ?? {};
			expect(String(description).match(/Video \d of 5/g)).toEqual(['Video 1 of 5', 'Video 2 of 5']);
			expect(description).toContain(" 2 more failed: n8n's log says why. Tasks of this run: ");
			expect(log.map((line) => line.slice(0, 32))).toEqual([
				'OctopusX: Video 3 of 5 ("A boat ',
				'OctopusX: Video 4 of 5 ("A boat ',
			]);
		});

		test.each([
			['is left out for a call over MCP, which cannot be retried', ''],
			['is replaced after a suspended wait', 'Start again.'],
		])('with On Error: Stop, the advice about finished videos %s', async (_what, advice) => {
			const { error } = await concludeWith([delivered(0), noVideo(1)], {}, advice);
			expect(error?.description).toBe(
				`Video 2 of 2 ("number 1"): ${sorry(1)} Other tasks of this run: video 1: video_0 (completed). ${advice}`.trim(),
			);
		});

		test('with On Error: Stop, the context of the error has the prompt, charge, task and cost of at most 20 failed items', async () => {
			const price = { quota: 40_000, currency: { name: 'USD', perQuota: 0.000002 } };
			const items = Array.from({ length: 25 }, (_, n) =>
				failed(n, {
					prompt: `number ${n}`,
					error: new OctopusXError('It failed', '', { charge: { taskId: `video_${n}` } }),
					task: { ...task('failed', `video_${n}`), price },
				}),
			);
			const { error } = await concludeWith([...items, delivered(25)]);
			const known = (n: number) => ({
				charge: { taskId: `video_${n}` },
				cost: { amount: 0.08, currency: 'USD' },
				task_id: `video_${n}`,
				prompt: `number ${n}`,
			});
			expect(error?.context).toMatchObject(known(0));
			expect(error?.context.items).toEqual(Array.from({ length: 20 }, (_, n) => known(n)));
			const { error: single } = await concludeWith([failed(0, { prompt: 'one' })]);
			expect(single?.context.prompt).toBe('one');
			expect(single?.context).not.toHaveProperty('items');
		});

		test('with On Error: Stop, the run fails with the HTTP 403 of the first failed item', async () => {
			const error = new OctopusXError('Refused', '', { statusCode: 403 });
			const { error: thrown } = await concludeWith([delivered(0), failed(1, { error }), failed(2)]);
			expect(thrown).toMatchObject({
				name: 'NodeApiError',
				message: '2 of 3 videos failed',
				description: `Video 2 of 3: Refused. Video 3 of 3: It failed. Do this. Tasks of this run: video 1: video_0 (completed). ${RESCUE}`,
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
				'Do this. Tasks of this run: video 1: video_0 (failed). Start again.',
			);
		});

		test('with On Error: Stop, the error of ten tasks lists all of them, and nothing is logged', async () => {
			const items = Array.from({ length: 10 }, (_, n) => withTask(n, n % 2 ? 'failed' : 'queued'));
			const { error, log } = await concludeWith(items);
			expect(error?.description).toContain(
				'video 1: video_0 (queued), video 2: video_1 (failed), video 3',
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
					(_, n) => `video ${first + 3 * n + 1}: video_${first + 3 * n} (${taskStatus})`,
				);
			const kinds = [list(2, 'in_progress'), list(1, 'completed'), list(0, 'failed')];
			const listed = kinds.map((kind) => `${kind.join(', ')} and 2 more (all are in n8n's log)`);
			const failures = Array.from(
				{ length: 28 },
				(_, n) => `Video ${n + 1} of 36: It failed. Do this.`,
			);
			expect(error?.description).toBe(
				`${failures.join(' ')} 8 more failed: n8n's log says why. Tasks of this run: ${listed.join(', ')}. ${RESCUE}`,
			);
			expect(log).toHaveLength(1 + 8);
			const all = log.at(-1);
			expect(all).toMatch(/^OctopusX: Tasks of this run: video 1: video_0 \(failed\), video 2: /);
			expect(all).toContain('video 36: video_35 (in_progress).');
		});

		test('with On Error: Stop, the error of 11 running tasks lists no other status', async () => {
			const items = Array.from({ length: 11 }, (_, n) => withTask(n, 'queued'));
			const { error } = await concludeWith(items);
			expect(error?.description).toMatch(
				/Do this\. Tasks of this run: video 1: .*and 1 more \(all are in n8n's log\)\. Fetch/,
			);
		});
	});

	describe('a stopped run', () => {
		const items = [
			delivered(0),
			failed(1, { error: new StoppedError('', { taskId: 'video_1' }), task: task('queued') }),
		];
		const tasks =
			'Tasks of this run: video 1: video_0 (completed), video 2: video_1 (queued). Fetch the videos with Get Status, which is not charged. A new run is charged again.';

		test('a stopped run fails with the message that n8n expects, and its tasks are logged', async () => {
			const { error, log } = await concludeWith(items);
			expect(error).toMatchObject({ message: 'The execution was canceled', description: tasks });
			expect(log).toEqual([`OctopusX: the execution was canceled. ${tasks}`]);
		});

		test('the error of a stopped run has no advice if no task can be fetched', async () => {
			const stopped = failed(0, { error: new StoppedError('', 'none') });
			const { error } = await concludeWith([stopped, withTask(1, 'failed')]);
			expect(error?.description).toBe('Tasks of this run: video 2: video_1 (failed).');
		});

		test('the tasks of a stopped run are logged even with On Error: Continue', async () => {
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
				[
					{
						type: 'info',
						message: '2 of 3 videos continued with a task that was already charged.',
					},
				],
			],
			[
				'how to get a file that was not downloaded',
				[delivered(0, { job: { ...job, download: undefined } })],
				[
					{
						type: 'info',
						message: 'Download Video is off: Get Status fetches the file, which is not charged.',
					},
				],
			],
			[
				'that n8n keeps files in memory',
				[delivered(0, { binary: { data: { data: 'aGk=', mimeType: 'video/mp4' } } })],
				[
					{
						type: 'info',
						message:
							'n8n keeps files in memory: set N8N_DEFAULT_BINARY_DATA_MODE=filesystem, or switch Download Video off.',
					},
				],
			],
			[
				'that a delivered video had an earlier submission that may have been charged',
				[delivered(0, { isInDoubt: true })],
				[
					{
						type: 'info',
						message:
							'1 of 1 video may have been charged for a submission without an answer: check the usage log of the OctopusX account.',
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
				'failed tasks of Get Status as failed',
				[
					delivered(0, { task: task('failed') }),
					delivered(1, { task: task('cancelled') }),
					delivered(2),
					failed(3),
				],
				[
					{
						type: 'warning',
						message: '3 of 4 videos failed: the task failed (2); It failed (1).',
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
							'1 of 8 videos continued with a task that was already charged. 7 of 8 videos failed: f (2); a (1); b (1); c (1); d (1). And 1 more kinds of errors: see the items.',
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
			expect(error?.description).toBe(
				'This item is in Test Mode: nothing was sent for it. Do this.',
			);
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

		test('the hint of a manual run in which every video succeeds says what they cost', async () => {
			expect(await hintsOf(['one', 'two'], {})).toEqual([
				{
					type: 'info',
					location: 'outputPane',
					message:
						'2 videos, 0.16 USD. Download Video is off: Get Status fetches the file, which is not charged.',
				},
			]);
		});

		test('the hint of a manual run counts the tasks that Retry On Fail continued after HTTP 403 without another charge', async () => {
			sandbox.faults.add({ on: 'check', prompt: 'one', answer: HTTP_403 });
			const settings = { retryOnFail: true, maxTries: 2 };
			expect(await hintsOf(['one', 'two'], { settings })).toEqual([
				{
					type: 'info',
					location: 'outputPane',
					message:
						'2 of 2 videos continued with a task that was already charged. 2 videos, 0.16 USD. Download Video is off: Get Status fetches the file, which is not charged.',
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
						'4 of 5 videos failed: the video could not be generated (2);',
						'the video was not ready in time (1); the connection broke off (1).',
						'1 of 5 videos may have been charged for a submission without an answer: check the usage log of the OctopusX account.',
						'2 videos, 0.16 USD. Download Video is off: Get Status fetches the file, which is not charged.',
					].join(' '),
				},
			]);
		});

		test('a production run with a failed item has no hint', async () => {
			const hints = await hintsOf(['two [failed]'], { settings: CONTINUE, mode: 'trigger' });
			expect(hints).toEqual([]);
		});
	});
});

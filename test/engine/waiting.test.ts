import type { INodeParameters } from 'n8n-workflow';
import { chargeSentence } from '../../nodes/OctopusXVideo/api/errors';
import { HTML_502 } from '../sandbox/faults';
import { VOCABULARIES, type Quirks } from '../sandbox/tasks';
import { hasCompleteVideo } from './support/downloads';
import { apiErrorBody, contentErrorBody, taskErrorBody } from './support/errorBodies';
import { eventually } from './support/eventually';
import { CONTINUE, GENERATE, GENERATE_EACH, inputOf } from './support/inputs';
import { loggingNode } from './support/nodeWithContext';
import { runNode, runNodeVirtually, type NodeSetup } from './support/runNode';
import { describeIfCanSuspend, MINUTE, suspendingOn } from './support/suspending';
import { useWaiting } from './support/waiting';

const { sandbox, wait } = useWaiting();

test('a task is first checked one Check Every interval after the submission, and then at every interval', async () => {
	sandbox.durationMs = 12_000;
	const { items, checkTimes } = await wait({ options: { timeout: 0.25 } });
	expect(checkTimes).toEqual([5_000, 10_000, 15_000]);
	expect(items[0]?.json).toMatchObject({ status: 'completed', progress: 100 });
	// A completed task needs no verdict, not even at the deadline, except for what it cost.
	expect(sandbox.requestsTo('verdict')).toHaveLength(1);
});

test('checks return to the Check Every interval after a check that failed with HTTP 502', async () => {
	sandbox.faults.add({ on: 'check', nth: 2, answer: HTML_502 });
	sandbox.durationMs = 30_000;
	expect((await wait()).checkTimes).toEqual([5_000, 10_000, 20_000, 25_000, 30_000]);
});

test('the pauses after checks that failed with HTTP 502 grow to at most one minute', async () => {
	sandbox.faults.add({ on: 'check', times: 7, answer: HTML_502 });
	const { checkTimes } = await wait();
	expect(checkTimes.map((at, n) => at - (checkTimes[n - 1] ?? 0))).toEqual([
		5_000, 10_000, 20_000, 40_000, 60_000, 60_000, 60_000, 60_000,
	]);
});

test('the next check waits for the Retry-After of HTTP 429', async () => {
	const answer = { status: 429, headers: { 'retry-after': '33' } };
	sandbox.faults.add({ on: 'check', answer });
	expect((await wait()).checkTimes.slice(0, 2)).toEqual([5_000, 38_000]);
});

test('the last check is at the Timeout, even if that is not a multiple of Check Every', async () => {
	const { checkTimes } = await wait({ prompt: 'a boat [never]', options: { timeout: 0.2 } });
	expect(checkTimes).toEqual([5_000, 10_000, 12_000]);
});

test('HTTP 502 until the Timeout causes a timeout error that names the last failure', async () => {
	sandbox.faults.add({ on: 'check', nth: 2, times: Infinity, answer: HTML_502 });
	const { error, elapsedMs } = await wait({ options: { timeout: 1 } });
	expect(elapsedMs).toBe(MINUTE);
	expect(error?.message).toBe('The video was not ready in time');
	expect(error?.description).toContain(
		'The task was queued at 8 % at the last check. Then: OctopusX is not available at the moment. ',
	);
	expect(error?.description).toContain(' (HTTP 502) For the next video, raise the option');
	expect(error?.context.charge).toEqual({ taskId: 'video_1' });
});

test('a check whose response drips times out after 45 seconds, and the timeout error says so', async () => {
	sandbox.faults.add({ on: 'check', times: Infinity, answer: 'drip' });
	const { error, checkTimes } = await wait({ options: { timeout: 1 } });
	expect(checkTimes).toEqual([5_000, MINUTE]);
	expect(error?.description).toContain(
		'Then: OctopusX did not answer. A check of the task got no answer within 45 seconds. For the next video, raise the option',
	);
});

test.each(['true', 'false'])(
	'Wait Until Completed can come from an expression as the string "%s"',
	async (text) => {
		const { items } = await wait({ waitForCompletion: `={{ "${text}" }}` });
		expect(items[0]?.json.status).toBe(text === 'true' ? 'completed' : 'queued');
	},
);

test('Check Every sets the time between checks', async () => {
	sandbox.durationMs = 12_000;
	expect((await wait({ options: { pollInterval: 1.5 } })).checkTimes).toHaveLength(8);
});

test('the timeout error names the task, its last progress, and what to do next', async () => {
	const { error, elapsedMs, checkTimes } = await wait({
		prompt: 'a boat [never]',
		options: { timeout: 1.5 },
	});
	expect(elapsedMs).toBe(1.5 * MINUTE);
	expect(checkTimes.at(-1)).toBe(1.5 * MINUTE);
	expect(error?.message).toBe('The video was not ready in time');
	expect(error?.description).toContain('The task was in_progress at 99 %');
	expect(error?.description).toContain("raise the option 'Timeout (Minutes)'");
	expect(error?.context).toMatchObject({ charge: { taskId: 'video_1' }, task_id: 'video_1' });
});

describe('temporary failures of a check', () => {
	test.each([
		['HTTP 502 with a web page', HTML_502],
		['HTTP 200 with a web page', { status: 200, body: '<html>busy</html>' }],
		['HTTP 403 with a proxy’s web page', { status: 403, body: '<html>blocked</html>' }],
		['HTTP 401 with a proxy’s web page', { status: 401, body: '<html>log in</html>' }],
		['HTTP 429', { status: 429, body: { error: { message: 'slow down' } } }],
		['a connection reset', 'reset'],
		['HTTP 200 with an array', { status: 200, body: [1, 2] }],
	] as const)('a wait continues after %s', async (_failure, answer) => {
		sandbox.faults.add({ on: 'check', nth: 2, times: 3, answer });
		const { items, checkTimes } = await wait();
		expect(items[0]?.json).toMatchObject({ status: 'completed' });
		// The check at 10 s fails. The next checks follow after pauses of 10, 20 and 40 s.
		expect(checkTimes).toEqual([5_000, 10_000, 20_000, 40_000, 80_000]);
	});
});

test.each([
	['HTTP 403', 1, { status: 403, body: { error: { message: 'no' } } }],
	['a second task_not_exist', 2, { status: 400, body: taskErrorBody('task_not_exist') }],
])('a check that gets %s ends the wait at once', async (_failure, checks, answer) => {
	sandbox.faults.add({ on: 'check', nth: 1, times: Infinity, answer });
	const { error, checkTimes } = await wait();
	expect(checkTimes).toHaveLength(checks);
	expect(error?.context.charge).toEqual({ taskId: 'video_1' });
});

test('a task is checked again after a single task_not_exist error', async () => {
	const answer = { status: 400, body: taskErrorBody('task_not_exist') };
	sandbox.faults.add({ on: 'check', nth: 2, answer });
	const { items } = await wait();
	expect(items[0]?.json).toMatchObject({ status: 'completed' });
});

describe('HTTP 401 during a wait', () => {
	const unauthorized = { status: 401, body: apiErrorBody('Invalid token (request id: 20261121)') };

	test('HTTP 401 does not end the wait for a task of this run, and other items continue', async () => {
		sandbox.faults.add({ on: 'check', prompt: 'one', nth: 2, times: 4, answer: unauthorized });
		const { items, error } = await wait(
			{ prompt: '={{ $json.prompt }}' },
			{ input: inputOf('one', 'two') },
		);
		expect(error).toBeUndefined();
		expect(items.map(({ json }) => json.status)).toEqual(['completed', 'completed']);
		expect(sandbox.tasks).toHaveLength(2);
	});

	test('HTTP 401 until the Timeout ends the wait with an error that lists every task', async () => {
		sandbox.faults.add({ on: 'check', times: Infinity, answer: unauthorized });
		const { error, elapsedMs } = await wait(
			{ prompt: '={{ $json.prompt }}', options: { timeout: 5 } },
			{ input: inputOf('one', 'two') },
		);
		expect(elapsedMs).toBe(5 * MINUTE);
		expect(error?.message).toBe('2 of 2 videos failed: OctopusX did not accept the API key');
		expect(error?.context.charge).toEqual({ taskId: 'video_1' });
		expect(error?.description).toContain('The task was in progress at the last check.');
		expect(error?.description).toContain('quota may have been used up, or it was disabled');
		expect(error?.description).toContain('Task video_1 was charged');
		expect(error?.description).toContain('video 2: video_2 (queued)');
	});

	test('HTTP 401 ends the wait of Get Status at once, because the key may never have been valid', async () => {
		sandbox.faults.add({ on: 'check', times: Infinity, answer: unauthorized });
		const { error, checkTimes } = await wait({
			operation: 'getStatus',
			taskId: 'video_1',
			waitForCompletion: true,
		});
		expect(error?.message).toBe('OctopusX did not accept the API key');
		expect(checkTimes).toHaveLength(1);
	});
});

test('a check whose response drips times out, and its connection is closed', async () => {
	sandbox.faults.add({ on: 'check', times: 3, answer: 'drip' });
	const { items, checkTimes } = await wait();
	expect(items[0]?.json).toMatchObject({ status: 'completed' });
	expect(checkTimes.slice(0, 2)).toEqual([5_000, 5_000 + 45_000 + 10_000]);
	await eventually(() => expect(sandbox.hanging).toBe(0));
});

test('a Retry-After of a day delays the next check by three minutes at most', async () => {
	const answer = { status: 429, headers: { 'retry-after': '86400' } };
	sandbox.faults.add({ on: 'check', answer });
	const { items, checkTimes } = await wait();
	expect(checkTimes[1]).toBe(5_000 + 3 * MINUTE);
	expect(items[0]?.json).toMatchObject({ status: 'completed' });
});

describe('a system clock that changes during a wait', () => {
	const changedBy = (ms: number) => ({
		onStart: () => void setTimeout(() => jest.setSystemTime(Date.now() + ms), 12_000),
	});

	test('a system clock that is set back does not delay checks', async () => {
		const { items, checkTimes } = await wait({}, changedBy(-30_000));
		const gaps = checkTimes.map((at, n) => at - (checkTimes[n - 1] ?? 0));
		expect(gaps).toContain(5_000 - 30_000);
		expect(Math.max(...gaps)).toBeLessThan(10_000);
		expect(items[0]?.json).toMatchObject({ status: 'completed' });
	});

	test('a system clock that is set forward does not end a wait early', async () => {
		const { error, elapsedMs } = await wait({ prompt: 'a boat [never]' }, changedBy(40 * MINUTE));
		expect(error?.message).toBe('The video was not ready in time');
		expect(elapsedMs).toBe((30 + 40) * MINUTE);
	});
});

test('the editor receives every status of a task', async () => {
	sandbox.durationMs = 12_000;
	const messages: string[] = [];
	await wait({}, { onMessage: (text) => messages.push(text) });
	expect(messages).toEqual([
		'item 0: video_1 queued 0 %',
		'item 0: video_1 in_progress 41 %',
		'item 0: video_1 in_progress 83 %',
		'item 0: video_1 completed 100 %',
	]);
});

test('the editor receives the reason why a submission is delayed by HTTP 429', async () => {
	sandbox.faults.add({ on: 'submit', times: 2, answer: { status: 429 } });
	const messages: string[] = [];
	await wait({}, { onMessage: (text) => messages.push(text) });
	expect(messages.slice(0, 3)).toEqual([
		...Array(2).fill('item 0: OctopusX received too many requests, trying again'),
		'item 0: video_1 queued 0 %',
	]);
});

test('a Stop ends the wait within a second, and no further request is sent', async () => {
	const { error, elapsedMs, checkTimes, run } = await wait(
		{ prompt: 'a boat [never]' },
		{ onStart: (execution) => void setTimeout(() => execution.cancel(), 7_200) },
	);
	expect(checkTimes).toEqual([5_000]);
	expect(elapsedMs).toBeLessThanOrEqual(7_200 + 1_000);
	expect(run.status).toBe('canceled');
	expect(error?.message).toContain('canceled');
});

describe('responses about a task', () => {
	test.each(Object.keys(VOCABULARIES) as Array<keyof typeof VOCABULARIES>)(
		'a wait recognizes the statuses of the vocabulary "%s"',
		async (statuses) => {
			sandbox.quirks.statuses = statuses;
			const { items, checkTimes } = await wait();
			expect(checkTimes).toHaveLength(12);
			expect(items[0]?.json).toMatchObject({ status: 'completed' });
		},
	);

	test.each(['string', 'percent', 'absent', 'number'] as const)(
		'a wait recognizes progress in the form "%s"',
		async (progress) => {
			sandbox.quirks.progress = progress;
			const { items } = await wait({ options: { timeout: 30 } });
			expect(items[0]?.json).toMatchObject({ progress: 100, status: 'completed' });
		},
	);

	test.each([
		['both', 'colonAndSlash'],
		['id', 'plain'],
		['task_id', 'colonAndSlash'],
	] as const)(
		'a wait recognizes task IDs with idFields "%s" and ids "%s"',
		async (idFields, ids) => {
			sandbox.quirks = { ...sandbox.quirks, idFields, ids };
			const { items } = await wait({ simplify: false });
			const id = sandbox.tasks[0]?.id;
			expect(items[0]?.json).toMatchObject({ id, task_id: id, status: 'completed' });
			expect(sandbox.requestsTo('check')[0]?.path).toBe(
				`/v1/videos/${encodeURIComponent(id ?? '')}`,
			);
		},
	);

	test('a task with an empty error object is not treated as failed', async () => {
		const { items, error } = await wait();
		expect(error).toBeUndefined();
		expect(Object.keys(items[0]?.json ?? {})).not.toContain('error');
		expect(Object.keys(items[0]?.json ?? {})).not.toContain('failure');
	});

	test.each([
		['failed', 'The video could not be generated', 'task_failed'],
		['cancelled', 'The video was canceled', 'task_cancelled'],
		['expired', 'The video could not be generated', 'task_expired'],
	])('a task that ends as %s causes an error', async (ending, message, code) => {
		const { error } = await wait({ prompt: `a boat [${ending}]` });
		const charge = { taskId: 'video_1', refund: 'given' };
		expect(error).toMatchObject({ message, context: { itemIndex: 0, charge } });
		expect(error?.description).toContain(
			`OctopusX said: "The sandbox let this task end ${ending}" (${code}).`,
		);
	});

	describe('an end that the status does not show', () => {
		const verdict = (data: object) => ({ status: 200, body: { code: 'success', data } });
		const failure = { status: 'FAILURE', fail_reason: 'out of memory', progress: '100%', quota: 0 };
		const USD = { name: 'USD', perQuota: 1 / 500_000 };

		test('a response without a status but with an error means that the task failed, and the error contains its reason', async () => {
			const body = { id: 'video_1', error: { code: 'bad_image', message: 'no face found' } };
			sandbox.faults.add({ on: 'check', nth: 2, answer: { status: 200, body } });
			const { error, checkTimes } = await wait();
			expect(error?.message).toBe('The video could not be generated');
			expect(error?.description).toContain('"no face found" (bad_image)');
			expect(checkTimes).toHaveLength(2);
		});

		test('after an unknown status three times in a row, the gateway’s verdict decides', async () => {
			const body = { id: 'video_1', status: 'warming_up' };
			sandbox.faults.add({ on: 'check', times: Infinity, answer: { status: 200, body } });
			sandbox.faults.add({ on: 'verdict', answer: verdict(failure) });
			const { error, checkTimes } = await wait();
			expect(checkTimes).toHaveLength(3);
			expect(error?.message).toBe('The video could not be generated');
			expect(error?.description).toContain('"out of memory"');
			expect(error?.context.charge).toEqual({ taskId: 'video_1', refund: 'given' });
		});

		test.each([
			['says that the task is running', verdict({ status: 'IN_PROGRESS', progress: '40%' })],
			['says nothing', verdict({})],
			['fails with HTTP 502', HTML_502],
		])('a wait with an unknown status continues if the verdict %s', async (_verdict, answer) => {
			const body = { id: 'video_1', status: 'warming_up' };
			sandbox.faults.add({ on: 'check', times: 8, answer: { status: 200, body } });
			sandbox.faults.add({ on: 'verdict', times: Infinity, answer });
			const { items } = await wait();
			expect(items[0]?.json).toMatchObject({ status: 'completed' });
			// two for the status, and one for what the video cost
			expect(sandbox.requestsTo('verdict')).toHaveLength(3);
		});

		test('the verdict is not requested before an unknown status was received three times in a row', async () => {
			const body = { id: 'video_1', status: 'warming_up' };
			for (const nth of [1, 4]) {
				sandbox.faults.add({ on: 'check', nth, times: 2, answer: { status: 200, body } });
			}
			const { items } = await wait();
			expect(items[0]?.json).toMatchObject({ status: 'completed' });
			expect(sandbox.requestsTo('verdict')).toHaveLength(1);
		});

		test.each([
			['with quota 0', { ...failure, fail_reason: 'other' }, 'given', undefined],
			[
				'with a quota of 50,000',
				{ ...failure, quota: 50_000 },
				'unknown',
				{ quota: 50_000, currency: USD },
			],
			['that shows no end', { status: 'IN_PROGRESS' }, 'unknown', undefined],
		] as const)(
			'the error of a failed task says what a verdict %s means for the charge',
			async (_verdict, data, refund, price) => {
				sandbox.faults.add({ on: 'verdict', answer: verdict(data) });
				const { error } = await wait({ prompt: 'a boat [failed]' });
				expect(error?.message).toBe('The video could not be generated');
				const charge = { taskId: 'video_1', refund };
				expect(error?.context.charge).toEqual(charge);
				expect(error?.description).toBe(
					`${chargeSentence(charge, price)} OctopusX said: "The sandbox let this task end failed" (task_failed). Fix the prompt or image and run again. This is a new, paid video.`,
				);
			},
		);

		test('a wait requests the verdict at the Timeout before it fails', async () => {
			sandbox.faults.add({ on: 'verdict', answer: verdict(failure) });
			const { error } = await wait({ prompt: 'a boat [never]', options: { timeout: 1 } });
			expect(error?.message).toBe('The video could not be generated');
			expect(error?.context.charge).toEqual({ taskId: 'video_1', refund: 'given' });
			expect(error?.description).not.toContain('is still in progress');
		});

		test('a wait outputs the video in the verdict at the Timeout', async () => {
			const data = {
				status: 'SUCCESS',
				progress: '100%',
				data: { id: 'private', video_url: 'https://files.example/a.mp4' },
			};
			sandbox.faults.add({ on: 'verdict', answer: verdict(data) });
			const { items } = await wait({ prompt: 'a boat [never]', options: { timeout: 1 } });
			expect(items[0]?.json).toMatchObject({
				task_id: 'video_1',
				status: 'completed',
				video_url: 'https://files.example/a.mp4',
			});
		});
	});

	test.each([300, 500])(
		'the status of a task in a response with HTTP %s is ignored',
		async (status) => {
			const body = { id: 'video_1', status: 'failed' };
			sandbox.faults.add({ on: 'check', answer: { status, body } });
			const { items, checkTimes } = await wait();
			expect(items[0]?.json).toMatchObject({ status: 'completed' });
			expect(checkTimes.length).toBeGreaterThan(1);
		},
	);
});

/** Where the node finds what a response of the task endpoint leaves out. */
describe('facts that the task endpoint leaves out', () => {
	beforeEach(() => void (sandbox.durationMs = 20_000));
	const GIVEN_UP = 'one [abandoned]';

	async function generate(prompt: string, parameters: INodeParameters = {}, setup: NodeSetup = {}) {
		return await runNodeVirtually(
			sandbox,
			{ ...GENERATE_EACH, ...parameters },
			{ input: inputOf(prompt), ...setup },
		);
	}

	/** A task that ended before, checked by Get Status. */
	async function getStatus(prompt: string, parameters: INodeParameters = {}, body?: object) {
		sandbox.durationMs = 0;
		await runNode(sandbox, { ...GENERATE, prompt, waitForCompletion: false });
		sandbox.log = [];
		if (body) sandbox.faults.add({ on: 'check', times: Infinity, answer: { status: 200, body } });
		const all = { operation: 'getStatus', taskId: 'video_1', ...parameters };
		return await runNodeVirtually(sandbox, all);
	}

	describe('a task that the gateway has given up, and shows as in progress for ever', () => {
		test('Get Status without a wait says at once that it has failed', async () => {
			const { items, elapsedMs } = await getStatus(GIVEN_UP);
			expect(items[0]?.json).toMatchObject({
				task_id: 'video_1',
				status: 'failed',
				failure: { message: '任务超时（1分钟）', refunded: true },
			});
			expect(elapsedMs).toBe(0);
		});

		test('the wait for a task that the gateway has given up ends within about a minute, and the error notes the refund and advises trying again', async () => {
			const { error, elapsedMs } = await generate(GIVEN_UP);
			expect(elapsedMs).toBeGreaterThan(20_000);
			expect(elapsedMs).toBeLessThan(75_000);
			expect(error?.message).toBe('The video could not be generated');
			expect(error?.description).toContain('(in English: it took too long, try again later)');
			expect(error?.description).toContain('Try again later. This is a new, paid video.');
			expect(error?.context.charge).toEqual({ taskId: 'video_1', refund: 'given' });
		});

		test('a wait of 20 minutes requests the verdict only 8 to 14 times', async () => {
			await generate('one [never]', { options: { timeout: 20 } });
			const asked = sandbox.requestsTo('verdict').length;
			expect(asked).toBeGreaterThanOrEqual(8);
			expect(asked).toBeLessThanOrEqual(14);
		});

		test('a video that is ready within a minute needs no verdict but that of its cost', async () => {
			const { items } = await generate('one');
			expect(items[0]?.json.status).toBe('completed');
			expect(sandbox.requestsTo('verdict')).toHaveLength(1);
		});

		test('a wait goes on while the endpoint of the verdict fails', async () => {
			sandbox.durationMs = 3 * MINUTE;
			sandbox.faults.add({ on: 'verdict', times: Infinity, answer: { status: 500 } });
			const { items } = await generate('one');
			expect(items[0]?.json.status).toBe('completed');
		});

		describeIfCanSuspend('suspended', () => {
			const suspend = suspendingOn(sandbox);

			test('a suspended execution ends at its first check', async () => {
				const { error, resumed } = await suspend({}, { input: inputOf(GIVEN_UP) });
				expect(error?.message).toBe('The video could not be generated');
				expect(resumed).toBe(1);
			});

			test('a suspended execution settles a status that the node does not know at the next check', async () => {
				sandbox.durationMs = 30 * MINUTE;
				const times: number[] = [];
				sandbox.faults.add({
					on: 'check',
					nth: 9,
					times: Infinity,
					answer: { status: 200, body: { status: 'done' } },
				});
				await suspend(
					{ options: { timeout: 60 } },
					{
						input: inputOf('one'),
						whileSuspended: () => times.push(sandbox.requestsTo('verdict').length),
					},
				);
				// in the ninth minute, the verdict would not be asked for otherwise
				const [before = 0, after = 0] = times.slice(8, 10);
				expect(after - before).toBe(1);
			});
		});
	});

	describe('Get Status without a wait, of a completed video', () => {
		test.each(['done', 'succeed', 'running', 'rejected', 'in_progress'])(
			'a video whose status word is %j is downloaded',
			async (status) => {
				const { items } = await getStatus(
					'one',
					{ downloadVideo: true },
					{ id: 'video_1', status },
				);
				expect(items[0]?.json).toMatchObject({ task_id: 'video_1', status: 'completed' });
				expect(await hasCompleteVideo(items)).toBe(true);
				expect(sandbox.requestsTo('verdict')).toHaveLength(1);
			},
		);

		test.each<[string, (task: object) => object]>([
			['data', (data) => ({ code: 'success', data })],
			['data, beside a second status', (data) => ({ status: 'success', data })],
			['task', (task) => ({ task })],
		])('a task inside %s is understood', async (_where, wrap) => {
			const task = { task_id: 'video_1', status: 'in_progress', progress: '40%' };
			sandbox.faults.add({ on: 'verdict', times: Infinity, answer: { status: 404 } });
			const { items } = await getStatus('one', { simplify: false }, wrap(task));
			expect(items[0]?.json).toMatchObject({
				status: 'in_progress',
				progress: 40,
				raw: wrap(task),
			});
		});
	});

	describe('the address of a finished video', () => {
		test.each<Quirks['videoUrl']>(['fileHost', 'metadata', 'data', 'verdict'])(
			'is found with the sandbox set to %s, and its file comes from the file host',
			async (videoUrl) => {
				sandbox.quirks.videoUrl = videoUrl;
				const { items } = await generate('one', { downloadVideo: true });
				expect(await hasCompleteVideo(items)).toBe(true);
				expect(items[0]?.json.video_url).toMatch(/\/files\/video_1\.mp4/);
				expect(sandbox.requestsTo('file')).toHaveLength(1);
				expect(sandbox.requestsTo('content')).toEqual([]);
			},
		);

		test.each<[string, (url: string) => object]>([
			['data.url', (url) => ({ data: { url } })],
			['result_url', (result_url) => ({ result_url })],
			['url', (url) => ({ url })],
			['video.url', (url) => ({ video: { url } })],
			['output', (output) => ({ output })],
			['output[0]', (url) => ({ output: [url] })],
			['content.video_url', (video_url) => ({ content: { video_url } })],
		])('is found in %s', async (_place, place) => {
			const url = `${sandbox.fileHost}/files/video_1.mp4?signature=sandbox${Date.now() + MINUTE}`;
			const body = { id: 'video_1', status: 'completed', ...place(url) };
			const { items } = await getStatus('one', { downloadVideo: true }, body);
			expect(await hasCompleteVideo(items)).toBe(true);
			expect(items[0]?.json.video_url).toBe(url);
			// for what it cost
			expect(sandbox.requestsTo('verdict')).toHaveLength(1);
			expect(sandbox.requestsTo('content')).toEqual([]);
		});

		test('the video URL is requested from the verdict before an item without one is returned', async () => {
			sandbox.quirks.videoUrl = 'verdict';
			const { items } = await getStatus('one');
			expect(items[0]?.json.video_url).toMatch(/\/files\/video_1\.mp4/);
		});

		test('is the content endpoint if nothing has one, and the verdict is asked once', async () => {
			sandbox.quirks.videoUrl = 'missing';
			const { items } = await generate('one', { downloadVideo: true });
			expect(await hasCompleteVideo(items)).toBe(true);
			expect(items[0]?.json.video_url).toBe(`${sandbox.url}/v1/videos/video_1/content`);
			expect(sandbox.requestsTo('verdict')).toHaveLength(1);
		});
	});

	test('a completed task without an address that the gateway has given up fails, and is not downloaded', async () => {
		const body = { id: 'video_1', status: 'completed' };
		sandbox.faults.add({ on: 'check', times: Infinity, answer: { status: 200, body } });
		sandbox.durationMs = 0;
		const { error } = await generate('one [expired]', { downloadVideo: true });
		expect(error?.message).toBe('The video could not be generated');
		expect(error?.context.charge).toEqual({ taskId: 'video_1', refund: 'given' });
		expect(sandbox.requestsTo('content')).toEqual([]);
	});

	describe('the reason of a failure', () => {
		test.each([
			{ fail_reason: 'No cats' },
			{ failure_reason: 'No cats' },
			{ error_message: 'No cats' },
			{ message: 'No cats' },
			{ error: { message: 'No cats' } },
			{ error: { code: '', message: '' }, fail_reason: 'No cats' },
		])('is in the error for %j', async (fields) => {
			const body = { id: 'video_1', status: 'FAILURE', ...fields };
			sandbox.faults.add({ on: 'check', times: Infinity, answer: { status: 200, body } });
			const { error } = await generate('one');
			expect(error?.description).toContain('OctopusX said: "No cats" (failure). Fix the prompt');
		});

		test('is taken from the verdict if the task has none, in a wait and in a single check', async () => {
			const body = { id: 'video_1', status: 'failed' };
			const { items } = await getStatus('one [failed]', {}, body);
			const message = 'The sandbox let this task end failed';
			expect(items[0]?.json.failure).toMatchObject({ message, refunded: true });
			const { error } = await runNodeVirtually(sandbox, {
				operation: 'getStatus',
				taskId: 'video_1',
				waitForCompletion: true,
			});
			expect(error?.description).toContain(`OctopusX said: "${message}"`);
		});

		test('is in the error of a timeout if the status is "error"', async () => {
			const error = { message: 'No cats', code: 'policy' };
			const body = { id: 'video_1', status: 'error', error };
			sandbox.faults.add({ on: 'check', times: Infinity, answer: { status: 200, body } });
			sandbox.faults.add({ on: 'verdict', times: Infinity, answer: { status: 404 } });
			const run = await generate('one', { options: { timeout: 1 } });
			expect(run.error?.message).toBe('The video was not ready in time');
			expect(run.error?.description).toContain('OctopusX said: "No cats" (policy).');
		});

		test.each(['overloaded', 'Rate limit reached', 'timed out', 'timeout', '任务超时'])(
			'%j leads to the advice to try again later',
			async (reason) => {
				const body = { id: 'video_1', status: 'failed', error: { message: reason, code: 'x' } };
				sandbox.faults.add({ on: 'check', times: Infinity, answer: { status: 200, body } });
				const { error } = await generate('one [failed]');
				expect(error?.description).toContain('Try again later. This is a new, paid video.');
				expect(error?.description).not.toContain('Fix the prompt');
			},
		);

		test('stays under raw.error with Simplify off, and not at the top level', async () => {
			const { items } = await getStatus('one [failed]', { simplify: false });
			expect(items[0]?.json).toMatchObject({ raw: { error: { code: 'task_failed' } } });
			expect(items[0]?.json).not.toHaveProperty('error');
		});
	});

	describe('a refusal of the content endpoint', () => {
		test.each([403, 410, 422, 451])(
			'with HTTP %i is final and blames neither parameters nor balance',
			async (status) => {
				sandbox.quirks.videoUrl = 'missing';
				const answer = { status, body: contentErrorBody('blocked') };
				sandbox.faults.add({ on: 'content', times: Infinity, answer });
				const { error } = await generate('one', { downloadVideo: true });
				expect(error?.description).toContain(
					'OctopusX has no file for this task. OctopusX said: "blocked"',
				);
				expect(error?.description).not.toMatch(/parameters|balance/);
				expect(sandbox.requestsTo('content')).toHaveLength(1);
			},
		);

		test.each([
			['FAILURE', 1],
			['IN_PROGRESS', 4],
		])('with "current status: %s" is requested %i times', async (status, requests) => {
			sandbox.quirks.videoUrl = 'missing';
			const body = contentErrorBody(`Task is not completed yet, current status: ${status}`);
			sandbox.faults.add({ on: 'content', times: Infinity, answer: { status: 400, body } });
			await generate('one', { downloadVideo: true });
			expect(sandbox.requestsTo('content')).toHaveLength(requests);
		});
	});

	describe('a submission with two IDs', () => {
		const RETRY = { retryOnFail: true, maxTries: 2, waitBetweenTries: 1_000 };
		const twoIds = () => {
			const bodyFor = (id: string) => ({ id, task_id: 'private_7', status: 'queued' });
			sandbox.faults.add({ on: 'submit', accept: true, answer: { status: 200, bodyFor } });
		};

		test('is checked with its other ID if the API does not know the first, and the log has both', async () => {
			twoIds();
			const lines: string[] = [];
			const { items } = await generate(
				'one',
				{ downloadVideo: true },
				{ node: loggingNode(lines) },
			);
			expect(items[0]?.json).toMatchObject({ task_id: 'video_1', status: 'completed' });
			expect(await hasCompleteVideo(items)).toBe(true);
			expect(lines.join('\n')).toContain('task private_7 or video_1 created for item 0');
			// afterwards only the ID that works is used
			const paths = sandbox.requestsTo('check').map(({ path }) => path.split('/').at(-1));
			expect(paths.slice(0, 3)).toEqual(['private_7', 'video_1', 'video_1']);
		});

		test('is found by Retry On Fail with its other ID, and not charged again', async () => {
			twoIds();
			const forbidden = { status: 403, body: { error: { message: 'no', code: '' } } };
			sandbox.faults.add({ on: 'check', answer: forbidden });
			const { items } = await generate('one', {}, { settings: RETRY });
			expect(items[0]?.json).toMatchObject({ task_id: 'video_1', status: 'completed' });
			expect(sandbox.tasks).toHaveLength(1);
		});

		test('keeps its first ID if the API knows neither', async () => {
			twoIds();
			const answer = { status: 400, body: taskErrorBody('task_not_exist') };
			sandbox.faults.add({ on: 'check', times: Infinity, answer });
			const { items } = await generate('one', {}, { settings: CONTINUE });
			expect(items[0]?.json.error).toMatchObject({
				message: 'OctopusX does not know this task',
				task_id: 'private_7',
			});
			expect(sandbox.requestsTo('check')).toHaveLength(4);
		});

		describeIfCanSuspend('suspended', () => {
			test('is checked with its other ID by a checking execution', async () => {
				twoIds();
				const suspend = suspendingOn(sandbox);
				const { items } = await suspend({}, { input: inputOf('one') });
				expect(items[0]?.json).toMatchObject({ task_id: 'video_1', status: 'completed' });
			});
		});

		test('whose delivered task is found by its other ID is not delivered again in a loop', async () => {
			twoIds();
			const { items } = await generate('one', {}, { connectTwice: true });
			expect(items[0]?.json.status).toBe('completed');
			expect(sandbox.tasks).toHaveLength(2);
		});
	});
});

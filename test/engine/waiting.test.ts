import { HTML_502 } from '../sandbox/faults';
import { apiErrorBody, taskErrorBody } from './support/errorBodies';
import { eventually } from './support/eventually';
import { inputOf } from './support/inputs';
import { useWaiting } from './support/waiting';

const MINUTE = 60_000;

const { sandbox, wait } = useWaiting();

test('the first look is one interval after the submission, and then every interval', async () => {
	sandbox.durationMs = 12_000;
	const { items, polls } = await wait({ options: { timeout: 0.25 } });
	expect(polls).toEqual([5_000, 10_000, 15_000]);
	expect(items[0]?.json).toMatchObject({ status: 'completed', progress: 100 });
	// the other view has nothing to add, not even at the deadline
	expect(sandbox.requestsTo('verdict')).toEqual([]);
});

test('after a fault has healed, the looks come at the usual interval again', async () => {
	sandbox.faults.add({ on: 'poll', nth: 2, answer: HTML_502 });
	sandbox.durationMs = 30_000;
	expect((await wait()).polls).toEqual([5_000, 10_000, 20_000, 25_000, 30_000]);
});

test('the pauses after looks that failed grow up to a minute', async () => {
	sandbox.faults.add({ on: 'poll', times: 7, answer: HTML_502 });
	const { polls } = await wait();
	expect(polls.map((at, n) => at - (polls[n - 1] ?? 0))).toEqual([
		5_000, 10_000, 20_000, 40_000, 60_000, 60_000, 60_000, 60_000,
	]);
});

test('the next look waits for Retry-After', async () => {
	const answer = { status: 429, headers: { 'retry-after': '33' } };
	sandbox.faults.add({ on: 'poll', answer });
	expect((await wait()).polls.slice(0, 2)).toEqual([5_000, 38_000]);
});

test('the last look is at the deadline, also when that is no multiple of the interval', async () => {
	const { polls } = await wait({ prompt: 'a boat [never]', options: { timeout: 0.2 } });
	expect(polls).toEqual([5_000, 10_000, 12_000]);
});

test('faults until the deadline end in a timeout that names the last fault', async () => {
	sandbox.faults.add({ on: 'poll', nth: 2, times: Infinity, answer: HTML_502 });
	const { error, elapsedMs } = await wait({ options: { timeout: 1 } });
	expect(elapsedMs).toBe(MINUTE);
	expect(error?.message).toBe('The video was not ready in time');
	expect(error?.description).toContain(
		'Task video_1 was queued at 8 % when it was last seen. Then: OctopusX is not available at the moment. ',
	);
	expect(error?.description).toContain(
		' (HTTP 502) The task goes on and was charged: use Get Status',
	);
});

test('a look whose answer drips is given up after 45 seconds, and the timeout says so', async () => {
	sandbox.faults.add({ on: 'poll', times: Infinity, answer: 'drip' });
	const { error, polls } = await wait({ options: { timeout: 1 } });
	expect(polls).toEqual([5_000, MINUTE]);
	expect(error?.description).toContain(
		'Then: OctopusX did not answer. A check of the task got no answer within 45 seconds. The task goes on',
	);
});

test.each(['true', 'false'])(
	'Wait Until Completed may come from an expression as the text "%s"',
	async (text) => {
		const { items } = await wait({ waitForCompletion: `={{ "${text}" }}` });
		expect(items[0]?.json.status).toBe(text === 'true' ? 'completed' : 'queued');
	},
);

test('Check Every sets the time between looks', async () => {
	sandbox.durationMs = 12_000;
	expect((await wait({ options: { pollInterval: 1.5 } })).polls).toHaveLength(8);
});

test('the error of a timeout names the task, where it stood, and how to go on', async () => {
	const { error, elapsedMs, polls } = await wait({
		prompt: 'a boat [never]',
		options: { timeout: 1.5 },
	});
	expect(elapsedMs).toBe(1.5 * MINUTE);
	expect(polls.at(-1)).toBe(1.5 * MINUTE);
	expect(error?.message).toBe('The video was not ready in time');
	expect(error?.description).toContain('Task video_1 was in_progress at 99 %');
	expect(error?.description).toContain('use Get Status with this Task ID');
});

describe('faults of a look', () => {
	test.each([
		['a bad gateway', HTML_502],
		['a web page with status 200', { status: 200, body: '<html>busy</html>' }],
		['a page of a proxy with HTTP 403', { status: 403, body: '<html>blocked</html>' }],
		['a page of a proxy with HTTP 401', { status: 401, body: '<html>log in</html>' }],
		['a rate limit', { status: 429, body: { error: { message: 'slow down' } } }],
		['a cut connection', 'reset'],
		['an answer of the wrong shape', { status: 200, body: [1, 2] }],
	] as const)('a wait outlasts %s', async (_what, answer) => {
		sandbox.faults.add({ on: 'poll', nth: 2, times: 3, answer });
		const { items, polls } = await wait();
		expect(items[0]?.json).toMatchObject({ status: 'completed' });
		// 5, 10 (fault), then waits of 10, 20 and 40 s
		expect(polls).toEqual([5_000, 10_000, 20_000, 40_000, 80_000]);
	});
});

test.each([
	['a forbidden task', 1, { status: 403, body: { error: { message: 'no' } } }],
	['an unknown task twice', 2, { status: 400, body: taskErrorBody('task_not_exist') }],
])('a look that meets %s ends the wait at once', async (_what, looks, answer) => {
	sandbox.faults.add({ on: 'poll', nth: 1, times: Infinity, answer });
	const { error, polls } = await wait();
	expect(polls).toHaveLength(looks);
	expect(error?.description).toMatch(/^Task video_1 was charged: use Get Status with this Task ID/);
});

test('a task that the API does not know once is looked at again', async () => {
	const answer = { status: 400, body: taskErrorBody('task_not_exist') };
	sandbox.faults.add({ on: 'poll', nth: 2, answer });
	const { items } = await wait();
	expect(items[0]?.json).toMatchObject({ status: 'completed' });
});

describe('a key that is refused during a wait', () => {
	const refused = { status: 401, body: apiErrorBody('Invalid token (request id: 20261121)') };

	test('a 401 is waited through for what this run has paid for, and other items go on', async () => {
		sandbox.faults.add({ on: 'poll', prompt: 'one', nth: 2, times: 4, answer: refused });
		const { items, error } = await wait(
			{ prompt: '={{ $json.prompt }}' },
			{ input: inputOf('one', 'two') },
		);
		expect(error).toBeUndefined();
		expect(items.map(({ json }) => json.status)).toEqual(['completed', 'completed']);
		expect(sandbox.tasks).toHaveLength(2);
	});

	test('a 401 that stays ends the wait at its deadline, and the error lists every task', async () => {
		sandbox.faults.add({ on: 'poll', times: Infinity, answer: refused });
		const { error, elapsedMs } = await wait(
			{ prompt: '={{ $json.prompt }}', options: { timeout: 5 } },
			{ input: inputOf('one', 'two') },
		);
		expect(elapsedMs).toBe(5 * MINUTE);
		expect(error?.message).toBe('OctopusX did not accept the API key');
		expect(error?.description).toContain('Task video_1 goes on and was charged');
		expect(error?.description).toContain('quota may have been used up, or it was disabled');
		expect(error?.description).toContain('item 0: video_1 (queued), item 1: video_2 (queued)');
	});

	test('a 401 ends a Get Status that waits at once: nothing says that the key was ever good', async () => {
		sandbox.faults.add({ on: 'poll', times: Infinity, answer: refused });
		const { error, polls } = await wait({
			operation: 'getStatus',
			taskId: 'video_1',
			waitForCompletion: true,
		});
		expect(error?.message).toBe('OctopusX did not accept the API key');
		expect(polls).toHaveLength(1);
	});
});

test('a look that drips is given up, and its connection with it', async () => {
	sandbox.faults.add({ on: 'poll', times: 3, answer: 'drip' });
	const { items, polls } = await wait();
	expect(items[0]?.json).toMatchObject({ status: 'completed' });
	expect(polls.slice(0, 2)).toEqual([5_000, 5_000 + 45_000 + 10_000]);
	await eventually(() => expect(sandbox.hanging).toBe(0));
});

test('a Retry-After of a day holds the looks up for minutes at most', async () => {
	const answer = { status: 429, headers: { 'retry-after': '86400' } };
	sandbox.faults.add({ on: 'poll', answer });
	const { items, polls } = await wait();
	expect(polls[1]).toBe(5_000 + 3 * MINUTE);
	expect(items[0]?.json).toMatchObject({ status: 'completed' });
});

describe('a wall clock that is set during a wait', () => {
	const setBy = (ms: number) => ({
		onStart: () => void setTimeout(() => jest.setSystemTime(Date.now() + ms), 12_000),
	});

	test('a clock that is set back holds up no look', async () => {
		const { items, polls } = await wait({}, setBy(-30_000));
		const gaps = polls.map((at, n) => at - (polls[n - 1] ?? 0));
		expect(gaps).toContain(5_000 - 30_000);
		expect(Math.max(...gaps)).toBeLessThan(10_000);
		expect(items[0]?.json).toMatchObject({ status: 'completed' });
	});

	test('a clock that is set forward ends no wait early', async () => {
		const { error, elapsedMs } = await wait({ prompt: 'a boat [never]' }, setBy(40 * MINUTE));
		expect(error?.message).toBe('The video was not ready in time');
		expect(elapsedMs).toBe((30 + 40) * MINUTE);
	});
});

test('the editor is sent every step of a task', async () => {
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

test('the editor is told why a submission takes long', async () => {
	sandbox.faults.add({ on: 'submit', times: 2, answer: { status: 429 } });
	const messages: string[] = [];
	await wait({}, { onMessage: (text) => messages.push(text) });
	expect(messages.slice(0, 3)).toEqual([
		...Array(2).fill('item 0: OctopusX received too many requests, trying again'),
		'item 0: video_1 queued 0 %',
	]);
});

test('stopping the execution ends the wait, and no request leaves any more', async () => {
	const { error, elapsedMs, polls, run } = await wait(
		{ prompt: 'a boat [never]' },
		{ onStart: (run) => void setTimeout(() => run.cancel(), 7_200) },
	);
	expect(polls).toEqual([5_000]);
	expect(elapsedMs).toBeLessThanOrEqual(7_200 + 1_000);
	expect(run.status).toBe('canceled');
	expect(error?.message).toContain('canceled');
});

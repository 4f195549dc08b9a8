import type { INodeExecutionData } from 'n8n-workflow';
import { apiErrorBody } from './support/errorBodies';
import { CONTINUE, inputOf } from './support/inputs';
import { lastRunOf } from './support/runWorkflow';
import { CHECKING, errorOf, MINUTE, onNewEngine, suspendingOn } from './support/suspending';
import { useSandbox } from './support/useSandbox';
import { watchedNode } from './support/watchedNode';

/** Faults that strike while the execution is suspended. */

const refusedKey = { status: 401, body: apiErrorBody('Invalid token') };
const down = { status: 502, body: '<html>' };

const sandbox = useSandbox({ durationMs: 5 * MINUTE });

const suspend = suspendingOn(sandbox);

onNewEngine('faults of the API while suspended', () => {
	/** Lets every look fail from the `from`th suspension on, for tasks of that prompt. */
	const downFrom = (from: number, prompt?: string) => (times: number) => {
		if (times === from) sandbox.faults.add({ on: 'poll', prompt, times: Infinity, answer: down });
	};

	test('an API that is down at the last look does not spoil what has been seen done', async () => {
		sandbox.durationMs = 90_000;
		const { items } = await suspend(
			{ options: { timeout: 4 } },
			{
				input: inputOf('one', 'two [never]'),
				settings: CONTINUE,
				whileSuspended: downFrom(3),
			},
		);
		expect(items[0]?.json).toMatchObject({ task_id: 'video_1', status: 'completed' });
		expect(errorOf(items[1] as INodeExecutionData).message).toBe('The video was not ready in time');
	});

	test('an API that is down does not touch an item that does not wait', async () => {
		const input = [
			{ json: { prompt: 'one', wait: false } },
			{ json: { prompt: 'two', wait: true } },
		];
		const { items } = await suspend(
			{ waitForCompletion: '={{ $json.wait }}' },
			{ input, whileSuspended: downFrom(0, 'one') },
		);
		expect(items.map(({ json }) => json.status)).toEqual(['queued', 'completed']);
		expect(sandbox.requestsTo('poll').filter(({ path }) => path.endsWith('video_1'))).toEqual([]);
	});

	test('an API that stays down while suspended ends the wait at its deadline', async () => {
		const { error, elapsedMs } = await suspend(
			{ options: { timeout: 10 } },
			{ input: inputOf('one'), whileSuspended: downFrom(0) },
		);
		expect(error?.message).toBe('The video was not ready in time');
		expect(elapsedMs).toBeLessThanOrEqual(10.5 * MINUTE);
	});

	test('an API that hangs holds a suspended execution for one look, not for one per item', async () => {
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
					if (times === 0) sandbox.faults.add({ on: 'poll', times: Infinity, answer: 'hang' });
					if (times === 1) {
						sandbox.faults.clear();
						sandbox.release();
					}
				},
			},
		);
		expect(Math.max(...gaps.slice(1))).toBeLessThanOrEqual(2.5 * MINUTE);
	});

	test('an API that is down is asked again for half a minute at a look, and not for the other items', async () => {
		const looks: number[] = [];
		const { items, elapsedMs } = await suspend(
			{ options: { maxConcurrency: 1 } },
			{
				input: inputOf('one', 'two', 'three'),
				whileSuspended: (times) => {
					looks.push(sandbox.requestsTo('poll').length);
					sandbox.faults.clear();
					if (times === 0) sandbox.faults.add({ on: 'poll', times: Infinity, answer: down });
					if (times === 1) sandbox.faults.add({ on: 'poll', answer: down });
				},
			},
		);
		expect(items.map(({ json }) => json.status)).toEqual(Array(3).fill('completed'));
		// after 0, 2, 6, 14 and 30 seconds; then all three, and one of them again
		expect(looks.slice(0, 4)).toEqual([0, 5, 5 + 4, 5 + 4 + 3]);
		expect(elapsedMs).toBeLessThanOrEqual(6 * MINUTE);
	});

	test('a key that is refused for a while does not end a suspended wait', async () => {
		const { items } = await suspend(
			{},
			{
				input: inputOf('one', 'two'),
				whileSuspended: (times) => {
					sandbox.faults.clear();
					if (times < 3) sandbox.faults.add({ on: 'poll', times: Infinity, answer: refusedKey });
				},
			},
		);
		expect(items.map(({ json }) => json.status)).toEqual(['completed', 'completed']);
	});

	test('a key that stays refused ends a suspended wait at its deadline, and the error says why', async () => {
		const { error, elapsedMs } = await suspend(
			{ options: { timeout: 10 } },
			{
				input: inputOf('one'),
				whileSuspended: () =>
					sandbox.faults.add({ on: 'poll', times: Infinity, answer: refusedKey }),
			},
		);
		expect(error).toMatchObject({ message: 'OctopusX did not accept the API key' });
		expect(error?.description).toContain('Task video_1 goes on and was charged');
		expect(elapsedMs).toBeLessThanOrEqual(10.5 * MINUTE);
	});

	test('a refused key that ended one of the suspended waits is explained when all are over', async () => {
		const { items } = await suspend(
			{ options: { timeout: '={{ $json.timeout }}' } },
			{
				input: [{ json: { prompt: 'one', timeout: 2 } }, { json: { prompt: 'two', timeout: 30 } }],
				settings: CONTINUE,
				whileSuspended: () =>
					sandbox.faults.add({ on: 'poll', prompt: 'one', times: Infinity, answer: refusedKey }),
			},
		);
		expect(errorOf(items[0] as INodeExecutionData)).toMatchObject({
			message: 'OctopusX did not accept the API key',
			description: expect.stringMatching(/^OctopusX knows the key, and it has quota left/),
			task_id: 'video_1',
		});
		expect(items[1]?.json.status).toBe('completed');
	});

	test('a task that the API gave up is seen to have failed while suspended', async () => {
		const word = { status: 200, body: { id: 'video_1', status: 'unrecognized' } };
		const data = { status: 'FAILURE', fail_reason: 'out of memory', quota: 0 };
		const { error, elapsedMs } = await suspend(
			{},
			{
				input: inputOf('one'),
				whileSuspended: () => {
					sandbox.faults.add({ on: 'poll', times: Infinity, answer: word });
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
		expect(error?.description).toContain('The charge was given back.');
		expect(elapsedMs).toBeLessThan(3 * MINUTE);
	});

	test('videos of 5 minutes and of 13 hours are all fetched, with addresses good for 12', async () => {
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

	test('a submission without an answer is named beside the suspended tasks', async () => {
		sandbox.faults.add({ on: 'submit', prompt: 'one', accept: true, answer: 'reset' });
		const { error } = await suspend({}, { input: inputOf('one', 'two') });
		expect(error?.description).toContain('item 1: video_2 (completed)');
		// n8n's Retry sends nothing again here
		expect(error?.description).toContain(
			'Submissions without an answer, which may have been charged: item 0.',
		);
	});

	test('an API that answers only some looks loses none of the suspended videos', async () => {
		const { items, elapsedMs } = await suspend(
			{ options: { maxConcurrency: 5 } },
			{
				input: inputOf(...Array<string>(30).fill('x')),
				settings: CONTINUE,
				whileSuspended: () => {
					sandbox.faults.clear();
					sandbox.faults.add({ on: 'poll', nth: 21, times: Infinity, answer: { status: 429 } });
				},
			},
		);
		expect(items.map(({ json }) => json.status)).toEqual(Array(30).fill('completed'));
		expect(elapsedMs).toBeLessThan(10 * MINUTE);
	});

	test('an API that is down at the deadline does not make n8n resume for ever', async () => {
		const { items, resumed } = await suspend(
			{ options: { maxConcurrency: 1, timeout: 3 } },
			{ input: inputOf('one', 'two', 'three'), settings: CONTINUE, whileSuspended: downFrom(0) },
		);
		expect(items.map((item) => errorOf(item).message)).toEqual(
			Array(3).fill('The video was not ready in time'),
		);
		expect(resumed).toBeLessThan(6);
	});

	test('an API that forgets what it said does not undo a finished video', async () => {
		sandbox.durationMs = 90_000;
		const body = { id: 'video_1', task_id: 'video_1', status: 'expired', progress: 0 };
		const { items } = await suspend(
			{ options: { timeout: 6 } },
			{
				input: inputOf('one', 'two [never]'),
				settings: CONTINUE,
				whileSuspended: (times, child) => {
					// what n8n would hand on if it died names both, also when one is done
					expect(lastRunOf(child, CHECKING).data?.main?.[0]).toHaveLength(2);
					if (times !== 3) return;
					const answer = { status: 200, body };
					sandbox.faults.add({ on: 'poll', prompt: 'one', times: Infinity, answer });
				},
			},
		);
		expect(items[0]?.json).toMatchObject({ task_id: 'video_1', status: 'completed' });
	});

	test('an answer that looks like what goes round between checks does not make them go round for ever', async () => {
		let looks = 0;
		const node = watchedNode((context) => {
			if (context.getNode().name === CHECKING && ++looks > 5) throw new Error('for ever');
			return {};
		});
		const body = { id: 'video_1', status: 'completed', octopusXSuspended: { parent: 'x' } };
		sandbox.faults.add({ on: 'poll', times: Infinity, answer: { status: 200, body } });
		const { items, error } = await suspend({ simplify: false }, { input: inputOf('one'), node });
		expect(error).toBeUndefined();
		expect(items[0]?.json).toMatchObject({ task_id: 'video_1', status: 'completed' });
		expect(looks).toBe(2);
	});
});

onNewEngine('faults of n8n while suspended', () => {
	test('a credential that n8n cannot read once is read again at the next look', async () => {
		let isDue = false;
		const node = watchedNode((context) => ({
			getCredentials: async <T extends object>(type: string) => {
				if (!isDue) return await context.getCredentials<T>(type);
				isDue = false;
				throw new Error('vault: connection timeout');
			},
		}));
		const { items } = await suspend(
			{},
			{
				input: inputOf('one', 'two'),
				node,
				whileSuspended: (times) => (isDue = times === 2),
			},
		);
		expect(items.map(({ json }) => json.status)).toEqual(['completed', 'completed']);
	});

	test('a database that cannot tell about the suspended execution is no reason to give up', async () => {
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

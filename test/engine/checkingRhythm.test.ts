import { noteSleep, now } from '../../nodes/OctopusXVideo/timing/clock';
import type { Route } from '../sandbox/faults';
import { apiErrorBody } from './support/errorBodies';
import { mostAtOnce } from './support/countRequests';
import { CONTINUE, inputOf } from './support/inputs';
import { CHECKING, MINUTE, onNewEngine, suspendingOn } from './support/suspending';
import { useSandbox } from './support/useSandbox';
import { watchedNode } from './support/watchedNode';

/** When the checking execution looks, and what ends its wait before the videos are there. */

const sandbox = useSandbox({ durationMs: 5 * MINUTE });

const suspend = suspendingOn(sandbox, {}, inputOf('one'));

onNewEngine('the looks of a checking execution', () => {
	test('follow the item that waits longest, and go on until the last deadline', async () => {
		// one at a time, and the first is submitted after 20 minutes, so the second has its own time
		const answer = { status: 429, headers: { 'Retry-After': '1200' } };
		sandbox.faults.add({ on: 'submit', answer });
		const times: number[] = [];
		let start = 0;
		const { error } = await suspend(
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
		expect(error?.message).toBe('The video was not ready in time');
	});

	test('ask for nothing but the task where it is done in time, and be it the last moment', async () => {
		const { items } = await suspend({ options: { timeout: 5 } });
		expect(items[0]?.json.status).toBe('completed');
		expect(sandbox.requestsTo('poll')).toHaveLength(5);
		expect(sandbox.requestsTo('verdict')).toEqual([]);
	});

	test('are over at the deadline, also where the wall clock was set before', async () => {
		const setClock = (ms: number) => noteSleep(now(), -ms, -ms);
		setClock(20 * MINUTE);
		const setup = { input: inputOf('one [never]') };
		const { elapsedMs } = await suspend({ options: { timeout: 10 } }, setup);
		setClock(-20 * MINUTE);
		expect(elapsedMs).toBe(10 * MINUTE);
	});

	test('come after a minute at first, and never within less', async () => {
		const times: number[] = [];
		await suspend({}, { whileSuspended: (_times, { waitTill }) => times.push(Number(waitTill)) });
		const [first = 0] = sandbox.tasks.map(({ createdAt }) => createdAt);
		expect(times.map((time) => time - first)).toEqual([1, 2, 3, 4, 5].map((n) => n * MINUTE));
	});

	/** The last of many ends one look after the others, which then are looked at anew for a fresh address. */
	const withOneLate = (word: string) => {
		const answer = { status: 200, body: { id: 'video_1', status: 'in_progress' } };
		sandbox.faults.add({ on: 'poll', prompt: 'late', answer });
		sandbox.durationMs = 0;
		return inputOf(...Array<string>(12).fill(`early ${word}`), 'late');
	};

	test.each(['done', '[failed]'])(
		'never ask for more tasks at once than Max Concurrency, at the last one neither: %j',
		async (word) => {
			const input = withOneLate(word);
			const most = await mostAtOnce(async () => {
				const { resumed, items } = await suspend(
					{ options: { maxConcurrency: 3 } },
					{ input, settings: CONTINUE },
				);
				expect([resumed, items.length]).toEqual([2, 13]);
			});
			// a connection closes a moment after its answer has come
			expect(most).toBeLessThanOrEqual(3 + 1);
		},
	);

	test('end within a minute or two where the API hangs at the last one', async () => {
		const input = withOneLate('');
		const { items, elapsedMs } = await suspend(
			{ options: { maxConcurrency: 1 } },
			{
				input,
				whileSuspended: (times) => {
					if (times !== 1) return;
					sandbox.faults.add({ on: 'poll', prompt: 'early', times: Infinity, answer: 'hang' });
				},
			},
		);
		expect(items.map(({ json }) => json.status)).toEqual(Array(13).fill('completed'));
		expect(elapsedMs).toBeLessThan(4 * MINUTE);
	});
});

onNewEngine('the wait of a checking execution', () => {
	/** Its credential, from the second look on. */
	const withCredential = (read: () => object) => {
		let isDue = false;
		const node = watchedNode((context) => ({
			getCredentials: async <T extends object>(type: string) => {
				const isRead = !isDue || context.getNode().name !== CHECKING;
				const credential = await context.getCredentials<T>(type);
				return isRead ? credential : { ...credential, ...read() };
			},
		}));
		return { node, whileSuspended: (times: number) => (isDue = times > 0) };
	};

	test('ends at once with a credential that is wrong', async () => {
		const setup = withCredential(() => ({ baseUrl: 'octopusx' }));
		const { error, resumed } = await suspend({}, setup);
		expect(error?.message).toContain('Base URL');
		expect(resumed).toBe(2);
	});

	test('ends at its deadline with a credential that n8n can never read', async () => {
		const setup = withCredential(() => {
			throw new Error('vault: connection timeout');
		});
		const input = [2, 10].map((timeout) => ({ json: { prompt: 'one', timeout } }));
		const options = { timeout: '={{ $json.timeout }}' };
		const { error, elapsedMs } = await suspend({ options }, { ...setup, input });
		expect(error?.message).toBe('vault: connection timeout');
		expect(elapsedMs).toBe(10 * MINUTE);
	});

	test.each([
		['has failed for good', '', 30, 'The account or the API key does not allow this', 1, 0],
		['is over in time', ' [never]', 2, 'The video was not ready in time', 2, 1],
	])(
		'asks no more for an item that %s while others go on',
		async (_what, ending, timeout, message, looks, verdicts) => {
			const answer = { status: 403, body: apiErrorBody('No') };
			if (!ending) sandbox.faults.add({ on: 'poll', prompt: 'one', times: Infinity, answer });
			const { items } = await suspend(
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
			const asked = (route: Route) =>
				sandbox.requestsTo(route).filter(({ path }) => path.endsWith('/video_1')).length;
			expect([asked('poll'), asked('verdict')]).toEqual([looks, verdicts]);
		},
	);

	test.each([
		['Generate', {}, 403, 'The account or the API key does not allow this'],
		['Get Status', { operation: 'getStatus' }, 401, 'OctopusX did not accept the API key'],
	])(
		'of %s ends at once with a refusal that is meant',
		async (_what, parameters, status, message) => {
			const operation = { waitForCompletion: true, taskId: 'video_1', ...parameters };
			await suspend();
			const { error, resumed } = await suspend(operation, {
				whileSuspended: () =>
					sandbox.faults.add({
						on: 'poll',
						times: Infinity,
						answer: { status, body: apiErrorBody('No') },
					}),
			});
			expect(error?.message).toBe(message);
			expect(resumed).toBe(1);
		},
	);
});

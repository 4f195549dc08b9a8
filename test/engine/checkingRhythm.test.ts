import { noteSleep, now } from '../../nodes/OctopusXVideo/timing/clock';
import { apiErrorBody } from './support/errorBodies';
import { inputOf } from './support/inputs';
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
		const { error, elapsedMs } = await suspend({ options: { timeout: 10 } }, setup);
		expect(error?.message).toBe('vault: connection timeout');
		expect(elapsedMs).toBe(10 * MINUTE);
	});

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

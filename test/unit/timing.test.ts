import { getEventListeners } from 'node:events';
import { OctopusXError } from '../../nodes/OctopusXVideo/api/errors';
import { fromWallClock, noteSleep, now, toWallClock } from '../../nodes/OctopusXVideo/timing/clock';
import {
	followingController,
	pause,
	within,
	withinOrEnded,
} from '../../nodes/OctopusXVideo/timing/pause';
import { withRetries, type RetryRule } from '../../nodes/OctopusXVideo/timing/retry';

const HOUR = 3_600_000;

beforeEach(() => jest.useFakeTimers());
afterEach(() => {
	jest.restoreAllMocks();
	jest.useRealTimers();
});

const listeners = (signal: AbortSignal) => getEventListeners(signal, 'abort').length;

/** Whether a promise has settled by now, after the turns that it takes at once. */
async function isOver(promise: Promise<unknown>): Promise<boolean> {
	let isSettled = false;
	const settle = () => (isSettled = true);
	promise.then(settle, settle);
	await jest.advanceTimersByTimeAsync(0);
	return isSettled;
}

describe('the clock', () => {
	test.each([
		['as long as it should', 10_000, 10_000],
		['a second less', 9_000, 9_000],
		['more than a second less', 8_999, 10_000],
		['a second more than it may', 21_000, 21_000],
		['more than a second more', 21_001, 10_000],
		['minus an hour', -HOUR, 10_000],
	])('takes a sleep of 10 to 20 s that lasted %s (%p ms) for %p ms', (_what, passed, counted) => {
		const since = now();
		jest.setSystemTime(Date.now() + passed);
		noteSleep(since, 10_000, 20_000);
		expect(now() - since).toBe(counted);
		expect(toWallClock(now())).toBe(Date.now());
		expect(fromWallClock(Date.now())).toBe(now());
	});
});

describe('a pause', () => {
	test.each([0, 1, 4_999, 5_000, 5_001, 12_345])('of %p ms lasts so long', async (ms) => {
		const pausing = pause(ms);
		if (ms > 0) {
			await jest.advanceTimersByTimeAsync(ms - 1);
			expect(await isOver(pausing)).toBe(false);
			await jest.advanceTimersByTimeAsync(1);
		}
		expect(await isOver(pausing)).toBe(true);
		expect(jest.getTimerCount()).toBe(0);
	});

	test('ends at an abort, and leaves no timer and no listener behind', async () => {
		const { signal, ...controller } = following();
		const pausing = pause(20_000, signal);
		await jest.advanceTimersByTimeAsync(7_000);
		expect(await isOver(pausing)).toBe(false);
		controller.abort();
		expect(await isOver(pausing)).toBe(true);
		expect(jest.getTimerCount()).toBe(0);
		expect(await isOver(pause(20_000, signal))).toBe(true);
		expect(jest.getTimerCount()).toBe(0);
	});

	test('that is over no longer listens', async () => {
		const { signal } = following();
		const pausing = pause(1_000, signal);
		expect(listeners(signal)).toBe(1);
		await jest.advanceTimersByTimeAsync(1_000);
		await pausing;
		expect(listeners(signal)).toBe(0);
	});

	test.each([HOUR, -HOUR])('counts what it lasted, not a wall clock set by %p ms', async (step) => {
		const since = now();
		const pausing = pause(12_000);
		await jest.advanceTimersByTimeAsync(6_000);
		jest.setSystemTime(Date.now() + step);
		await jest.advanceTimersByTimeAsync(6_000);
		await pausing;
		expect(now() - since).toBe(12_000);
	});

	test('that is ended does not count a wall clock that was set', async () => {
		const { signal, abort } = following();
		const since = now();
		const pausing = pause(20_000, signal);
		await jest.advanceTimersByTimeAsync(6_000);
		jest.setSystemTime(Date.now() + HOUR);
		abort();
		await pausing;
		// what had passed of the slice at hand is not known
		expect(now() - since).toBe(5_000);
	});
});

describe('what is waited for', () => {
	const value = async (ms: number) => await pause(ms).then(() => 'value');

	test.each([
		[1_000, 'value'],
		[3_000, undefined],
	])('for 2 s and comes after %p ms is %p', async (ms, expected) => {
		const waiting = within(2_000, value(ms));
		await jest.advanceTimersByTimeAsync(2_000);
		expect(await waiting).toBe(expected);
		await jest.advanceTimersByTimeAsync(2_000);
		expect(jest.getTimerCount()).toBe(0);
	});

	test('and fails, fails; nothing is left behind', async () => {
		const { signal } = following();
		const waiting = within(2_000, Promise.reject(new Error('no')), signal);
		await expect(waiting).rejects.toThrow('no');
		expect(listeners(signal)).toBe(0);
		await jest.advanceTimersByTimeAsync(0);
		expect(jest.getTimerCount()).toBe(0);
	});

	test('is given up at an abort', async () => {
		const { signal, abort } = following();
		const waiting = within(HOUR, new Promise(() => {}), signal);
		abort();
		expect(await waiting).toBeUndefined();
	});

	test.each(['time', 'abort'])('is ended when it is given up after its %s', async (reason) => {
		const { signal, abort } = following();
		let work: AbortSignal | undefined;
		const waiting = withinOrEnded(
			2_000,
			async (ending) => await new Promise(() => (work = ending)),
			signal,
		);
		expect(work?.aborted).toBe(false);
		if (reason === 'abort') abort();
		await jest.advanceTimersByTimeAsync(2_000);
		expect(await waiting).toBeUndefined();
		expect(work?.aborted).toBe(true);
	});

	test('and comes in time is handed on, and its connection ended', async () => {
		let work: AbortSignal | undefined;
		const waiting = withinOrEnded(2_000, async (ending) => await value(((work = ending), 500)));
		await jest.advanceTimersByTimeAsync(500);
		expect(await waiting).toBe('value');
		expect(work?.aborted).toBe(true);
	});
});

describe('a controller that follows a signal', () => {
	test('is aborted with it, before or after, and not the other way round', () => {
		const { signal, abort } = following();
		const early = followingController(signal);
		const other = followingController(signal);
		other.abort();
		expect([early.signal.aborted, signal.aborted]).toEqual([false, false]);
		expect(listeners(signal)).toBe(1);
		abort();
		expect(early.signal.aborted).toBe(true);
		expect(followingController(signal).signal.aborted).toBe(true);
		expect(followingController().signal.aborted).toBe(false);
	});
});

describe('retries', () => {
	const fault = (details = {}) => new OctopusXError('fault', '', { transient: true, ...details });

	/** After how many seconds each try started, and what it came to. */
	async function tries(
		rule: Partial<RetryRule> = {},
		work: (tried: number) => unknown = () => {
			throw fault();
		},
	): Promise<{ at: number[]; result: unknown }> {
		const start = Date.now();
		const at: number[] = [];
		const trying = withRetries(
			async () => {
				at.push((Date.now() - start) / 1_000);
				return work(at.length);
			},
			{ heals: ({ transient }) => transient, deadline: now() + 200_000, spread: 0, ...rule },
		);
		const settled = trying.catch((error: Error) => error.message);
		await jest.runAllTimersAsync();
		return { at, result: await settled };
	}

	test.each<[string, Partial<RetryRule>, number[]]>([
		['pauses of 1 s, 2 s … a minute', {}, [0, 1, 3, 7, 15, 31, 63, 123, 183]],
		[
			'a last one at the deadline',
			{ endsAtDeadline: true },
			[0, 1, 3, 7, 15, 31, 63, 123, 183, 200],
		],
		['bounds of one’s own', { firstDelayMs: 5_000, maxDelayMs: 8_000, tries: 4 }, [0, 5, 13, 21]],
		[
			'a first pause above the bound',
			{ firstDelayMs: 9_000, maxDelayMs: 8_000, tries: 3 },
			[0, 9, 17],
		],
		['as many as are allowed', { tries: 1 }, [0]],
		['none for what does not heal', { heals: () => false }, [0]],
		['none after the deadline', { deadline: 0, endsAtDeadline: true }, [0]],
		['one that ends at the deadline to the ms', { firstDelayMs: 200_000 }, [0, 200]],
		['none that would end behind the deadline', { firstDelayMs: 200_001 }, [0]],
	])('have %s', async (_what, rule, expected) => {
		expect(await tries(rule)).toEqual({ at: expected, result: 'fault' });
	});

	test('are spread by a quarter of the pause at most, unless told', async () => {
		jest.spyOn(Math, 'random').mockReturnValue(0.5);
		expect((await tries({ spread: undefined, tries: 3 })).at).toEqual([0, 1.125, 3.375]);
		expect((await tries({ spread: 1, tries: 2 })).at).toEqual([0, 1.5]);
	});

	test.each<[number, Partial<RetryRule>, number[]]>([
		[30_000, {}, [0, 30, 60]],
		[500, {}, [0, 1, 3]],
		[30_000, { maxRetryAfterMs: 10_000 }, [0, 10, 20]],
		[90_000, {}, [0, 90, 180]],
	])('wait the %p ms that the server asks for, with %j', async (retryAfterMs, rule, expected) => {
		const work = () => {
			throw fault({ retryAfterMs });
		};
		expect((await tries({ tries: 3, ...rule }, work)).at).toEqual(expected);
	});

	test('end with what worked, and tell each fault before it', async () => {
		const told: string[] = [];
		const onFault = ({ message }: Error) => void told.push(message);
		const work = (tried: number) => {
			if (tried < 3) throw fault();
			return 'done';
		};
		expect(await tries({ onFault }, work)).toEqual({ at: [0, 1, 3], result: 'done' });
		expect(told).toEqual(['fault', 'fault']);
		expect((await tries({ onFault, tries: 1 })).result).toBe('fault');
		expect(told).toHaveLength(2);
	});

	test('end with the fault when they are aborted', async () => {
		const { signal, abort } = following();
		setTimeout(abort, 2_000);
		expect(await tries({ signal })).toEqual({ at: [0, 1], result: 'fault' });
	});
});

function following(): { signal: AbortSignal; abort: () => void } {
	const controller = new AbortController();
	return { signal: controller.signal, abort: () => controller.abort() };
}

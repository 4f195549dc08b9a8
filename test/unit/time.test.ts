import { getEventListeners } from 'node:events';
import {
	fromWallClock,
	linkedController,
	now,
	pause,
	toWallClock,
	waitAtMost,
	withTimeout,
} from '../../nodes/OctopusXVideo/timing/time';

const HOUR = 3_600_000;

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

const listeners = (signal: AbortSignal) => getEventListeners(signal, 'abort').length;

/** True if a promise has settled after all microtasks that are due. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
	let hasSettled = false;
	const settle = () => (hasSettled = true);
	promise.then(settle, settle);
	await jest.advanceTimersByTimeAsync(0);
	return hasSettled;
}

/** Returns a signal and the function that aborts it. */
function abortable(): { signal: AbortSignal; abort: () => void } {
	const controller = new AbortController();
	return { signal: controller.signal, abort: () => controller.abort() };
}

describe('now()', () => {
	test.each([
		['the same time', 5_000, 5_000],
		['a second less than that', 4_000, 4_000],
		['more than a second less than that', 3_999, 5_000],
		['a second more than that', 6_000, 6_000],
		['more than a second more than that', 6_001, 5_000],
		['minus an hour', -HOUR, 5_000],
	])(
		'now() counts a pause of 5 s during which the wall clock advanced by %s',
		async (_what, ms, counted) => {
			const since = now();
			const pausing = pause(5_000);
			jest.setSystemTime(Date.now() + ms - 5_000);
			await jest.advanceTimersByTimeAsync(5_000);
			await pausing;
			expect(now() - since).toBe(counted);
			expect(toWallClock(now())).toBe(Date.now());
			expect(fromWallClock(Date.now())).toBe(now());
		},
	);

	test.each([
		['five seconds', 5_000, 5_000],
		['a second more than that', 6_000, 6_000],
		['more than a second more than that', 6_001, 0],
		['minus a second', -1_000, -1_000],
		['minus more than a second', -1_001, 0],
	])(
		'now() counts the aborted slice of a pause during which the wall clock advanced by %s',
		async (_what, ms, counted) => {
			const { signal, abort } = abortable();
			const since = now();
			const pausing = pause(20_000, signal);
			jest.setSystemTime(Date.now() + ms);
			abort();
			await pausing;
			expect(now() - since).toBe(counted);
		},
	);
});

describe('pause()', () => {
	test.each([0, 1, 4_999, 5_000, 5_001, 12_345])(
		'pause() of %p ms resolves after exactly that time',
		async (ms) => {
			const pausing = pause(ms);
			if (ms > 0) {
				await jest.advanceTimersByTimeAsync(ms - 1);
				expect(await isSettled(pausing)).toBe(false);
				await jest.advanceTimersByTimeAsync(1);
			}
			expect(await isSettled(pausing)).toBe(true);
			expect(jest.getTimerCount()).toBe(0);
		},
	);

	test('pause() ends when its signal is aborted, and leaves no timer', async () => {
		const { signal, ...controller } = abortable();
		const pausing = pause(20_000, signal);
		await jest.advanceTimersByTimeAsync(7_000);
		expect(await isSettled(pausing)).toBe(false);
		controller.abort();
		expect(await isSettled(pausing)).toBe(true);
		expect(jest.getTimerCount()).toBe(0);
		expect(await isSettled(pause(20_000, signal))).toBe(true);
		expect(jest.getTimerCount()).toBe(0);
	});

	test('pause() leaves no listener on its signal when it is over', async () => {
		const { signal } = abortable();
		const pausing = pause(1_000, signal);
		expect(listeners(signal)).toBe(1);
		await jest.advanceTimersByTimeAsync(1_000);
		await pausing;
		expect(listeners(signal)).toBe(0);
	});

	test.each([HOUR, -HOUR])(
		'now() counts a pause of 12 s correctly if the wall clock is set by %p ms',
		async (step) => {
			const since = now();
			const pausing = pause(12_000);
			await jest.advanceTimersByTimeAsync(6_000);
			jest.setSystemTime(Date.now() + step);
			await jest.advanceTimersByTimeAsync(6_000);
			await pausing;
			expect(now() - since).toBe(12_000);
		},
	);

	test('now() ignores a clock change during a pause that is aborted', async () => {
		const { signal, abort } = abortable();
		const since = now();
		const pausing = pause(20_000, signal);
		await jest.advanceTimersByTimeAsync(6_000);
		jest.setSystemTime(Date.now() + HOUR);
		abort();
		await pausing;
		// It is unknown how much of the current slice had passed.
		expect(now() - since).toBe(5_000);
	});
});

describe('waitAtMost() and withTimeout()', () => {
	const value = async (ms: number) => await pause(ms).then(() => 'value');

	test.each([
		[1_000, 'value'],
		[3_000, undefined],
	])('waitAtMost() with a limit of 2 s resolves work of %p ms to %p', async (ms, expected) => {
		const waiting = waitAtMost(2_000, value(ms));
		await jest.advanceTimersByTimeAsync(2_000);
		expect(await waiting).toBe(expected);
		await jest.advanceTimersByTimeAsync(2_000);
		expect(jest.getTimerCount()).toBe(0);
	});

	test('waitAtMost() rejects when the work rejects, and leaves no timer', async () => {
		const { signal } = abortable();
		const waiting = waitAtMost(2_000, Promise.reject(new Error('no')), signal);
		await expect(waiting).rejects.toThrow('no');
		expect(listeners(signal)).toBe(0);
		await jest.advanceTimersByTimeAsync(0);
		expect(jest.getTimerCount()).toBe(0);
	});

	test('waitAtMost() resolves to undefined when its signal is aborted', async () => {
		const { signal, abort } = abortable();
		const waiting = waitAtMost(HOUR, new Promise(() => {}), signal);
		abort();
		expect(await waiting).toBeUndefined();
	});

	test.each(['timeout', 'abort'])('withTimeout() aborts the work on %s', async (reason) => {
		const { signal, abort } = abortable();
		let work: AbortSignal | undefined;
		const waiting = withTimeout(
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

	test('withTimeout() returns the result of the work, and then aborts the signal of the work', async () => {
		let work: AbortSignal | undefined;
		const waiting = withTimeout(2_000, async (ending) => await value(((work = ending), 500)));
		await jest.advanceTimersByTimeAsync(500);
		expect(await waiting).toBe('value');
		expect(work?.aborted).toBe(true);
	});
});

describe('linkedController()', () => {
	test('linkedController() aborts with its signal, even one aborted earlier, but does not abort that signal', () => {
		const { signal, abort } = abortable();
		const early = linkedController(signal);
		const other = linkedController(signal);
		other.abort();
		expect([early.signal.aborted, signal.aborted]).toEqual([false, false]);
		expect(listeners(signal)).toBe(1);
		abort();
		expect(early.signal.aborted).toBe(true);
		expect(linkedController(signal).signal.aborted).toBe(true);
		expect(linkedController().signal.aborted).toBe(false);
	});
});

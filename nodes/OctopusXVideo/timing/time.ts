import { sleep } from 'n8n-workflow';

/** How far the wall clock may deviate from a sleep before it is assumed to have been set. */
const CLOCK_TOLERANCE_MS = 1_000;

/** Longest single sleep; see `sleepUntilAborted`. */
const SLICE_MS = 5_000;

/** Reason for aborts. Without one, each abort builds an exception, which costs more than the pause itself. */
const OVER = 'over';

/** How far the wall clock has been set forward, minus how far it has been set back, in ms. */
let clockOffset = 0;

/**
 * Returns the current time in ms: the wall clock without its jumps. If the wall clock is set (by NTP, or
 * after a machine slept), a wait measured by it would end too early or too late, so `now` counts the time
 * slept instead. (`performance.now` includes a machine's sleep on some systems only.)
 */
export function now(): number {
	return Date.now() - clockOffset;
}

/**
 * Starts to measure time. Returns a function for the time passed since then, in ms, by the clock that counts
 * more: `now` leaves out the sleep of a machine, and the wall clock may have been set back.
 */
export function stopwatch(): () => number {
	const [start, wallStart] = [now(), Date.now()];
	return () => Math.max(now() - start, Date.now() - wallStart);
}

/** Convert `now()` time to wall-clock time, for another process, and back. */
export const toWallClock = (time: number): number => time + clockOffset;
export const fromWallClock = (time: number): number => time - clockOffset;

/** Waits for `ms`, or until `signal` is aborted. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
	await waitAtMost(ms, new Promise(() => {}), signal);
}

/** Resolves like `work`, or to `undefined` after `ms` or when `signal` is aborted; `work` continues then. */
export async function waitAtMost<T>(
	ms: number,
	work: Promise<T>,
	signal?: AbortSignal,
): Promise<T | undefined> {
	const ending = linkedController(signal);
	try {
		return await Promise.race([work, sleepUntilAborted(ms, ending.signal).then(() => undefined)]);
	} finally {
		ending.abort(OVER);
	}
}

/** Like `waitAtMost`, but then aborts the signal that `work` received, so that it keeps no connection. */
export async function withTimeout<T>(
	ms: number,
	work: (signal: AbortSignal) => Promise<T>,
	signal?: AbortSignal,
): Promise<T | undefined> {
	const connection = linkedController(signal);
	try {
		return await waitAtMost(ms, work(connection.signal), signal);
	} finally {
		connection.abort(OVER);
	}
}

/** Creates an abort controller that is aborted together with `signal`. Abort it yourself when done. */
export function linkedController(signal?: AbortSignal): AbortController {
	const controller = new AbortController();
	if (signal?.aborted) controller.abort();
	signal?.addEventListener('abort', () => controller.abort(), { signal: controller.signal });
	return controller;
}

/**
 * Waits until `ms` have passed or `ending` is aborted. Sleeps in slices: before n8n-workflow 2.34, `sleep`
 * ignores its signal, so after an abort the timer runs on until the current slice ends. Slices also limit how
 * long a clock change goes unnoticed.
 */
async function sleepUntilAborted(ms: number, ending: AbortSignal): Promise<void> {
	let since = now();
	const aborted = new Promise<void>((resolve) => {
		ending.addEventListener('abort', () => {
			correctClock(since, 0, SLICE_MS);
			resolve();
		});
	});
	for (let left = ms; left > 0 && !ending.aborted; left -= SLICE_MS) {
		const slice = Math.min(left, SLICE_MS);
		since = now();
		await Promise.race([sleep(slice, ending).catch(() => {}), aborted]);
		if (!ending.aborted) correctClock(since, slice, slice);
	}
}

/** Removes a jump of the wall clock from `now()`, after a sleep of `minMs` to `maxMs` since `since`. */
function correctClock(since: number, minMs: number, maxMs: number): void {
	const passed = now() - since;
	const jumped = passed < minMs - CLOCK_TOLERANCE_MS || passed > maxMs + CLOCK_TOLERANCE_MS;
	if (jumped) clockOffset += passed - minMs;
}

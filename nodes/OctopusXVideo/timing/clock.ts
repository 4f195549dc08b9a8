/** How far the wall clock may be from what a sleep lasted before it counts as a step. */
const TOLERANCE_MS = 1_000;

/** By how much the wall clock has been set forward, less what it has been set back, in ms. */
let steps = 0;

/**
 * The time in ms, of the wall clock but without its steps. A wall clock that is set, as by NTP or when
 * a machine is resumed, would make a wait give up too early, or stand still: the time that has
 * passed is what was slept. (`performance.now` counts the sleep of a machine on some systems only.)
 */
export function now(): number {
	return Date.now() - steps;
}

/** The wall clock's time for one of `now`, for whoever keeps it in another process; and back. */
export const toWallClock = (time: number): number => time + steps;
export const fromWallClock = (time: number): number => time - steps;

/**
 * Compares the clock with a sleep that has just ended, and leaves out of `now` what it was set by.
 *
 * @param since `now` when the sleep began
 * @param leastMs how long it took at least, and how long at most
 */
export function noteSleep(since: number, leastMs: number, mostMs: number): void {
	const passed = now() - since;
	if (passed < leastMs - TOLERANCE_MS || passed > mostMs + TOLERANCE_MS) steps += passed - leastMs;
}

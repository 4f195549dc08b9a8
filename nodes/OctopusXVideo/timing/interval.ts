/** The share of the time waited so far that the next look may be away. */
const GROWTH = 0.1;

/**
 * The time until the next look at a task, in ms: a tenth of the time waited so far, within bounds.
 *
 * A video that takes d seconds is so noticed at most max(shortest, min(d / 10, longest)) after it is
 * done. With 5 s and a minute for bounds, that is 5 s late for up to 50 s, and never more than a
 * tenth of the wait: a task of 10 s costs 2 looks, one of 60 s 12, one of 5 minutes 29, one of an
 * hour 87 instead of 720. `progress` does not lead the rule: models report it in jumps, and some not
 * at all.
 */
export function nextInterval(waitedMs: number, shortestMs: number, longestMs: number): number {
	return Math.max(shortestMs, Math.min(waitedMs * GROWTH, longestMs));
}

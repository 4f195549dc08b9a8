import { setTimeout as sleep } from 'node:timers/promises';

const PAUSE_MS = 200;

/**
 * Calls `find` repeatedly until it returns anything but undefined, null and false, and returns
 * that.
 *
 * @param what the awaited thing, for the error message
 * @throws after `seconds`
 */
export async function until<T>(
	what: string,
	find: () => Promise<T> | T,
	seconds = 60,
): Promise<NonNullable<Exclude<T, false>>> {
	const deadline = Date.now() + seconds * 1_000;
	for (;;) {
		const found = await find();
		if (found !== undefined && found !== null && found !== false) {
			return found as NonNullable<Exclude<T, false>>;
		}
		if (Date.now() > deadline) throw new Error(`Waited ${seconds} s for ${what}`);
		await sleep(PAUSE_MS);
	}
}

import { setTimeout as sleep } from 'node:timers/promises';

const PAUSE_MS = 200;

/**
 * What `look` finds, as soon as it finds something: anything but undefined, null and false.
 *
 * @param what is awaited, for the error
 * @throws after `seconds` without it
 */
export async function until<T>(
	what: string,
	look: () => Promise<T> | T,
	seconds = 60,
): Promise<NonNullable<Exclude<T, false>>> {
	const deadline = Date.now() + seconds * 1_000;
	for (;;) {
		const found = await look();
		if (found !== undefined && found !== null && found !== false) {
			return found as NonNullable<Exclude<T, false>>;
		}
		if (Date.now() > deadline) throw new Error(`Not within ${seconds} s: ${what}`);
		await sleep(PAUSE_MS);
	}
}

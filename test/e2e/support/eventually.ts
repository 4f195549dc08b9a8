import { setTimeout as sleep } from 'node:timers/promises';

const PAUSE_MS = 100;

/**
 * Repeats an assertion until it holds.
 *
 * @throws the last failure, after `seconds`
 */
export async function eventually(
	assertion: () => Promise<void> | void,
	seconds = 10,
): Promise<void> {
	const deadline = Date.now() + seconds * 1_000;
	for (;;) {
		try {
			return await assertion();
		} catch (error) {
			if (Date.now() > deadline) throw error;
		}
		await sleep(PAUSE_MS);
	}
}

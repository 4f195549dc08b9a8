import { sleep } from 'n8n-workflow';

const SLICE_MS = 500;

/**
 * Waits, but no longer than half a second beyond a cancelled execution.
 *
 * `sleep(ms, signal)` exists from n8n-workflow 2.34 on and older ones ignore the signal, while
 * `sleepWithAbort` is gone since 2.34: slices of a plain sleep work on all of them.
 */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
	for (let left = ms; left > 0 && !signal?.aborted; left -= SLICE_MS) {
		await sleep(Math.min(left, SLICE_MS));
	}
}

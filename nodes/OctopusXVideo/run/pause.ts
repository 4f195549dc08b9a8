import { sleep } from 'n8n-workflow';

const SLICE_MS = 500;

/**
 * Waits, but no longer than half a second beyond an abort.
 *
 * `sleep(ms, signal)` exists from n8n-workflow 2.34 on and older ones ignore the signal, while
 * `sleepWithAbort` is gone since 2.34: slices of a plain sleep work on all of them.
 */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
	for (let left = ms; left > 0 && !signal?.aborted; left -= SLICE_MS) {
		await sleep(Math.min(left, SLICE_MS));
	}
}

/** An abort controller that is aborted when `signal` is; abort it yourself when it is done with. */
export function followingController(signal?: AbortSignal): AbortController {
	const controller = new AbortController();
	if (signal?.aborted) controller.abort();
	signal?.addEventListener('abort', () => controller.abort(), { signal: controller.signal });
	return controller;
}

/** What `work` resolves to, or `undefined` after `ms` or soon after an abort; `work` itself goes on. */
export async function within<T>(
	ms: number,
	work: Promise<T>,
	signal?: AbortSignal,
): Promise<T | undefined> {
	const timer = followingController(signal);
	try {
		return await Promise.race([work, pause(ms, timer.signal).then(() => undefined)]);
	} finally {
		timer.abort();
	}
}

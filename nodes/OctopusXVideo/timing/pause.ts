import { sleep } from 'n8n-workflow';

/** How long a timer may outlive its pause; see `pause`. */
const SLICE_MS = 5_000;

/**
 * Waits, but not beyond an abort.
 *
 * n8n-workflow knows `sleep(ms, signal)` only since 2.34. An older one ignores the signal, so that the
 * timer of a pause that was ended runs on: slices keep that short.
 */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
	const ending = followingController(signal);
	const aborted = new Promise<void>((resolve) => {
		ending.signal.addEventListener('abort', () => resolve());
	});
	for (let left = ms; left > 0 && !ending.signal.aborted; left -= SLICE_MS) {
		await Promise.race([sleep(Math.min(left, SLICE_MS), ending.signal).catch(() => {}), aborted]);
	}
	ending.abort();
}

/** An abort controller that is aborted when `signal` is; abort it yourself when it is done with. */
export function followingController(signal?: AbortSignal): AbortController {
	const controller = new AbortController();
	if (signal?.aborted) controller.abort();
	signal?.addEventListener('abort', () => controller.abort(), { signal: controller.signal });
	return controller;
}

/** What `work` resolves to, or `undefined` after `ms` or at an abort; `work` itself goes on. */
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

import { sleep } from 'n8n-workflow';

/**
 * Waits, but not beyond an abort.
 *
 * n8n-workflow knows `sleep(ms, signal)` only since 2.34; an older one ignores the signal, and its
 * timer then runs out on its own after the pause has ended.
 */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
	if (ms <= 0 || signal?.aborted) return;
	const ending = followingController(signal);
	const aborted = new Promise<void>((resolve) => {
		ending.signal.addEventListener('abort', () => resolve());
	});
	await Promise.race([sleep(ms, ending.signal).catch(() => {}), aborted]);
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

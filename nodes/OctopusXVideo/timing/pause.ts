import { sleep } from 'n8n-workflow';

/** How long a timer may outlive its pause; see `runOut`. */
const SLICE_MS = 5_000;

/** A reason of our own: without one, each abort builds an exception, which costs more than the pause. */
const OVER = 'over';

/** Waits, but not beyond an abort. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
	const ending = followingController(signal);
	await runOut(ms, ending.signal);
	ending.abort(OVER);
}

/** What `work` resolves to, or `undefined` after `ms` or at an abort; `work` itself goes on. */
export async function within<T>(
	ms: number,
	work: Promise<T>,
	signal?: AbortSignal,
): Promise<T | undefined> {
	const ending = followingController(signal);
	try {
		return await Promise.race([work, runOut(ms, ending.signal).then(() => undefined)]);
	} finally {
		ending.abort(OVER);
	}
}

/** An abort controller that is aborted when `signal` is; abort it yourself when it is done with. */
export function followingController(signal?: AbortSignal): AbortController {
	const controller = new AbortController();
	if (signal?.aborted) controller.abort();
	signal?.addEventListener('abort', () => controller.abort(), { signal: controller.signal });
	return controller;
}

/**
 * Waits until `ms` have passed or `ending` is aborted.
 *
 * n8n-workflow knows `sleep(ms, signal)` only since 2.34. An older one ignores the signal, so that the
 * timer of a pause that was ended runs on: slices keep that short.
 */
async function runOut(ms: number, ending: AbortSignal): Promise<void> {
	const aborted = new Promise<void>((resolve) => {
		ending.addEventListener('abort', () => resolve());
	});
	for (let left = ms; left > 0 && !ending.aborted; left -= SLICE_MS) {
		await Promise.race([sleep(Math.min(left, SLICE_MS), ending).catch(() => {}), aborted]);
	}
}

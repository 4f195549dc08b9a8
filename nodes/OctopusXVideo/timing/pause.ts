import { sleep } from 'n8n-workflow';
import { noteSleep, now } from './clock';

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

/**
 * What `work` resolves to, or `undefined` after `ms` or at an abort; `work` is ended then.
 *
 * @param work gets the signal that ends it: whatever was given up would go on holding its connection
 */
export async function withinOrEnded<T>(
	ms: number,
	work: (signal: AbortSignal) => Promise<T>,
	signal?: AbortSignal,
): Promise<T | undefined> {
	const connection = followingController(signal);
	try {
		return await within(ms, work(connection.signal), signal);
	} finally {
		connection.abort(OVER);
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
 * timer of a pause that was ended runs on: slices keep that short. They also bound how long a step of
 * the wall clock goes unnoticed.
 */
async function runOut(ms: number, ending: AbortSignal): Promise<void> {
	let since = now();
	const aborted = new Promise<void>((resolve) => {
		ending.addEventListener('abort', () => {
			noteSleep(since, 0, SLICE_MS);
			resolve();
		});
	});
	for (let left = ms; left > 0 && !ending.aborted; left -= SLICE_MS) {
		const slice = Math.min(left, SLICE_MS);
		since = now();
		await Promise.race([sleep(slice, ending).catch(() => {}), aborted]);
		if (!ending.aborted) noteSleep(since, slice, slice);
	}
}

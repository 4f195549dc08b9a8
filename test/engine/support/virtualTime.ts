import { subscribe } from 'node:diagnostics_channel';
import type { Sandbox } from '../../sandbox/sandbox';

/** Rounds of the event loop without traffic or file access after which nothing but a timer can be awaited. */
const QUIET_ROUNDS = 12;

let requestsInFlight = 0;
subscribe('http.client.request.start', () => requestsInFlight++);
subscribe('http.client.response.finish', () => requestsInFlight--);
subscribe('http.client.request.error', () => requestsInFlight--);

/**
 * Runs `work` with time standing still while requests or files are under way, and leaping to the next timer
 * when none is. HTTP stays real; only `Date` and the timers that JavaScript sets are virtual.
 *
 * @returns what `work` returns, and how much virtual time it took in ms
 */
export async function onVirtualTime<T>(
	sandbox: Sandbox,
	work: () => Promise<T>,
): Promise<{ result: T; elapsedMs: number }> {
	jest.useFakeTimers({
		doNotFake: [
			'nextTick',
			'setImmediate',
			'clearImmediate',
			'queueMicrotask',
			'performance',
			'hrtime',
		],
	});
	requestsInFlight = 0;
	try {
		const startedAt = Date.now();
		let isDone = false;
		const running = work().finally(() => (isDone = true));
		while (!isDone) {
			await becomeQuiet(sandbox, () => isDone);
			if (!isDone) await jest.advanceTimersToNextTimerAsync();
		}
		return { result: await running, elapsedMs: Date.now() - startedAt };
	} finally {
		jest.useRealTimers();
	}
}

async function becomeQuiet(sandbox: Sandbox, isDone: () => boolean): Promise<void> {
	let seen = sandbox.log.length;
	for (let round = 0; round < QUIET_ROUNDS && !isDone(); round++) {
		await new Promise((resolve) => setImmediate(resolve));
		const isBusy =
			requestsInFlight > sandbox.hanging ||
			sandbox.log.length !== seen ||
			process.getActiveResourcesInfo().some((resource) => resource.startsWith('FSReq'));
		if (isBusy) round = 0;
		seen = sandbox.log.length;
	}
}

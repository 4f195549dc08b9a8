import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';
import type { Sandbox } from '../../sandbox/sandbox';

/** Rounds of the event loop without traffic or file access after which nothing but a timer can be awaited. */
const QUIET_ROUNDS = 12;

/** What Node works on outside of JavaScript: files, and names of hosts. */
const WORK = /^(FSReq|CloseReq|FileHandleCloseReq|GetAddrInfoReq)/;

/** Requests that this process has sent and whose answers have not arrived to the last byte. */
const inFlight = new Set<unknown>();
const START = 'http.client.request.start';
const onStart = (message: unknown) => {
	const { request } = message as { request: ClientRequest };
	inFlight.add(request);
	request.once('close', () => inFlight.delete(request));
};

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
	inFlight.clear();
	subscribe(START, onStart);
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
		unsubscribe(START, onStart);
	}
}

async function becomeQuiet(sandbox: Sandbox, isDone: () => boolean): Promise<void> {
	let seen = sandbox.log.length;
	for (let round = 0; round < QUIET_ROUNDS && !isDone(); round++) {
		await new Promise((resolve) => setImmediate(resolve));
		const isBusy =
			inFlight.size > sandbox.hanging ||
			sandbox.log.length !== seen ||
			process.getActiveResourcesInfo().some((resource) => WORK.test(resource));
		if (isBusy) round = 0;
		seen = sandbox.log.length;
	}
}

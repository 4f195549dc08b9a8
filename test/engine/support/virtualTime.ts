import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';
import type { Sandbox } from '../../sandbox/sandbox';

/** After this many rounds of the event loop without traffic or file access, only a timer can be pending. */
const QUIET_ROUNDS = 12;

/** Resources for work of Node.js outside of JavaScript: file access and DNS. */
const BUSY_RESOURCE = /^(FSReq|CloseReq|FileHandleCloseReq|GetAddrInfoReq)/;

/** Requests of this process whose responses have not arrived completely. */
const inFlight = new Set<unknown>();
const START = 'http.client.request.start';
const onStart = (message: unknown) => {
	const { request } = message as { request: ClientRequest };
	inFlight.add(request);
	request.once('close', () => inFlight.delete(request));
};

/**
 * Runs `work` on virtual time. Time stands still during requests and file access, and otherwise
 * jumps to the next timer. HTTP is real; only `Date` and JavaScript's timers are virtual.
 *
 * @returns the result of `work`, and how much virtual time it took, in ms
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
		const done = work().finally(() => (isDone = true));
		while (!isDone) {
			await quiet(sandbox, () => isDone);
			if (!isDone) await jest.advanceTimersToNextTimerAsync();
		}
		return { result: await done, elapsedMs: Date.now() - startedAt };
	} finally {
		jest.useRealTimers();
		unsubscribe(START, onStart);
	}
}

/** Waits until nothing but a timer can be pending, or the work is done. */
async function quiet(sandbox: Sandbox, isDone: () => boolean): Promise<void> {
	let requests = sandbox.log.length;
	for (let round = 0; round < QUIET_ROUNDS && !isDone(); round++) {
		await new Promise((resolve) => setImmediate(resolve));
		const isBusy =
			inFlight.size > sandbox.hanging ||
			sandbox.log.length !== requests ||
			process.getActiveResourcesInfo().some((resource) => BUSY_RESOURCE.test(resource));
		if (isBusy) round = 0;
		requests = sandbox.log.length;
	}
}

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';

const START = 'http.client.request.start';

/** How many requests of this process are under way at most, over HTTP, while `work` runs. */
export async function mostAtOnce(work: () => Promise<unknown>): Promise<number> {
	let [now, most] = [0, 0];
	const onStart = (message: unknown) => {
		most = Math.max(most, ++now);
		(message as { request: ClientRequest }).request.once('close', () => now--);
	};
	subscribe(START, onStart);
	try {
		await work();
	} finally {
		unsubscribe(START, onStart);
	}
	return most;
}

/** The addresses that this process asks over HTTP while a file's tests run, whosever they are. */
export function useRequests(): string[] {
	const requests: string[] = [];
	const onStart = (message: unknown) => {
		const { method, protocol, host, path } = (message as { request: ClientRequest }).request;
		requests.push(`${method} ${protocol}//${host}${path}`);
	};
	beforeAll(() => subscribe(START, onStart));
	beforeEach(() => void requests.splice(0));
	afterAll(() => void unsubscribe(START, onStart));
	return requests;
}

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';

const START = 'http.client.request.start';

/** Returns the highest number of HTTP requests that this process has open at once while `work` runs. */
export async function maxOpenRequests(work: () => Promise<unknown>): Promise<number> {
	let [open, most] = [0, 0];
	const onStart = (message: unknown) => {
		most = Math.max(most, ++open);
		(message as { request: ClientRequest }).request.once('close', () => open--);
	};
	subscribe(START, onStart);
	try {
		await work();
	} finally {
		unsubscribe(START, onStart);
	}
	return most;
}

/**
 * Collects the HTTP requests that this process has sent during the current test, such as `GET
 * http://host/path`.
 */
export function useRequestLog(): string[] {
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

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';

const START = 'http.client.request.start';

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

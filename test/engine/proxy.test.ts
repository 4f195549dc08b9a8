import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { GENERATE } from './support/inputs';
import { runNode } from './support/runNode';
import { useSandbox } from './support/useSandbox';
import { loggedNode } from './support/watchedNode';

/** A proxy for https that lets nobody through: it is asked to CONNECT before anything of a request leaves. */

const sandbox = useSandbox();
const LOGIN = 'proxy-user:proxy-password';

let refuse: (socket: Socket) => void;
const seen: string[] = [];
const proxy = http.createServer().on('connect', ({ headers }, socket: Socket) => {
	seen.push(JSON.stringify(headers));
	socket.on('error', () => {}).on('data', (bytes) => seen.push(String(bytes)));
	refuse(socket);
});

beforeAll(async () => {
	await once(proxy.listen(0, '127.0.0.1'), 'listening');
	const { port } = proxy.address() as AddressInfo;
	// where both are set, the lower case counts
	process.env.https_proxy = `http://${LOGIN}@127.0.0.1:${port}`;
});
beforeEach(() => void seen.splice(0));
afterAll(async () => {
	delete process.env.https_proxy;
	await new Promise((resolve) => proxy.close(resolve));
});

const answer = (status: string) => (socket: Socket) => {
	socket.end(`HTTP/1.1 ${status}\r\nContent-Length: 16\r\n\r\n<html>No.</html>`);
};

test.each<[string, (socket: Socket) => void, string]>([
	[
		'asks for a login',
		answer('407 Proxy Authentication Required'),
		'A proxy between n8n and OctopusX asks for a login',
	],
	['forbids it', answer('403 Forbidden'), 'A web page answered instead of the OctopusX API'],
	['ends the connection', (socket) => socket.end(), 'OctopusX cannot be reached'],
	[
		'ends it in the middle of its answer',
		(socket) => socket.end('HTTP/1.1 200 Conn'),
		'OctopusX cannot be reached',
	],
	[
		'ends it before TLS is up',
		(socket) => {
			socket.write('HTTP/1.1 200 OK\r\n\r\n');
			socket.once('data', () => socket.end());
		},
		'OctopusX cannot be reached',
	],
])('a proxy that %s: nothing was charged, and no key has left', async (_what, how, message) => {
	refuse = how;
	const lines: string[] = [];
	const parameters = { ...GENERATE, options: { timeout: 0.01 } };
	const { error, run } = await runNode(sandbox, parameters, {
		credential: { baseUrl: 'https://api.octopusx.example' },
		node: loggedNode(lines),
	});
	expect(error?.message).toBe(message);
	expect(error?.description).toMatch(/^Nothing was charged\./);
	expect(seen.length).toBeGreaterThan(0);
	expect(seen.join()).not.toContain(sandbox.apiKey);
	expect(JSON.stringify([run, lines])).not.toContain('proxy-password');
});

import type http from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Spoiling } from './faults';

const DRIP_INTERVAL_MS = 5_000;

/** A whole answer; its length is filled in when it is sent. */
export interface Reply {
	status: number;
	headers?: Record<string, string>;
	body: Buffer;
}

/**
 * Answers a request the way a fault says.
 *
 * @param reply carries the request out
 * @param hold keeps what is to be sent later
 */
export function spoil(
	res: ServerResponse,
	{ accept, answer }: Spoiling,
	reply: () => Reply,
	hold: (release: () => void) => void,
): void {
	const isPartial = answer === 'short' || answer === 'stall';
	const right = accept || isPartial ? reply() : undefined;
	if (answer === 'hang') return hold(() => send(res, right ?? reply()));
	if (answer === 'reset') return void res.destroy();
	if (answer === 'drip') return drip(res, hold);
	if (isPartial) {
		const { status, headers, body } = right as Reply;
		res.writeHead(status, { ...headers, 'content-length': body.length });
		res.write(body.subarray(0, Math.floor(body.length / 2)), () => {
			if (answer === 'short') res.destroy();
			else hold(() => res.end(body.subarray(Math.floor(body.length / 2))));
		});
		return;
	}
	const { status, headers, bodyFor } = answer;
	const body = bodyFor && right ? bodyFor(idIn(right)) : answer.body;
	const text = replyOf(status, body);
	send(res, { ...text, headers: { ...text.headers, ...headers } });
}

function replyOf(status: number, body: unknown): Reply {
	if (Buffer.isBuffer(body)) return { ...json(status, undefined), body };
	return typeof body === 'string' ? html(status, body) : json(status, body);
}

function drip(res: ServerResponse, hold: (release: () => void) => void): void {
	res.writeHead(200, { 'content-type': 'application/json' }).write(' ');
	const timer = setInterval(() => res.write(' '), DRIP_INTERVAL_MS);
	res.once('close', () => clearInterval(timer));
	hold(() => res.end());
}

function idIn({ body }: Reply): string {
	const { id, task_id } = JSON.parse(body.toString()) as Record<string, string>;
	return id ?? task_id ?? '';
}

export function send(res: ServerResponse, { status, headers, body }: Reply): void {
	res.writeHead(status, { ...headers, 'content-length': body.length }).end(body);
}

export function json(status: number, body: unknown): Reply {
	const text = body === undefined ? '' : JSON.stringify(body);
	return {
		status,
		headers: { 'content-type': 'application/json; charset=utf-8' },
		body: Buffer.from(text),
	};
}

export function html(status: number, body: string): Reply {
	const headers = { 'content-type': 'text/html; charset=utf-8' };
	return { status, headers, body: Buffer.from(body) };
}

export async function readBody(req: IncomingMessage): Promise<Buffer> {
	const chunks: Buffer[] = [];
	for await (const chunk of req) chunks.push(chunk as Buffer);
	return Buffer.concat(chunks);
}

/** JSON where it says so and is, the bytes otherwise, `undefined` where there are none. */
export function parseBody(raw: Buffer, type = ''): unknown {
	if (raw.length === 0) return undefined;
	if (!type.includes('application/json')) return raw;
	try {
		return JSON.parse(raw.toString());
	} catch {
		return raw;
	}
}

export function addressOf(server: http.Server): string {
	return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

export async function listen(server: http.Server, port: number): Promise<void> {
	await new Promise<void>((resolve, reject) => {
		server.once('error', reject).listen(port, '127.0.0.1', resolve);
	});
}

export async function close(server: http.Server): Promise<void> {
	server.closeAllConnections();
	await new Promise((resolve) => server.close(resolve));
}

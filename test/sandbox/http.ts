import type http from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type net from 'node:net';
import type { AnswerFault } from './faults';

const DRIP_INTERVAL_MS = 5_000;

/** A response. `content-length` is added when it is sent. */
export interface Reply {
	status: number;
	headers?: Record<string, string>;
	body: Buffer;
}

/**
 * Responds to a request as a fault prescribes.
 *
 * @param reply carries out the request and returns the normal response
 * @param hold registers a callback that sends the rest later
 */
export function sendFault(
	res: ServerResponse,
	{ accept, answer }: AnswerFault,
	reply: () => Reply,
	hold: (release: () => void) => void,
): void {
	const isPartial = answer === 'short' || answer === 'stall';
	const normal = accept || isPartial ? reply() : undefined;
	if (answer === 'hang') return hold(() => send(res, normal ?? reply()));
	if (answer === 'reset') return void res.destroy();
	if (answer === 'drip') return drip(res, hold);
	if (isPartial) {
		const { status, headers, body } = normal as Reply;
		res.writeHead(status, { ...headers, 'content-length': body.length });
		res.write(body.subarray(0, Math.floor(body.length / 2)), () => {
			if (answer === 'short') res.destroy();
			else hold(() => res.end(body.subarray(Math.floor(body.length / 2))));
		});
		return;
	}
	const { status, headers, bodyFor } = answer;
	const body = bodyFor && normal ? bodyFor(idIn(normal)) : answer.body;
	const faulty = replyOf(status, body);
	send(res, { ...faulty, headers: { ...faulty.headers, ...headers } });
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

/**
 * Returns parsed JSON if the type says so and it is valid, otherwise the bytes; `undefined` for an
 * empty body.
 */
export function parseBody(raw: Buffer, type = ''): unknown {
	if (raw.length === 0) return undefined;
	if (!type.includes('application/json')) return raw;
	try {
		return JSON.parse(raw.toString());
	} catch {
		return raw;
	}
}

export function addressOf(server: net.Server): string {
	return `http://127.0.0.1:${(server.address() as net.AddressInfo).port}`;
}

export async function listen(server: net.Server, port: number): Promise<void> {
	await new Promise<void>((resolve, reject) => {
		server.once('error', reject).listen(port, '127.0.0.1', resolve);
	});
}

export async function close(server: http.Server): Promise<void> {
	server.closeAllConnections();
	await new Promise((resolve) => server.close(resolve));
}

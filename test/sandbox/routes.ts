import type { IncomingHttpHeaders } from 'node:http';
import type { Route } from './faults';
import type { Reply } from './http';
import type { ApiKey } from './key';
import type { Quirks, SandboxTask } from './tasks';

/** A request as the sandbox received it. */
export interface LogEntry {
	route: Route | 'none';
	method: string;
	/** With its query, as it came over the wire. */
	path: string;
	headers: IncomingHttpHeaders;
	/** Parsed where it is JSON, a Buffer otherwise, `undefined` where there is none. */
	body: unknown;
	/** By the sandbox's clock. */
	at: number;
	/** What the answer calls it, in `X-Oneapi-Request-Id` and in some texts. */
	requestId: string;
}

/** What answers depend on, and change. */
export interface State {
	readonly url: string;
	readonly fileHost: string;
	readonly key: ApiKey;
	readonly quirks: Quirks;
	readonly durationMs: number;
	/** Every task that was accepted. */
	readonly tasks: SandboxTask[];
	readonly uploads: Map<string, { bytes: Buffer; type: string }>;
	/** The file of every finished task, in place of the fixtures. */
	readonly video?: Buffer;
	/** What the tasks have cost so far, in units of quota, without what was refunded. */
	readonly spent: number;
	now(): number;
	requestsTo(route: Route): LogEntry[];
	find(encodedId?: string): SandboxTask | undefined;
}

/** Carries a request out; `match` is that of its path. */
export type Handler = (entry: LogEntry, match: RegExpMatchArray) => Reply;

/** Method and path of everything that the sandbox serves; what is public asks for the key itself, or for none. */
export const ROUTES: Array<{ route: Route; method: string; path: RegExp; isPublic?: true }> = [
	{ route: 'models', method: 'GET', path: /^\/v1\/models$/ },
	{ route: 'submit', method: 'POST', path: /^\/v1\/(?:videos|video\/generations)$/ },
	{ route: 'poll', method: 'GET', path: /^\/v1\/videos\/([^/]+)$/ },
	{ route: 'verdict', method: 'GET', path: /^\/v1\/video\/generations\/([^/]+)$/ },
	{ route: 'content', method: 'GET', path: /^\/v1\/videos\/([^/]+)\/content$/ },
	{ route: 'presign', method: 'POST', path: /^\/api\/upload\/presign$/ },
	{ route: 'usage', method: 'GET', path: /^\/api\/usage\/token\/$/, isPublic: true },
	{ route: 'upload', method: 'PUT', path: /^\/uploads\/(\w+)\?signature=\w+$/, isPublic: true },
	{ route: 'file', method: 'GET', path: /^\/uploads\/(\w+)$/, isPublic: true },
	{ route: 'file', method: 'GET', path: /^\/files\/([^/]+)\.mp4\?signature=\w+$/, isPublic: true },
];

/** What a request asks for; a query means nothing but where a route names it. */
export function findRoute(method: string, path: string) {
	const plain = path.replace(/\?.*$/, '');
	for (const { path: pattern, ...one } of ROUTES) {
		const match = path.match(pattern) ?? plain.match(pattern);
		if (match && one.method === method) return { ...one, match };
	}
	return undefined;
}

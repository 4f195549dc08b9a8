import type { IncomingHttpHeaders } from 'node:http';
import type { Route } from './faults';
import type { Reply } from './http';
import type { ApiKey } from './key';
import type { Quirks, SandboxTask } from './tasks';

/** A request as the sandbox received it. */
export interface LogEntry {
	route: Route | 'none';
	method: string;
	/** The raw path, with its query. */
	path: string;
	headers: IncomingHttpHeaders;
	/** Parsed JSON, a Buffer for other types, `undefined` for an empty body. */
	body: unknown;
	/** Time of arrival by the sandbox's clock, in ms. */
	at: number;
	/** The ID in the `X-Oneapi-Request-Id` header of the response, and in some error messages. */
	requestId: string;
}

/** The state of a sandbox, as its route handlers read and change it. */
export interface State {
	readonly url: string;
	readonly fileHost: string;
	readonly key: ApiKey;
	readonly quirks: Quirks;
	readonly durationMs: number;
	/** Every task that was accepted. */
	readonly tasks: SandboxTask[];
	readonly uploads: Map<string, { bytes: Buffer; type: string }>;
	/** The file of every finished task. Default: the fixtures. */
	readonly video?: Buffer;
	/** The cost of all tasks so far, in units of quota, without refunded ones. */
	readonly spent: number;
	now(): number;
	requestsTo(route: Route): LogEntry[];
	find(encodedId?: string): SandboxTask | undefined;
}

/** Carries out a request. `match` is the match of its path with the route's pattern. */
export type Handler = (entry: LogEntry, match: RegExpMatchArray) => Reply;

/** All routes. A handler of a public route checks the key itself, or needs none. */
const ROUTES: Array<{ route: Route; method: string; path: RegExp; isPublic?: true }> = [
	{ route: 'models', method: 'GET', path: /^\/v1\/models$/ },
	{ route: 'submit', method: 'POST', path: /^\/v1\/(?:videos|video\/generations)$/ },
	{ route: 'check', method: 'GET', path: /^\/v1\/videos\/([^/]+)$/ },
	{ route: 'verdict', method: 'GET', path: /^\/v1\/video\/generations\/([^/]+)$/ },
	{ route: 'content', method: 'GET', path: /^\/v1\/videos\/([^/]+)\/content$/ },
	{ route: 'presign', method: 'POST', path: /^\/api\/upload\/presign$/ },
	{ route: 'usage', method: 'GET', path: /^\/api\/usage\/token\/$/, isPublic: true },
	{ route: 'bill', method: 'GET', path: /^\/api\/log\/token$/, isPublic: true },
	{ route: 'subscription', method: 'GET', path: /^\/v1\/dashboard\/billing\/subscription$/ },
	{ route: 'spending', method: 'GET', path: /^\/v1\/dashboard\/billing\/usage$/ },
	{ route: 'status', method: 'GET', path: /^\/api\/status$/, isPublic: true },
	{
		route: 'upload',
		method: 'PUT',
		path: /^\/uploads\/(\w+)(?:\/[^/]+)?\?signature=\w+$/,
		isPublic: true,
	},
	{ route: 'file', method: 'GET', path: /^\/uploads\/(\w+)$/, isPublic: true },
	{ route: 'file', method: 'GET', path: /^\/files\/([^/]+)\.mp4\?signature=\w+$/, isPublic: true },
];

/** Finds the route of a request. Ignores a query unless the route's pattern contains one. */
export function findRoute(method: string, path: string) {
	const plain = path.replace(/\?.*$/, '');
	for (const { path: pattern, ...one } of ROUTES) {
		const match = path.match(pattern) ?? plain.match(pattern);
		if (match && one.method === method) return { ...one, match };
	}
	return undefined;
}

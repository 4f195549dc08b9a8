import type { IncomingHttpHeaders } from 'node:http';
import type { Route } from './faults';

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
}

/** Method and path of everything that the sandbox serves; what is public needs no key. */
export const ROUTES: Array<{ route: Route; method: string; path: RegExp; isPublic?: true }> = [
	{ route: 'models', method: 'GET', path: /^\/v1\/models$/ },
	{ route: 'submit', method: 'POST', path: /^\/v1\/videos$/ },
	{ route: 'poll', method: 'GET', path: /^\/v1\/videos\/([^/]+)$/ },
	{ route: 'content', method: 'GET', path: /^\/v1\/videos\/([^/]+)\/content$/ },
	{ route: 'verdict', method: 'GET', path: /^\/v1\/video\/generations\/([^/]+)$/ },
	{ route: 'presign', method: 'POST', path: /^\/api\/upload\/presign$/ },
	{ route: 'usage', method: 'GET', path: /^\/api\/usage\/token\/$/ },
	{ route: 'upload', method: 'PUT', path: /^\/uploads\/(\w+)\?signature=\w+$/, isPublic: true },
	{ route: 'file', method: 'GET', path: /^\/uploads\/(\w+)$/, isPublic: true },
	{ route: 'file', method: 'GET', path: /^\/files\/([^/]+)\.mp4\?signature=\w+$/, isPublic: true },
];

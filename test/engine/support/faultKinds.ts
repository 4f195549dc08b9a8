import { HTML_502, type Fault } from '../../sandbox/faults';
import { apiErrorBody } from './errorBodies';

/** A fault without the request that it affects. */
export interface FaultKind {
	name: string;
	accept?: boolean;
	/** The number of requests in a row that are affected. Default 1. */
	times?: number;
	answer: Fault['answer'];
}

export const html = '<!DOCTYPE html><html><body>Service page</body></html>';

export const kind = (name: string, status: number, body?: unknown): FaultKind => ({
	name,
	answer: { status, body },
});

/** A response of something between the node and the gateway. */
export const proxyKind = (
	name: string,
	status: number,
	body?: unknown,
	headers?: Record<string, string>,
): FaultKind => ({ name, answer: { status, body, headers, byProxy: true } });
export const permanent = (one: FaultKind): FaultKind => ({
	...one,
	name: `${one.name}, for good`,
	times: Infinity,
});

export const THROTTLED: FaultKind[] = [
	kind('429', 429, apiErrorBody('slow down')),
	{
		name: '429, Retry-After: 20',
		answer: { status: 429, headers: { 'retry-after': '20' }, body: apiErrorBody('slow down') },
	},
	kind('429, empty', 429),
	{ name: '503, Retry-After: 20', answer: { status: 503, headers: { 'retry-after': '20' } } },
];

export const INVALID_TOKEN = kind('401', 401, apiErrorBody('Invalid token (request id: 1)'));

export const REDIRECT: FaultKind = {
	name: 'redirect',
	answer: { status: 307, headers: { location: 'http://127.0.0.1:9/' } },
};
export const HTML_404 = kind('404, HTML', 404, html);
export const INVALID_URL = kind('404, Invalid URL', 404, {
	error: { message: 'Invalid URL', type: 'invalid_request_error', param: '', code: '' },
});

/** Faults after which there is no response, or one without any meaning. */
export const UNAVAILABLE: FaultKind[] = [
	kind('500, new_api_panic', 500, {
		error: { message: 'Panic detected, error: nil pointer', type: 'new_api_panic' },
	}),
	{ name: '502, HTML', answer: HTML_502 },
	proxyKind('503, HTML', 503, html),
	{ name: 'reset', answer: 'reset' },
	{ name: 'hang', answer: 'hang' },
	kind('200, a list', 200, [1, 2, 3]),
	kind('200, null', 200, null),
];

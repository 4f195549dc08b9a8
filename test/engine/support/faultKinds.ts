import { HTML_502, type Fault } from '../../sandbox/faults';
import { apiErrorBody, taskErrorBody } from './errorBodies';

/** What can go wrong with a request, and what it means for the bill. */
export interface FaultKind {
	name: string;
	accept?: boolean;
	answer: Fault['answer'];
}

const html = '<!DOCTYPE html><html><body>Service page</body></html>';

const THROTTLED: FaultKind[] = [
	{ name: '429', answer: { status: 429, body: apiErrorBody('slow down') } },
	{
		name: '429, Retry-After: 20',
		answer: { status: 429, headers: { 'retry-after': '20' }, body: apiErrorBody('slow down') },
	},
	{ name: '503, Retry-After: 20', answer: { status: 503, headers: { 'retry-after': '20' } } },
];

const REFUSED: FaultKind[] = [
	{ name: '400', answer: { status: 400, body: taskErrorBody('invalid_request') } },
	{ name: '401', answer: { status: 401, body: apiErrorBody('Invalid token') } },
	{
		name: '403, no quota',
		answer: { status: 403, body: taskErrorBody('insufficient_user_quota') },
	},
	{ name: '404', answer: { status: 404, body: apiErrorBody('Invalid URL') } },
	{ name: '413', answer: { status: 413, body: apiErrorBody('too large') } },
];

const REDIRECT: FaultKind = {
	name: 'redirect',
	answer: { status: 307, headers: { location: 'http://127.0.0.1:9/' } },
};
const HTML_404: FaultKind = { name: '404, HTML', answer: { status: 404, body: html } };

const UNAVAILABLE: FaultKind[] = [
	{ name: '500', answer: { status: 500, body: apiErrorBody('boom') } },
	{ name: '502, HTML', answer: HTML_502 },
	{ name: '503', answer: { status: 503, body: html } },
	{ name: 'reset', answer: 'reset' },
	{ name: 'hang', answer: 'hang' },
	{ name: '200, HTML', answer: { status: 200, body: html } },
	{ name: '200, a list', answer: { status: 200, body: [1, 2, 3] } },
	{ name: '200, null', answer: { status: 200, body: null } },
];

/** Surely not accepted and worth repeating. */
export const SUBMIT_REPEATED = THROTTLED;

/** Surely not accepted, and not worth repeating by the node itself. */
export const SUBMIT_REFUSED = [...REFUSED, REDIRECT, HTML_404];

/** Nobody knows: each once where the server had not accepted it, and once where it had. */
export const SUBMIT_UNKNOWN: FaultKind[] = [
	...UNAVAILABLE.map((kind) => ({ ...kind, name: `${kind.name}, not accepted` })),
	...UNAVAILABLE.map((kind) => ({ ...kind, name: `${kind.name}, accepted`, accept: true })),
	{
		name: '200, no id, accepted',
		accept: true,
		answer: { status: 200, body: { status: 'queued' } },
	},
	{ name: 'cut short, accepted', accept: true, answer: 'short' },
];

export const POLL_HEALING: FaultKind[] = [
	...THROTTLED,
	...UNAVAILABLE,
	REDIRECT,
	HTML_404,
	{
		name: '400, fail_to_fetch_task',
		answer: { status: 400, body: taskErrorBody('fail_to_fetch_task') },
	},
	{ name: 'cut short', answer: 'short' },
	{ name: 'stall', answer: 'stall' },
	{ name: 'odd types', answer: { status: 200, body: { id: [], status: {}, progress: 'x' } } },
];

export const POLL_HOPELESS: FaultKind[] = [
	...REFUSED,
	{ name: '400, task_not_exist', answer: { status: 400, body: taskErrorBody('task_not_exist') } },
	{ name: '200, task_not_exist', answer: { status: 200, body: taskErrorBody('task_not_exist') } },
];

const asVideo = { 'content-type': 'video/mp4' };

export const DOWNLOAD_HEALING: FaultKind[] = [
	...THROTTLED,
	...UNAVAILABLE.filter(({ name }) => !name.startsWith('200')),
	{ name: '200, HTML', answer: { status: 200, body: html } },
	{ name: '200, HTML called a video', answer: { status: 200, headers: asVideo, body: html } },
	{
		name: '200, XML called a video',
		answer: { status: 200, headers: asVideo, body: '<?xml version="1.0"?><Error/>' },
	},
	{
		name: '200, text called a video',
		answer: { status: 200, headers: asVideo, body: 'Access denied' },
	},
	{ name: '200, empty', answer: { status: 200, headers: asVideo, body: '' } },
	{ name: 'cut short', answer: 'short' },
	{ name: 'stall', answer: 'stall' },
];

export const DOWNLOAD_HOPELESS: FaultKind[] = [
	{ name: '403', answer: { status: 403, body: '<Error>expired</Error>' } },
	{ name: '404', answer: { status: 404, body: html } },
	{
		name: 'redirect to file:',
		answer: { status: 302, headers: { location: 'file:///etc/passwd' } },
	},
];

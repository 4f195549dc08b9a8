import { HTML_502, type Fault } from '../../sandbox/faults';
import { apiErrorBody, contentErrorBody, modelErrorBody, taskErrorBody } from './errorBodies';

/** What can go wrong with a request, and what it means for the bill. */
export interface FaultKind {
	name: string;
	accept?: boolean;
	/** How many requests in a row it strikes; 1 unless told. */
	times?: number;
	answer: Fault['answer'];
}

const html = '<!DOCTYPE html><html><body>Service page</body></html>';

const kind = (name: string, status: number, body?: unknown): FaultKind => ({
	name,
	answer: { status, body },
});
const forGood = (one: FaultKind): FaultKind => ({
	...one,
	name: `${one.name}, for good`,
	times: Infinity,
});

const THROTTLED: FaultKind[] = [
	kind('429', 429, apiErrorBody('slow down')),
	{
		name: '429, Retry-After: 20',
		answer: { status: 429, headers: { 'retry-after': '20' }, body: apiErrorBody('slow down') },
	},
	kind('429, empty', 429),
	{ name: '503, Retry-After: 20', answer: { status: 503, headers: { 'retry-after': '20' } } },
];

const INVALID_TOKEN = kind('401', 401, apiErrorBody('Invalid token (request id: 1)'));

const REDIRECT: FaultKind = {
	name: 'redirect',
	answer: { status: 307, headers: { location: 'http://127.0.0.1:9/' } },
};
const HTML_404 = kind('404, HTML', 404, html);
const INVALID_URL = kind('404, Invalid URL', 404, {
	error: { message: 'Invalid URL', type: 'invalid_request_error', param: '', code: '' },
});

/** Nothing comes that has a meaning. */
const UNAVAILABLE: FaultKind[] = [
	kind('500, new_api_panic', 500, {
		error: { message: 'Panic detected, error: nil pointer', type: 'new_api_panic' },
	}),
	{ name: '502, HTML', answer: HTML_502 },
	kind('503, HTML', 503, html),
	{ name: 'reset', answer: 'reset' },
	{ name: 'hang', answer: 'hang' },
	kind('200, a list', 200, [1, 2, 3]),
	kind('200, null', 200, null),
];

/** Surely not accepted and worth repeating. */
export const SUBMIT_REPEATED: FaultKind[] = [
	...THROTTLED,
	kind(
		'429, fail_to_fetch_task in Chinese',
		429,
		taskErrorBody('fail_to_fetch_task', '当前分组上游负载已饱和，请稍后再试'),
	),
];

/** What the gateway itself refuses. */
const REFUSED_BY_GATEWAY: FaultKind[] = [
	kind('400, invalid_request', 400, taskErrorBody('invalid_request', 'prompt is required')),
	kind('400, invalid_json', 400, taskErrorBody('invalid_json', 'json: cannot unmarshal')),
	kind('400, invalid_seconds', 400, taskErrorBody('invalid_seconds')),
	kind('400, no model', 400, apiErrorBody('Model name not specified')),
	kind('400, body too large', 400, apiErrorBody('Invalid request: request body exceeds 128 MB')),
	kind('413, read_request_body_failed', 413, taskErrorBody('read_request_body_failed')),
	kind(
		'400, model_price_error',
		400,
		taskErrorBody('model_price_error', '模型的价格尚未由管理员配置'),
	),
	kind('503, model_not_found', 503, apiErrorBody('No available channel', 'model_not_found')),
	INVALID_TOKEN,
	kind(
		'403, insufficient_user_quota',
		403,
		taskErrorBody('insufficient_user_quota', '用户额度不足'),
	),
	kind('403, pre_consume_token_quota_failed', 403, taskErrorBody('pre_consume_token_quota_failed')),
	kind(
		'403, access_denied',
		403,
		apiErrorBody('您的 IP 不在令牌允许访问的列表中', 'access_denied'),
	),
	kind(
		'403, no access to the model',
		403,
		apiErrorBody('This token has no access to model omni-fast'),
	),
	kind('500, get_channel_failed', 500, taskErrorBody('get_channel_failed')),
	kind('500, do_request_failed', 500, taskErrorBody('do_request_failed', 'do request failed')),
	kind('500, build_request_failed', 500, taskErrorBody('build_request_failed')),
	kind('500, read_response_body_failed', 500, taskErrorBody('read_response_body_failed')),
	kind('500, unmarshal_response_body_failed', 500, taskErrorBody('unmarshal_response_body_failed')),
	kind('500, invalid_response', 500, taskErrorBody('invalid_response', 'task_id is empty')),
	INVALID_URL,
];

/** What the model service refuses: the gateway hands on its status, and its body as a string. */
const REFUSED_BY_MODEL: FaultKind[] = [
	...[401, 402, 403, 404, 408, 500, 502, 503, 504, 524].map((status) =>
		kind(`${status}, fail_to_fetch_task`, status, modelErrorBody('no', 'some_code')),
	),
	kind(
		'400, moderation_blocked',
		400,
		modelErrorBody('Your request was blocked', 'moderation_blocked'),
	),
	kind('413, fail_to_fetch_task with a page', 413, taskErrorBody('fail_to_fetch_task', html)),
	// as observed: errors with a 2xx status, and a redirect that leads nowhere
	kind('201, fail_to_fetch_task', 201, taskErrorBody('fail_to_fetch_task', '{"id": "up_1"}')),
	kind('202, fail_to_fetch_task', 202, taskErrorBody('fail_to_fetch_task', '{"id": "up_1"}')),
	kind('307 without Location', 307, taskErrorBody('fail_to_fetch_task', '')),
];

/** Surely not accepted, and not worth repeating by the node itself. */
export const SUBMIT_REFUSED = [...REFUSED_BY_GATEWAY, ...REFUSED_BY_MODEL, REDIRECT, HTML_404];

/** Accepted, and told so in an unusual way: the id is there. */
export const SUBMIT_TOLD: FaultKind[] = (
	[
		['200, data.task_id', 200, (id) => ({ code: 'success', data: { task_id: id } })],
		['200, data.id', 200, (id) => ({ data: { id, object: 'video', status: 'queued' } })],
		['200, task.id', 200, (id) => ({ task: { id } })],
		['200, id beside an error', 200, (id) => ({ id, error: { message: 'odd', code: 'odd' } })],
		['200, id and nothing else', 200, (id) => ({ id })],
		['500, task_id beside an error', 500, (id) => ({ task_id: id, error: { message: 'odd' } })],
		['502, data.task_id', 502, (id) => ({ data: { task_id: id } })],
	] as Array<[string, number, (id: string) => unknown]>
).map(([name, status, bodyFor]) => ({ name, accept: true, answer: { status, bodyFor } }));

const PERHAPS_ACCEPTED = [...UNAVAILABLE, kind('200, HTML', 200, html)];

/** Nobody knows: each once where the server had not accepted it, and once where it had. */
export const SUBMIT_UNKNOWN: FaultKind[] = [
	...PERHAPS_ACCEPTED.map((one) => ({ ...one, name: `${one.name}, not accepted` })),
	kind('204, not accepted', 204),
	...PERHAPS_ACCEPTED.map((one) => ({ ...one, name: `${one.name}, accepted`, accept: true })),
	{ ...kind('200, no id, accepted', 200, { status: 'queued' }), accept: true },
	{ name: 'cut short, accepted', accept: true, answer: 'short' },
];

const UNKNOWN_TASK = taskErrorBody('task_not_exist');

export const POLL_HEALING: FaultKind[] = [
	...THROTTLED,
	...UNAVAILABLE,
	kind('200, HTML', 200, html),
	REDIRECT,
	HTML_404,
	kind('400, fail_to_fetch_task', 400, taskErrorBody('fail_to_fetch_task')),
	{ name: 'cut short', answer: 'short' },
	{ name: 'stall', answer: 'stall' },
	kind('odd types', 200, { id: [], status: {}, progress: 'x' }),
	kind('400, task_not_exist', 400, UNKNOWN_TASK),
	kind('200, task_not_exist', 200, UNKNOWN_TASK),
	{ ...INVALID_TOKEN, name: '401, three times', times: 3 },
	// the other view of the task knows better
	forGood(kind('a status that nobody knows', 200, { status: 'warming_up' })),
	forGood(kind('no status', 200, { id: 'x', code: 'success', data: { status: 'SUCCESS' } })),
	forGood(kind('in_progress', 200, { status: 'in_progress', progress: 30 })),
];

/** The node gives up at once; one that is retried goes on with the task. */
export const POLL_HOPELESS: FaultKind[] = [
	kind('400', 400, taskErrorBody('invalid_request')),
	kind(
		'403, no access to the model',
		403,
		apiErrorBody('This token has no access to model omni-fast'),
	),
	kind('403, banned', 403, apiErrorBody('User has been banned')),
	INVALID_URL,
	kind('413', 413, apiErrorBody('too large')),
	{ ...kind('400, task_not_exist, twice', 400, UNKNOWN_TASK), times: 2 },
];

/** No retry gets over it. */
export const POLL_FOR_GOOD: FaultKind[] = [
	forGood(INVALID_TOKEN),
	forGood(kind('400, task_not_exist', 400, UNKNOWN_TASK)),
];

/** The task ends without a video, and the gateway refunds it: a retried node has another one made. */
export const POLL_ENDED: FaultKind[] = [
	{ name: 'failed', answer: { ending: 'failed' } },
	{ name: 'cancelled', answer: { ending: 'cancelled' } },
	{ name: 'an error, but no status', answer: { ending: 'statusless' } },
];

/** The same, but only the verdict tells: a retried node takes the task up again. */
export const POLL_ENDED_BY_VERDICT: FaultKind[] = [
	{ name: 'a status that nobody knows, and failed', answer: { ending: 'unrecognized' } },
];

const NOT_COMPLETED = 'Task is not completed yet, current status: IN_PROGRESS';

const asVideo = { 'content-type': 'video/mp4' };

/** What comes where a video should, from whichever host. */
const NO_VIDEO: FaultKind[] = [
	...THROTTLED,
	...UNAVAILABLE.filter(({ name }) => !name.startsWith('200')),
	kind('200, HTML', 200, html),
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

const EXPIRED = [400, 401, 403, 404, 410].map((status) =>
	kind(`${status}`, status, '<?xml version="1.0"?><Error>expired</Error>'),
);
const NOWHERE: FaultKind = {
	name: 'redirect to file:',
	answer: { status: 302, headers: { location: 'file:///etc/passwd' } },
};

/** At the host of the file. A new look gives another address, and the API has the file itself. */
export const FILE_HEALING: FaultKind[] = [
	...NO_VIDEO,
	...EXPIRED,
	NOWHERE,
	...[...EXPIRED, NOWHERE, kind('502', 502, html)].map(forGood),
	forGood({ name: 'reset', answer: 'reset' }),
	forGood({ name: 'cut short', answer: 'short' }),
];

/** At the content endpoint, where the file is nowhere else. */
export const CONTENT_HEALING: FaultKind[] = [
	...NO_VIDEO,
	kind('400, not completed yet', 400, contentErrorBody(NOT_COMPLETED)),
	{
		...kind('400, not completed yet, three times', 400, contentErrorBody(NOT_COMPLETED)),
		times: 3,
	},
	kind(
		'502, Failed to fetch video content',
		502,
		contentErrorBody('Failed to fetch video content'),
	),
	kind(
		'502, Upstream service returned status 403',
		502,
		contentErrorBody('Upstream service returned status 403'),
	),
];

export const CONTENT_HOPELESS: FaultKind[] = [
	INVALID_TOKEN,
	kind('403, request blocked', 403, contentErrorBody('request blocked: port 8787 is not allowed')),
	kind('404, Task not found', 404, contentErrorBody('Task not found')),
	NOWHERE,
];

export const CONTENT_FOR_GOOD: FaultKind[] = [
	forGood(
		kind(
			'502, Failed to fetch video content',
			502,
			contentErrorBody('Failed to fetch video content'),
		),
	),
	forGood({ name: 'cut short', answer: 'short' }),
];

import { apiErrorBody, modelErrorBody, taskErrorBody } from './errorBodies';
import {
	HTML_404,
	INVALID_TOKEN,
	INVALID_URL,
	REDIRECT,
	THROTTLED,
	UNAVAILABLE,
	html,
	kind,
	proxyKind,
	type FaultKind,
} from './faultKinds';

/** Faults after which the node retries the submission, because it was certainly not accepted. */
export const SUBMIT_RETRYABLE: FaultKind[] = [
	...THROTTLED,
	kind(
		'429, fail_to_fetch_task in Chinese',
		429,
		taskErrorBody('fail_to_fetch_task', '当前分组上游负载已饱和，请稍后再试'),
	),
];

/** Refusals by the gateway itself. */
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
	kind('429, insufficient_quota', 429, apiErrorBody('no', 'insufficient_quota')),
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

/** Refusals by the model service. The gateway passes on its status, and its body as a string. */
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
	// As observed, these are errors with a 2xx status, and a redirect without a target.
	kind('201, fail_to_fetch_task', 201, taskErrorBody('fail_to_fetch_task', '{"id": "up_1"}')),
	kind('202, fail_to_fetch_task', 202, taskErrorBody('fail_to_fetch_task', '{"id": "up_1"}')),
	kind('307 without Location', 307, taskErrorBody('fail_to_fetch_task', '')),
];

/** Faults after which the node does not retry the submission, although it was certainly not accepted. */
export const SUBMIT_REFUSED = [
	...REFUSED_BY_GATEWAY,
	...REFUSED_BY_MODEL,
	REDIRECT,
	HTML_404,
	kind('200, HTML of the gateway', 200, html),
	kind('408', 408),
];

/**
 * Faults after which the node continues with the accepted task, although the response contains its
 * ID in an unusual way.
 */
export const SUBMIT_ACCEPTED: FaultKind[] = (
	[
		['200, data.task_id', 200, (id) => ({ code: 'success', data: { task_id: id } })],
		['200, data.id', 200, (id) => ({ data: { id, object: 'video', status: 'queued' } })],
		['200, task.id', 200, (id) => ({ task: { id } })],
		['200, id beside an error', 200, (id) => ({ id, error: { message: 'odd', code: 'odd' } })],
		['200, id and nothing else', 200, (id) => ({ id })],
		['500, task_id beside an error', 500, (id) => ({ task_id: id, error: { message: 'odd' } })],
		['500, id of a video', 500, (id) => ({ id, object: 'video', error: { message: 'odd' } })],
		[
			'500, id beside a refusal',
			500,
			(id) => ({ id, error: { message: 'odd', type: 'new_api_error', code: 'x' } }),
		],
		['502, data.task_id', 502, (id) => ({ data: { task_id: id } })],
	] as Array<[string, number, (id: string) => unknown]>
).map(([name, status, bodyFor]): FaultKind => ({
	name,
	accept: true,
	answer: { status, bodyFor },
}));
SUBMIT_ACCEPTED.push({ name: 'cut short, accepted', accept: true, answer: 'short' });

const PERHAPS_ACCEPTED = [
	...UNAVAILABLE,
	proxyKind('200, HTML', 200, html),
	proxyKind('503 of a proxy, Retry-After: 5', 503, html, { 'retry-after': '5' }),
	proxyKind('504 of a proxy, GatewayTimeout', 504, {
		error: { code: 'GatewayTimeout', message: 'The gateway did not receive a response' },
	}),
	proxyKind('502 of a proxy, bad_gateway', 502, {
		status: 502,
		code: 'bad_gateway',
		message: 'no answer',
	}),
	proxyKind('500 of a proxy, server_error', 500, {
		error: { type: 'server_error', message: 'no answer' },
	}),
	proxyKind('500 of a proxy, worded as the gateway', 500, taskErrorBody('do_request_failed')),
	proxyKind('200 of a proxy, an error', 200, { error: { code: 'odd', message: 'no answer' } }),
];

/** Faults after which the node cannot know whether the task was accepted. Most are tested for both cases. */
export const SUBMIT_UNKNOWN: FaultKind[] = [
	...PERHAPS_ACCEPTED.map((one) => ({ ...one, name: `${one.name}, not accepted` })),
	kind('204, not accepted', 204),
	...PERHAPS_ACCEPTED.map((one) => ({ ...one, name: `${one.name}, accepted`, accept: true })),
	{ ...kind('200, no id, accepted', 200, { status: 'queued' }), accept: true },
];

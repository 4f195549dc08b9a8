import { isPlainObject } from './task';

/**
 * A task as `GET /v1/video/generations/{id}` tells it, in the form of `GET /v1/videos/{id}`: the
 * gateway's own verdict on top of what the model service said last (docs/API.md, "The verdict"). Some kinds
 * of models answer in a form that needs no change but the name of the address.
 */
export function readVerdict(body: unknown): unknown {
	if (!isPlainObject(body)) return body;
	if (!isPlainObject(body.data)) return { ...body, video_url: body.url };
	const { status, progress, fail_reason: reason, result_url: url, quota, data } = body.data;
	const said = isPlainObject(data) ? data : {};
	// a failed task has its reason in both places; its quota goes back to 0 when the charge is refunded
	const isFailed = status === 'FAILURE';
	return {
		...said,
		status,
		progress,
		video_url: said.video_url || url,
		error: isFailed ? { code: '', message: reason, refunded: quota === 0 } : said.error,
	};
}

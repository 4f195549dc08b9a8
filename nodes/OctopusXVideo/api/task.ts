import type { IDataObject } from 'n8n-workflow';
import { isParsable, type HideKey } from './credential';
import type { Price } from './records';
import { codeIn, isPlainObject, reasonIn, shorten, textOf, unwrap } from './envelope';

/** The status of a task, in one vocabulary for all models behind the API. */
export type TaskStatus =
	'queued' | 'in_progress' | 'completed' | 'failed' | 'cancelled' | 'unknown';

export interface Failure {
	code: string;
	message: string;
	/** True if the response shows that the charge was refunded. */
	refunded?: boolean;
}

/** A task as the node returns it: the API's own fields, with those below normalized. */
export interface Task extends IDataObject {
	id: string;
	/** The ID that `GET /v1/videos/{task_id}` accepts. */
	task_id: string;
	status: TaskStatus;
	/** In percent, 0 to 100. */
	progress: number;
	/** Absolute http(s) URL of the finished file; absent until the task is completed. */
	video_url?: string;
	/** Why the task ended without a video, or may have if `status` is `unknown`. */
	failure?: Failure;
	/** What the task cost. Only a verdict has it. The output shows it as `cost`. */
	price?: Price;
	/** The API's response as it came, unless it is absurdly deep. */
	raw?: IDataObject;
}

/** What the API's status words mean, in lower case (docs/API.md, "Query a task"). */
const STATUSES: ReadonlyArray<[TaskStatus, words: string[]]> = [
	['queued', ['queued', 'not_start', 'pending', 'submitted']],
	['in_progress', ['in_progress', 'processing']],
	['completed', ['completed', 'succeeded', 'success']],
	['failed', ['failed', 'failure', 'expired']],
	['cancelled', ['cancelled', 'canceled']],
];

/** Upper limit for IDs, in characters: longer than any ID of the API, and short enough for a path. */
const MAX_ID_LENGTH = 1_000;

export const NO_REASON = 'The server gave no reason';

/** Fields that may contain the reason of a failure (docs/API.md, "Query a task"). */
const REASON_FIELDS: readonly string[] = [
	'error',
	'fail_reason',
	'failure_reason',
	'failed_reason',
	'failure',
	'error_message',
	'error_msg',
	'message',
	'reason',
	'detail',
];

/** Fields that the node sets itself or leaves out. The server must not be able to set them. */
const OWN_FIELDS: readonly string[] =
	'error status progress video_url failure price cost file raw test octopusXSuspended'.split(' ');

/** True if the task ended without a video. */
export function hasFailed({ status }: Task): boolean {
	return status === 'failed' || status === 'cancelled';
}

/** True if the task will no longer change. An unknown status is treated as running. */
export function isFinal(task: Task): boolean {
	return task.status === 'completed' || hasFailed(task);
}

/**
 * Reads a response of the task endpoints, of any shape. Returns `undefined` if it is not an object, or has
 * neither an ID nor a status. Without `knownId`, the ID of the request, it must contain one. `hideKey` is for
 * `video_url`: the URL parser drops and maps characters, which may put together a key in pieces.
 */
export function parseTask(
	answer: unknown,
	apiUrl: string,
	knownId?: string,
	hideKey: HideKey = (url) => url,
): Task | undefined {
	if (!isPlainObject(answer)) return undefined;
	const { error, status: rawStatus, progress: rawProgress } = answer;
	const raw = isShallow(answer) ? { raw: answer as IDataObject } : {};

	const ownId = readId(answer.task_id) ?? readId(answer.id);
	const parts = [answer.data, answer.task].filter(isPlainObject);
	const wrapped = parts.find((part) => typeof part.status === 'string');
	if (wrapped && ownId === undefined && (rawStatus === undefined || findTaskId(wrapped))) {
		const inner = parseTask({ error, ...wrapped }, apiUrl, knownId, hideKey);
		return inner && { ...inner, ...raw };
	}
	if (ownId === undefined && typeof rawStatus !== 'string') return undefined;
	const taskId = knownId ?? ownId;
	if (taskId === undefined) return undefined;

	const status = parseStatus(rawStatus, error);
	// `50`, `"50"` and `"50%"` all mean 50 (docs/API.md, "Query a task")
	const percent = status === 'completed' ? 100 : parseFloat(textOf(rawProgress));
	const known: Task = {
		id: readId(answer.id) ?? taskId,
		task_id: taskId,
		status,
		progress: Number.isFinite(percent) ? Math.min(100, Math.max(0, percent)) : 0,
	};
	if (status === 'completed') {
		const given = findAddress(answer, apiUrl);
		const { pathname, search } = new URL(given ?? contentUrl(apiUrl, taskId));
		// a URL of the API's own file endpoint may have another host or scheme, so the configured one is used
		const isOwn = search === '' && pathname.endsWith(contentUrl('', taskId));
		known.video_url = given && !isOwn ? hideKey(given) : contentUrl(apiUrl, taskId);
	}
	if (hasFailed(known) || status === 'unknown') {
		const found = REASON_FIELDS.map((name) => reasonIn(answer[name])).find(Boolean);
		const reason = found ? unwrap(found) : '';
		const isRefunded = isPlainObject(error) && error.refunded === true;
		const failure: Failure = {
			code: shorten(codeIn(error)) || textOf(rawStatus).toLowerCase() || 'failed',
			message: shorten(reason) || NO_REASON,
			...(isRefunded && { refunded: true }),
		};
		// an unknown status with a reason may be a failure
		if (status !== 'unknown' || reason !== '') known.failure = failure;
	}
	// spread twice: first so that these fields come first in n8n's output, and again at the end so that
	// server fields of the same names cannot override them
	return { ...known, ...(withoutPlaceholders(answer) as IDataObject), ...known, ...raw };
}

/**
 * Returns the absolute http(s) URL of the finished file: from the documented places first (docs/API.md,
 * "Query a task"), then from those that related gateways use. A path is completed with the API's URL.
 */
export function findAddress(answer: Record<string, unknown>, apiUrl: string): string | undefined {
	const { data, metadata, video, videos, output, result, content } = answer;
	const [inData, inOutput, inResult] = [data, output, result].map((part) => [part].flat()[0]);
	// as a string, `video` may be the source of the request
	const parts = [inData, metadata, video, [videos].flat()[0], inOutput, inResult, content, answer];
	const urls = parts
		.filter(isPlainObject)
		.flatMap((part) => [part.video_url, part.url, part.result_url]);
	const prefix = new URL(apiUrl).pathname.replace(/\/$/, '');
	for (const address of [answer.video_url, inData, inOutput, inResult, ...urls]) {
		if (typeof address !== 'string' || !/^(https?:\/\/|\/)/i.test(address)) continue;
		const lacksPrefix = /^\/(?!\/)/.test(address) && !address.startsWith(`${prefix}/`);
		const url = lacksPrefix ? `${apiUrl}${address}` : address;
		if (isParsable(url, apiUrl)) return new URL(url, apiUrl).href;
	}
	return undefined;
}

/**
 * Converts a response of `GET /v1/video/generations/{id}` to the form of `GET /v1/videos/{id}`. The gateway's
 * own verdict overrides the model service's last response (docs/API.md, "The verdict").
 */
export function readVerdict(body: unknown): unknown {
	// for some kinds of models, the response already has the other form
	if (!isPlainObject(body) || !isPlainObject(body.data)) return body;
	const { status, progress, fail_reason: reason, result_url, url, quota, data } = body.data;
	const inner = isPlainObject(data) ? data : {};
	const error = body.data.error || inner.error;
	return {
		...inner,
		status,
		progress,
		...(url ? { video_url: inner.video_url || url } : {}),
		result_url,
		// for a failed task, `result_url` also contains the reason, and `quota` is 0 once the charge is
		// refunded
		error:
			status === 'FAILURE'
				? { code: codeIn(error), message: reason || reasonIn(error), refunded: quota === 0 }
				: error,
	};
}

export function isTaskId(id: string): boolean {
	return readId(id) !== undefined;
}

/**
 * Returns an ID if it can be a segment of a path (no dots alone, no unpaired surrogate) and is safe to show:
 * line breaks, control and invisible characters could forge log lines, and n8n renders markup.
 */
function readId(id: unknown): string | undefined {
	const text = textOf(id);
	if (text.length > MAX_ID_LENGTH || !/\S/.test(text)) return undefined;
	return /^\.{1,2}$|[\p{Surrogate}\p{Cc}\p{Cf}\p{Zl}\p{Zp}<>]/u.test(text) ? undefined : text;
}

/** Returns a task of which only the ID is known. */
export function uncheckedTask(taskId: string, id = taskId): Task {
	return { id, task_id: taskId, status: 'unknown', progress: 0 };
}

/** Returns the URL at which the API serves a task's file with the key (docs/API.md, "The content proxy"). */
export function contentUrl(apiUrl: string, taskId: string): string {
	return `${apiUrl}/v1/videos/${encodeURIComponent(taskId)}/content`;
}

/**
 * Finds a task ID in a response that is not a task. Looks only where it can be nothing else: in a `task_id`,
 * or in the `id` of something called or shaped like a task (docs/API.md, "Create a task").
 */
export function findTaskId(answer: unknown): string | undefined {
	if (!isPlainObject(answer)) return undefined;
	const { data, task } = answer;
	const parts = [answer, data, task].filter(isPlainObject);
	const ids = [
		...parts.map(({ task_id }) => task_id),
		...(isPlainObject(task) ? [task.id] : []),
		...parts.filter(looksLikeTask).map(({ id }) => id),
	];
	return ids.map(readId).find((id) => id !== undefined);
}

const TASK_ID_IN_TEXT = /"task_id"\s{0,9}:\s{0,9}("(?:[^"\\]|\\.){1,1000}")/;
const ID_IN_TEXT = /"id"\s{0,9}:\s{0,9}("(?:[^"\\]|\\.){1,1000}")/;

/** Finds a task ID in a JSON response that was cut off, as `findTaskId` does in a complete one. */
export function findTaskIdInText(text: string): string | undefined {
	if (/^\s*</.test(text)) return undefined;
	const [taskId, id] = [TASK_ID_IN_TEXT, ID_IN_TEXT].map((pattern) => {
		try {
			return readId(JSON.parse(pattern.exec(text)?.[1] ?? 'null'));
		} catch {
			return undefined;
		}
	});
	const isTask = /"object"\s{0,9}:\s{0,9}"video"/.test(text) || /^(video|task)_/.test(id ?? '');
	return taskId ?? (isTask ? id : undefined);
}

/** True if an object's `id` is the ID of a task. Requests and database rows have an `id`, too. */
function looksLikeTask({ object, status, id }: Record<string, unknown>): boolean {
	return (
		object === 'video' || parseStatus(status, '') !== 'unknown' || /^(video|task)_/.test(textOf(id))
	);
}

/** Without a status, an error with a code or a reason means `failed` (docs/API.md, "Query a task"). */
function parseStatus(status: unknown, error: unknown): TaskStatus {
	const word = textOf(status).trim().toLowerCase();
	if (word === '' && (codeIn(error) || reasonIn(error))) return 'failed';
	return STATUSES.find(([, words]) => words.includes(word))?.[0] ?? 'unknown';
}

/**
 * Drops the server's fields that mean "not known" (`""`, `null`, and `0` for a date; docs/API.md, "Query a
 * task"), that the node sets itself, or that are nested too deeply.
 */
function withoutPlaceholders(fields: Record<string, unknown>): Record<string, unknown> {
	const known = Object.entries(fields).filter(([name, value]) => {
		const isNoDate = value === 0 && name.endsWith('_at');
		const isUnknown = value === '' || value === null || value === undefined || isNoDate;
		return !isUnknown && !OWN_FIELDS.includes(name) && isShallow(value);
	});
	return Object.fromEntries(known);
}

/** False for a value that is nested too deeply: n8n serializes recursively, which could crash the run. */
export function isShallow(value: unknown, depth = 0): boolean {
	if (typeof value !== 'object' || value === null) return true;
	return depth < 20 && Object.values(value).every((inner) => isShallow(inner, depth + 1));
}

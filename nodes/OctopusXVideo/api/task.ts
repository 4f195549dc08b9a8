import type { IDataObject } from 'n8n-workflow';
import { codeIn, reasonIn, textOf } from './reason';

/** Where a task stands, in one vocabulary for all the models behind the API. */
export type TaskStatus =
	'queued' | 'in_progress' | 'completed' | 'failed' | 'cancelled' | 'unknown';

export interface Failure {
	code: string;
	message: string;
	/** Whether the answer shows that the charge was given back. */
	refunded?: boolean;
}

/** A task as the node hands it out: the API's own fields, the ones below normalised. */
export interface Task extends IDataObject {
	id: string;
	/** The id that `GET /v1/videos/{task_id}` is known to accept. */
	task_id: string;
	status: TaskStatus;
	/** 0 to 100. */
	progress: number;
	/** Absolute http(s) address of the finished file; absent until the task is completed. */
	video_url?: string;
	/** Why the task failed; absent unless `status` is `failed` or `cancelled`. */
	failure?: Failure;
}

/** docs/API.md, "Query a task": the omni pages, their sibling pages and the gateway, case-insensitively. */
const STATUSES = new Map<string, TaskStatus>([
	['queued', 'queued'],
	['not_start', 'queued'],
	['pending', 'queued'],
	['submitted', 'queued'],
	['in_progress', 'in_progress'],
	['processing', 'in_progress'],
	['completed', 'completed'],
	['succeeded', 'completed'],
	['success', 'completed'],
	['failed', 'failed'],
	['failure', 'failed'],
	['expired', 'failed'],
	['cancelled', 'cancelled'],
	['canceled', 'cancelled'],
]);

/** Longer than any id of the API, short enough for a path. */
const MAX_ID_LENGTH = 1_000;
const MAX_DEPTH = 20;

/** Whether the task ended without a video. */
export function isSpent({ status }: Task): boolean {
	return status === 'failed' || status === 'cancelled';
}

/** Whether the task will not change any more. An unknown status counts as still running. */
export function hasEnded(task: Task): boolean {
	return task.status === 'completed' || isSpent(task);
}

/**
 * Reads an answer of the task endpoints.
 *
 * @param answer the parsed body, of whatever shape the server sent
 * @param apiUrl origin and path prefix of the API, without a trailing slash
 * @param knownId the id that was asked for; without it, the answer must bring one
 * @returns the task, or `undefined` when the answer is no object, or has neither an id nor a status
 */
export function parseTask(answer: unknown, apiUrl: string, knownId?: string): Task | undefined {
	if (!isPlainObject(answer)) return undefined;
	const { error, status: rawStatus, progress: rawProgress, video_url } = answer;

	const ownId = readId(answer.task_id) ?? readId(answer.id);
	if (ownId === undefined && typeof rawStatus !== 'string') return undefined;
	const taskId = knownId ?? ownId;
	if (taskId === undefined) return undefined;

	const status = parseStatus(rawStatus, error);
	const known: Task = {
		id: readId(answer.id) ?? taskId,
		task_id: taskId,
		status,
		progress: status === 'completed' ? 100 : parseProgress(rawProgress),
	};
	if (status === 'completed') {
		const metadata = isPlainObject(answer.metadata) ? answer.metadata : {};
		const said = absoluteUrl(video_url, apiUrl) ?? absoluteUrl(metadata.url, apiUrl);
		// the API's file endpoint under another of its names, or a wrong scheme, is asked for where the API is
		known.video_url = said && !leadsToContent(said, taskId) ? said : contentUrl(apiUrl, taskId);
	}
	if (isSpent(known)) known.failure = parseFailure(error, rawStatus);
	// twice: n8n shows fields in their order, so these come first, and the server's own values of the
	// same names must not replace them
	return { ...known, ...(withoutPlaceholders(answer) as IDataObject), ...known };
}

/**
 * Whether a text can be the path segment of a task. Dots alone would change the path, and half a
 * surrogate pair cannot be encoded.
 */
export function isTaskId(id: string): boolean {
	return /\S/.test(id) && id.length <= MAX_ID_LENGTH && !/^\.{1,2}$|\p{Surrogate}/u.test(id);
}

/** A task of which nothing is known but its id. */
export function unseenTask(taskId: string): Task {
	return { id: taskId, task_id: taskId, status: 'unknown', progress: 0 };
}

/** The path of a task. Ids may hold `:` and `/`, so the id is one path segment (docs/API.md, "Create a task"). */
export function taskPath(taskId: string): string {
	return `/v1/videos/${encodeURIComponent(taskId)}`;
}

/** Where the API itself hands out the file of a task, to whoever has the key (docs/API.md, "The content proxy"). */
export function contentUrl(apiUrl: string, taskId: string): string {
	return `${apiUrl}${taskPath(taskId)}/content`;
}

function leadsToContent(url: string, taskId: string): boolean {
	const { pathname, search } = new URL(url);
	return search === '' && pathname.endsWith(`${taskPath(taskId)}/content`);
}

/**
 * The id of a task in an answer that is none, from the places where it can be nothing else: a
 * `task_id`, or the `id` of what is called a task or looks like one (docs/API.md, "Create a task").
 */
export function findTaskId(answer: unknown): string | undefined {
	if (!isPlainObject(answer)) return undefined;
	const { data, task } = answer;
	const parts = [answer, data, task].filter(isPlainObject);
	const ids = [
		...parts.map(({ task_id }) => task_id),
		...(isPlainObject(task) ? [task.id] : []),
		...parts.filter(isLikeTask).map(({ id }) => id),
	];
	return ids.map(readId).find((id) => id !== undefined);
}

/** Requests and rows of a database have an `id`, too. */
function isLikeTask({ object, status, id }: Record<string, unknown>): boolean {
	return (
		object === 'video' || parseStatus(status, '') !== 'unknown' || /^(video|task)_/.test(textOf(id))
	);
}

export function isPlainObject(value: unknown): value is Record<string, unknown> {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Without a status, an error that says something means failed (docs/API.md, "Query a task"). */
function parseStatus(status: unknown, error: unknown): TaskStatus {
	const word = textOf(status).trim().toLowerCase();
	if (word === '' && (codeIn(error) || reasonIn(error))) return 'failed';
	return STATUSES.get(word) ?? 'unknown';
}

/** `50`, `"50"` and `"50%"` all mean 50 (docs/API.md, "Query a task"). */
function parseProgress(progress: unknown): number {
	const percent = typeof progress === 'string' ? parseFloat(progress) : Number(progress ?? 0);
	return Number.isFinite(percent) ? Math.min(100, Math.max(0, percent)) : 0;
}

function parseFailure(error: unknown, rawStatus: unknown): Failure {
	const isRefunded = isPlainObject(error) && error.refunded === true;
	return {
		code: codeIn(error) || textOf(rawStatus).toLowerCase() || 'failed',
		message: reasonIn(error) || 'The server gave no reason',
		...(isRefunded && { refunded: true }),
	};
}

function readId(id: unknown): string | undefined {
	const text = textOf(id);
	return isTaskId(text) ? text : undefined;
}

/** What the node says of a task itself, or not at all: the server may mean something else by it. */
const OWN_FIELDS: readonly string[] = ['error', 'status', 'progress', 'video_url', 'failure'];

/**
 * The server's fields, without what means "not known": `""`, `null` and, for dates, `0` (docs/API.md,
 * "Query a task").
 */
function withoutPlaceholders(fields: Record<string, unknown>): Record<string, unknown> {
	return Object.fromEntries(
		Object.entries(fields).filter(
			([key, value]) =>
				!OWN_FIELDS.includes(key) &&
				value !== '' &&
				value !== null &&
				value !== undefined &&
				!(value === 0 && key.endsWith('_at')) &&
				isShallow(value),
		),
	);
}

/** n8n writes items down recursively: a field that is absurdly deep would end the execution. */
function isShallow(value: unknown, depth = 0): boolean {
	if (typeof value !== 'object' || value === null) return true;
	return depth < MAX_DEPTH && Object.values(value).every((inner) => isShallow(inner, depth + 1));
}

/** An http(s) address, or a path of the API's made one; anything else is no address. */
function absoluteUrl(value: unknown, apiUrl: string): string | undefined {
	if (typeof value !== 'string' || !/^(https?:\/\/|\/)/i.test(value)) return undefined;
	const isPath = /^\/(?!\/)/.test(value);
	const prefix = new URL(apiUrl).pathname.replace(/\/$/, '');
	const hasPrefix = value.startsWith(`${prefix}/`);
	const address = isPath && !hasPrefix ? `${apiUrl}${value}` : value;
	return URL.canParse(address, apiUrl) ? new URL(address, apiUrl).href : undefined;
}

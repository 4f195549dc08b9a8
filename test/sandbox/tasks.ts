import type { LogEntry } from './routes';

/** Ways in which the real API's responses vary (docs/API.md, "Query a task"). */
export interface Quirks {
	/** The vocabulary used for `status`. */
	statuses: keyof typeof VOCABULARIES;
	progress: 'number' | 'string' | 'percent' | 'absent';
	/** Where the response contains the URL of the finished file. */
	videoUrl:
		| 'fileHost' // a signed URL on another origin
		| 'proxy' // the content endpoint, on the API's own origin
		| 'metadata' // `video_url` empty, `metadata.url` set
		| 'data' // `video_url` is empty, `data[0].url` is set
		| 'verdict' // only the verdict has it, as `data.url`
		| 'missing' // nowhere: only the content endpoint is left
		| 'redirect'; // a URL on the API's own origin that redirects to the file host
	ids: 'plain' | 'colonAndSlash';
	/**
	 * With `both`, `task_id` is the model service's own ID in responses after the submission, which
	 * clients cannot use.
	 */
	idFields: 'both' | 'id' | 'task_id';
	/**
	 * Whether `/api/status` and the bill exist, which OctopusX does not document. With `batched`, the gateway
	 * says that its counters lag behind.
	 */
	records: 'none' | 'exact' | 'batched';
	/** True if healthy tasks contain `error: {message: "", code: ""}` and unknown dates are 0. */
	placeholders: boolean;
}

export const DEFAULT_QUIRKS: Quirks = {
	statuses: 'omni',
	progress: 'number',
	videoUrl: 'fileHost',
	ids: 'plain',
	idFields: 'both',
	records: 'none',
	placeholders: true,
};

/**
 * How a task ends. A prompt that contains the ending in square brackets, such as `[failed]`,
 * selects it.
 * - `unrecognized`: with a status that the gateway does not know. The gateway gives up on the task
 *   and refunds it, but keeps showing that status.
 * - `statusless`: with an error, but without a status
 * - `abandoned`: the gateway gives up on the task and refunds it, but keeps showing that it is in progress
 */
const ENDINGS = [
	'failed',
	'cancelled',
	'expired',
	'unrecognized',
	'statusless',
	'abandoned',
	'never',
] as const;
export type Ending = 'completed' | (typeof ENDINGS)[number];

export type Phase = 'queued' | 'in_progress' | Exclude<Ending, 'never'>;

const OMNI = {
	queued: 'queued',
	in_progress: 'in_progress',
	completed: 'completed',
	failed: 'failed',
	cancelled: 'cancelled',
	expired: 'expired',
	unrecognized: 'warming_up',
	statusless: undefined,
	abandoned: 'in_progress',
};

export const VOCABULARIES = {
	omni: OMNI,
	sibling: {
		...OMNI,
		queued: 'pending',
		in_progress: 'processing',
		completed: 'succeeded',
		failed: 'failure',
		cancelled: 'canceled',
	},
	gateway: { ...OMNI, queued: 'submitted', completed: 'success' },
	upperCase: {
		...OMNI,
		queued: 'QUEUED',
		in_progress: 'IN_PROGRESS',
		completed: 'SUCCESS',
		failed: 'FAILURE',
		cancelled: 'CANCELLED',
		expired: 'EXPIRED',
	},
	/** No documentation lists these statuses. The task is still running. */
	undocumented: { ...OMNI, queued: 'warming_up', in_progress: 'unknown' },
};

export interface SandboxTask {
	id: string;
	/** The ID that the model service gave the task. */
	privateId: string;
	/** The body of the submission. */
	request: Record<string, unknown>;
	createdAt: number;
	durationMs: number;
	ending: Ending;
	/** The ID of the submission, as in the key's bill. */
	requestId: string;
	/** True if the response to the submission contained the task ID. */
	isIdSent: boolean;
}

export function createTask(
	{ body, requestId }: Pick<LogEntry, 'body' | 'requestId'>,
	number: number,
	{ ids }: Quirks,
	now: number,
	durationMs: number,
): SandboxTask {
	const request = body as Record<string, unknown>;
	return {
		id: ids === 'plain' ? `video_${number}` : `omni-2:task/${number}`,
		privateId: `private_${number}`,
		request,
		requestId,
		createdAt: now,
		durationMs,
		isIdSent: false,
		ending: ENDINGS.find((word) => String(request.prompt).includes(`[${word}]`)) ?? 'completed',
	};
}

export function isPortrait({ request }: SandboxTask): boolean {
	const { aspect_ratio: ratio, metadata } = request;
	const config = Object(Object(metadata).output_config) as Record<string, unknown>;
	return (ratio ?? config.aspect_ratio) === '9:16';
}

export function phaseOf(task: SandboxTask, now: number): Phase {
	const elapsed = now - task.createdAt;
	if (elapsed >= task.durationMs && task.ending !== 'never') return task.ending;
	return elapsed * 4 < task.durationMs ? 'queued' : 'in_progress';
}

/** Ends the task in this way, now. */
export function endTask(task: SandboxTask, ending: Ending, now: number): void {
	task.ending = ending;
	task.durationMs = now - task.createdAt;
}

/** True if the task ended without a video. The gateway refunds such a task. */
export function isRefunded(task: SandboxTask, now: number): boolean {
	return !['queued', 'in_progress', 'completed'].includes(phaseOf(task, now));
}

/** Returns the progress of a task, from 0 to 100. */
export function percentOf(task: SandboxTask, now: number): number {
	if (phaseOf(task, now) === 'completed') return 100;
	return Math.min(99, Math.floor((100 * (now - task.createdAt)) / (task.durationMs || 1)));
}

/** Creates the response to the submission of a task. */
export function describeNew(task: SandboxTask, quirks: Quirks): Record<string, unknown> {
	return {
		...(quirks.idFields !== 'task_id' && { id: task.id }),
		...(quirks.idFields !== 'id' && { task_id: task.id }),
		...commonOf(task, 'queued', quirks),
		...progressOf(0, quirks.progress),
		...(quirks.placeholders && { error: { message: '', code: '' } }),
	};
}

/**
 * Creates the response to a check of a task: the model service's last body, with its `id` replaced.
 *
 * @param urls URLs of the file, by quirk
 */
export function describeTask(
	task: SandboxTask,
	quirks: Quirks,
	now: number,
	urls: Partial<Record<Quirks['videoUrl'], string>>,
): Record<string, unknown> {
	const phase = phaseOf(task, now);
	const isDone = phase === 'completed';
	const url = (isDone && urls[quirks.videoUrl]) || '';
	const expiresAt = Math.floor(task.createdAt / 1_000) + 86_400;

	return {
		...(quirks.idFields !== 'task_id' && { id: task.id }),
		...(quirks.idFields === 'both' && { task_id: task.privateId }),
		...(quirks.idFields === 'task_id' && { task_id: task.id }),
		...commonOf(task, phase, quirks),
		...progressOf(percentOf(task, now), quirks.progress),
		...(isDone && { completed_at: Math.floor(now / 1_000), expires_at: expiresAt }),
		...(quirks.placeholders && placeholders(isDone)),
		...errorOf(phase, quirks.placeholders),
		...addressOf(url, quirks.videoUrl),
	};
}

function addressOf(url: string, place: Quirks['videoUrl']) {
	if (place === 'metadata') return { video_url: '', metadata: { url } };
	if (place === 'data') return { video_url: '', data: url ? [{ url }] : [] };
	return { video_url: url };
}

function commonOf(task: SandboxTask, phase: Phase, { statuses }: Quirks) {
	return {
		object: 'video',
		model: task.request.model,
		status: VOCABULARIES[statuses][phase],
		created_at: Math.floor(task.createdAt / 1_000),
		seconds: task.request.seconds,
		size: isPortrait(task) ? '720x1280' : '1280x720',
	};
}

function progressOf(percent: number, style: Quirks['progress']) {
	if (style === 'absent') return {};
	if (style === 'number') return { progress: percent };
	return { progress: style === 'string' ? `${percent}` : `${percent}%` };
}

function placeholders(isDone: boolean) {
	return { remixed_from_video_id: '', ...(!isDone && { completed_at: 0, expires_at: 0 }) };
}

/** Returns the model service's reason for ending the task without a video; empty if it gives none. */
export function reasonOf(phase: Phase): string {
	const hasReason = ['failed', 'cancelled', 'expired', 'statusless'].includes(phase);
	return hasReason ? `The sandbox let this task end ${phase}` : '';
}

function errorOf(phase: Phase, placeholder: boolean) {
	const reason = reasonOf(phase);
	if (reason) return { error: { code: `task_${phase}`, message: reason } };
	return placeholder ? { error: { message: '', code: '' } } : {};
}

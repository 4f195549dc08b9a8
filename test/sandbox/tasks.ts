/** Ways in which the real API's answers vary (API.md); each can be switched at any time. */
export interface Quirks {
	/** Which words `status` uses. */
	statuses: keyof typeof VOCABULARIES;
	progress: 'number' | 'string' | 'percent' | 'absent';
	/** Where the finished file is said to be. */
	videoUrl:
		| 'fileHost' // another origin, as a signed address
		| 'proxy' // the content endpoint, on the API's own origin
		| 'metadata' // `video_url` empty, `metadata.url` set
		| 'missing' // nowhere: only the content endpoint is left
		| 'redirect'; // on the API's own origin, which redirects to the file host
	ids: 'plain' | 'colonAndSlash';
	idFields: 'both' | 'id' | 'task_id';
	/** Whether healthy tasks carry `error: {message: "", code: ""}` and unknown dates are 0. */
	placeholders: boolean;
}

export const DEFAULT_QUIRKS: Quirks = {
	statuses: 'omni',
	progress: 'number',
	videoUrl: 'fileHost',
	ids: 'plain',
	idFields: 'both',
	placeholders: true,
};

export type Phase = 'queued' | 'in_progress' | 'completed' | 'failed' | 'cancelled' | 'expired';

const OMNI = {
	queued: 'queued',
	in_progress: 'in_progress',
	completed: 'completed',
	failed: 'failed',
	cancelled: 'cancelled',
	expired: 'expired',
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
		queued: 'QUEUED',
		in_progress: 'IN_PROGRESS',
		completed: 'SUCCESS',
		failed: 'FAILURE',
		cancelled: 'CANCELLED',
		expired: 'EXPIRED',
	},
	/** Words that no page lists: they mean "still running". */
	unheardOf: { ...OMNI, queued: 'warming_up', in_progress: 'unknown' },
};

/** How a task ends. A prompt that holds the word in square brackets, such as `[failed]`, picks it. */
const ENDINGS = ['failed', 'cancelled', 'expired', 'never'] as const;
type Ending = 'completed' | (typeof ENDINGS)[number];

export interface SandboxTask {
	id: string;
	/** The body that paid for it. */
	request: Record<string, unknown>;
	createdAt: number;
	durationMs: number;
	ending: Ending;
	/** Whether its id was sent to whoever created it. */
	isTold: boolean;
}

export function createTask(
	request: Record<string, unknown>,
	number: number,
	{ ids }: Quirks,
	now: number,
	durationMs: number,
): SandboxTask {
	return {
		id: ids === 'plain' ? `video_${number}` : `omni-2:task/${number}`,
		request,
		createdAt: now,
		durationMs,
		isTold: false,
		ending: ENDINGS.find((word) => String(request.prompt).includes(`[${word}]`)) ?? 'completed',
	};
}

export function isPortrait({ request }: SandboxTask): boolean {
	return request.aspect_ratio === '9:16';
}

export function phaseOf(task: SandboxTask, now: number): Phase {
	const elapsed = now - task.createdAt;
	if (elapsed >= task.durationMs && task.ending !== 'never') return task.ending;
	return elapsed * 4 < task.durationMs ? 'queued' : 'in_progress';
}

/**
 * The task as the API words it.
 *
 * @param phase where it stands; a task is only queued in the answer to its submission
 * @param urls where the file can be had, by quirk; `missing` has none
 */
export function describeTask(
	task: SandboxTask,
	phase: Phase,
	quirks: Quirks,
	now: number,
	urls: Record<Exclude<Quirks['videoUrl'], 'missing'>, string>,
): Record<string, unknown> {
	const isDone = phase === 'completed';
	const percent = isDone
		? 100
		: Math.min(99, Math.floor((100 * (now - task.createdAt)) / (task.durationMs || 1)));
	const url = isDone && quirks.videoUrl !== 'missing' ? urls[quirks.videoUrl] : '';
	const createdAt = Math.floor(task.createdAt / 1000);

	return {
		...(quirks.idFields !== 'task_id' && { id: task.id }),
		...(quirks.idFields !== 'id' && { task_id: task.id }),
		object: 'video',
		model: task.request.model,
		status: VOCABULARIES[quirks.statuses][phase],
		...progressOf(percent, quirks.progress),
		created_at: createdAt,
		...(isDone && { completed_at: Math.floor(now / 1000), expires_at: createdAt + 86_400 }),
		seconds: task.request.seconds,
		size: isPortrait(task) ? '720x1280' : '1280x720',
		...(quirks.placeholders && placeholders(isDone)),
		...errorOf(phase, quirks.placeholders),
		...(quirks.videoUrl === 'metadata' ? { video_url: '', metadata: { url } } : { video_url: url }),
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

function errorOf(phase: Phase, placeholder: boolean) {
	if (phase === 'failed' || phase === 'cancelled' || phase === 'expired') {
		return { error: { code: `task_${phase}`, message: `The sandbox let this task end ${phase}` } };
	}
	return placeholder ? { error: { message: '', code: '' } } : {};
}

import { priceOf } from './key';
import { isRefunded, percentOf, phaseOf, reasonOf, type Phase, type SandboxTask } from './tasks';

type Verdict = 'NOT_START' | 'QUEUED' | 'IN_PROGRESS' | 'SUCCESS' | 'FAILURE';

/** Returns the gateway's own status of a task, which may differ from the one that the model service reports. */
export function verdictOf(task: SandboxTask, now: number): Verdict {
	const phase = phaseOf(task, now);
	if (phase === 'completed') return 'SUCCESS';
	if (phase === 'in_progress') return 'IN_PROGRESS';
	if (phase !== 'queued') return 'FAILURE';
	// NOT_START means that the gateway has not checked the task yet.
	return (now - task.createdAt) * 8 < task.durationMs ? 'NOT_START' : 'QUEUED';
}

/**
 * Creates the response to `GET /v1/video/generations/{id}`.
 *
 * @param modelBody the model service's last body
 * @param fileUrl the address of the file, if it stands here
 */
export function describeVerdict(
	task: SandboxTask,
	now: number,
	contentUrl: string,
	modelBody: Record<string, unknown>,
	fileUrl?: string,
): Record<string, unknown> {
	const status = verdictOf(task, now);
	const hasEnded = status === 'SUCCESS' || status === 'FAILURE';
	const reason = status === 'FAILURE' ? failReason(phaseOf(task, now)) : '';
	const createdAt = Math.floor(task.createdAt / 1_000);
	const { model } = task.request;
	const data = {
		id: Number(task.privateId.replace(/\D/g, '')),
		created_at: createdAt,
		updated_at: Math.floor(now / 1_000),
		task_id: task.id,
		platform: '55',
		quota: isRefunded(task, now) ? 0 : priceOf(task.request),
		action: 'textGenerate',
		status,
		fail_reason: reason,
		// As observed, this field contains the reason if the task failed.
		...(hasEnded && { result_url: reason || contentUrl }),
		...(status === 'SUCCESS' && fileUrl && { url: fileUrl }),
		submit_time: createdAt,
		start_time: 0,
		finish_time: hasEnded ? Math.floor((task.createdAt + task.durationMs) / 1_000) : 0,
		progress: progressOf(status, task, now),
		properties: { input: '', upstream_model_name: model, origin_model_name: model },
		data: { ...modelBody, id: task.privateId },
	};
	return { code: 'success', message: '', data };
}

function progressOf(status: Verdict, task: SandboxTask, now: number): string {
	if (status === 'NOT_START') return '0%';
	if (status === 'QUEUED') return '20%';
	return status === 'IN_PROGRESS' ? `${percentOf(task, now)}%` : '100%';
}

/**
 * Returns the reason of a failure. The gateway passes on the reason of `failed` and `cancelled`,
 * and replaces all others with its own.
 */
function failReason(phase: Phase): string {
	if (phase === 'statusless') return 'upstream returned error';
	if (phase === 'failed' || phase === 'cancelled') return reasonOf(phase);
	if (phase === 'abandoned') return '任务超时（1分钟）';
	return 'upstream returned unrecognized message';
}

import type { IBinaryData } from 'n8n-workflow';
import { OctopusXError } from '../../api/errors';
import { hasFailed, type Task } from '../../api/task';
import { now } from '../../timing/time';
import { chargeOf, failed, type Delivered, type Failed, type Ready } from '../state/item';
import type { ItemScope } from '../state/scope';
import { getTask, getVerdict } from './check';
import { download } from './download';

/** How long a check for a fresh URL may be retried. */
const REFRESH_TIMEOUT_MS = 30_000;

/** Delivers the task of an item, with its video as a file if requested. */
export async function deliver(scope: ItemScope, item: Ready): Promise<Delivered | Failed> {
	const { job, task } = item;
	if (job.wait && hasFailed(task)) return failed(item, await explainFailure(scope, task));
	if (!job.download || task.status !== 'completed') return { ...item, state: 'delivered' };
	const { fileName, outputField } = job.download;
	return await scope.downloads.run(async () => {
		const { file, fault, latest } = await downloadVideo(scope, task, fileName);
		if (!file) return failed(item, fault, latest);
		return { ...item, state: 'delivered', task: latest, binary: { [outputField]: file } };
	});
}

/** Builds the error for an item that waited for a video but whose task ended without one. */
async function explainFailure(scope: ItemScope, task: Task): Promise<OctopusXError> {
	scope.claim.noteFailed(task.task_id);
	const { status, failure } = task;
	// only the verdict says whether the charge was refunded; limited, because all items may request it at
	// once
	const verdict = failure?.refunded
		? task
		: await scope.downloads.run(async () => await getVerdict(scope, task));
	return new OctopusXError(
		status === 'cancelled' ? 'The video was canceled' : 'The video could not be generated',
		`OctopusX said: "${failure?.message}" (${failure?.code}). Fix what the reason names, often the prompt or an image, and run again. This is a new, paid video.`,
		{ charge: chargeOf({ ...task, failure: verdict.failure ?? failure }) },
	);
}

/** The latest state of the task, with the file or the fault. */
type Download = { latest: Task } & (
	{ file: IBinaryData; fault?: undefined } | { file?: undefined; fault: OctopusXError }
);

/**
 * Downloads the video of a task from the first URL that works: `video_url`, the URL that a new check returns
 * (most are signed for hours only), or the API's own content endpoint.
 *
 * @param fileName if empty, the name is `<task_id>.mp4`
 */
async function downloadVideo(scope: ItemScope, task: Task, fileName: string): Promise<Download> {
	const name = fileName ? withExtension(fileName) : `${task.task_id.replace(/[^\w.-]/g, '_')}.mp4`;
	const faults = new Map<string, OctopusXError>();
	let latest = task;
	const addresses = [
		async () => task.video_url,
		async () => (latest = await refreshTask(scope, task)).video_url,
		async () => scope.client.contentUrl(task.task_id),
	];
	for (const address of addresses) {
		if (scope.signal?.aborted) break;
		const url = await address();
		if (url === undefined || faults.has(url)) continue;
		const { value: file, fault } = await download(scope, url, name);
		if (!fault) return { latest, file };
		faults.set(url, fault);
	}
	const reasons = new Set(
		[...faults.values()].map(({ message, description }) => `${message}. ${description}`),
	);
	const { details } = [...faults.values()].at(-1) ?? {};
	const fault = new OctopusXError(
		'The video is ready but could not be downloaded',
		[...reasons].join(' '),
		{ ...details, charge: { taskId: task.task_id } },
	);
	return { latest, fault };
}

/**
 * Checks a completed task again, to get a fresh URL of its file.
 *
 * @returns the given object if the check returned no completed task
 */
export async function refreshTask(scope: ItemScope, task: Task): Promise<Task> {
	const deadline = now() + REFRESH_TIMEOUT_MS;
	const { value: fresh } = await getTask(scope, task.task_id, { deadline });
	return fresh?.status === 'completed' ? fresh : task;
}

/** Extensions of videos. In "my.video" or "of 5.June", the part after the dot belongs to the name. */
const EXTENSION = /\.(mp4|m4v|mov|webm|mkv|avi|mpe?g|ogv|3gp|wmv|flv|ts)$/i;

function withExtension(fileName: string): string {
	return EXTENSION.test(fileName) ? fileName : `${fileName}.mp4`;
}

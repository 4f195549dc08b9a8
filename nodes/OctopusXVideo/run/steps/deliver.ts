import type { IBinaryData } from 'n8n-workflow';
import { OctopusXError } from '../../api/errors';
import { findAddress, hasFailed, NO_REASON, type Task } from '../../api/task';
import { now } from '../../timing/time';
import { chargeOf, failed, type Delivered, type Failed, type Ready } from '../state/item';
import type { ItemScope } from '../state/scope';
import { getTask, getVerdict } from './check';
import { download } from './download';

/** How long a check for a fresh address may be repeated. */
const REFRESH_TIMEOUT_MS = 30_000;

/** Returns the task of an item, with its video as a file if asked for. */
export async function deliver(scope: ItemScope, item: Ready): Promise<Delivered | Failed> {
	const { job } = item;
	if (job.wait && hasFailed(item.task)) return failed(item, await explainFailure(scope, item.task));
	if (item.task.status !== 'completed') return { ...item, state: 'delivered' };
	return await scope.downloads.run(async () => {
		const task = await withAddress(scope, item.task);
		if (!job.download) return { ...item, state: 'delivered', task };
		const { fileName, outputField } = job.download;
		const { file, fault, latest } = await downloadVideo(scope, task, fileName);
		if (!file) return failed(item, fault, latest);
		return { ...item, state: 'delivered', task: latest, binary: { [outputField]: file } };
	});
}

/** The error of an item that waited for a video, but whose task ended without one. */
async function explainFailure(scope: ItemScope, task: Task): Promise<OctopusXError> {
	scope.claim.noteFailed(task.task_id);
	const { status } = task;
	// only the verdict says whether the charge was refunded; all items may ask for it at once
	const verdict = task.failure?.refunded
		? task
		: await scope.downloads.run(async () => await getVerdict(scope, task));
	const failure = task.failure?.message === NO_REASON ? verdict.failure : task.failure;
	return new OctopusXError(
		status === 'cancelled' ? 'The video was canceled' : 'The video could not be generated',
		`OctopusX said: "${failure?.message}" (${failure?.code}). Fix what the reason names, often the prompt or an image, and run again. This is a new, paid video.`,
		{ charge: chargeOf({ ...task, failure: verdict.failure ?? failure }) },
	);
}

/** The task with an address of its file that works without the API key, if the verdict has one. */
async function withAddress(scope: ItemScope, task: Task): Promise<Task> {
	if (!task.raw || findAddress(task.raw, scope.client.apiUrl)) return task;
	const verdict = await getVerdict(scope, task);
	return verdict.video_url ? { ...task, video_url: verdict.video_url } : task;
}

/** The task in its latest state, with the file or the fault. */
type Download = { latest: Task } & (
	{ file: IBinaryData; fault?: undefined } | { file?: undefined; fault: OctopusXError }
);

/**
 * Downloads the video of a task from the first address that works: `video_url`, the address that a new
 * check returns (most are signed for hours only), or the API's own content endpoint.
 *
 * @param fileName empty for `<task_id>.mp4`
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
		if (fault.details.isLocal) break;
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
 * A completed task with a fresh address of its file, or the task as it was if it cannot be checked.
 *
 * @returns the same object if nothing new is known
 */
export async function refreshTask(scope: ItemScope, task: Task): Promise<Task> {
	const deadline = now() + REFRESH_TIMEOUT_MS;
	const { value: fresh } = await getTask(scope, task.task_id, { deadline });
	return fresh?.status === 'completed' ? fresh : task;
}

/** Extensions of videos; in "my.video" or "of 5.June" the dot is part of the name. */
const EXTENSION = /\.(mp4|m4v|mov|webm|mkv|avi|mpe?g|ogv|3gp|wmv|flv|ts)$/i;

function withExtension(fileName: string): string {
	return EXTENSION.test(fileName) ? fileName : `${fileName}.mp4`;
}

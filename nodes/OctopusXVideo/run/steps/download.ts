import type { IBinaryData } from 'n8n-workflow';
import { attempt, OctopusXError } from '../../api/errors';
import type { Task } from '../../api/task';
import type { Scope } from '../state/scope';
import { fetchFile } from './fetchFile';
import { lookAgain } from './look';

/** The task as it was seen last, hence with the freshest address, and what the addresses brought. */
type Download = { task: Task } & (
	{ file: IBinaryData; fault?: undefined } | { file?: undefined; fault: OctopusXError }
);

/**
 * Streams the finished video of a task into n8n's binary storage: from `video_url`, else from the
 * address that a new look gives (most are signed for hours only), else from the API's own content
 * endpoint.
 *
 * @param fileName empty for `<task_id>.mp4`
 */
export async function downloadVideo(scope: Scope, task: Task, fileName: string): Promise<Download> {
	const name = fileName ? withExtension(fileName) : `${task.task_id.replace(/[^\w.-]/g, '_')}.mp4`;
	const faults = new Map<string, OctopusXError>();
	let seen = task;
	const addresses = [
		async () => task.video_url,
		async () => (seen = await lookAgain(scope, task)).video_url,
		async () => scope.client.contentUrl(task.task_id),
	];
	for (const address of addresses) {
		if (scope.signal?.aborted) break;
		const url = await address();
		if (url === undefined || faults.has(url)) continue;
		const { value: file, fault } = await attempt(fetchFile(scope, url, name));
		if (!fault) return { task: seen, file };
		faults.set(url, fault);
	}
	return { task: seen, fault: undelivered([...faults.values()]) };
}

function undelivered(faults: OctopusXError[]): OctopusXError {
	const said = new Set(faults.map(({ message, description }) => `${message}. ${description}`));
	return new OctopusXError(
		'The video is ready but could not be downloaded',
		`${[...said].join(' ')} Use Get Status with this Task ID to download it again, at no cost.`,
		faults.at(-1)?.details,
	);
}

/** How names of videos end; in "my.video" or "of 5.June" the point is a part of the name. */
const EXTENSION = /\.(mp4|m4v|mov|webm|mkv|avi|mpe?g|ogv|3gp|wmv|flv|ts)$/i;

function withExtension(fileName: string): string {
	return EXTENSION.test(fileName) ? fileName : `${fileName}.mp4`;
}

import { OctopusXError } from '../../api/errors';
import type { Task } from '../../api/task';
import type { Delivered, Ended } from '../state/item';
import type { Scope } from '../state/scope';
import { downloadVideo } from './download';

/**
 * The task of an item, and its video as a file where that is asked for.
 *
 * @throws OctopusXError when there is no video for an item that waits for one
 */
export async function deliver(
	scope: Scope,
	{ index, job, task, earlier }: Ended,
): Promise<Delivered> {
	if (job.wait) requireVideo(task);
	const { download } = job;
	if (!download || task.status !== 'completed') return { state: 'delivered', index, task, earlier };
	const file = await scope.downloads.run(
		async () => await downloadVideo(scope, task, download.fileName),
	);
	const binary = { [download.outputField]: file };
	return { state: 'delivered', index, task, earlier, binary };
}

/** Whoever waits wants the video: a task that ended without one is an error. */
function requireVideo({ task_id, status, failure }: Task): void {
	if (status === 'completed') return;
	throw new OctopusXError(
		status === 'cancelled' ? 'The video was cancelled' : 'The video could not be generated',
		`OctopusX said about task ${task_id}: "${failure?.message}" (${failure?.code}).`,
	);
}

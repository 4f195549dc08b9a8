import { OctopusXError } from '../../api/errors';
import { failed, type Delivered, type Ended, type Failed } from '../state/item';
import type { Scope } from '../state/scope';
import { downloadVideo } from './download';
import { askVerdict } from './look';

/**
 * The task of an item, and its video as a file where that is asked for.
 *
 * @throws OctopusXError when there is no video for an item that waits for one
 */
export async function deliver(scope: Scope, item: Ended): Promise<Delivered | Failed> {
	const { wait, download } = item.job;
	if (wait) await requireVideo(scope, item);
	if (!download || item.task.status !== 'completed') return { ...item, state: 'delivered' };
	const { task, file, fault } = await scope.downloads.run(
		async () => await downloadVideo(scope, item.task, download.fileName),
	);
	if (!file) return failed(item, fault, task);
	return { ...item, state: 'delivered', task, binary: { [download.outputField]: file } };
}

/** Whoever waits wants the video: a task that ended without one is an error. */
async function requireVideo(scope: Scope, { index, task }: Ended): Promise<void> {
	if (task.status === 'completed') return;
	scope.ledger.noteSpent(index, task.task_id);
	const { task_id, status, failure } = task;
	// only the gateway's own view tells what became of the charge; all items may ask for it at once
	const askInTurn = async () =>
		await scope.downloads.run(async () => await askVerdict(scope, task));
	const { refunded } = failure?.refunded ? failure : ((await askInTurn()).failure ?? {});
	const charge = refunded
		? 'The charge was given back.'
		: 'The usage log of the OctopusX account says whether the charge was given back.';
	throw new OctopusXError(
		status === 'cancelled' ? 'The video was canceled' : 'The video could not be generated',
		`OctopusX said about task ${task_id}: "${failure?.message}" (${failure?.code}). ${charge} Change what the reason names, often the prompt or an image, and run again: that is charged anew.`,
	);
}

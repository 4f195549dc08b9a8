import { OctopusXError } from '../api/errors';
import { hasEnded, unseenTask, type Task } from '../api/task';
import { downloadVideo } from './download';
import type { Job } from './job';
import { STOPPED, type Outcome } from './outcome';
import type { Scope } from './scope';
import { obtainTask } from './submit';

/**
 * Does one job to its end and notes in `outcome` how far it came, its task as soon as one is known.
 * Never rejects.
 */
export async function settleItem(
	scope: Scope,
	job: Job,
	item: number,
	outcome: Outcome,
): Promise<void> {
	try {
		const task = await scope.videos.run(async () => await takePlace(scope, job, item, outcome));
		requireRunning(scope);
		if (job.wait) requireVideo(task);
		if (job.download && task.status === 'completed') {
			const { outputField, fileName } = job.download;
			const file = await scope.downloads.run(async () => {
				return await downloadVideo(scope, task, fileName);
			});
			outcome.binary = { [outputField]: file };
		}
	} catch (error) {
		outcome.isStopped = scope.signal?.aborted;
		outcome.error = outcome.isStopped ? stopped(scope, item, outcome) : (error as Error);
	}
}

/** What an item does while it holds one of the places for videos. */
async function takePlace(
	scope: Scope,
	{ source, timeoutMs, wait }: Job,
	item: number,
	outcome: Outcome,
): Promise<Task> {
	const deadline = Date.now() + timeoutMs;
	const onTask = (task: Task) => {
		outcome.task = task;
		report(scope, item, task);
	};
	requireRunning(scope);
	if ('request' in source) {
		const onKnown = (task?: Task) => void (outcome.task = task);
		const task = await obtainTask(scope, item, source.request, deadline, onKnown);
		outcome.isResumed = outcome.task !== undefined;
		onTask(task);
	} else {
		// named before the first look, so that no error lacks it
		outcome.task = unseenTask(source.taskId);
		onTask(await scope.poller.see(outcome.task, deadline));
	}
	if (wait) await scope.poller.wait(outcome.task as Task, wait.pollIntervalMs, deadline, onTask);
	return outcome.task as Task;
}

/** Shows the state of a task to whoever watches a manual run; production runs stay quiet. */
function report({ context }: Scope, item: number, task: Task): void {
	context.sendMessageToUI(`item ${item}: ${task.task_id} ${task.status} ${task.progress} %`);
}

function requireRunning({ signal }: Scope): void {
	if (signal?.aborted) throw new OctopusXError(STOPPED, '');
}

/** Whoever waits wants the video: a task that ended without one is an error. */
function requireVideo({ task_id, status, failure }: Task): void {
	if (status === 'completed') return;
	throw new OctopusXError(
		status === 'cancelled' ? 'The video was cancelled' : 'The video could not be generated',
		`OctopusX said about task ${task_id}: "${failure?.message}" (${failure?.code}).`,
	);
}

/** What a stopped execution leaves of an item; the request that was cut off is no news. */
function stopped({ ledger }: Scope, item: number, outcome: Outcome): OctopusXError {
	const knownId = ledger.lastTaskId(item);
	if (knownId !== undefined) outcome.task ??= unseenTask(knownId);
	if (outcome.task) {
		return new OctopusXError(
			STOPPED,
			`${hasEnded(outcome.task) ? 'The task is done' : 'The task goes on and is paid for'}: use Get Status with this Task ID.`,
		);
	}
	return new OctopusXError(
		STOPPED,
		ledger.isInDoubt(item)
			? 'A request was under way: it is not known whether a video is being made and paid for.'
			: 'Nothing was submitted.',
	);
}

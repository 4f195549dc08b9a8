import { OctopusXError } from '../api/errors';
import { unseenTask, type Task } from '../api/task';
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
	const { signal } = scope;
	const onTask = (task: Task) => {
		outcome.task = task;
		report(scope, item, task);
	};
	try {
		await scope.videos.run(1, async () => {
			if (signal?.aborted) throw stopped();
			const deadline = Date.now() + job.timeoutMs;
			onTask(await start(scope, job, item, deadline, outcome));
			if (!job.wait) return;
			const task = outcome.task as Task;
			await scope.poller.wait(task, job.wait.pollIntervalMs, deadline, onTask);
		});
		if (signal?.aborted) throw stopped(outcome.task);
		const task = outcome.task as Task;
		if (job.wait) requireVideo(task);
		if (job.download && task.status === 'completed') {
			const { outputField, fileName } = job.download;
			const file = await scope.downloads.run(1, async () => {
				return await downloadVideo(scope, task, fileName);
			});
			outcome.binary = { [outputField]: file };
		}
	} catch (error) {
		outcome.error = signal?.aborted ? stopped(outcome.task, error) : (error as Error);
		outcome.isStopped = signal?.aborted;
	}
}

/** The task of a job; its id is in `outcome` before the first look, so that no error lacks it. */
async function start(
	scope: Scope,
	{ source }: Job,
	item: number,
	deadline: number,
	outcome: Outcome,
): Promise<Task> {
	if ('request' in source) {
		const onKnown = (task: Task) => void (outcome.task = task);
		return await obtainTask(scope, item, source.request, deadline, onKnown);
	}
	outcome.task = unseenTask(source.taskId);
	return await scope.poller.see(outcome.task, deadline);
}

/** Shows the state of a task to whoever watches a manual run; production runs stay quiet. */
function report({ context }: Scope, item: number, task: Task): void {
	context.sendMessageToUI(`item ${item}: ${task.task_id} ${task.status} ${task.progress} %`);
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
function stopped(task?: Task, error?: unknown): OctopusXError {
	if (task) {
		return new OctopusXError(
			STOPPED,
			'The task goes on and is paid for: use Get Status with this Task ID.',
		);
	}
	const { maybeAccepted } = error instanceof OctopusXError ? error.details : {};
	return new OctopusXError(
		STOPPED,
		maybeAccepted
			? 'The request was under way: it is not known whether a video is being made and paid for.'
			: 'Nothing was submitted.',
		{ maybeAccepted },
	);
}

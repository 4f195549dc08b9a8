import { asOctopusXError, OctopusXError } from '../api/errors';
import { hasEnded, unseenTask, type Task } from '../api/task';
import { downloadVideo } from './download';
import type { Job } from './job';
import { STOPPED, type Outcome } from './outcome';
import type { Scope } from './scope';
import { obtainTask } from './submit';

/**
 * Does one job to its end, or to where the execution is to be suspended, and notes in `outcome` how
 * far it came, its task as soon as one is known. Never rejects.
 */
export async function settleItem(
	scope: Scope,
	job: Job,
	item: number,
	outcome: Outcome,
): Promise<void> {
	await noting(scope, item, outcome, async () => {
		await scope.videos.run(async () => await takePlace(scope, job, item, outcome));
	});
	if (!job.wait?.isSuspended) await finishItem(scope, job, item, outcome);
}

/**
 * What follows once the task of an item has ended, or is not waited for: its video, or the error
 * that there is none. Notes it in `outcome`, and never rejects.
 */
export async function finishItem(
	scope: Scope,
	{ wait, download }: Job,
	item: number,
	outcome: Outcome,
): Promise<void> {
	if (outcome.error) return;
	await noting(scope, item, outcome, async () => {
		const task = outcome.task as Task;
		requireRunning(scope);
		if (wait) requireVideo(task);
		if (!download || task.status !== 'completed') return;
		const file = await scope.downloads.run(
			async () => await downloadVideo(scope, task, download.fileName),
		);
		outcome.binary = { [download.outputField]: file };
	});
}

/**
 * Waits for a task whose wait is pending: because it may be over soon, or because n8n did not
 * suspend the execution.
 *
 * @param until in ms since the epoch; the wait stays pending after that
 */
export async function waitForPending(
	scope: Scope,
	{ wait }: Job,
	item: number,
	outcome: Outcome,
	until: number,
): Promise<void> {
	const { task, pending } = outcome;
	if (!wait || !task || !pending) return;
	await noting(scope, item, outcome, async () => {
		const onTask = (seen: Task) => noteTask(scope, item, outcome, seen);
		const end = Math.min(until, pending.deadline);
		const fault = await scope.poller
			.wait(task, wait.pollIntervalMs, end, onTask)
			.catch(asOctopusXError);
		if (fault?.details.transient && Date.now() < pending.deadline) return;
		outcome.pending = undefined;
		if (fault) throw fault;
	});
}

/** What goes wrong in `work` becomes the error of the item. */
async function noting(
	scope: Scope,
	item: number,
	outcome: Outcome,
	work: () => Promise<void>,
): Promise<void> {
	try {
		await work();
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
): Promise<void> {
	const startedAt = Date.now();
	const deadline = startedAt + timeoutMs;
	const onTask = (task: Task) => noteTask(scope, item, outcome, task);
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
	const task = outcome.task as Task;
	if (!wait) return;
	if (!wait.isSuspended) await scope.poller.wait(task, wait.pollIntervalMs, deadline, onTask);
	else if (!hasEnded(task)) outcome.pending = { startedAt, deadline };
}

/** Notes the state of a task, and shows it to whoever watches a manual run; others stay quiet. */
function noteTask({ context }: Scope, item: number, outcome: Outcome, task: Task): void {
	outcome.task = task;
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

import { NodeOperationError, type IExecuteFunctions, type INodeExecutionData } from 'n8n-workflow';
import { OctopusXClient } from '../api/client';
import { OctopusXError } from '../api/errors';
import { unseenTask, type Task } from '../api/task';
import { downloadVideo } from './download';
import type { Job } from './job';
import { Ledger } from './ledger';
import { toItem, toNodeError, type Outcome } from './outcome';
import { runPool } from './pool';
import type { Scope } from './scope';
import { obtainTask } from './submit';
import { readTask, waitForTask } from './wait';

/**
 * Carries out one job per input item, at most `maxConcurrency` at a time.
 *
 * Rules that must not regress:
 * - Every job is planned before the first request leaves. Unless the node continues on errors,
 *   one item that cannot be planned keeps the whole run from spending anything.
 * - All items settle before an error is thrown: what is paid for is never abandoned.
 * - A task id is logged the moment it arrives and named in every output and error after it.
 *
 * @param plan reads and checks the parameters of one item; throws what is wrong with them
 * @returns one output item per input item, in the input's order
 */
export async function runJobs(
	context: IExecuteFunctions,
	plan: (itemIndex: number) => Promise<Job>,
	maxConcurrency: number,
): Promise<INodeExecutionData[]> {
	const count = context.getInputData().length;
	const jobs: Array<Job | Error> = [];
	for (let item = 0; item < count; item++) jobs.push(await attempt(plan, item));

	const outcomes: Outcome[] = jobs.map((job) => (job instanceof Error ? { error: job } : {}));
	if (!context.continueOnFail()) throwFirst(context, outcomes);

	const scope: Scope = {
		context,
		client: await OctopusXClient.connect(context),
		ledger: Ledger.open(context),
		signal: context.getExecutionCancelSignal(),
	};
	await runPool(count, maxConcurrency, async (item) => {
		const job = jobs[item] as Job | Error;
		if (!(job instanceof Error)) await settle(scope, job, item, outcomes[item] as Outcome);
	});

	if (scope.signal?.aborted) throw canceled(context, outcomes);
	if (!context.continueOnFail()) throwFirst(context, outcomes);
	return outcomes.map(toItem);
}

async function attempt(
	plan: (itemIndex: number) => Promise<Job>,
	itemIndex: number,
): Promise<Job | Error> {
	try {
		return await plan(itemIndex);
	} catch (error) {
		return error as Error;
	}
}

/** Does one job to its end and notes in `outcome` how far it came; never rejects. */
async function settle(scope: Scope, job: Job, item: number, outcome: Outcome): Promise<void> {
	const { context, signal } = scope;
	if (signal?.aborted) return;
	const deadline = Date.now() + job.timeoutMs;
	const onTask = (task: Task) => {
		outcome.task = task;
		report(context, item, task);
	};
	try {
		onTask(await start(scope, job, item, deadline, outcome));
		if (job.wait) {
			await waitForTask(scope, outcome.task as Task, job.wait.pollIntervalMs, deadline, onTask);
		}
		if (signal?.aborted) return;
		const task = outcome.task as Task;
		if (job.wait) requireVideo(task);
		if (job.download && task.status === 'completed') {
			const { outputField, fileName } = job.download;
			outcome.binary = { [outputField]: await downloadVideo(scope, task, fileName) };
		}
	} catch (error) {
		outcome.error = error as Error;
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
	const task = await readTask(scope, source.taskId, deadline);
	if (task instanceof OctopusXError) throw task;
	return task;
}

/** Shows the state of a task to whoever watches a manual run; production runs stay quiet. */
function report(context: IExecuteFunctions, item: number, task: Task): void {
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

function throwFirst(context: IExecuteFunctions, outcomes: Outcome[]): void {
	const error = toNodeError(context, outcomes);
	if (error) throw error;
}

function canceled(context: IExecuteFunctions, outcomes: Outcome[]): NodeOperationError {
	const running = outcomes.flatMap(({ task }) => (task ? [task.task_id] : []));
	if (running.length > 0) {
		context.logger.warn(`OctopusX tasks of a canceled execution: ${running.join(', ')}`, {
			running,
		});
	}
	return new NodeOperationError(context.getNode(), 'The execution was canceled');
}

import type { IBinaryData } from 'n8n-workflow';
import { OctopusXError, type Charge } from '../../api/errors';
import { hasFailed, isFinal, type Task } from '../../api/task';
import type { Job, WaitSettings } from '../../job';

/**
 * An input item on its way: planned → running → ready → delivered, or failed. It is a value: a step
 * takes one and returns the next.
 */
export type Item = Planned | Running | Ready | Settled;

/** An item for which nothing more is done. */
export type Settled = Delivered | Failed;

/** Its job is known, and nothing has been sent. */
export interface Planned {
	state: 'planned';
	/** Position in the input, from 0. */
	index: number;
	job: Job;
}

interface WithTask extends Pick<Planned, 'index' | 'job'> {
	task: Task;
	/** True if an earlier attempt of the node was charged for the task. */
	isClaimed?: boolean;
	/** True if a submission for the item was never answered, so it may have been charged as well. */
	isInDoubt?: boolean;
}

/** Its task is in progress, and the item waits for it. */
export interface Running extends WithTask {
	state: 'running';
	job: Job & { wait: WaitSettings };
	/** True if this run submitted or claimed the task, so the API key was valid then. */
	isOwnTask: boolean;
	/** When its turn began, and when its time is over, by `now`. */
	startedAt: number;
	deadline: number;
	/** The number of successive checks that returned an unknown status. */
	unknownChecks: number;
	/** When the gateway's verdict was last asked for, by `now`; at first, when the turn began. */
	verdictAt: number;
}

/** Its task is final, or is returned as it is. */
export interface Ready extends WithTask {
	state: 'ready';
}

export interface Delivered extends WithTask {
	state: 'delivered';
	binary?: Record<string, IBinaryData>;
}

export interface Failed extends Pick<WithTask, 'isInDoubt'> {
	state: 'failed';
	index: number;
	/** An `OctopusXError`, or an error of n8n's. */
	error: Error;
	task?: Task;
	/** The ID that Get Status could not check; as nothing is known of it, it is in no list of tasks. */
	uncheckedId?: string;
	/** True if Test Mode was on, so that nothing was sent. */
	isTest?: boolean;
}

/** n8n shows an execution as canceled if its error has this message. */
export const STOPPED = 'The execution was canceled';

/** The execution was stopped before the item was done. */
export class StoppedError extends OctopusXError {
	constructor(description: string, charge?: Charge) {
		super(STOPPED, description, { charge });
	}

	override withCharge(charge: Charge, description = this.description): StoppedError {
		return new StoppedError(description, charge);
	}
}

/** The item with the latest state of its task. */
export function withTask(
	item: Omit<Running, 'state' | 'job' | 'task'> & { job: Job },
	task: Task,
): Running | Ready {
	const { job, index, isClaimed, isInDoubt } = item;
	const { wait } = job;
	if (!wait || isFinal(task)) return { state: 'ready', index, job, task, isClaimed, isInDoubt };
	return { ...item, state: 'running', job: { ...job, wait }, task };
}

/** @param task the latest state of the task, if there is one */
export function failed(item: Item, error: Error, task = taskOf(item)): Failed {
	const { index } = item;
	const isInDoubt = 'isInDoubt' in item ? item.isInDoubt : undefined;
	if (!isTest(item)) return { state: 'failed', index, error, task, isInDoubt };
	// tasks of Test Mode are never charged
	const uncharged = error instanceof OctopusXError ? error.withCharge('none') : error;
	return { state: 'failed', index, error: uncharged, task, isTest: true };
}

/** What a task cost, as far as its latest state shows. */
export function chargeOf(task: Task): Charge {
	const { task_id: taskId, failure } = task;
	if (!hasFailed(task)) return { taskId };
	return { taskId, refund: failure?.refunded ? 'given' : 'unknown' };
}

export function taskOf(item: Item): Task | undefined {
	return 'task' in item ? item.task : undefined;
}

export function isTest(item: Item): boolean {
	return 'error' in item ? item.isTest === true : item.job.testMode !== undefined;
}

import type { IBinaryData, IDataObject } from 'n8n-workflow';
import { OctopusXError, type Charge, type FaultDetails } from '../../api/errors';
import { hasFailed, isFinal, type Task } from '../../api/task';
import type { Job } from '../../job';

/** An input item: planned → running → ready → delivered, or failed. A step takes one and returns the next. */
export type Item = Planned | Running | Ready | Settled;

export type Settled = Delivered | Failed;

/** Nothing has been sent yet. */
export interface Planned {
	state: 'planned';
	/** Position in the input, from 0. */
	index: number;
	job: Job;
}

interface WithTask extends Pick<Planned, 'index' | 'job'> {
	task: Task;
	/** True if the task was charged in an earlier run of the node. */
	isClaimed?: boolean;
	/** True if a submission was never answered. It may have been charged as well. */
	isInDoubt?: boolean;
	/** The IDs of other tasks that the item was charged for. */
	extraTaskIds?: string[];
}

/** The item's task is in progress. */
export interface Running extends WithTask {
	state: 'running';
	job: Job & Required<Pick<Job, 'wait'>>;
	/** True if this run submitted or claimed the task, so the API key was valid then. */
	isOwnTask: boolean;
	/** The times at which the item's turn began and at which its time is over, in `now()` time. */
	startedAt: number;
	deadline: number;
	/** Successive checks that returned an unknown status. */
	unknownChecks: number;
	/** When the gateway's verdict was last asked for, in `now()` time; at first, when the turn began. */
	verdictAt: number;
}

/** The item's task is final, or is returned as it is. */
export interface Ready extends WithTask {
	state: 'ready';
}

export interface Delivered extends Omit<WithTask, 'task'> {
	state: 'delivered';
	/** Absent for an operation that involves no task; then `json` is its result. */
	task?: Task;
	json?: IDataObject;
	binary?: Record<string, IBinaryData>;
}

export interface Failed extends Pick<WithTask, 'isInDoubt' | 'extraTaskIds'> {
	state: 'failed';
	index: number;
	/** An `OctopusXError` or an n8n error. */
	error: Error;
	task?: Task;
	/** The ID that Get Status checks. Lists of tasks leave it out if there is no `task`, because nothing is known. */
	uncheckedId?: string;
	isTest?: boolean;
	prompt?: string;
}

export const NO_VIDEO = 'The video could not be generated';

/** What to do then. The error of a batch says it once. */
export const FIX_AND_RUN = 'Fix the prompt or image and run again. This is a new, paid video.';

/** n8n shows an execution as canceled if its error has this message. */
export const STOPPED = 'The execution was canceled';

/** The error of an item that was not done when the execution was stopped. */
export class StoppedError extends OctopusXError {
	constructor(description: string, charge?: Charge) {
		super(STOPPED, description, { charge });
	}

	override withCharge(charge: Charge | undefined, description = this.description): StoppedError {
		return new StoppedError(description, charge);
	}
}

export function withTask(
	item: Omit<Running, 'state' | 'job' | 'task'> & { job: Job },
	task: Task,
): Running | Ready {
	const { job, index, isClaimed, isInDoubt } = item;
	const { wait } = job;
	if (!wait || isFinal(task)) return { state: 'ready', index, job, task, isClaimed, isInDoubt };
	return { ...item, state: 'running', job: { ...job, wait }, task };
}

export function failed(item: Item, error: Error, task = taskOf(item)): Failed {
	const { index } = item;
	const isInDoubt = 'isInDoubt' in item ? item.isInDoubt : undefined;
	const uncheckedId = requestedId(item);
	const prompt = promptOf(item);
	const known: Failed = { state: 'failed', index, error, task, isInDoubt, uncheckedId, prompt };
	if (!(error instanceof OctopusXError)) return { ...known, isTest: isTest(item) };
	// tasks of Test Mode are never charged
	if (isTest(item)) return { ...known, error: error.withCharge('none'), isTest: true };
	const { charge } = error.details;
	const isOldCharge =
		uncheckedId !== undefined && typeof charge === 'object' && 'taskId' in charge && !charge.refund;
	// it would advise to use Get Status, which has just failed
	return isOldCharge ? { ...known, error: error.withCharge(undefined) } : known;
}

/** The task that Get Status asks for. */
export function requestedId(item: Item): string | undefined {
	if ('error' in item) return item.uncheckedId;
	const { source } = item.job;
	return 'taskId' in source && source.isRequested ? source.taskId : undefined;
}

/** Returns what a task cost, as far as its latest state shows. */
export function chargeOf(task: Task): Charge {
	const { task_id: taskId, failure } = task;
	if (!hasFailed(task)) return { taskId };
	return { taskId, refund: failure?.refunded ? 'given' : 'unknown' };
}

export function detailsOf(error: Error): FaultDetails {
	return error instanceof OctopusXError ? error.details : {};
}

export function taskOf(item: Item): Task | undefined {
	return 'task' in item ? item.task : undefined;
}

export function promptOf(item: Item): string | undefined {
	return 'error' in item ? item.prompt : item.job.prompt;
}

export function isTest(item: Item): boolean {
	return 'error' in item ? item.isTest === true : item.job.testMode !== undefined;
}

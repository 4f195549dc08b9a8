import type { IBinaryData } from 'n8n-workflow';
import { OctopusXError } from '../../api/errors';
import { hasEnded, type Task } from '../../api/task';
import type { Job, WaitSettings } from '../../job';
import type { Ledger } from './ledger';

/**
 * An item of the input on its way: planned → paid → ended → delivered, or failed, or in doubt. It is
 * a value: a step takes one and returns the next.
 */
export type Item = Planned | Paid | Ended | Settled;

/** An item that nothing more is done for. */
export type Settled = Delivered | Failed | InDoubt;

/** What is to be done is known, and nothing has been sent. */
export interface Planned {
	state: 'planned';
	/** Its place in the input, from 0. */
	index: number;
	job: Job;
}

interface WithTask extends Pick<Planned, 'index' | 'job'> {
	task: Task;
	earlier: EarlierTries;
}

/** Its task goes on, and is to be waited for. */
export interface Paid extends WithTask {
	state: 'paid';
	job: Job & { wait: WaitSettings };
	/** Whether the key of this run has paid for the task, so that it was good then. */
	isPaidHere: boolean;
	/** When it got its turn, and when its time is over, by `now`. */
	startedAt: number;
	deadline: number;
}

/** Its task has ended, or is handed out as it is. */
export interface Ended extends WithTask {
	state: 'ended';
}

export interface Delivered extends WithTask {
	state: 'delivered';
	binary?: Record<string, IBinaryData>;
}

/** Something went wrong, and what it cost is known: the task, where there is one. */
export interface Failed {
	state: 'failed';
	index: number;
	error: Error;
	task?: Task;
	/** The task that Get Status could not see: nothing is known of it, so it is in no list of tasks. */
	unseenId?: string;
	/** Whether Test Mode was on, so that nothing was sent. */
	isTest?: boolean;
}

/** Something went wrong, and a submission was not answered: a video may be paid for that nobody knows. */
export interface InDoubt extends Omit<Failed, 'state'> {
	state: 'inDoubt';
}

/** What tries of the node before this one did for an item that has a task. */
export interface EarlierTries {
	/** Whether they have paid for the task. */
	paid: boolean;
	/** Whether they sent a submission that was not answered. */
	inDoubt: boolean;
}

/** n8n shows an execution as canceled when its error says so in these words. */
export const STOPPED = 'The execution was canceled';

/** The execution was stopped before the item was done. */
export class StoppedError extends OctopusXError {
	constructor(description: string) {
		super(STOPPED, description);
	}
}

/** The item with what its task was last seen to be. */
export function withTask(
	item: Pick<Paid, 'index' | 'isPaidHere' | 'earlier' | 'startedAt' | 'deadline'> & { job: Job },
	task: Task,
): Paid | Ended {
	const { job, ...rest } = item;
	const { index, earlier } = item;
	const { wait } = job;
	if (!wait || hasEnded(task)) return { state: 'ended', index, job, task, earlier };
	// `wait` once more, so that the type says that it is there
	return { ...rest, state: 'paid', job: { ...job, wait }, task };
}

/** @param task the task as it was last seen, where there is one */
export function failed(item: Item, error: Error, task = taskOf(item)): Failed {
	return { state: 'failed', index: item.index, error, task, isTest: isTest(item) };
}

/** The item as it is where something went wrong before, and otherwise failed because of `error`. */
export function unlessFailed(item: Item, error: Error): Failed | InDoubt {
	return 'error' in item ? item : failed(item, error);
}

/**
 * What a stopped execution leaves of an item. An error that the Stop itself caused, such as a request
 * that was cut off, would only mislead: the item says that it was stopped.
 */
export function stopped(item: Item, ledger: Ledger): Failed {
	const task = taskOf(item) ?? ledger.unseenTask(item.index);
	const description = () => {
		if (task) {
			return `${hasEnded(task) ? 'The task is done' : 'The task goes on and was charged'}: use Get Status with this Task ID.`;
		}
		return ledger.isInDoubt(item.index)
			? 'A request was under way and may have been charged. Look into the usage log of the OctopusX account before you run it again.'
			: 'Nothing was submitted.';
	};
	return failed(item, new StoppedError(description()), task);
}

/**
 * The item with what the ledger knows better: ids and doubts of earlier tries, and an answer that
 * came too late for the step that had asked.
 */
export function withLedger<T extends Item>(item: T, ledger: Ledger): T | Failed | InDoubt {
	const isInDoubt = ledger.isInDoubt(item.index);
	if ('error' in item) {
		const task = item.task ?? ledger.unseenTask(item.index);
		return { ...item, state: isInDoubt ? 'inDoubt' : 'failed', task };
	}
	if (!('earlier' in item)) return item;
	return { ...item, earlier: { ...item.earlier, inDoubt: isInDoubt } };
}

export function taskOf(item: Item): Task | undefined {
	return 'task' in item ? item.task : undefined;
}

/** Whether a submission for the item may have been paid for without an answer. */
export function isInDoubt(item: Item): boolean {
	return item.state === 'inDoubt' || ('earlier' in item && item.earlier.inDoubt);
}

/** Whether the item is in Test Mode. */
export function isTest(item: Item): boolean {
	return 'error' in item ? item.isTest === true : item.job.testMode !== undefined;
}

export function isStopped(item: Item): boolean {
	return 'error' in item && item.error instanceof StoppedError;
}

import { createHash } from 'crypto';
import type { IExecuteFunctions } from 'n8n-workflow';
import { isPlainObject } from '../../api/envelope';
import type { Task } from '../../api/task';
import type { MediaInput, PaidRequest } from '../../job';
import type { Failed, Planned } from './item';

/** A submission that left, as n8n saves it. */
interface Entry {
	/** Identifies the request. */
	hash: string;
	/** Absent as long as the submission is not answered: it may have been charged. */
	taskId?: string;
	/** Another ID in the answer to the submission, in case the API does not know `taskId`. */
	otherId?: string;
	/** n8n's index of the run that returned the task as a success. */
	deliveredIn?: number;
	/** True once a checking execution waits for the task. */
	isSuspended?: boolean;
	/** True once the log has named the task as unclaimed. */
	isLogged?: boolean;
	/** True if the entry is of no use any more; it is removed when the next run begins. */
	isOver?: boolean;
}

interface Memory {
	entries: Entry[];
}

const KEY = 'octopusXTasks';

/** Entries of runs in progress. Kept out of the entries themselves, which n8n saves. */
const held = new WeakSet<Entry>();

/**
 * Remembers submissions, so that a node that is run again does not pay again.
 *
 * It is one list, in the order in which the submissions left. It lies in the node's execution context,
 * which n8n keeps across Retry On Fail, Retry of an execution, and the turns of a loop. It contains only
 * IDs and hashes: no key, no prompt, no file. Rules that must not regress:
 *
 * - An entry is made before its submission leaves, and gets the task ID whenever it arrives.
 * - The items of a run claim the entries of their own requests that no other run in progress holds.
 * - An entry is over when its task has failed, or when a run has returned its item as a success. Then
 *   it stays until a run with another index begins: n8n drops the output of a run and repeats it if
 *   Retry On Fail is on and the first item has an `error`.
 * - Once a checking execution waits for a task, only an item that carries its ID can claim it.
 */
export class Ledger {
	private readonly claims = new Map<number, Claim>();

	private constructor(
		private readonly memory: Memory,
		private readonly runIndex: number,
	) {}

	/** The ledger of this node in this execution. Call `release` when the run has ended. */
	static open(context: IExecuteFunctions): Ledger {
		const store = context.getContext('node');
		const saved = store[KEY] as Memory | undefined;
		const runIndex = context.getWorkflowDataProxy(0).$runIndex as number;
		// the object is shared with other runs in progress, such as calls of a tool
		const memory = Array.isArray(saved?.entries) ? saved : { entries: [] };
		memory.entries = memory.entries.filter(
			({ deliveredIn = runIndex, isOver }) => !isOver && deliveredIn === runIndex,
		);
		store[KEY] = memory;
		return new Ledger(memory, runIndex);
	}

	/**
	 * Lets the items of a run claim entries of earlier runs, before the first of them submits: first the
	 * entry whose task ID the input item carries, then the oldest entry with a task ID, last the oldest
	 * without one.
	 */
	claim(context: IExecuteFunctions, items: Array<Planned | Failed>): void {
		for (const item of items) {
			if (item.state === 'failed' || !('request' in item.job.source)) continue;
			// nothing is charged in Test Mode
			const memory = item.job.testMode ? { entries: [] } : this.memory;
			const claim = new Claim(memory, hashOf(item.job.source.request), this.runIndex);
			this.claims.set(item.index, claim);
		}
		const input = context.getInputData();
		for (const [index, claim] of this.claims) {
			const carriedId = carriedTaskId(input[index]?.json);
			if (carriedId) claim.take(({ taskId, otherId }) => [taskId, otherId].includes(carriedId));
		}
		for (const claim of this.claims.values()) {
			claim.take(({ taskId, isSuspended }) => taskId !== undefined && !isSuspended);
		}
		for (const claim of this.claims.values()) claim.take(({ isSuspended }) => !isSuspended);

		for (const entry of this.memory.entries) {
			const { taskId, isLogged, isSuspended } = entry;
			if (isLogged || isSuspended || held.has(entry)) continue;
			entry.isLogged = true;
			context.logger.warn(
				taskId === undefined
					? 'OctopusX: an earlier submission was never answered and may have been charged. No item of this run asks for the same video; a changed one may be charged as well'
					: `OctopusX: task ${taskId} of an earlier run was charged, and no item of this run asks for the same video. Fetch it with Get Status`,
				{ taskId },
			);
		}
	}

	/** The submissions of an item; none for an item that submits nothing. */
	claimOf(index: number): Claim {
		return this.claims.get(index) ?? new Claim({ entries: [] }, '', this.runIndex);
	}

	/** Notes that a checking execution now waits for the tasks of the run. */
	noteSuspended(): void {
		for (const claim of this.claims.values()) claim.noteSuspended();
	}

	/** Lets other runs claim what this run has left over. */
	release(): void {
		for (const { entries } of this.claims.values()) for (const entry of entries) held.delete(entry);
	}
}

/** The submissions for one item: those it has claimed, and those of this run. */
export class Claim {
	readonly entries: Entry[] = [];
	/** The entry of an earlier run. */
	claimed?: Readonly<Entry>;

	constructor(
		private readonly memory: Memory,
		private readonly hash: string,
		private readonly runIndex: number,
	) {}

	/** The ID of the latest task that may still bring a video. */
	get taskId(): string | undefined {
		return this.entries.filter(({ taskId, isOver }) => taskId && !isOver).at(-1)?.taskId;
	}

	/** True if a submission was never answered, so it may have been charged. */
	get isInDoubt(): boolean {
		return this.entries.some(({ taskId, isOver }) => taskId === undefined && !isOver);
	}

	/** Claims the oldest free entry that matches, unless the claim has one already. */
	take(matches: (entry: Entry) => boolean): void {
		if (this.entries.length > 0) return;
		const entry = this.memory.entries.find(
			(one) => one.hash === this.hash && !one.isOver && !held.has(one) && matches(one),
		);
		if (!entry) return;
		this.claimed = entry;
		this.entries.push(entry);
		held.add(entry);
	}

	/**
	 * Notes a submission before it leaves.
	 *
	 * @returns to be called with the task, or without one if the submission was certainly not accepted
	 */
	noteSubmission(): (task?: Pick<Task, 'task_id' | 'id'>) => void {
		const entry: Entry = { hash: this.hash };
		this.memory.entries.push(entry);
		this.entries.push(entry);
		held.add(entry);
		return (task) => {
			if (!task) entry.isOver = true;
			else entry.taskId = task.task_id;
			if (task && task.id !== task.task_id) entry.otherId = task.id;
		};
	}

	/** See `Entry.otherId`. */
	otherIdOf(id: string): string | undefined {
		return this.entries.find(({ taskId }) => taskId === id)?.otherId;
	}

	/** Notes that the API knows a task by its other ID. */
	noteOtherId(taskId: string, otherId: string): void {
		for (const entry of this.entries) {
			if (entry.taskId === taskId) Object.assign(entry, { taskId: otherId, otherId: taskId });
		}
	}

	/** Notes that a task has ended without a video, so that no later run claims it. */
	noteFailed(failedId: string): void {
		for (const entry of this.entries) if (entry.taskId === failedId) entry.isOver = true;
	}

	/** Notes that the run returns the item as a success. */
	noteDelivered(deliveredId: string): void {
		for (const entry of this.entries) {
			if (entry.taskId === deliveredId) entry.deliveredIn = this.runIndex;
			// the doubt ends with a video; a task whose ID came late can still be claimed
			else if (entry.taskId === undefined) entry.isOver = true;
		}
	}

	/** Notes that a checking execution now waits for the task. A doubt about a submission stays with this run. */
	noteSuspended(): void {
		for (const entry of this.entries) if (entry.taskId !== undefined) entry.isSuspended = true;
	}
}

/** The ID of the task in an error item of this node, as a loop brings it back. */
function carriedTaskId(json: unknown): string | undefined {
	if (!isPlainObject(json) || !json.error) return undefined;
	const id = (isPlainObject(json.error) && json.error.task_id) || json.task_id;
	return typeof id === 'string' ? id : undefined;
}

/**
 * Identifies a request by everything that is asked for. It contains nothing that n8n changes between
 * two runs.
 */
export function hashOf({ path, fields, media, additionalFields }: PaidRequest): string {
	const files = Object.entries(media).map(([name, input]) => [
		name,
		[input].flat().map(identityOf),
	]);
	const text = JSON.stringify([path, fields, files, additionalFields]);
	return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

/**
 * n8n moves the files of webhooks, forms and chats when their execution ends, from `…/executions/temp/…` to
 * `…/executions/<id>/…`, in its saved data, too.
 */
function identityOf(input: MediaInput): string {
	if ('url' in input) return input.url;
	const [, inExecution] = input.identity.split('/executions/');
	return inExecution?.slice(inExecution.indexOf('/') + 1) ?? input.identity;
}

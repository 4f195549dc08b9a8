import { createHash } from 'crypto';
import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import { isPlainObject } from '../../api/envelope';
import type { OctopusXError } from '../../api/errors';
import type { Task } from '../../api/task';
import type { MediaInput, PaidRequest } from '../../job';
import type { Failed, Planned } from './item';

/** A submission, as n8n saves it. */
export interface Entry {
	/** See `hashOf`. */
	hash: string;
	/** Absent while the submission is unanswered. It may have been charged. */
	taskId?: string;
	/** The API's ID of the submission; empty if its response had none. */
	requestId?: string;
	/** Another ID in the response to the submission, in case the API does not know `taskId`. */
	otherId?: string;
	/** n8n's index of the run that returned the task as a success. */
	deliveredIn?: number;
	/** When the API's records showed no charge for it, by the gateway's clock, in s. It is not in doubt then. */
	unchargedAt?: number;
	/** True once a checking execution waits for the task. */
	isSuspended?: boolean;
	/** True once the log has reported the entry as unclaimed. */
	isLogged?: boolean;
	/** True if the entry is no longer needed. It is removed when the next run begins. */
	isOver?: boolean;
}

type Memory = { entries: Entry[] };

const KEY = 'octopusXTasks';

/** Entries held by runs in progress. Not a property of the entries, because n8n saves those. */
const held = new WeakSet<Entry>();

/**
 * Remembers submissions, so that a node that is run again does not pay again: one list, in their order, in the
 * node's execution context. n8n keeps that across Retry On Fail, Retry of an execution, and the iterations of
 * a loop. The list contains only IDs and hashes: no key, prompt or file.
 *
 * Rules that must not regress:
 * - An entry is made before its submission is sent, and gets the task ID whenever it arrives.
 * - An item claims only entries that have the hash of its request and that no other run in progress holds.
 * - An entry is over when its task has failed, or when a run has returned its item as a success. Then it stays
 *   until a run with another index begins, because n8n drops the output of a run and repeats it if Retry On
 *   Fail is on and the first item has an `error`.
 * - Once a checking execution waits for a task, only an item that carries its ID can claim it.
 */
export class Ledger {
	private readonly claims = new Map<number, Claim>();
	private readonly memory: Memory;
	private readonly runIndex: number;

	/** Opens the ledger of this node in this execution. Call `release` when the run has ended. */
	constructor(context: IExecuteFunctions) {
		const store = context.getContext('node');
		const saved = store[KEY] as Memory | undefined;
		const runIndex = context.getWorkflowDataProxy(0).$runIndex as number;
		// other runs in progress share the object, for example calls of a tool
		this.memory = Array.isArray(saved?.entries) ? saved : { entries: [] };
		this.memory.entries = this.memory.entries.filter(
			({ deliveredIn = runIndex, isOver }) => !isOver && deliveredIn === runIndex,
		);
		this.runIndex = runIndex;
		store[KEY] = this.memory;
	}

	/**
	 * Lets items claim entries of earlier runs, before any of them submits: the one whose task ID the item's
	 * input carries, or else the oldest with a task ID, or else the oldest without.
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
			// one of this node's error items, which a loop has fed back
			const { error, task_id } = (input[index]?.json ?? {}) as IDataObject;
			const id = error && ((isPlainObject(error) && error.task_id) || task_id);
			if (id) claim.take(({ taskId, otherId }) => id === taskId || id === otherId);
		}
		for (const claim of this.claims.values()) {
			claim.take(({ taskId, isSuspended }) => taskId !== undefined && !isSuspended);
		}
		for (const claim of this.claims.values()) claim.take(({ isSuspended }) => !isSuspended);

		const requested = new Set([...this.claims.values()].map(({ hash }) => hash));
		for (const entry of this.memory.entries) {
			const { hash, taskId, isLogged, isSuspended, unchargedAt } = entry;
			if (isLogged || isSuspended || unchargedAt !== undefined || held.has(entry)) continue;
			// an item can claim one entry only, and has been warned of others without an answer
			if (taskId === undefined && requested.has(hash)) continue;
			entry.isLogged = true;
			context.logger.warn(
				taskId === undefined
					? 'OctopusX: an earlier submission was never answered and may have been charged. No item of this run asks for the same video; a changed one may be charged as well'
					: `OctopusX: task ${taskId} of an earlier run was charged, and no item of this run continues with it. Fetch it with Get Status`,
				{ taskId },
			);
		}
	}

	/** Returns the claim of an item. It is empty if the item submits nothing. */
	claimOf(index: number): Claim {
		return this.claims.get(index) ?? new Claim({ entries: [] }, '', this.runIndex);
	}

	/** The request IDs of all known tasks of this execution. */
	get requestIds(): Set<string | undefined> {
		return new Set(this.memory.entries.map(({ requestId }) => requestId));
	}

	get submissions(): Submission[] {
		return [...this.claims.values()].flatMap(({ submissions }) => submissions);
	}

	/** See `Entry.unchargedAt`. */
	get uncharged(): Entry[] {
		return this.entries.filter(({ unchargedAt }) => unchargedAt !== undefined);
	}

	/** Notes that a checking execution now waits for the tasks. Unanswered submissions stay with this run. */
	noteSuspended(): void {
		for (const entry of this.entries) if (entry.taskId !== undefined) entry.isSuspended = true;
	}

	/** Lets other runs claim the entries that this run held. */
	release(): void {
		for (const entry of this.entries) held.delete(entry);
	}

	private get entries(): Entry[] {
		return [...this.claims.values()].flatMap(({ entries }) => entries);
	}
}

/** The submissions for one item: the entry that it has claimed, and those of this run. */
export class Claim {
	readonly entries: Entry[] = [];
	readonly submissions: Submission[] = [];
	/** The entry of an earlier run. */
	claimed?: Readonly<Entry>;

	constructor(
		private readonly memory: Memory,
		readonly hash: string,
		private readonly runIndex: number,
	) {}

	/** The ID of the latest task that may still deliver a video. */
	get taskId(): string | undefined {
		return this.entries.filter(({ taskId, isOver }) => taskId && !isOver).at(-1)?.taskId;
	}

	/** The IDs of other tasks that the item was charged for, because an answer came late, if there are any. */
	extraTaskIds(taskId: string | undefined): string[] | undefined {
		const usable = this.entries.flatMap((entry) => (entry.isOver ? [] : (entry.taskId ?? [])));
		const extra = usable.filter((id) => id !== taskId);
		return extra.length > 0 ? extra : undefined;
	}

	get isInDoubt(): boolean {
		return this.entries.some(isInDoubt);
	}

	/** Claims the oldest free entry that matches, unless the item already has an entry. */
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

	/** Call it before the submission is sent. */
	noteSubmission(): Submission {
		const entry: Entry = { hash: this.hash };
		this.memory.entries.push(entry);
		this.entries.push(entry);
		held.add(entry);
		const submission = new Submission(entry);
		this.submissions.push(submission);
		return submission;
	}

	otherIdOf(id: string): string | undefined {
		return this.entries.find(({ taskId }) => taskId === id)?.otherId;
	}

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
			// once a video is delivered, an unanswered submission no longer matters; a task whose ID arrived late
			// can still be claimed
			else if (entry.taskId === undefined) entry.isOver = true;
		}
	}
}

/** A submission of this run, whose entry of the ledger it keeps up to date. */
export class Submission {
	/** When it was given up without a usable answer, in `now()` time. It may have been charged. */
	doubtSince?: number;
	/** Closes the connection. Absent once it is closed. */
	close?: () => void;
	/** Why it was refused. This answer may come after it was given up. */
	refusal?: OctopusXError;

	constructor(private readonly entry: Entry) {}

	/** True if it created a task, but the response had no request ID. */
	get isUnidentified(): boolean {
		return this.entry.requestId === '';
	}

	/** True while it is unknown if it was charged. */
	get isInDoubt(): boolean {
		return this.doubtSince !== undefined && isInDoubt(this.entry);
	}

	noteTask({ task_id, id }: Pick<Task, 'task_id' | 'id'>, requestId: string): void {
		this.entry.taskId = task_id;
		if (id !== task_id) this.entry.otherId = id;
		this.entry.requestId = requestId;
	}

	noteRefused(): void {
		this.entry.isOver = true;
	}

	/** See `Entry.unchargedAt`. */
	noteUncharged(at: number): void {
		this.entry.unchargedAt = at;
	}
}

function isInDoubt({ taskId, isOver, unchargedAt }: Entry): boolean {
	return taskId === undefined && unchargedAt === undefined && !isOver;
}

/** Identifies a request by everything that it asks for, and by nothing that n8n changes between two runs. */
export function hashOf({ path, fields, media, additionalFields }: PaidRequest): string {
	const files = Object.entries(media).map(([name, one]) => [name, [one].flat().map(identityOf)]);
	const text = JSON.stringify([path, fields, files, additionalFields]);
	return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

/**
 * Leaves out the ID of the execution that stores a file: when an execution ends, n8n moves its files of
 * webhooks, forms and chats from `…/executions/temp/…` to `…/executions/<id>/…`, in its saved data, too.
 */
function identityOf(input: MediaInput): string {
	if ('url' in input) return input.url;
	const [, inExecution] = input.identity.split('/executions/');
	return inExecution?.slice(inExecution.indexOf('/') + 1) ?? input.identity;
}

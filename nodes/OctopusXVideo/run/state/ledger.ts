import { createHash } from 'crypto';
import type { IExecuteFunctions } from 'n8n-workflow';
import { unseenTask, type Task } from '../../api/task';
import type { VideoRequest } from '../../job';

/** What is known of the submissions for one item and one request. */
interface Entry {
	hash: string;
	/** The ids that the server told, in the order in which they came. */
	taskIds: string[];
	/** Submissions that left and have not been answered: each may have been accepted. */
	unanswered: number;
}

type Entries = Record<number, Entry>;

const KEY = 'octopusXTasks';

/**
 * The memory that keeps a retried node from paying again.
 *
 * It lies in the node's execution context, which n8n keeps across "Retry On Fail" and across "Retry
 * execution" in its UI. An entry belongs to one item of one run of the node and to one request: a
 * later run in a loop is a new run, a changed request is a new request. There are only ids and
 * hashes in it, no keys, no prompts and no files.
 */
export class Ledger {
	private constructor(private readonly entries: Entries) {}

	static open(context: IExecuteFunctions): Ledger {
		const store = context.getContext('node');
		const run = context.getWorkflowDataProxy(0).$runIndex as number;
		const kept = store[KEY] as { run: number; entries: Entries } | undefined;
		// earlier runs of the node are over: what they had to tell is in their output or error
		const current = kept?.run === run ? kept : { run, entries: {} };
		store[KEY] = current;
		return new Ledger(current.entries);
	}

	/** The task whose id came last for an item, whatever its request was. */
	unseenTask(item: number): Task | undefined {
		const taskId = this.entries[item]?.taskIds.at(-1);
		return taskId === undefined ? undefined : unseenTask(taskId);
	}

	/** Whether a submission for an item has left and not been answered. */
	isInDoubt(item: number): boolean {
		return (this.entries[item]?.unanswered ?? 0) > 0;
	}

	/**
	 * The line for an item and its request; a line for another request of the item is closed.
	 *
	 * @returns `replaced`, the line of that other request
	 */
	lineFor(item: number, request: VideoRequest): { line: LedgerLine; replaced?: LedgerLine } {
		const hash = hashOf(request);
		const kept = this.entries[item];
		if (kept?.hash === hash) return { line: new LedgerLine(kept) };
		const entry = { hash, taskIds: [], unanswered: 0 };
		this.entries[item] = entry;
		return { line: new LedgerLine(entry), replaced: kept && new LedgerLine(kept) };
	}
}

/** The ledger's line for one item and its request. */
export class LedgerLine {
	constructor(private readonly entry: Entry) {}

	get lastTaskId(): string | undefined {
		return this.entry.taskIds.at(-1);
	}

	get isInDoubt(): boolean {
		return this.entry.unanswered > 0;
	}

	/** To be called before a submission leaves: from now on it may have been accepted. */
	noteSubmission(): void {
		this.entry.unanswered++;
	}

	noteTask(taskId: string): void {
		this.entry.unanswered--;
		this.entry.taskIds.push(taskId);
	}

	/** For a task that ended without a video: it is of no use to a later try. */
	noteSpent(taskId: string): void {
		this.entry.taskIds = this.entry.taskIds.filter((id) => id !== taskId);
	}

	/** For a submission that has surely not been accepted. */
	noteRefusal(): void {
		this.entry.unanswered--;
	}
}

function hashOf({ media, ...request }: VideoRequest): string {
	// words for errors may change with the node, and are no part of what is asked for
	const withoutLabels = JSON.stringify(media, (key, value) =>
		key === 'label' ? undefined : value,
	);
	const text = JSON.stringify({ ...request, withoutLabels });
	return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

import { createHash } from 'crypto';
import type { IExecuteFunctions } from 'n8n-workflow';
import { unseenTask, type Task } from '../../api/task';
import type { PaidRequest } from '../../job';
import { isToolCall } from './toolCall';

/** What is known of the submissions for one item and one request. */
interface Entry {
	hash: string;
	/** The ids that the server told, in the order in which they came. */
	taskIds: string[];
	/** Submissions that left and have not been answered: each may have been accepted. */
	unanswered: number;
}

type Entries = Record<number, Entry>;

/** What n8n keeps for the node. */
interface Kept {
	/** n8n's run index. */
	run: number;
	entries: Entries;
	/** Of a tool: what calls that failed have left, for those that try again. */
	failed?: Entry[];
}

const KEY = 'octopusXTasks';

/**
 * The memory that keeps a retried node from paying again.
 *
 * It lies in the node's execution context, which n8n keeps across "Retry On Fail" and across "Retry
 * execution" in its UI. An entry belongs to one item of one run of the node and to one request: a
 * later run in a loop is a new run, and so is another call of a tool, unless one with the same request has
 * failed; a changed request is a new request. There are only ids and hashes in it, no keys, no prompts
 * and no files.
 */
export class Ledger {
	private constructor(private readonly kept: Kept) {}

	static open(context: IExecuteFunctions): Ledger {
		const store = context.getContext('node');
		const run = context.getWorkflowDataProxy(0).$runIndex as number;
		const kept = store[KEY] as Kept | undefined;
		// earlier runs of the node are over: what they had to tell is in their output or error. But each
		// try of a tool call is a run of its own to n8n, and calls run side by side: only the request
		// tells which of them is tried again
		const current: Kept = isToolCall(context)
			? { run, entries: {}, failed: kept?.failed ?? [] }
			: { run, entries: kept?.run === run ? kept.entries : {} };
		store[KEY] = current;
		return new Ledger(current);
	}

	/** One for Test Mode, where nothing is paid for. */
	static unkept(): Ledger {
		return new Ledger({ run: 0, entries: {} });
	}

	/** To be called when the run ends without a video for every item. */
	noteFailure(): void {
		const { entries, failed } = this.kept;
		failed?.push(...Object.values(entries).filter(isOfUse));
	}

	/** The task whose id came last for an item, whatever its request was. */
	unseenTask(item: number): Task | undefined {
		const taskId = this.kept.entries[item]?.taskIds.at(-1);
		return taskId === undefined ? undefined : unseenTask(taskId);
	}

	/** Whether a submission for an item has left and not been answered. */
	isInDoubt(item: number): boolean {
		return (this.kept.entries[item]?.unanswered ?? 0) > 0;
	}

	/** For a task of an item that ended without a video: it is of no use to a later try. */
	noteSpent(item: number, taskId: string): void {
		const entry = this.kept.entries[item];
		if (entry) new LedgerLine(entry).noteSpent(taskId);
	}

	/**
	 * The line for an item and its request; a line for another request of the item is closed.
	 *
	 * @returns `replaced`, the line of that other request
	 */
	lineFor(item: number, request: PaidRequest): { line: LedgerLine; replaced?: LedgerLine } {
		const hash = hashOf(request);
		const kept = this.kept.entries[item];
		if (kept?.hash === hash) return { line: new LedgerLine(kept) };
		const entry = this.takeFailed(hash) ?? { hash, taskIds: [], unanswered: 0 };
		this.kept.entries[item] = entry;
		return { line: new LedgerLine(entry), replaced: kept && new LedgerLine(kept) };
	}

	/** What a call of a tool for the same request has left; each is taken up once. */
	private takeFailed(hash: string): Entry | undefined {
		const { failed = [] } = this.kept;
		const at = failed.findIndex((entry) => entry.hash === hash);
		return at < 0 ? undefined : failed.splice(at, 1)[0];
	}
}

/** Whether a later try has to know of it. */
function isOfUse({ taskIds, unanswered }: Entry): boolean {
	return taskIds.length > 0 || unanswered > 0;
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

	/** See `Ledger.noteSpent`. */
	noteSpent(taskId: string): void {
		this.entry.taskIds = this.entry.taskIds.filter((id) => id !== taskId);
	}

	/** For a submission that has surely not been accepted. */
	noteRefusal(): void {
		this.entry.unanswered--;
	}
}

/** What tells requests apart: all that is sent, so a changed one is another video. */
export function hashOf({ media, ...request }: PaidRequest): string {
	// words for errors may change with the node, and are no part of what is asked for
	const withoutLabels = JSON.stringify(media, (key, value) =>
		key === 'label' ? undefined : value,
	);
	const text = JSON.stringify({ ...request, withoutLabels });
	return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

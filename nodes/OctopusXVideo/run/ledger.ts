import { createHash } from 'crypto';
import type { IExecuteFunctions } from 'n8n-workflow';
import type { VideoRequest } from './job';

/** What is known of a submission: its task, or only that it left and no answer came. */
interface Entry {
	hash: string;
	taskId?: string;
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

	lineFor(item: number, request: VideoRequest): LedgerLine {
		return new LedgerLine(this.entries, item, hashOf(request));
	}
}

/** The ledger's line for one item and its request. */
export class LedgerLine {
	constructor(
		private readonly entries: Entries,
		private readonly item: number,
		private readonly hash: string,
	) {}

	/** What an earlier try left: a task id, `unknown` for a submission without an answer, or nothing. */
	recall(): { taskId: string } | 'unknown' | undefined {
		const entry = this.entries[this.item];
		if (entry?.hash !== this.hash) return undefined;
		return entry.taskId === undefined ? 'unknown' : { taskId: entry.taskId };
	}

	/** To be called before a submission leaves: from now on it may have been accepted. */
	noteAttempt(): void {
		this.entries[this.item] = { hash: this.hash };
	}

	noteTask(taskId: string): void {
		this.entries[this.item] = { hash: this.hash, taskId };
	}

	/** For a submission that has surely not been accepted. */
	forgetAttempt(): void {
		delete this.entries[this.item];
	}
}

function hashOf(request: VideoRequest): string {
	return createHash('sha256').update(JSON.stringify(request)).digest('hex').slice(0, 32);
}

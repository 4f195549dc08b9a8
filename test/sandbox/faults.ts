import type { Ending } from './tasks';

export type Route =
	'models' | 'submit' | 'poll' | 'verdict' | 'content' | 'file' | 'presign' | 'upload' | 'usage';

/** One way for an exchange to go wrong. */
export interface Fault {
	on: Route;
	/** Strikes only requests about tasks whose prompt contains this. */
	prompt?: string;
	/** The first request to it that is spoilt, counted from now; 1 unless told. */
	nth?: number;
	/** How many requests in a row; 1 unless told, `Infinity` for all that follow. */
	times?: number;
	/** Whether the request is carried out first (a task is created and paid) and only its answer is spoilt. */
	accept?: boolean;
	/**
	 * What comes instead of the answer. An object: that status, these headers, this body (a string is
	 * sent as HTML, a buffer as it is, anything else as JSON), or one that is made of the id of the task that was accepted.
	 * `ending`: the task ends so now, and the answer says it. `reset`: the connection is cut. `hang`: nothing
	 * comes until the sandbox is told to `release()`.
	 * `short`: the right answer is cut off after half of its body. `stall`: it stops there, but the
	 * connection stays open. `drip`: a blank comes every 5 seconds, and never the answer.
	 */
	answer: SpoiltAnswer | { ending: Ending } | 'reset' | 'hang' | 'short' | 'stall' | 'drip';
}

/** A fault that replaces the right answer. */
export type Spoiling = Fault & { answer: Exclude<Fault['answer'], { ending: Ending }> };

export interface SpoiltAnswer {
	status: number;
	headers?: Record<string, string>;
	body?: unknown;
	bodyFor?: (taskId: string) => unknown;
}

/** Faults waiting for their turn. */
export class FaultPlan {
	private faults: Array<Fault & { seen: number }> = [];

	add(fault: Fault): void {
		this.faults.push({ ...fault, seen: 0 });
	}

	clear(): void {
		this.faults = [];
	}

	/** Counts a request to `route` about a task of `prompt`, and tells which fault spoils it, if any. */
	next(route: Route, prompt: string): Fault | undefined {
		let hit: Fault | undefined;
		for (const fault of this.faults) {
			if (fault.on !== route || !prompt.includes(fault.prompt ?? '')) continue;
			fault.seen++;
			const first = fault.nth ?? 1;
			if (fault.seen >= first && fault.seen < first + (fault.times ?? 1)) hit ??= fault;
		}
		return hit;
	}
}

export const HTML_502: Fault['answer'] = {
	status: 502,
	body: '<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1></body></html>',
};

import type { Ending } from './tasks';

export type Route =
	| 'models'
	| 'submit'
	| 'check'
	| 'verdict'
	| 'content'
	| 'file'
	| 'presign'
	| 'upload'
	| 'usage'
	| 'bill'
	| 'status'
	| 'subscription'
	| 'spending';

/** A fault that changes the response to a request. */
export interface Fault {
	on: Route;
	/**
	 * The prompt that a task must contain for its requests to be affected. Default: all requests are
	 * affected.
	 */
	prompt?: string;
	/** The first affected request, counted from when the fault is added. Default 1. */
	nth?: number;
	/** How many requests in a row are affected. Default 1; `Infinity` for all later ones. */
	times?: number;
	/**
	 * True if the request is carried out first (a task is created and charged), so that only its
	 * response is lost.
	 */
	accept?: boolean;
	/**
	 * What is sent instead of the normal response:
	 * - an object: this status, headers and body. A string is sent as HTML, a buffer unchanged,
	 *   anything else as JSON. `bodyFor` builds the body from the ID of the accepted task.
	 * - `ending`: the task ends this way now, and the normal response shows it
	 * - `reset`: the connection is cut
	 * - `hang`: nothing is sent until `sandbox.release()`
	 * - `short`: the connection is cut after half of the body
	 * - `stall`: half of the body is sent, and the connection stays open
	 * - `drip`: a blank is sent every 5 seconds, but never the response
	 */
	answer: FaultyAnswer | { ending: Ending } | 'reset' | 'hang' | 'short' | 'stall' | 'drip';
}

/** A fault that replaces the normal response. */
export type AnswerFault = Fault & { answer: Exclude<Fault['answer'], { ending: Ending }> };

export interface FaultyAnswer {
	status: number;
	/** True for a response of something between the node and the gateway, which has no request ID. */
	byProxy?: boolean;
	headers?: Record<string, string>;
	body?: unknown;
	bodyFor?: (taskId: string) => unknown;
}

/** The faults that were added to a sandbox. */
export class FaultPlan {
	private faults: Array<Fault & { seen: number }> = [];

	add(fault: Fault): void {
		this.faults.push({ ...fault, seen: 0 });
	}

	clear(): void {
		this.faults = [];
	}

	/** Counts a request to `route` about the task with this prompt, and returns the fault that affects it. */
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
	byProxy: true,
	status: 502,
	body: '<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1></body></html>',
};

import { costOf, costText, type BilledDoubts, type Price } from './records';

/** What a failed item cost, as data. `chargeSentence` turns it into a sentence. */
export type Charge =
	/** Nothing was charged. */
	| 'none'
	/** It is unknown whether a submission was accepted, so it may have been charged. */
	| 'maybe'
	/** The API's records show charges that fit submissions without an answer. Their task IDs are unknown. */
	| BilledDoubts
	/** A task was charged. `refund` is set if the task ended without a video. */
	| { taskId: string; refund?: 'given' | 'unknown' };

/** What a fault means for the code that sent the request. */
export interface FaultDetails {
	statusCode?: number;
	/** The API's error code, such as `task_not_exist`; empty if the response has none. */
	code?: string;
	isKeyRejected?: boolean;
	/** True if the API would reject every other item in the same way. */
	affectsAllItems?: boolean;
	/** True if the same read request may succeed a moment later. */
	transient?: boolean;
	/** True if a submission was certainly not accepted and is worth sending again. */
	repeatable?: boolean;
	/** True if no connection to the API was made. */
	isUnconnected?: boolean;
	/** True if the server may have carried out the request although its response is missing or unclear. */
	maybeAccepted?: boolean;
	/** True if n8n's own storage failed, so that no other address helps. */
	isLocal?: boolean;
	/** The server's `Retry-After`, in ms. */
	retryAfterMs?: number;
	/** What the failed item cost; absent if nothing can have been charged, as in a single Get Status. */
	charge?: Charge;
}

/**
 * Any failure between the node and a finished video. The message says what happened, the description what to do
 * next, with the server's message if there is one. Neither mentions the charge, which is in `details`.
 */
export class OctopusXError extends Error {
	override name = 'OctopusXError';

	constructor(
		message: string,
		readonly description: string,
		readonly details: FaultDetails = {},
	) {
		super(message);
	}

	withCharge(charge: Charge | undefined, description = this.description): OctopusXError {
		return new OctopusXError(this.message, description, { ...this.details, charge });
	}
}

/** Returns the sentence about the charge, and the task's price if known, that begins each error's description. */
export function chargeSentence(charge: Charge, price?: Price): string {
	if (charge === 'none') return 'Nothing was charged.';
	if (charge === 'maybe') {
		return 'It may have been charged: check the usage log of the OctopusX account before you run it again.';
	}
	if ('billed' in charge) return billedSentence(charge);
	const { taskId, refund } = charge;
	if (refund === 'given') return `Task ${taskId} was charged, and the charge was refunded.`;
	const amount = price ? ` (${costText(costOf(price.quota, price))})` : '';
	return refund === 'unknown'
		? `Task ${taskId} was charged${amount}. The usage log of the OctopusX account shows whether the charge was refunded.`
		: `Task ${taskId} was charged${amount}: fetch its video with Get Status, which is not charged.`;
}

function billedSentence({ billed, count, doubts }: BilledDoubts): string {
	const lines = billed.map(
		({ cost, time, requestId }) => `${costText(cost)} at ${time}, request ID ${requestId}`,
	);
	if (count > billed.length) lines.push(`and ${count - billed.length} more`);
	const isPartial = count < doubts;
	const charges = count === 1 ? 'a charge that fits' : `${count} charges that fit`;
	const all = `the ${doubts} requests of this run without an answer`;
	const requests = doubts === 1 ? 'this request' : `${isPartial ? 'some of ' : ''}${all}`;
	return `${isPartial ? 'It may have been charged: ' : ''}OctopusX's records show ${charges} ${requests}: ${lines.join('; ')}. Another user of the API key may have made such a charge. The task ID is unknown: ask the support of OctopusX for the video, with the request ID, before you run it again.`;
}

/** The outcome of an operation: its value, or the fault if it failed. */
export type Result<T> =
	{ value: T; fault?: undefined } | { value?: undefined; fault: OctopusXError };

/** Turns a promise that may reject into a `Result`. */
export async function attempt<T>(work: Promise<T>): Promise<Result<T>> {
	return await work.then(
		(value) => ({ value }),
		(error: unknown) => ({ fault: asOctopusXError(error) }),
	);
}

/** Wraps any other error, which is a bug in the node. */
export function asOctopusXError(error: unknown): OctopusXError {
	if (error instanceof OctopusXError) return error;
	return new OctopusXError(
		'Something unexpected happened in the node',
		`Please report it with these words: ${(error as Error).message}`,
		// the request may already have been sent
		{ maybeAccepted: true },
	);
}

/** What a failed item cost, as data. `chargeSentence` puts it into words. */
export type Charge =
	/** Nothing was charged. */
	| 'none'
	/** A submission was not answered, so it may have been charged. */
	| 'maybe'
	/** A task was charged. `refund` is set if it ended without a video. */
	| { taskId: string; refund?: 'given' | 'unknown' };

/** What a fault means for the code that sent the request. */
export interface FaultDetails {
	/** HTTP status of the answer, if one arrived. */
	statusCode?: number;
	/** The API's code, such as `task_not_exist`; empty if the answer has none. */
	code?: string;
	/** True if the API rejected the API key. */
	isKeyRejected?: boolean;
	/** True if the API would reject every other item in the same way. */
	affectsAllItems?: boolean;
	/** True if the same read may succeed a moment later. */
	transient?: boolean;
	/** True if a submission was certainly not accepted and is worth sending again. */
	repeatable?: boolean;
	/** True if the server may have carried out the request although its answer is missing or unclear. */
	maybeAccepted?: boolean;
	/** True if n8n's own storage failed, so that no other address helps. */
	isLocal?: boolean;
	/** The server's `Retry-After`, in ms. */
	retryAfterMs?: number;
	/** What the failed item cost; absent where no charge is possible, as in a single Get Status. */
	charge?: Charge;
}

/** Any failure between the node and a finished video. Its texts are for the user. */
export class OctopusXError extends Error {
	override name = 'OctopusXError';

	/**
	 * @param message what happened
	 * @param description what to do next, with the server's own words if there are some, and without a
	 * word about the charge, which is in `details`
	 */
	constructor(
		message: string,
		readonly description: string,
		readonly details: FaultDetails = {},
	) {
		super(message);
	}

	withCharge(charge: Charge, description = this.description): OctopusXError {
		return new OctopusXError(this.message, description, { ...this.details, charge });
	}
}

/** The sentence about the charge that every error of an item begins its description with. */
export function chargeSentence(charge: Charge): string {
	if (charge === 'none') return 'Nothing was charged.';
	if (charge === 'maybe') {
		return 'It may have been charged, so the node did not send it again: check the usage log of the OctopusX account before you run it again.';
	}
	const { taskId, refund } = charge;
	if (refund === 'given') return `Task ${taskId} was charged, and the charge was refunded.`;
	return refund === 'unknown'
		? `Task ${taskId} was charged. The usage log of the OctopusX account shows whether the charge was refunded.`
		: `Task ${taskId} was charged: fetch its video with Get Status, which is not charged.`;
}

/** The outcome of an operation that can fail, as a value. */
export type Result<T> =
	{ value: T; fault?: undefined } | { value?: undefined; fault: OctopusXError };

/** Turns a promise that may reject into a `Result`. */
export async function attempt<T>(work: Promise<T>): Promise<Result<T>> {
	return await work.then(
		(value) => ({ value }),
		(error: unknown) => ({ fault: asOctopusXError(error) }),
	);
}

/** Wraps an error of another kind, which is a defect of the node. */
export function asOctopusXError(error: unknown): OctopusXError {
	if (error instanceof OctopusXError) return error;
	return new OctopusXError(
		'Something unexpected happened in the node',
		`Please report it with these words: ${(error as Error).message}`,
		// the request may already have been sent
		{ maybeAccepted: true },
	);
}

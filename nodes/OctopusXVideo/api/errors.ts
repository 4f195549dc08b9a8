/** Something between the node and a finished video went wrong; the text is for the user. */
export class OctopusXError extends Error {
	override name = 'OctopusXError';

	/**
	 * @param message what happened
	 * @param description how to get on, with the server's own words where there are some
	 */
	constructor(
		message: string,
		readonly description: string,
		readonly details: FaultDetails = {},
	) {
		super(message);
	}
}

/** What a fault means for whoever sent the request. */
export interface FaultDetails {
	/** The HTTP status, where the server gave one. */
	statusCode?: number;
	/** Whether the API does not let the key in. */
	isKeyRefused?: boolean;
	/** Whether the API would refuse every other item in the same way. */
	isCommon?: boolean;
	/** The API's code, such as `task_not_exist`; empty where there is none. */
	code?: string;
	/** Whether the same read may work a moment later. */
	transient?: boolean;
	/** Whether the server may have carried the request out all the same. */
	maybeAccepted?: boolean;
	/** Whether a submission has surely not been accepted and is worth sending again. */
	repeatable?: boolean;
	/** How long the server asks to be left alone, in ms. */
	retryAfterMs?: number;
}

/** What was caught, as an `OctopusXError`; anything else than one is a fault of the node's own. */
export function asOctopusXError(error: unknown): OctopusXError {
	if (error instanceof OctopusXError) return error;
	return new OctopusXError(
		'Something unexpected happened in the node',
		`Please report it with these words: ${(error as Error).message}`,
		// nobody knows how far the request came
		{ maybeAccepted: true },
	);
}

/** What `work` resolves to, or the fault that it ends in, as values: no `catch` needed to tell them apart. */
export async function attempt<T>(
	work: Promise<T>,
): Promise<{ value: T; fault?: undefined } | { value?: undefined; fault: OctopusXError }> {
	return await work.then(
		(value) => ({ value }),
		(error: unknown) => ({ fault: asOctopusXError(error) }),
	);
}

import { attempt, OctopusXError } from '../../api/errors';
import { now } from '../../timing/clock';

/** One refusal may be a slip of the server's. */
const REFUSALS_IN_A_ROW = 3;

/**
 * What every item of a run would meet again: a refused key, an empty balance, an API that cannot be
 * reached. It is one fault of the run: once it is sure, items that have not begun are not tried.
 */
export class CommonFault {
	private refusals = 0;
	/** Since when all that was tried is to be tried again, by `now`. */
	private inVainSince?: number;
	private latest?: OctopusXError;

	/** @param timeoutMs how long the API may be out of reach */
	constructor(private readonly timeoutMs: number) {}

	/** Whether the next item would meet it, too. */
	get isSure(): boolean {
		const { refusals, inVainSince, timeoutMs } = this;
		const isDown = inVainSince !== undefined && now() - inVainSince >= timeoutMs;
		return refusals >= REFUSALS_IN_A_ROW || isDown;
	}

	/**
	 * Begins an item, unless that is known to be in vain.
	 *
	 * @throws OctopusXError what `work` throws, or in its place what other items have met
	 */
	async guard<T>(work: () => Promise<T>): Promise<T> {
		if (this.latest && this.isSure) throw untried(this.latest);
		const { value, fault } = await attempt(work());
		this.note(fault);
		if (fault) throw fault;
		return value;
	}

	/** To be told how each try to begin an item has ended. */
	note(fault?: OctopusXError): void {
		const { isCommon, transient, repeatable } = fault?.details ?? {};
		this.latest = fault;
		this.refusals = isCommon ? this.refusals + 1 : 0;
		this.inVainSince = transient || repeatable ? (this.inVainSince ?? now()) : undefined;
	}
}

function untried({ message, details }: OctopusXError): OctopusXError {
	return new OctopusXError(
		message,
		'Nothing was submitted. The items before this one have met the same, so it was not tried.',
		details,
	);
}

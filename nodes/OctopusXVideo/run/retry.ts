import { asOctopusXError, OctopusXError, type FaultDetails } from '../api/errors';
import { pause } from './pause';

const FIRST_DELAY_MS = 1_000;
const MAX_DELAY_MS = 60_000;
/** Up to a quarter on top, so that items turned away together do not come back together. */
const JITTER = 0.25;

export interface RetryRule {
	/** Whether a fault is one that another try may get over. */
	heals: (details: FaultDetails) => boolean | undefined;
	/** In ms since the epoch; no try starts after it. */
	deadline: number;
	tries?: number;
	/** Bounds what the server may ask for with `Retry-After`, in ms. */
	maxRetryAfterMs?: number;
	signal?: AbortSignal;
	/** Called with each fault after which it is tried again. */
	onFault?: (fault: OctopusXError) => void;
}

/**
 * Tries until it works: with twice the delay each time up to a minute, jitter, and never before
 * what `Retry-After` asks for.
 *
 * @throws OctopusXError the last fault, when it does not heal or there is no time or try left
 */
export async function withRetries<T>(work: () => Promise<T>, rule: RetryRule): Promise<T> {
	const { heals, deadline, tries = Infinity, maxRetryAfterMs = Infinity, signal, onFault } = rule;
	let delay = FIRST_DELAY_MS;
	for (let attempt = 1; ; attempt++) {
		const result = await work().catch(asOctopusXError);
		if (!(result instanceof OctopusXError)) return result;

		const { details } = result;
		const asked = Math.min(details.retryAfterMs ?? 0, maxRetryAfterMs);
		const wait = Math.max(delay, asked) * (1 + JITTER * Math.random());
		if (!heals(details) || attempt >= tries || Date.now() + wait > deadline) throw result;
		onFault?.(result);
		await pause(wait, signal);
		if (signal?.aborted) throw result;
		delay = Math.min(delay * 2, MAX_DELAY_MS);
	}
}

import { attempt, type FaultDetails, type OctopusXError } from '../api/errors';
import { now } from './clock';
import { pause } from './pause';

const FIRST_DELAY_MS = 1_000;
const MAX_DELAY_MS = 60_000;

/** Items that are turned away together do not come back together. */
const SPREAD = 0.25;

export interface RetryRule {
	/** Whether a fault is one that another try may get over. */
	heals: (details: FaultDetails) => boolean | undefined;
	/** By `now`; no try starts after it. */
	deadline: number;
	/** Whether a pause that would end after the deadline ends there, for one last try. */
	endsAtDeadline?: boolean;
	/** The pause after the first fault, in ms. */
	firstDelayMs?: number;
	/** What the pauses grow up to, in ms; the first one and what the server asks for may be longer. */
	maxDelayMs?: number;
	/** The share of each pause that chance may add to it; a quarter unless told. */
	spread?: number;
	tries?: number;
	/** Bounds what the server may ask for with `Retry-After`, in ms. */
	maxRetryAfterMs?: number;
	signal?: AbortSignal;
	/** Called with each fault after which it is tried again. */
	onFault?: (fault: OctopusXError) => void;
}

/**
 * Tries until it works, with pauses of twice the length each time, and never before what
 * `Retry-After` asks for. All that the node repeats is repeated here.
 *
 * @throws OctopusXError the last fault, when it does not heal or there is no time or try left
 */
export async function withRetries<T>(work: () => Promise<T>, rule: RetryRule): Promise<T> {
	const { heals, deadline, signal, spread = SPREAD, maxDelayMs = MAX_DELAY_MS } = rule;
	const { tries = Infinity, maxRetryAfterMs = Infinity } = rule;
	let delay = rule.firstDelayMs ?? FIRST_DELAY_MS;
	for (let tried = 1; ; tried++) {
		const { value, fault } = await attempt(work());
		if (!fault) return value;

		const asked = Math.min(fault.details.retryAfterMs ?? 0, maxRetryAfterMs);
		const wait = Math.max(delay, asked) * (1 + spread * Math.random());
		const left = deadline - now();
		const isLate = left <= 0 || (wait > left && !rule.endsAtDeadline);
		if (!heals(fault.details) || tried >= tries || isLate) throw fault;
		rule.onFault?.(fault);
		await pause(Math.min(wait, left), signal);
		if (signal?.aborted) throw fault;
		delay = Math.min(delay * 2, maxDelayMs);
	}
}

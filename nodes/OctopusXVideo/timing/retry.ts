import { attempt, OctopusXError, type FaultDetails, type Result } from '../api/errors';
import { now, pause, withTimeout } from './time';

const NEVER_ABORTED = new AbortController().signal;

/** How to retry work that failed. Durations are in ms, times in `now()` time. */
export interface RetryPolicy {
	/** True if another attempt may succeed. By default, after all transient faults. */
	shouldRetry?: (details: FaultDetails) => boolean | undefined;
	/** No attempt starts after it. */
	deadline: number;
	/** True to make one last attempt at the deadline when the next delay would end after it. */
	retryAtDeadline?: boolean;
	/** Delay after the first fault. It doubles with each further fault, up to `maxDelayMs`. */
	minDelayMs?: number;
	maxDelayMs?: number;
	/** Adds up to this share of the delay at random: items that were rejected together retry one by one. */
	jitter?: number;
	maxAttempts?: number;
	maxRetryAfterMs?: number;
	/** An attempt that takes longer is aborted and ends with the fault of `onTimeout`. */
	attemptTimeoutMs?: number;
	onTimeout?: () => OctopusXError;
	onRetry?: (fault: OctopusXError) => void;
	/** Records faults. Once it is open, no attempt follows. */
	breaker?: CircuitBreaker;
	/** When aborted, ends the current attempt or delay. */
	signal?: AbortSignal;
}

/** The value or the last fault. `isRetryable`: only a lack of time or attempts prevented a retry. */
export type RetryResult<T> =
	| { value: T; fault?: undefined }
	| { value?: undefined; fault: OctopusXError; isRetryable: boolean };

/**
 * Retries `work` with exponential backoff until it succeeds, and never before the server's `Retry-After`
 * allows. `work` receives the signal that aborts the attempt. All retries of the node happen here.
 */
export async function withRetries<T>(
	work: (signal: AbortSignal) => Promise<Result<T>>,
	policy: RetryPolicy,
): Promise<RetryResult<T>> {
	const { attemptTimeoutMs, breaker, deadline, signal } = policy;
	const { shouldRetry = ({ transient }: FaultDetails) => transient } = policy;
	const { maxAttempts = Infinity, maxDelayMs = 60_000, jitter = 0.25 } = policy;
	if (breaker?.isOpen) return { fault: breaker.openFault(), isRetryable: false };
	let delay = policy.minDelayMs ?? 1_000;
	for (let attempts = 1; ; attempts++) {
		const result =
			attemptTimeoutMs === undefined
				? await work(signal ?? NEVER_ABORTED)
				: await withTimeout(attemptTimeoutMs, work, signal);
		const { value, fault } = result ?? { fault: policy.onTimeout?.() ?? noAnswer() };
		if (!fault) return { value: value as T };

		breaker?.record(fault);
		const isRetryable = shouldRetry(fault.details) === true && !breaker?.isOpen;
		const { retryAfterMs = 0 } = fault.details;
		const minimum = Math.max(delay, Math.min(retryAfterMs, policy.maxRetryAfterMs ?? Infinity));
		const wait = minimum * (1 + jitter * Math.random());
		const left = deadline - now();
		const isLate = left <= 0 || (wait > left && !policy.retryAtDeadline);
		if (!isRetryable || attempts >= maxAttempts || isLate) return { fault, isRetryable };
		policy.onRetry?.(fault);
		await pause(Math.min(wait, left), signal);
		if (signal?.aborted) return { fault, isRetryable };
		delay = Math.min(delay * 2, maxDelayMs);
	}
}

/** Does `work` once, for what a run can do without: returns `undefined` after a fault or `ms`. */
export async function tryOnce<T>(
	ms: number,
	work: (signal: AbortSignal) => Promise<T>,
	signal?: AbortSignal,
): Promise<T | undefined> {
	return (await attempt(withTimeout(ms, work, signal))).value;
}

function noAnswer(): OctopusXError {
	return new OctopusXError('OctopusX did not answer', 'Try again later.', { transient: true });
}

/**
 * Opens when every further item would fail in the same way, because the API rejects the key, the balance is
 * too low, or the API cannot be reached. Items that have not begun are then not attempted.
 */
export class CircuitBreaker {
	private rejections = 0;
	/** When the current run of retryable faults began, in `now()` time. */
	private downSince?: number;
	private lastFault?: OctopusXError;

	/**
	 * @param timeoutMs how long the API may be unavailable before the breaker opens
	 * @param patienceMs the same while no connection has been made yet, as with a wrong Base URL
	 */
	constructor(
		private readonly timeoutMs: number,
		private patienceMs = timeoutMs,
	) {}

	get isOpen(): boolean {
		const { downSince, lastFault, patienceMs, rejections } = this;
		if (!lastFault) return false;
		const isDown = downSince !== undefined && now() - downSince >= patienceMs;
		// a single rejection may be the server's mistake
		return rejections >= 3 || isDown;
	}

	/** Records a failed attempt or, without a fault, that an item has begun successfully. */
	record(fault?: OctopusXError): void {
		const { affectsAllItems, isUnconnected, transient, repeatable } = fault?.details ?? {};
		if (!isUnconnected) this.patienceMs = this.timeoutMs;
		this.lastFault = fault;
		this.rejections = affectsAllItems ? this.rejections + 1 : 0;
		this.downSince = transient || repeatable ? (this.downSince ?? now()) : undefined;
	}

	/** Builds the error for an item that was not attempted because the breaker is open. */
	openFault(): OctopusXError {
		const reason = 'The items before this one failed in the same way, so this one was not tried.';
		return (this.lastFault ?? noAnswer()).withCharge('none', reason);
	}
}

/**
 * Returns the delay until the next check of a task, in ms: a tenth of the time waited so far, within limits.
 * With 5 s and one minute, a task of 60 s takes 12 checks, and one of an hour 87 instead of 720. `progress` is
 * not used, because models report it in jumps or not at all.
 */
export function checkDelay(waitedMs: number, shortestMs: number, longestMs: number): number {
	return Math.max(shortestMs, Math.min(waitedMs / 10, longestMs));
}

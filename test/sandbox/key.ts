import { consoleError } from './answers';
import { json, type Reply } from './http';

/** The price of a second of video, in units of quota. */
const UNITS_PER_SECOND = 5_000;
/** The duration that is charged if the request has no `seconds`. */
const DEFAULT_SECONDS = 4;

/** The rate limit of `/api/usage/token/`, in requests. */
const MAX_USAGE_CALLS = 20;
const USAGE_WINDOW_MS = 20 * 60_000;

/** Returns the price of a request, in units of quota. */
export function priceOf({ seconds }: Record<string, unknown>): number {
	return UNITS_PER_SECOND * (Number(seconds) || DEFAULT_SECONDS);
}

/** The one API key that the sandbox accepts. */
export class ApiKey {
	/** The state changes to `usedUp` when the quota is spent. A refund does not make the key good again. */
	state: 'good' | 'usedUp' | 'expired' | 'disabled' = 'good';
	isUnlimited = false;
	/** The units of quota that were granted. */
	quota = 1_000_000_000;
	private usageCalls: number[] = [];

	constructor(private readonly secret: string) {}

	reset(): void {
		Object.assign(this, new ApiKey(this.secret));
	}

	accepts(authorization: string | undefined): boolean {
		return this.isThisKey(authorization) && this.state === 'good';
	}

	/**
	 * Updates `state` after a charge.
	 *
	 * @param spent units of quota, without refunded ones
	 */
	afterCharge(spent: number): void {
		if (this.left(spent) <= 0) this.state = 'usedUp';
	}

	/** Returns the units of quota that are left. */
	left(spent: number): number {
		return this.isUnlimited ? Infinity : this.quota - spent;
	}

	/** Responds to `GET /api/usage/token/`, which also accepts used-up and expired keys. */
	usage(authorization: string | undefined, spent: number, now: number): Reply {
		this.usageCalls = [...this.usageCalls.filter((at) => now - at < USAGE_WINDOW_MS), now];
		if (this.usageCalls.length > MAX_USAGE_CALLS) {
			const headers = { 'retry-after': `${USAGE_WINDOW_MS / 1_000}` };
			return { status: 429, headers, body: Buffer.alloc(0) };
		}
		if (!authorization) return consoleError(401, 'Token not provided');
		if (!this.isThisKey(authorization)) return consoleError(401, 'Invalid token');
		if (this.state === 'disabled') return consoleError(401, 'This token status is unavailable');
		const granted = this.isUnlimited ? 0 : this.quota;
		const data = {
			object: 'token_usage',
			name: 'sandbox',
			total_granted: granted,
			total_used: spent,
			total_available: granted - spent,
			unlimited_quota: this.isUnlimited,
			model_limits: {},
			model_limits_enabled: false,
			expires_at: this.state === 'expired' ? Math.floor(now / 1_000) - 60 : 0,
		};
		return json(200, { code: true, message: 'ok', data });
	}

	private isThisKey(authorization: string | undefined): boolean {
		return authorization === `Bearer ${this.secret}`;
	}
}

import { consoleError } from './answers';
import { json, type Reply } from './http';

/** What a second of video costs, in the units in which quota is counted. */
const UNITS_PER_SECOND = 5_000;
/** Seconds that are charged for where the request names none. */
const USUAL_SECONDS = 4;

/** `/api/usage/token/` may be asked so often in so long. */
const USAGE_CALLS = 20;
const USAGE_WINDOW_MS = 20 * 60_000;

/** What a request costs, in units. */
export function priceOf({ seconds }: Record<string, unknown>): number {
	return UNITS_PER_SECOND * (Number(seconds) || USUAL_SECONDS);
}

/** The one key that is let in, as its owner sees it in the console. */
export class ApiKey {
	/** A key whose quota is used up becomes `usedUp` by itself, and no refund makes it good again. */
	state: 'good' | 'usedUp' | 'expired' | 'disabled' = 'good';
	isUnlimited = false;
	/** Units that were granted. */
	quota = 1_000_000_000;
	private usageCalls: number[] = [];

	constructor(private readonly secret: string) {}

	/** Takes everything back to what is usual. */
	reset(): void {
		Object.assign(this, new ApiKey(this.secret));
	}

	letsIn(authorization: string | undefined): boolean {
		return this.isNamed(authorization) && this.state === 'good';
	}

	/**
	 * To be called after a charge.
	 *
	 * @param spent units, without those that were refunded
	 */
	noteCharge(spent: number): void {
		if (this.left(spent) <= 0) this.state = 'usedUp';
	}

	/** Units that may still be spent. */
	left(spent: number): number {
		return this.isUnlimited ? Infinity : this.quota - spent;
	}

	/** The answer to `GET /api/usage/token/`, which lets in used-up and expired keys, too. */
	usage(authorization: string | undefined, spent: number, now: number): Reply {
		this.usageCalls = [...this.usageCalls.filter((at) => now - at < USAGE_WINDOW_MS), now];
		if (this.usageCalls.length > USAGE_CALLS) {
			const headers = { 'retry-after': `${USAGE_WINDOW_MS / 1_000}` };
			return { status: 429, headers, body: Buffer.alloc(0) };
		}
		if (!authorization) return consoleError(401, 'Token not provided');
		if (!this.isNamed(authorization)) return consoleError(401, 'Invalid token');
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

	private isNamed(authorization: string | undefined): boolean {
		return authorization === `Bearer ${this.secret}`;
	}
}

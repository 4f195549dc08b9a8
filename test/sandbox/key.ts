import { consoleError } from './answers';
import { json, type Reply } from './http';
import type { State } from './routes';
import { isRefunded, type SandboxTask } from './tasks';

/** The price of a second of video, in units of quota. */
const UNITS_PER_SECOND = 5_000;
/** The duration that is charged if the request has no `seconds`. */
const DEFAULT_SECONDS = 4;

/** The rate limit of `/api/usage/token/` and `/api/log/token` together, in requests. */
const MAX_USAGE_CALLS = 20;
const USAGE_WINDOW_MS = 20 * 60_000;

/** Returns the price of a request, in units of quota. */
export function priceOf({ seconds }: Record<string, unknown>): number {
	return UNITS_PER_SECOND * (Number(seconds) || DEFAULT_SECONDS);
}

/** The types of lines in a bill. */
const CHARGE = 2;
const REFUND = 6;

/** How many lines the bill shows. */
const MAX_LINES = 1_000;

interface BillLine {
	type: number;
	quota: number;
	/** By the sandbox's clock, in ms. */
	at: number;
	request_id: string;
}

/** Returns what tasks had cost at a time, in units of quota, without those refunded until then. */
export function spentOn(tasks: SandboxTask[], time: number): number {
	return tasks
		.filter((task) => task.createdAt <= time && !isRefunded(task, time))
		.reduce((sum, { request }) => sum + priceOf(request), 0);
}

/** Returns the lines of the key's bill, the newest first. */
export function billOf({ tasks, key }: Pick<State, 'tasks' | 'key'>, now: number) {
	const own = tasks.flatMap((task): BillLine[] => {
		const { createdAt, durationMs, request, requestId } = task;
		const charge = { type: CHARGE, quota: priceOf(request), at: createdAt, request_id: requestId };
		if (createdAt + key.billLagMs > now) return [];
		if (!isRefunded(task, now)) return [charge];
		const at = createdAt + durationMs;
		return [charge, { ...charge, type: REFUND, at, request_id: `${requestId}-refund` }];
	});
	return [...own, ...key.others]
		.reverse()
		.sort((one, other) => other.at - one.at)
		.slice(0, MAX_LINES)
		.map(({ at, ...line }, n) => ({ id: n + 1, created_at: Math.floor(at / 1_000), ...line }));
}

/** The one API key that the sandbox accepts. */
export class ApiKey {
	/** The state changes to `usedUp` when the quota is spent. A refund does not make the key good again. */
	state: 'good' | 'usedUp' | 'expired' | 'disabled' = 'good';
	isUnlimited = false;
	/** The units of quota that were granted. */
	quota = 1_000_000_000;
	/** How old the counters of `/api/usage/token/` are, as with a cache. */
	usageLagMs = 0;
	/** How long after a charge its line appears in the bill. */
	billLagMs = 0;
	/** The bill's lines of other users of the key. */
	readonly others: BillLine[] = [];
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

	/** Refuses a request for usage or bill, which also a used-up or expired key may make; both share a limit. */
	refuse(authorization: string | undefined, now: number): Reply | undefined {
		this.usageCalls = [...this.usageCalls.filter((at) => now - at < USAGE_WINDOW_MS), now];
		if (this.usageCalls.length > MAX_USAGE_CALLS) {
			const headers = { 'retry-after': `${USAGE_WINDOW_MS / 1_000}` };
			return { status: 429, headers, body: Buffer.alloc(0) };
		}
		if (!authorization) return consoleError(401, 'Token not provided');
		if (!this.isThisKey(authorization)) return consoleError(401, 'Invalid token');
		if (this.state === 'disabled') return consoleError(401, 'This token status is unavailable');
		return undefined;
	}

	/** Responds to `GET /api/usage/token/`. */
	usage(spent: number, now: number): Reply {
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

	/** Charges a video of another user of the key. */
	chargeOther(quota: number, at: number): void {
		const n = this.others.length + 1;
		this.others.push({ type: CHARGE, quota, at, request_id: `20260101000000-other-${n}` });
	}

	get spentByOthers(): number {
		return this.others.reduce((sum, { quota }) => sum + quota, 0);
	}

	private isThisKey(authorization: string | undefined): boolean {
		return authorization === `Bearer ${this.secret}`;
	}
}

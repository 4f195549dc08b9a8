import { jsonParse } from 'n8n-workflow';
import { isPlainObject, shorten, type Answer } from './envelope';

/** What something cost: an amount of money, or units of quota where their value is unknown. */
export type Cost = { amount: number; currency: string } | { quota: number };

/** What a task cost. */
export interface Price {
	/** In units of quota: 0 once it was refunded. */
	quota: number;
	/** Absent if the API does not say what a unit is worth. */
	currency?: BillingStatus['currency'];
	refunded?: true;
}

/** A charge in the key's bill. */
export interface BillLine {
	/** Empty if the line has none. */
	requestId: string;
	quota: number;
	/** By the gateway's clock, in s. */
	at: number;
	/** False for a charge that was certainly not for a video. */
	isVideo: boolean;
}

/** Charges in the key's bill that fit submissions without an answer. */
export interface BilledDoubts {
	/** How many charges fit, and how many submissions are in doubt. */
	count: number;
	doubts: number;
	/** The first ones. `time` contains the date, and is in UTC. */
	billed: Array<{ requestId: string; cost: Cost; time: string }>;
}

/** The newest lines of an API key's bill. */
export interface Bill {
	charges: BillLine[];
	/** All charges less all refunds, in units of quota; absent if older lines may be missing. */
	total?: number;
	/** When the gateway sent it, by the gateway's clock, in s. */
	sentAt: number;
}

/** What a key has used, has left, and was granted, in units of quota. */
export type Usage = Record<'used' | 'available' | 'granted', number>;

/** What an API key has used and may spend, for the user. */
export interface Balance {
	key_name?: string;
	/** An unlimited key spends what the account has. */
	unlimited: boolean;
	used: number;
	/** `left` and `limit` are absent for an unlimited key. */
	left?: number;
	limit?: number;
	/** Of `used`, `left` and `limit`: a currency, or "quota" if the API does not say what a unit is worth. */
	unit: string;
	/** In s; absent for a key that does not expire. */
	expires_at?: number;
	/** What the account has left, if the API tells it. */
	balance?: number;
	/** Of `balance`: a currency, or "unknown". */
	balance_unit?: string;
	test?: true;
}

/** What `GET /api/status` says about money. */
export interface BillingStatus {
	/** Absent if the gateway shows no money, or does not say how. */
	currency?: { name: string; perQuota: number };
	/** The unit of `GET /v1/dashboard/billing/…`, if known: its fields say "usd" whatever the unit. */
	accountUnit?: string;
	/** True if the gateway says that it counts each charge at once. */
	isExact: boolean;
}

/** The API's records of one key, read together. */
export interface Records {
	bill: Bill;
	/** True if nothing is pending or missing: the key's counters are exact and agree with its whole bill. */
	isExact: boolean;
	status: BillingStatus;
}

/** The latest time of JavaScript's `Date`. */
const MAX_TIME_S = 8.64e12;

/** The types of the bill's lines that count. */
const CHARGE = 2;
const REFUND = 6;

/** Reads a response to `GET /api/log/token`. Returns `undefined` if anything about it is odd. */
export function parseBill({ statusCode, headers, body }: Answer): Bill | undefined {
	const sentAt = Date.parse(String(headers.date)) / 1_000;
	// a copy from a cache may be older than the charge in question
	if (statusCode !== 200 || Number.isNaN(sentAt) || isOld(headers)) return undefined;
	if (!isPlainObject(body) || body.success !== true || !Array.isArray(body.data)) return undefined;
	const charges: BillLine[] = [];
	let total = 0;
	for (const line of body.data as unknown[]) {
		if (!isPlainObject(line)) return undefined;
		const { type, quota, created_at: at, request_id: requestId = '', other } = line;
		if (!isCount(type) || !isCount(quota) || !isCount(at) || at > MAX_TIME_S) return undefined;
		if (typeof requestId !== 'string') return undefined;
		const details = jsonParse<unknown>(String(other), { fallbackValue: null });
		const { task_id, request_path: path } = isPlainObject(details) ? details : {};
		// a line that names a task corrects its charge
		if (type === CHARGE && typeof task_id !== 'string') {
			const isVideo = typeof path !== 'string' || path.startsWith('/v1/video');
			charges.push({ requestId, quota, at, isVideo });
		}
		if (type === CHARGE) total += quota;
		if (type === REFUND) total -= quota;
	}
	// a full bill may lack older lines (docs/API.md, "Was it charged")
	return { charges, sentAt, ...(body.data.length < 1_000 && { total }) };
}

/** Reads a response to `GET /api/usage/token/`. */
export function parseUsage(answer?: Answer): Usage | undefined {
	const { statusCode, headers, body } = answer ?? {};
	if (statusCode !== 200 || isOld(headers)) return undefined;
	if (!isPlainObject(body) || !isPlainObject(body.data)) return undefined;
	const { total_used: used, total_available: available, total_granted: granted } = body.data;
	const counts = [used, available, granted];
	return counts.every(Number.isSafeInteger) ? ({ used, available, granted } as Usage) : undefined;
}

/** Reads a response to `GET /api/status` (docs/API.md, "Was it charged"). */
export function parseStatus(answer?: Answer): BillingStatus {
	const { data } = isPlainObject(answer?.body) ? answer.body : {};
	if (!isPlainObject(data)) return { isExact: false };
	const { quota_per_unit: unit, quota_display_type: type } = data;
	const units = new Map<unknown, [accountUnit?: string, name?: unknown, rate?: unknown]>([
		['USD', ['USD', 'USD', 1]],
		['CNY', ['CNY', 'CNY', data.usd_exchange_rate]],
		['CUSTOM', [undefined, data.custom_currency_symbol, data.custom_currency_exchange_rate]],
		['TOKENS', ['quota']],
	]);
	const [accountUnit, name, rate] = units.get(type) ?? [];
	const perQuota = Number(rate) / Number(unit);
	const isKnown = typeof name === 'string' && name !== '' && perQuota > 0 && perQuota < Infinity;
	return {
		isExact: data.enable_batch_update === false,
		...(accountUnit && { accountUnit }),
		...(isKnown && { currency: { name: shorten(name, 20), perQuota } }),
	};
}

/**
 * Reads the balance of a key from a response to `GET /api/usage/token/`, and that of its account from those to
 * `GET /v1/dashboard/billing/…` (docs/API.md, "Other endpoints").
 */
export function readBalance(
	answer: Answer,
	status: BillingStatus,
	{ subscription, spending }: { subscription?: unknown; spending?: unknown },
): Balance | undefined {
	const usage = parseUsage(answer);
	if (!usage) return undefined;
	const { data } = answer.body as { data: Record<string, unknown> };
	const { name, unlimited_quota: isUnlimited, expires_at: expiresAt } = data;
	const valueOf = (quota: number) => {
		const cost = costOf(quota, status);
		return 'quota' in cost ? cost.quota : cost.amount;
	};
	const account = accountBalance(subscription, spending);
	return {
		...(typeof name === 'string' && { key_name: shorten(name) }),
		unlimited: isUnlimited === true,
		used: valueOf(usage.used),
		...(isUnlimited !== true && { left: valueOf(usage.available), limit: valueOf(usage.granted) }),
		unit: status.currency?.name ?? 'quota',
		...(typeof expiresAt === 'number' && expiresAt > 0 && { expires_at: expiresAt }),
		...(account !== undefined && {
			balance: account,
			balance_unit: status.accountUnit ?? 'unknown',
		}),
	};
}

/** The limit less the use, which is in hundredths. */
function accountBalance(subscription: unknown, spending: unknown): number | undefined {
	const limit = Number(isPlainObject(subscription) ? (subscription.hard_limit_usd ?? NaN) : NaN);
	const used = Number(isPlainObject(spending) ? (spending.total_usage ?? NaN) : NaN) / 100;
	// a placeholder for the limit of unlimited keys (read in the open gateway)
	if (!Number.isFinite(limit - used) || limit === 100_000_000) return undefined;
	return Number((limit - used).toFixed(6));
}

/** True if the counters did not change while the bill was read, and agree with all of it. */
export function addUp(before: Usage | undefined, bill: Bill, after: Usage | undefined): boolean {
	if (!before || !after || before.used !== bill.total) return false;
	const names = ['used', 'available', 'granted'] as const;
	return names.every((name) => before[name] === after[name]);
}

/** Converts units of quota to money, if possible. */
export function costOf(quota: number, { currency }: Pick<Price, 'currency'>): Cost {
	if (!currency) return { quota };
	return { amount: Number((quota * currency.perQuota).toFixed(6)), currency: currency.name };
}

export function costText(cost: Cost): string {
	return 'quota' in cost ? `${cost.quota} units of quota` : `${cost.amount} ${cost.currency}`;
}

/** True for a copy from a cache. Varnish adds an age of 0 to answers that it only passes on. */
function isOld({ age = 0 }: Answer['headers'] = {}): boolean {
	return Number(age) !== 0;
}

function isCount(value: unknown): value is number {
	return Number.isSafeInteger(value) && (value as number) >= 0;
}

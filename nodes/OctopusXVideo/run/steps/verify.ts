import { shorten } from '../../api/envelope';
import { chargeSentence, OctopusXError, type Charge } from '../../api/errors';
import { costOf, type Bill, type BillLine, type Records } from '../../api/records';
import { tryOnce } from '../../timing/retry';
import { now, pause } from '../../timing/time';
import type { Item } from '../state/item';
import type { Submission } from '../state/ledger';
import type { Scope } from '../state/scope';

/** How far the records may lag behind, with a margin (docs/API.md, "Was it charged"). */
const RECORDS_DELAY_MS = 75_000;
const RECORDS_TIMEOUT_MS = 60_000;

/** Covers the gateway's rounding of times to seconds. */
const CLOCK_TOLERANCE_S = 5;

/** A charge up to this long before the run forbids "not charged", because a proxy may have another clock. */
const RECENT_S = 30;

const NO_CHARGE = "OctopusX's records show no charge for this request: run it again.";

/**
 * Finds out from the API's records whether submissions in doubt were charged, once all items of a run have
 * settled. Asks nothing without a doubt, or after a Stop. Returns the items with the findings in their errors.
 *
 * Rules that must not regress, because a wrong "not charged" pays twice (docs/API.md, "Was it charged"):
 * - The records are read when each submission has been answered or its connection is closed, and more than
 *   70 s after the last doubt began.
 * - "Not charged" takes records that add up, and no charge since shortly before the run that does not
 *   belong to a known task. Whatever is odd leaves the doubt as it is.
 * - Times in the records are compared with the gateway's clock only.
 */
export async function verifyDoubts<T extends Item>(scope: Scope, items: T[]): Promise<T[]> {
	const { context, ledger, signal } = scope;
	if (doubtsOf(scope).length === 0 || signal?.aborted) return items;
	const records = await readRecords(scope);
	const charge = records && judge(records, scope);
	const doubts = new Set(doubtsOf(scope));
	return items.map((item) => {
		const submission = ledger.claimOf(item.index).submissions.at(-1);
		if (item.state !== 'failed' || submission?.doubtSince === undefined) return item;
		if (submission.refusal) return { ...item, error: submission.refusal };
		if (!charge || !doubts.has(submission) || !(item.error instanceof OctopusXError)) return item;
		const { index, error } = item;
		const finding = charge === 'none' ? NO_CHARGE : chargeSentence(charge);
		context.logger.info(`OctopusX: item ${index}: ${finding}`, { item: index });
		if (charge !== 'none') return { ...item, error: error.withCharge(charge) };
		submission.noteUncharged(records.bill.sentAt);
		return { ...item, error: error.withCharge(charge, `${NO_CHARGE} ${error.description}`) };
	});
}

/**
 * Checks again that nothing was charged for the submissions that the records showed as not charged in an
 * earlier run, before this run submits anything. If that is no longer certain, they are in doubt again.
 */
export async function recheckUncharged({ account, ledger, signal }: Scope): Promise<void> {
	const { uncharged } = ledger;
	if (!account || uncharged.length === 0) return;
	const first = uncharged.reduce((at, { unchargedAt = at }) => Math.min(at, unchargedAt), Infinity);
	const records = await tryOnce(RECORDS_TIMEOUT_MS, (end) => account.getRecords(end), signal);
	const isNew = ({ at }: BillLine) => at >= first - CLOCK_TOLERANCE_S;
	const isSure = records !== undefined && records.isExact && !records.bill.charges.some(isNew);
	for (const entry of uncharged) {
		entry.isOver = isSure;
		delete entry.unchargedAt;
	}
}

function doubtsOf({ ledger }: Scope): Submission[] {
	return ledger.submissions.filter(({ isInDoubt }) => isInDoubt);
}

/** Reads the records when they are up to date, unless they cannot help. */
async function readRecords(scope: Scope): Promise<Records | undefined> {
	const { account, ledger, signal } = scope;
	// the request ID of a known task is missing, so its charge cannot be recognized
	if (!account || ledger.submissions.some(({ isUnidentified }) => isUnidentified)) return undefined;
	// a gateway without a bill is not worth a wait
	const bill = await tryOnce(RECORDS_TIMEOUT_MS, (end) => account.getBill(end), signal);
	if (!bill) return undefined;
	const doubts = doubtsOf(scope);
	if (doubts.some(({ close }) => close) || fittingCharges(bill, scope).length < doubts.length) {
		const last = doubts.reduce((latest, { doubtSince = 0 }) => Math.max(latest, doubtSince), 0);
		await waitUntil(last + RECORDS_DELAY_MS, scope);
		if (signal?.aborted) return undefined;
		const open = doubtsOf(scope).flatMap(({ close }) => close ?? []);
		for (const close of open) close();
		if (open.length > 0) await waitUntil(now() + RECORDS_DELAY_MS, scope);
	}
	if (doubtsOf(scope).length === 0) return undefined;
	return await tryOnce(RECORDS_TIMEOUT_MS, (end) => account.getRecords(end), signal);
}

/** Waits until a time, in `now()` time, or until late answers have ended all doubts. */
async function waitUntil(time: number, scope: Scope): Promise<void> {
	const { signal } = scope;
	while (now() < time && doubtsOf(scope).length > 0 && !signal?.aborted) {
		await pause(Math.min(time - now(), 5_000), signal);
	}
}

/** Returns what the records say about the submissions in doubt; `undefined` if that cannot be known. */
function judge({ bill, isExact, status }: Records, scope: Scope): Charge | undefined {
	if (unknownCharges(bill, scope, RECENT_S).length === 0) return isExact ? 'none' : undefined;
	const fitting = fittingCharges(bill, scope);
	if (fitting.length === 0) return undefined;
	const billed = fitting.slice(0, 10).map(({ requestId, quota, at }) => ({
		requestId: shorten(requestId, 100),
		cost: costOf(quota, status),
		time: `${new Date(at * 1_000).toISOString().slice(0, 19).replace('T', ' ')} UTC`,
	}));
	return { billed, count: fitting.length, doubts: doubtsOf(scope).length };
}

/** Returns the charges that may be for submissions in doubt, oldest first. */
function fittingCharges(bill: Bill, scope: Scope): BillLine[] {
	const charges = unknownCharges(bill, scope, CLOCK_TOLERANCE_S);
	// the bill has the newest line first
	return charges.filter(({ isVideo, requestId }) => isVideo && requestId !== '').reverse();
}

/** Returns the charges since `marginS` seconds before the run that belong to no known task of the execution. */
function unknownCharges(bill: Bill, { getDuration, ledger }: Scope, marginS: number): BillLine[] {
	const start = bill.sentAt - getDuration() / 1_000 - marginS;
	const { requestIds } = ledger;
	return bill.charges.filter(({ at, requestId }) => at >= start && !requestIds.has(requestId));
}

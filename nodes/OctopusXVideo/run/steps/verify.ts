import { shorten } from '../../api/envelope';
import { attempt, chargeSentence, OctopusXError, type Charge } from '../../api/errors';
import { costOf, type Bill, type BillLine, type Records } from '../../api/records';
import { now, pause, withTimeout } from '../../timing/time';
import type { Item } from '../state/item';
import type { Ledger, Submission } from '../state/ledger';
import type { Scope } from '../state/scope';

/** How far the records may lag behind, with a margin (docs/API.md, "Was it charged"). */
const RECORDS_DELAY_MS = 75_000;

/** How often the wait for the records looks for late answers. */
const LATE_ANSWER_INTERVAL_MS = 5_000;

/** Covers the gateway's rounding of times to seconds. */
const CLOCK_TOLERANCE_S = 5;

/** A charge up to this long before the run forbids "not charged", because a proxy may have another clock. */
const RECENT_S = 30;

/** How many charges an error lists. */
const MAX_LISTED = 10;

const RECORDS_TIMEOUT_MS = 60_000;

const NO_CHARGE = "OctopusX's records show no charge for this request: run it again.";

/**
 * Finds out from the API's records whether submissions in doubt were charged, once all items of a run have
 * settled. Asks nothing without a doubt, or after a Stop.
 *
 * Rules that must not regress, because a wrong "not charged" pays twice (docs/API.md, "Was it charged"):
 * - The records are read when each submission has been answered or its connection is closed, and more than
 *   70 s after the last doubt began.
 * - "Not charged" takes records that add up, and no charge since shortly before the run that does not
 *   belong to a known task. Whatever is odd leaves the doubt as it is.
 * - Times in the records are compared with the gateway's clock only.
 *
 * @returns the items, with the findings in their errors
 */
export async function verifyDoubts<T extends Item>(
	scope: Scope,
	ledger: Ledger,
	items: T[],
): Promise<T[]> {
	const { context, signal } = scope;
	if (doubtsOf(ledger).length === 0 || signal?.aborted) return items;
	const records = await readRecords(scope, ledger);
	const charge = records && judge(records, scope, ledger);
	const doubts = new Set(doubtsOf(ledger));
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
export async function recheckUncharged({ account, signal }: Scope, ledger: Ledger): Promise<void> {
	const { uncharged } = ledger;
	if (!account || uncharged.length === 0) return;
	const first = uncharged.reduce((earliest, { at }) => Math.min(earliest, at), Infinity);
	const reading = withTimeout(
		RECORDS_TIMEOUT_MS,
		async (ending) => await account.getRecords(ending),
		signal,
	);
	const { value: records } = await attempt(reading);
	const isNew = ({ at }: BillLine) => at >= first - CLOCK_TOLERANCE_S;
	const isSure = records !== undefined && records.isExact && !records.bill.charges.some(isNew);
	for (const { settle } of uncharged) settle(isSure);
}

function doubtsOf({ submissions }: Ledger): Submission[] {
	return submissions.filter(({ isInDoubt }) => isInDoubt);
}

function isOpen({ close }: Submission): boolean {
	return close !== undefined;
}

/** Reads the records when they are up to date, unless they cannot help. */
async function readRecords(scope: Scope, ledger: Ledger): Promise<Records | undefined> {
	const { account, signal } = scope;
	// the request ID of a known task is missing, so its charge cannot be recognized
	if (!account || ledger.submissions.some(({ isUnidentified }) => isUnidentified)) return undefined;
	const read = async <T>(work: (ending: AbortSignal) => Promise<T>) =>
		(await attempt(withTimeout(RECORDS_TIMEOUT_MS, work, signal))).value;
	// a gateway without a bill is not worth a wait
	const bill = await read(async (ending) => await account.getBill(ending));
	if (!bill) return undefined;
	const doubts = doubtsOf(ledger);
	if (doubts.some(isOpen) || fittingCharges(bill, scope, ledger).length < doubts.length) {
		const last = doubts.reduce((latest, { doubtSince = 0 }) => Math.max(latest, doubtSince), 0);
		await waitUntil(last + RECORDS_DELAY_MS, ledger, signal);
		if (signal?.aborted) return undefined;
		const open = doubtsOf(ledger).filter(isOpen);
		for (const { close } of open) close?.();
		if (open.length > 0) await waitUntil(now() + RECORDS_DELAY_MS, ledger, signal);
	}
	if (doubtsOf(ledger).length === 0) return undefined;
	return await read(async (ending) => await account.getRecords(ending));
}

/** Waits until a time, in `now()` time, or until late answers have ended all doubts. */
async function waitUntil(time: number, ledger: Ledger, signal?: AbortSignal): Promise<void> {
	while (now() < time && doubtsOf(ledger).length > 0 && !signal?.aborted) {
		await pause(Math.min(time - now(), LATE_ANSWER_INTERVAL_MS), signal);
	}
}

/** Returns what the records say about the submissions in doubt; `undefined` if that cannot be known. */
function judge(records: Records, scope: Scope, ledger: Ledger): Charge | undefined {
	const { bill, isExact, status } = records;
	const doubts = doubtsOf(ledger);
	const recent = unknownCharges(bill, scope, ledger, RECENT_S);
	if (recent.length === 0) return isExact ? 'none' : undefined;
	const fitting = fittingCharges(bill, scope, ledger);
	if (fitting.length === 0) return undefined;
	const billed = fitting.map(({ requestId, quota, at }) => ({
		requestId: shorten(requestId, 100),
		cost: costOf(quota, status),
		time: `${new Date(at * 1_000).toISOString().slice(0, 19).replace('T', ' ')} UTC`,
	}));
	const count = billed.length;
	return { billed: billed.slice(0, MAX_LISTED), count, doubts: doubts.length };
}

/** Returns the charges that may be for submissions in doubt, oldest first. */
function fittingCharges(bill: Bill, scope: Scope, ledger: Ledger): BillLine[] {
	const charges = unknownCharges(bill, scope, ledger, CLOCK_TOLERANCE_S);
	// the bill has the newest line first
	return charges.filter(({ isVideo, requestId }) => isVideo && requestId !== '').reverse();
}

/**
 * Returns the charges since the run began that do not belong to a known task of the execution.
 *
 * @param margin in s, added before the beginning
 */
function unknownCharges(
	{ charges, sentAt }: Bill,
	{ getDuration }: Scope,
	ledger: Ledger,
	margin: number,
): BillLine[] {
	const start = sentAt - getDuration() / 1_000 - margin;
	const { requestIds } = ledger;
	return charges.filter(({ at, requestId }) => at >= start && !requestIds.has(requestId));
}

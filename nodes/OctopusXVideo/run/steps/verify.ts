import { shorten } from '../../api/envelope';
import { attempt, chargeSentence, OctopusXError, type Charge } from '../../api/errors';
import { costOf, type Bill, type BillLine, type Records } from '../../api/records';
import { now, pause, withTimeout } from '../../timing/time';
import type { Item } from '../state/item';
import type { Ledger, Submission } from '../state/ledger';
import type { Scope } from '../state/scope';

/** How far the records may lag behind, with a margin (docs/API.md, "Was it charged"). */
const RECORDS_DELAY_MS = 70_000;

/** Covers the gateway's rounding of times to seconds. */
const CLOCK_TOLERANCE_S = 5;

const RECORDS_TIMEOUT_MS = 60_000;

/** What the records say about a submission in doubt, and the sentence that goes with it. */
interface Finding {
	charge: Charge;
	text?: string;
}

/**
 * Finds out from the API's records whether submissions in doubt were charged, once all items of a run have
 * settled. Asks nothing without a doubt, or after a Stop.
 *
 * Rules that must not regress, because a wrong "not charged" pays twice (docs/API.md, "Was it charged"):
 * - The records are read when each submission has been answered or its connection is closed, and 70 s after
 *   the last doubt began.
 * - "Not charged" takes records that add up, and no charge since the run began that does not belong to a known
 *   task. Whatever is odd leaves the doubt as it is.
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
	const doubts = doubtsOf(ledger);
	const findings = records ? judge(records, scope, ledger, doubts) : [];
	const found = new Map(findings.map((finding, n) => [doubts[n], finding]));
	return items.map((item) => {
		const submission = ledger.claimOf(item.index).submissions.at(-1);
		if (item.state !== 'failed' || submission?.doubtSince === undefined) return item;
		if (submission.refusal) return { ...item, error: submission.refusal };
		const finding = found.get(submission);
		if (!finding || !(item.error instanceof OctopusXError)) return item;
		const { charge, text } = finding;
		if (charge === 'none') submission.noteUncharged(records?.bill.sentAt ?? 0);
		const { index } = item;
		context.logger.info(`OctopusX: item ${index}: ${text ?? chargeSentence(charge)}`, {
			item: index,
		});
		const description = [text, item.error.description].filter(Boolean).join(' ');
		return { ...item, error: item.error.withCharge(charge, description) };
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
	if (!account || ledger.submissions.some(({ requestId }) => requestId === '')) return undefined;
	const read = async <T>(work: (ending: AbortSignal) => Promise<T>) =>
		(await attempt(withTimeout(RECORDS_TIMEOUT_MS, work, signal))).value;
	// a gateway without a bill is not worth a wait
	const bill = await read(async (ending) => await account.getBill(ending));
	if (!bill) return undefined;
	const doubts = doubtsOf(ledger);
	if (doubts.some(isOpen) || unknownCharges(bill, scope, ledger).length < doubts.length) {
		const last = doubts.reduce((latest, { doubtSince = 0 }) => Math.max(latest, doubtSince), 0);
		await pause(last + RECORDS_DELAY_MS - now(), signal);
		if (signal?.aborted) return undefined;
		const open = doubtsOf(ledger).filter(isOpen);
		for (const { close } of open) close?.();
		if (open.length > 0) await pause(RECORDS_DELAY_MS, signal);
	}
	if (doubtsOf(ledger).length === 0) return undefined;
	return await read(async (ending) => await account.getRecords(ending));
}

/** Returns what the records say about each submission in doubt; nothing if that cannot be known. */
function judge(records: Records, scope: Scope, ledger: Ledger, doubts: Submission[]): Finding[] {
	const { bill, isExact, status } = records;
	const charges = unknownCharges(bill, scope, ledger);
	if (charges.length === 0) {
		const text = "OctopusX's records show no charge for this request: run it again.";
		const isSure = isExact && !doubts.some(isOpen);
		return isSure ? doubts.map(() => ({ charge: 'none', text })) : [];
	}
	// a correction of an earlier charge, for example
	if (charges.some(({ requestId }) => requestId === '')) return [];
	const billed = charges.map(({ requestId, quota, at }) => ({
		requestId: shorten(requestId, 100),
		cost: costOf(quota, status),
		time: `${new Date(at * 1_000).toISOString().slice(0, 19).replace('T', ' ')} UTC`,
	}));
	if (billed.length >= doubts.length) {
		return doubts.map((_, n) => ({ charge: billed[n] as Charge }));
	}
	const ids = billed.map(({ requestId }) => requestId).join(', ');
	const count =
		billed.length === 1 ? '1 charge that fits one' : `${billed.length} charges that fit some`;
	const text = `OctopusX's records show ${count} of the ${doubts.length} requests of this run without an answer (request ID ${ids}).`;
	return doubts.map(() => ({ charge: 'maybe', text }));
}

/** Returns the charges since the run began that do not belong to a known task of the run, oldest first. */
function unknownCharges(
	{ charges, sentAt }: Bill,
	{ startedAt }: Scope,
	ledger: Ledger,
): BillLine[] {
	const passed = (now() - startedAt) / 1_000;
	const start = sentAt - passed - CLOCK_TOLERANCE_S;
	const own = new Set(ledger.submissions.map(({ requestId }) => requestId));
	// the bill has the newest line first
	return charges.filter(({ at, requestId }) => at >= start && !own.has(requestId)).reverse();
}

import type { IExecuteFunctions } from 'n8n-workflow';
import { OctopusXClient } from '../../api/client';
import type { BillingStatus, Price } from '../../api/records';
import type { Task } from '../../api/task';
import { TestClient } from '../../testMode/testClient';
import { Limiter } from '../../timing/limiter';
import { CircuitBreaker, tryOnce } from '../../timing/retry';
import { stopwatch } from '../../timing/time';
import type { Planned } from './item';
import type { Claim, Ledger } from './ledger';

/** What a video cost is worth no longer wait. */
export const PRICE_TIMEOUT_MS = 3_000;

/** What the items of a run share. Only `forItem` provides a client. */
export interface Scope {
	context: IExecuteFunctions;
	ledger: Ledger;
	/** Limits the videos in progress, from the submission until the task is final. */
	videos: Limiter;
	/** Limits the downloads separately, so that a slow file does not keep a video from being made. */
	downloads: Limiter;
	signal?: AbortSignal;
	/** Returns how long the run has taken so far at most, in ms. */
	getDuration: () => number;
	/** The API's view of the key, for questions of the whole run. Absent in Test Mode. */
	account?: Pick<OctopusXClient, 'getKeyState' | 'getBill' | 'getRecords'>;
	/** Returns the scope of one item. Only this decides whether the item's requests reach the real API. */
	forItem: (item: Pick<Planned, 'index' | 'job'>) => ItemScope;
}

export interface ItemScope extends Omit<Scope, 'forItem' | 'getDuration' | 'account' | 'ledger'> {
	client: OctopusXClient;
	breaker: CircuitBreaker;
	claim: Claim;
	/** Returns the currency of costs, if the API says so. Asks it once per run. */
	getCurrency: () => Promise<Price['currency']>;
}

/**
 * Connects to the API, unless all items are in Test Mode, which needs no credential. Throws if the credential
 * is invalid or cannot be read. The first item's Max Concurrency applies to the run.
 */
export async function openScope(
	context: IExecuteFunctions,
	ledger: Ledger,
	items: Array<Pick<Planned, 'index' | 'job'>>,
): Promise<Scope> {
	const isOnline = items.some(({ job }) => !job.testMode);
	const realClient = isOnline ? await OctopusXClient.connect(context) : undefined;
	const maxConcurrency = items[0]?.job.maxConcurrency ?? 1;
	// the longest one, so that the breaker does not end an item before its own timeout
	const timeoutMs = items.reduce((longest, { job }) => Math.max(longest, job.timeoutMs), 0);
	// somebody who watches the run can correct the Base URL
	const patienceMs = context.getMode() === 'manual' ? Math.min(60_000, timeoutMs) : timeoutMs;
	const realBreaker = new CircuitBreaker(timeoutMs, patienceMs);
	const shared = {
		context,
		videos: new Limiter(maxConcurrency),
		downloads: new Limiter(maxConcurrency),
		signal: context.getExecutionCancelSignal(),
	};
	const ask = async (ending: AbortSignal) => await realClient?.getBillingStatus(ending);
	let status: Promise<BillingStatus | undefined> | undefined;
	const getCurrency = async () =>
		(await (status ??= tryOnce(PRICE_TIMEOUT_MS, ask, shared.signal)))?.currency;
	return {
		...shared,
		ledger,
		getDuration: stopwatch(),
		account: realClient,
		forItem: ({ index, job }) => {
			const isReal = realClient && !job.testMode;
			return {
				...shared,
				client: isReal ? realClient : new TestClient(context, index, job),
				breaker: isReal ? realBreaker : new CircuitBreaker(job.timeoutMs),
				claim: ledger.claimOf(index),
				getCurrency,
			};
		},
	};
}

/** Shows the state of a task, or a message, to a user who watches a manual run in the editor. */
export function tellEditor({ context }: ItemScope, index: number, news: Task | string): void {
	const isText = typeof news === 'string';
	const text = isText ? news : `${news.task_id} ${news.status} ${news.progress} %`;
	context.sendMessageToUI(`item ${index}: ${text}`);
}

import type { IExecuteFunctions } from 'n8n-workflow';
import { OctopusXClient } from '../../api/client';
import { Limiter } from '../../timing/limiter';
import { TestClient } from '../../testMode/testClient';
import { CommonFault } from './commonFault';
import type { Item, Planned } from './item';
import { Ledger } from './ledger';

/** For a run of which no item was planned. */
const NOTHING_TO_DO = { maxConcurrency: 1 };

/** What all items of one execution of the node share. */
export interface Scope {
	context: IExecuteFunctions;
	client: OctopusXClient;
	ledger: Ledger;
	/** Places for videos: from the submission until the task has ended. */
	videos: Limiter;
	/** Places for downloads, apart: a slow file keeps no video from being made. */
	downloads: Limiter;
	/** What keeps every item from being begun, if anything. */
	commonFault: CommonFault;
	/** Aborted when the execution is stopped. */
	signal?: AbortSignal;
}

/**
 * @param items what there is to do; Max Concurrency, which holds for the whole run, is taken from the first
 * @throws OctopusXError when the credential cannot be used; n8n's own error when it cannot be read
 */
export async function openScope(
	context: IExecuteFunctions,
	ledger: Ledger,
	items: Array<Pick<Planned, 'index' | 'job'>>,
): Promise<Scope> {
	const [first] = items;
	const { maxConcurrency } = first?.job ?? NOTHING_TO_DO;
	const isOffline = first && items.every(({ job }) => job.testMode);
	return {
		context,
		// Test Mode needs no credential
		client: isOffline ? testClientFor(first) : await OctopusXClient.connect(context),
		ledger,
		videos: new Limiter(maxConcurrency),
		downloads: new Limiter(maxConcurrency),
		// an item that may take longer is not given up for the others
		commonFault: new CommonFault(Math.max(0, ...items.map(({ job }) => job.timeoutMs))),
		signal: context.getExecutionCancelSignal(),
	};
}

/**
 * The scope as an item sees it. In Test Mode it has a client of its own, which sends nothing, a ledger
 * that nobody keeps, and no part in what other items meet.
 */
export function scopeFor(scope: Scope, item: Item): Scope {
	if (!('job' in item) || !item.job.testMode) return scope;
	return {
		...scope,
		client: testClientFor(item),
		ledger: Ledger.unkept(),
		commonFault: new CommonFault(item.job.timeoutMs),
	};
}

function testClientFor({ index, job }: Pick<Planned, 'index' | 'job'>): TestClient {
	return new TestClient(index, job);
}

/** For whoever watches a manual run in the editor; other runs have nobody to tell. */
export function tellEditor({ context }: Scope, index: number, text: string): void {
	context.sendMessageToUI(`item ${index}: ${text}`);
}

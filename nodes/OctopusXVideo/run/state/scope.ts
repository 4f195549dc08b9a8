import type { IExecuteFunctions } from 'n8n-workflow';
import { OctopusXClient } from '../../api/client';
import type { Job } from '../../job';
import { Limiter } from '../../timing/limiter';
import { CommonFault } from './commonFault';
import type { Ledger } from './ledger';

/** For a run of which no item was planned. */
const NOTHING_TO_DO = { maxConcurrency: 1, timeoutMs: 0 };

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
 * @param job what holds for the whole run is taken from it
 * @throws OctopusXError when the credential cannot be used; n8n's own error when it cannot be read
 */
export async function openScope(
	context: IExecuteFunctions,
	ledger: Ledger,
	job: Pick<Job, 'maxConcurrency' | 'timeoutMs'> = NOTHING_TO_DO,
): Promise<Scope> {
	return {
		context,
		client: await OctopusXClient.connect(context),
		ledger,
		videos: new Limiter(job.maxConcurrency),
		downloads: new Limiter(job.maxConcurrency),
		commonFault: new CommonFault(job.timeoutMs),
		signal: context.getExecutionCancelSignal(),
	};
}

/** For whoever watches a manual run in the editor; other runs have nobody to tell. */
export function tellEditor({ context }: Scope, index: number, text: string): void {
	context.sendMessageToUI(`item ${index}: ${text}`);
}

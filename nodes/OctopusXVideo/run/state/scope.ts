import type { IExecuteFunctions } from 'n8n-workflow';
import { OctopusXClient } from '../../api/client';
import { Limiter } from '../../timing/limiter';
import type { Ledger } from './ledger';

/** What all items of one execution of the node share. */
export interface Scope {
	context: IExecuteFunctions;
	client: OctopusXClient;
	ledger: Ledger;
	/** Places for videos: from the submission until the task has ended. */
	videos: Limiter;
	/** Places for downloads, apart: a slow file keeps no video from being made. */
	downloads: Limiter;
	/** Aborted when the execution is stopped. */
	signal?: AbortSignal;
}

/**
 * @param maxConcurrency how many items may be worked on at a time
 * @throws OctopusXError when the credential cannot be used; n8n's own error when it cannot be read
 */
export async function openScope(
	context: IExecuteFunctions,
	ledger: Ledger,
	maxConcurrency: number,
): Promise<Scope> {
	return {
		context,
		client: await OctopusXClient.connect(context),
		ledger,
		videos: new Limiter(maxConcurrency),
		downloads: new Limiter(maxConcurrency),
		signal: context.getExecutionCancelSignal(),
	};
}

/** For whoever watches a manual run in the editor; other runs have nobody to tell. */
export function tellEditor({ context }: Scope, index: number, text: string): void {
	context.sendMessageToUI(`item ${index}: ${text}`);
}

import type { IExecuteFunctions } from 'n8n-workflow';
import type { OctopusXClient } from '../api/client';
import type { Ledger } from './ledger';
import type { Limiter } from './limiter';
import type { Poller } from './poller';

/** What all items of one execution of the node share. */
export interface Scope {
	context: IExecuteFunctions;
	client: OctopusXClient;
	ledger: Ledger;
	poller: Poller;
	/** How many items may be worked on at a time. */
	maxConcurrency: number;
	/** Places for videos: from the submission until the task has ended. */
	videos: Limiter;
	/** Places for downloads, apart: a slow file keeps no video from being made. */
	downloads: Limiter;
	/** Aborted when the execution is stopped. */
	signal?: AbortSignal;
}

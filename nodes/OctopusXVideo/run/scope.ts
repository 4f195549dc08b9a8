import type { IExecuteFunctions } from 'n8n-workflow';
import type { OctopusXClient } from '../api/client';
import type { Ledger } from './ledger';

/** What all items of one execution of the node share. */
export interface Scope {
	context: IExecuteFunctions;
	client: OctopusXClient;
	ledger: Ledger;
	/** Aborted when the execution is stopped. */
	signal?: AbortSignal;
}

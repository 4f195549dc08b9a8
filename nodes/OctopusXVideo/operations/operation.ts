import type { INodeProperties, INodePropertyOptions } from 'n8n-workflow';
import type { ItemParameters } from '../fields/itemParameters';
import type { Job } from '../job';

/** One entry of the node's Operation list, with all that belongs to it. */
export interface Operation {
	option: INodePropertyOptions;
	/** The model that it uses unless told; absent where it uses none. */
	usualModel?: string;
	/** Its fields; the index shows them for this operation only. */
	fields: INodeProperties[];
	/** Reads and checks the parameters of one item. Sends nothing. */
	plan: (item: ItemParameters) => Promise<Job>;
}

import type { INodeProperties, INodePropertyOptions } from 'n8n-workflow';
import { MAX_CONCURRENCY, optionsField } from '../fields/options';
import { numberField, showWhen, type ItemParameters } from '../fields/parameters';
import {
	checkSafetyLimit,
	readAdditionalFields,
	readSendBinaryAs,
	requestOptions,
} from '../fields/request';
import {
	downloadField,
	readJobSettings,
	resultOptions,
	simplifyFields,
	timeoutOption,
	waitField,
	waitStrategyField,
} from '../fields/result';
import type { Job, PaidRequest } from '../job';

/** One entry of an Operation list, with its fields and the code that reads them. */
export interface Operation {
	option: INodePropertyOptions;
	/** Absent if the operation does not use a model. */
	defaultModel?: string;
	/** `operations/index.ts` shows them for this operation only. */
	fields: INodeProperties[];
	/** Reads and checks the parameters of one item. Sends nothing. Throws if a parameter is invalid. */
	plan: (item: ItemParameters) => Promise<Job>;
}

/** Returns the last fields of every operation that costs money: waiting, download, output and options. */
export function paidOperationFields(...ownOptions: INodeProperties[]): INodeProperties[] {
	return [
		waitField,
		waitStrategyField,
		...showWhen({ waitForCompletion: [true] }, [downloadField]),
		...simplifyFields,
		optionsField([
			...ownOptions,
			...requestOptions,
			numberField(MAX_CONCURRENCY),
			timeoutOption,
			...showWhen({ '/waitForCompletion': [true] }, resultOptions),
		]),
	];
}

/** Plans an item that costs money. Checks the safety limit first, so that no file is read for nothing. */
export async function planVideo(
	item: ItemParameters,
	readRequest: () => Promise<Pick<PaidRequest, 'fields' | 'media'>>,
): Promise<Job> {
	checkSafetyLimit(item);
	const request: PaidRequest = {
		path: '/v1/videos',
		...(await readRequest()),
		sendBinaryAs: readSendBinaryAs(item),
		additionalFields: readAdditionalFields(item),
	};
	const { fields, additionalFields: extra } = request;
	// fields from which a model also takes the shape
	const isKnown = !('size' in extra || 'metadata' in extra);
	const names = (['seconds', 'aspect_ratio', 'resolution'] as const).filter(
		(name) => isKnown && !(name in extra),
	);
	const asked = Object.fromEntries(names.map((name) => [name, fields[name]]));
	return { source: { request }, prompt: fields.prompt, asked, ...readJobSettings(item) };
}

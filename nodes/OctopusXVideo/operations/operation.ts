import type { INodeProperties, INodePropertyOptions } from 'n8n-workflow';
import { MAX_CONCURRENCY, optionsField } from '../fields/options';
import { numberField, showWhen, type ItemParameters } from '../fields/parameters';
import {
	checkSafetyLimit,
	readAdditionalFields,
	readClip,
	readModel,
	readSendBinaryAs,
	requestOptions,
	soundOption,
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
import type { Job, MediaInput, PaidRequest } from '../job';
import { familyOf, isModelOf, UNKNOWN, type Source } from '../models';

/** One entry of an Operation list, with its fields and the code that reads them. */
export interface Operation {
	option: INodePropertyOptions;
	/** `operations/index.ts` shows them for this operation only. */
	fields: INodeProperties[];
	/** Reads and checks the parameters of one item. Sends nothing. Throws if a parameter is invalid. */
	plan: (item: ItemParameters) => Promise<Job>;
}

/** Reads and checks the fields of one source. */
type SourceReader = (item: ItemParameters) => Promise<MediaInput | MediaInput[]>;

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
			{
				...soundOption,
				displayOptions: { show: { '/model': isModelOf(({ hasSound }) => !!hasSound) } },
			},
			numberField(MAX_CONCURRENCY),
			timeoutOption,
			...showWhen({ '/waitForCompletion': [true] }, resultOptions),
		]),
	];
}

/** What each source is called in refusals. */
const NOUNS = {
	firstFrame: 'first frame',
	lastFrame: 'last frame',
	images: 'reference images',
	video: 'video',
};

/** Plans an item that costs money. Checks the safety limit first, so that no file is read for nothing. */
export async function planVideo(
	item: ItemParameters,
	defaultModel: string,
	readers: Partial<Record<Source, SourceReader>>,
): Promise<Job> {
	checkSafetyLimit(item);
	const model = readModel(item, defaultModel);
	const family = familyOf(model);
	const refuse = (problem: string, advice = `It takes ${family.label}.`) =>
		item.invalid(`${model.slice(0, 100)} ${problem}`, `${advice} Change that, or the Model.`);
	if (family.refusal) throw refuse('cannot be used with this node', `${family.refusal}.`);
	const { prompt, ...clip } = readClip(item, family.seconds);
	if (clip.sound !== undefined && !family.hasSound) throw refuse('has no setting for sound');

	const sendBinaryAs = readSendBinaryAs(item);
	const media: PaidRequest['media'] = {};
	for (const [source, read] of Object.entries(readers) as Array<[Source, SourceReader]>) {
		const name = family.sources[source];
		const refusal = () => refuse(`takes no ${NOUNS[source]}`);
		// Reference Images are optional in Edit, and the other fields would be read for nothing
		if (!name && source !== 'images') throw refusal();
		const input = await read(item);
		if (Array.isArray(input) && input.length === 0) continue;
		if (!name) throw refusal();
		const isDataUri = [input]
			.flat()
			.some((one) => ('url' in one ? /^data:/i.test(one.url) : sendBinaryAs !== 'upload'));
		if (isDataUri && family.addressesOnly?.includes(source)) {
			const advice = "Use a public URL, or the option 'Send Files As' with Uploaded First.";
			throw refuse(`takes the ${NOUNS[source]} as an address only`, advice);
		}
		media[name] = input;
	}
	const request: PaidRequest = {
		path: '/v1/videos',
		fields: { model, prompt, ...family.fieldsFor(clip) },
		media,
		sendBinaryAs,
		additionalFields: readAdditionalFields(item),
	};
	const notice = `The node does not know the model ${model} and asks it like omni-fast. It may ignore an image or a setting, and be charged all the same.`;
	return {
		source: { request },
		...readJobSettings(item),
		...(family === UNKNOWN && { notice }),
	};
}

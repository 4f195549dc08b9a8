import type { INodeProperties, INodePropertyOptions } from 'n8n-workflow';
import { readSource } from '../fields/media';
import { chooseSendBinaryAs } from '../fields/mediaChecks';
import { MAX_CONCURRENCY, optionsField } from '../fields/options';
import { numberField, showWhen, type ItemParameters } from '../fields/parameters';
import {
	checkSafetyLimit,
	readAdditionalFields,
	readClip,
	readModel,
	requestOptions,
	soundOption,
} from '../fields/request';
import { paidResultFields, readJobSettings, resultOptions, timeoutOption } from '../fields/result';
import { SOURCES, type Job, type MediaInput, type PaidRequest, type Source } from '../job';
import { familyOf, isModelOf, UNKNOWN } from '../models';

/** One entry of an Operation list, with its fields and the code that reads them. */
export interface Operation {
	option: INodePropertyOptions;
	/** `operations/index.ts` shows them for this operation only. */
	fields: INodeProperties[];
	/** Reads and checks the parameters of one item. Sends nothing. Throws if a parameter is invalid. */
	plan: (item: ItemParameters) => Promise<Job>;
}

/** The last fields of every operation that costs money. */
export function paidOperationFields(...ownOptions: INodeProperties[]): INodeProperties[] {
	return [
		...paidResultFields,
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

/** Plans an item that costs money. Checks the safety limit first, so that no file is read for nothing. */
export async function planVideo(
	item: ItemParameters,
	defaultModel: string,
	sources: Source[],
): Promise<Job> {
	checkSafetyLimit(item);
	const model = readModel(item, defaultModel);
	const family = familyOf(model);
	const name = model.slice(0, 100);
	const refusalOf = (message: string, advice = `It takes ${family.label}.`) =>
		item.invalid(message, `${advice} Change that, or the Model.`);
	if (family.refusal) throw refusalOf(`${name} cannot be used with this node`, family.refusal);
	const { prompt, ...clip } = readClip(item, family.seconds);
	if (clip.sound !== undefined && !family.hasSound)
		throw refusalOf(`${name} has no setting for sound`);

	const media: PaidRequest['media'] = {};
	for (const source of sources) {
		const field = family.sources[source];
		// Reference Images are optional in Edit; another field would be read for nothing
		const isRead = field || source === 'referenceImages';
		const input = isRead ? await readSource(item, source) : undefined;
		if (Array.isArray(input) && input.length === 0) continue;
		if (!field || !input) throw refusalOf(`${name} takes no ${SOURCES[source].toLowerCase()}`);
		media[field] = input;
	}
	if (sources.length > 0 && Object.keys(media).length === 0) {
		throw item.invalid(
			"'Reference Images' is empty",
			"Add at least one image, or set 'Mode' to Text to Video.",
		);
	}
	const { addressesOnly = [] } = family;
	const byAddress = addressesOnly.filter((source) => media[family.sources[source] ?? '']);
	const sendBinaryAs = chooseSendBinaryAs(item, media, byAddress.length > 0);
	const isAddress = (input: MediaInput) =>
		'url' in input ? !/^data:/i.test(input.url) : sendBinaryAs === 'upload';
	for (const source of byAddress) {
		if ([media[family.sources[source] ?? ''] ?? []].flat().every(isAddress)) continue;
		throw refusalOf(
			`${name} takes the ${SOURCES[source].toLowerCase()} as an address only`,
			"Use a public URL, or the option 'Send Files As' with Uploaded First.",
		);
	}
	const fields = { model, prompt, ...family.fieldsFor(clip) };
	const extra = readAdditionalFields(item);
	// fields from which a model also takes the shape
	const isKnown = !('size' in extra || 'metadata' in extra);
	const { seconds, aspectRatio: aspect_ratio, resolution } = clip;
	const shape = Object.entries({ seconds, aspect_ratio, resolution });
	const asked = Object.fromEntries(shape.filter(([name]) => isKnown && !(name in extra)));
	const notice = `The node does not know the model ${model} and sends it the same request as omni-fast. It may ignore an image or a setting, and the video is still charged.`;
	const request = { path: '/v1/videos', fields, media, sendBinaryAs, additionalFields: extra };
	const settings = readJobSettings(item);
	return { source: { request }, prompt, asked, ...settings, ...(family === UNKNOWN && { notice }) };
}

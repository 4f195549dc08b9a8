import type { INodeProperties } from 'n8n-workflow';
import { clipFields, readClip } from '../fields/clip';
import type { ItemParameters } from '../fields/itemParameters';
import { optionsField } from '../fields/options';
import {
	downloadField,
	outputOptions,
	readOutput,
	timeoutOption,
	waitField,
	waitStrategyField,
} from '../fields/output';
import {
	guardMaxVideos,
	readAdditionalFields,
	readModel,
	readSendBinaryAs,
	requestOptions,
} from '../fields/request';
import { showWhen } from '../fields/showWhen';
import { simplifyFields } from '../fields/simplify';
import type { Job, VideoRequest } from '../job';

/**
 * The fields that all operations share which create a task, to follow their own.
 *
 * @param ownOptions options that apply to this operation only
 */
export function videoFields(...ownOptions: INodeProperties[]): INodeProperties[] {
	return [
		...clipFields,
		waitField,
		waitStrategyField,
		...showWhen({ waitForCompletion: [true] }, [downloadField]),
		...simplifyFields,
		optionsField([
			...ownOptions,
			...requestOptions,
			timeoutOption,
			...showWhen({ '/waitForCompletion': [true] }, outputOptions),
		]),
	];
}

/**
 * The job of an item that creates a task: the operation's own media, and what it shares.
 *
 * @param usualModel the model, unless the user names another
 */
export async function planVideo(
	item: ItemParameters,
	usualModel: string,
	readMedia: () => Promise<VideoRequest['media']>,
): Promise<Job> {
	guardMaxVideos(item);
	return {
		source: {
			request: {
				fields: { model: readModel(item, usualModel), ...readClip(item) },
				media: await readMedia(),
				sendBinaryAs: readSendBinaryAs(item),
				additionalFields: readAdditionalFields(item),
			},
		},
		...readOutput(item),
	};
}

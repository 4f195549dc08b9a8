import type { INodeProperties } from 'n8n-workflow';
import type { ItemParameters } from './itemParameters';
import { numberField, type NumberRule } from './numberField';

/** 4 to 30 is what the API recommends (docs/API.md, "Create a task"). */
const SECONDS: NumberRule = {
	displayName: 'Seconds',
	name: 'seconds',
	min: 4,
	max: 30,
	isWhole: true,
	default: 8,
	describe: (limits) => `Length of the video in whole seconds, ${limits}`,
};

export const promptField: INodeProperties = {
	displayName: 'Prompt',
	name: 'prompt',
	type: 'string',
	typeOptions: { rows: 4 },
	required: true,
	default: '',
	placeholder: 'e.g. A paper boat drifts down a rainy street, slow tracking shot',
	description: 'What the video should show: subject, motion, camera, style',
};

/** Length and shape of the video to make. */
export const clipFields: INodeProperties[] = [
	numberField(SECONDS),
	{
		displayName: 'Aspect Ratio',
		name: 'aspectRatio',
		type: 'options',
		options: [
			{ name: '16:9 (Landscape)', value: '16:9' },
			{ name: '9:16 (Portrait)', value: '9:16' },
		],
		default: '16:9',
		description:
			'Shape of the video. An expression may give another ratio, if the model offers one.',
	},
	{
		displayName: 'Resolution',
		name: 'resolution',
		type: 'options',
		options: [
			{ name: '1080p', value: '1080p' },
			{ name: '2K', value: '2k' },
			{ name: '4K', value: '4k' },
			{ name: '720p', value: '720p' },
		],
		default: '720p',
		description:
			'Size of the picture; larger ones cost more and take longer. An expression may give another value, if the model offers one.',
	},
];

/** The clip's part of the request body: all are strings (docs/API.md, "Create a task"). */
export function readClip(item: ItemParameters) {
	return {
		prompt: item.text('Prompt', item.get('prompt')),
		seconds: String(item.number(SECONDS, item.get('seconds'))),
		aspect_ratio: item.text('Aspect Ratio', item.get('aspectRatio')),
		resolution: item.text('Resolution', item.get('resolution')),
	};
}

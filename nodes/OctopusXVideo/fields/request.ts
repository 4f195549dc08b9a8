import { jsonParse, type IDataObject, type INodeProperties } from 'n8n-workflow';
import { cleanValue } from '../api/credential';
import { isPlainObject } from '../api/envelope';
import { isShallow } from '../api/task';
import type { PaidRequest } from '../job';
import { ItemParameters, numberField, type NumberRule } from './parameters';

/** The API recommends 4 to 30 seconds (docs/API.md, "Create a task"). */
const SECONDS: NumberRule = {
	displayName: 'Duration (Seconds)',
	name: 'seconds',
	min: 4,
	max: 30,
	isWhole: true,
	default: 8,
	describe: (limits) =>
		`Length of the video in whole seconds, ${limits} for the omni models. Other models have their own limits.`,
};

export const promptField: INodeProperties = {
	displayName: 'Prompt',
	name: 'prompt',
	type: 'string',
	typeOptions: { rows: 4 },
	required: true,
	default: '',
	placeholder: 'e.g. A paper boat drifts down a rainy street, slow tracking shot',
	description: 'What the video should show: subject, motion, camera and style',
};

export function readPrompt(item: ItemParameters): string {
	return item.text(promptField.displayName, item.get(promptField.name));
}

export const clipFields: INodeProperties[] = [
	{ ...numberField(SECONDS), hint: 'From 4 to 30 for the omni models' },
	{
		displayName: 'Aspect Ratio',
		name: 'aspectRatio',
		type: 'options',
		options: [
			{ name: '16:9 (Landscape)', value: '16:9' },
			{ name: '9:16 (Portrait)', value: '9:16' },
		],
		default: '16:9',
		allowArbitraryValues: true,
		description:
			'Shape of the video. For another ratio that the model supports, switch the field to Expression and type it, for example 1:1.',
	},
	{
		displayName: 'Resolution',
		name: 'resolution',
		type: 'options',
		options: [
			{ name: '720p', value: '720p' },
			{ name: '1080p', value: '1080p' },
			{ name: '2K', value: '2k' },
			{ name: '4K', value: '4k' },
		],
		default: '720p',
		allowArbitraryValues: true,
		description:
			'Size of the picture. Larger videos cost more and take longer. For another value that the model supports, switch the field to Expression and type it.',
	},
];

/** Reads Model, which is a string if an expression replaces the whole field. */
export function readModel(item: ItemParameters, defaultModel: string): string {
	const model = item.get('model', '');
	const id = isPlainObject(model) ? model.value : model;
	return id === '' ? defaultModel : cleanValue(item.text('Model', id));
}

/** Reads Prompt, `clipFields` and Sound. All but the last are strings (docs/API.md, "Create a task"). */
export function readClip(item: ItemParameters, limits: Pick<NumberRule, 'min' | 'max'>) {
	const { sound } = item.options;
	return {
		prompt: readPrompt(item),
		seconds: String(item.number({ ...SECONDS, ...limits }, item.get('seconds'))),
		aspectRatio: item.text('Aspect Ratio', item.get('aspectRatio')),
		resolution: item.text('Resolution', item.get('resolution')),
		...(sound !== undefined && { sound: item.flag(soundOption.displayName, sound) }),
	};
}

export function modelField(defaultModel: string): INodeProperties {
	return {
		displayName: 'Model',
		name: 'model',
		type: 'resourceLocator',
		// without `__rl`, n8n would keep the default of the other operation when the user changes it
		default: { __rl: true, mode: 'list', value: defaultModel },
		description:
			'The AI model that makes the video. Models differ in price, and in what they take.',
		modes: [
			{
				displayName: 'From List',
				name: 'list',
				type: 'list',
				placeholder: 'Select a model...',
				typeOptions: { searchListMethod: 'searchModels', searchable: true },
			},
			{ displayName: 'By ID', name: 'id', type: 'string', placeholder: `e.g. ${defaultModel}` },
		],
	};
}

export const soundOption: INodeProperties = {
	displayName: 'Sound',
	name: 'sound',
	type: 'boolean',
	default: true,
	description: 'Whether the video has sound. Without this option, the model decides.',
};

const MAX_VIDEOS: NumberRule = {
	displayName: 'Safety Limit (Items)',
	name: 'maxVideos',
	min: 1,
	isWhole: true,
	default: 100,
	describe: () =>
		'If more items than this arrive, the node stops before anything is charged. Without this option, there is no limit.',
};

export const requestOptions: INodeProperties[] = [
	{
		displayName: 'Extra API Fields (JSON)',
		name: 'additionalFields',
		type: 'json',
		default: '{}',
		placeholder: 'e.g. {"seed": 42}',
		description:
			'More fields for the API request, as a JSON object. They replace the same fields of the node, except model and prompt. To leave a field out of the request, set it to null.',
	},
	numberField(MAX_VIDEOS),
];

/** The first item's limit applies to all items: all are refused, even if the node continues on errors. */
export function checkSafetyLimit(item: ItemParameters): void {
	// reads only this option, because an expression in another option of the first item may fail
	const maxVideos = new ItemParameters(item.context, 0).get(`options.${MAX_VIDEOS.name}`, Infinity);
	if (maxVideos === Infinity) return;
	const limit = item.number(MAX_VIDEOS, maxVideos);
	const count = item.context.getInputData().length;
	if (count <= limit) return;
	throw item.invalid(
		`${count} items arrived, but '${MAX_VIDEOS.displayName}' allows ${limit}`,
		'Find out why so many items arrived, or raise the limit.',
	);
}

export const sendBinaryAsOption: INodeProperties = {
	displayName: 'Send Files As',
	name: 'sendBinaryAs',
	type: 'options',
	options: [
		{
			name: 'Automatic',
			value: 'auto',
			description:
				'As part of the request, or uploaded first if the files of an item have more than 15 MB together',
		},
		{
			name: 'Part of the Request',
			value: 'dataUri',
			description: 'As a data URI. Nothing is stored. A video can have up to 15 MB.',
		},
		{
			name: 'Uploaded First',
			value: 'upload',
			description:
				'Uploads the file to OctopusX, where it gets a public URL. OctopusX documents 15 MB as the limit for a video. Whether it accepts a larger one by URL is unknown.',
		},
	],
	default: 'auto',
	description: 'How the node sends files from input data fields',
};

export function readSendBinaryAs(item: ItemParameters): 'auto' | PaidRequest['sendBinaryAs'] {
	const { sendBinaryAs = sendBinaryAsOption.default } = item.options;
	const choices = { auto: 'auto', dataUri: 'dataUri', upload: 'upload' } as const;
	return item.choice(sendBinaryAsOption.displayName, sendBinaryAs, choices);
}

export function readAdditionalFields(item: ItemParameters): IDataObject {
	const label = 'Extra API Fields (JSON)';
	let { additionalFields: fields = {} } = item.options;
	if (typeof fields === 'string') {
		item.refuseLeftovers(label, fields);
		// a cleared field contains an empty string
		fields = fields.trim() === '' ? {} : jsonParse<unknown>(fields, { fallbackValue: null });
	}
	if (!isPlainObject(fields)) {
		throw item.invalid(
			"'Extra API Fields (JSON)' is not a JSON object",
			'Write field names and values in curly brackets, for example {"seed": 42}.',
		);
	}
	if (!isShallow(fields)) {
		throw item.invalid(`'${label}' is nested too deeply`, 'It can have up to 20 levels.');
	}
	// visits every name and value, at any depth
	JSON.stringify(fields, (name, value: unknown) => {
		for (const text of [name, value]) {
			if (typeof text === 'string') item.refuseLeftovers(label, text);
		}
		if (typeof value === 'string') item.refuseKeyAddress(label, value.trim());
		return value;
	});
	const names = Object.keys(fields).map((name) => name.trim().toLowerCase());
	// another model could cost more than the user expects
	const reserved = ['model', 'prompt'].find((name) => names.includes(name));
	if (reserved) {
		throw item.invalid(
			`'Extra API Fields (JSON)' may not replace ${reserved}`,
			`Use the field '${reserved === 'model' ? 'Model' : 'Prompt'}' instead.`,
		);
	}
	return fields as IDataObject;
}

import { jsonParse, type IDataObject, type INodeProperties } from 'n8n-workflow';
import { isPlainObject } from '../api/task';
import { ItemParameters } from './itemParameters';
import { numberField, type NumberRule } from './numberField';
import { readOptions } from './options';

const MAX_VIDEOS: NumberRule = {
	displayName: 'Safety Limit (Items)',
	name: 'maxVideos',
	min: 1,
	isWhole: true,
	default: 100,
	describe: () =>
		'When more items than this arrive, the node stops before anything is charged. No limit unless added.',
};

/** Options about the body of a paid request. */
export const requestOptions: INodeProperties[] = [
	{
		displayName: 'Extra API Fields (JSON)',
		name: 'additionalFields',
		type: 'json',
		default: '{}',
		placeholder: 'e.g. {"seed": 42}',
		description:
			'JSON object merged into the request body last, for fields of the API that the node does not offer. A field set to null is left out of the request. May not replace model or prompt.',
	},
	numberField(MAX_VIDEOS),
	{
		displayName: 'Model',
		name: 'model',
		type: 'resourceLocator',
		default: { mode: 'list', value: '' },
		description: 'The model to use instead of the usual one of this operation',
		modes: [
			{
				displayName: 'From List',
				name: 'list',
				type: 'list',
				placeholder: 'Select a model...',
				typeOptions: { searchListMethod: 'searchModels', searchable: true },
			},
			{ displayName: 'By ID', name: 'id', type: 'string', placeholder: 'e.g. omni-fast' },
		],
	},
];

/** One number for the run, the first item's: all items are refused alike, whatever "On Error" says. */
export function guardMaxVideos(item: ItemParameters): void {
	// alone: another option of the first item may hold an expression that fails
	const maxVideos = new ItemParameters(item.context, 0).get(`options.${MAX_VIDEOS.name}`, Infinity);
	if (maxVideos === Infinity) return;
	const limit = item.number(MAX_VIDEOS, maxVideos);
	const count = item.context.getInputData().length;
	if (count <= limit) return;
	throw item.invalid(
		`${count} items arrived, and '${MAX_VIDEOS.displayName}' allows ${limit}`,
		'Check why so many items arrived, or raise the option.',
	);
}

/** For operations and modes that can take a file. */
export const sendBinaryAsOption: INodeProperties = {
	displayName: 'Send Files As',
	name: 'sendBinaryAs',
	type: 'options',
	options: [
		{
			name: 'Part of the Request',
			value: 'dataUri',
			description: 'As a data URI: nothing is stored, a video may have at most 15 MB',
		},
		{
			name: 'Uploaded First',
			value: 'upload',
			description: 'To storage of OctopusX, then by a public address: needed above 15 MB',
		},
	],
	default: 'dataUri',
	description: 'How files from input data fields are sent',
};

export function readSendBinaryAs(item: ItemParameters): 'dataUri' | 'upload' {
	const { sendBinaryAs = sendBinaryAsOption.default } = readOptions(item);
	const choices = { dataUri: 'dataUri', upload: 'upload' } as const;
	return item.choice(sendBinaryAsOption.displayName, sendBinaryAs, choices);
}

/** Fields that are the node's to set: another model or prompt would be a surprise on the bill. */
const RESERVED = ['model', 'prompt'];

export function readModel(item: ItemParameters, usualModel: string): string {
	const { model = '' } = readOptions(item);
	// plain text in workflows that are older than the list, and from an expression in place of the whole field
	const id = isPlainObject(model) ? model.value : model;
	return id === '' ? usualModel : item.text('Model', id).trim();
}

export function readAdditionalFields(item: ItemParameters): IDataObject {
	const { additionalFields = {} } = readOptions(item);
	const fields = typeof additionalFields === 'string' ? parsed(additionalFields) : additionalFields;
	if (!isPlainObject(fields)) {
		throw item.invalid(
			"'Extra API Fields (JSON)' is not a JSON object",
			'It looks like {"seed": 42}: field names and values between curly brackets.',
		);
	}
	const taken = RESERVED.find((name) => Object.hasOwn(fields, name));
	if (taken) {
		throw item.invalid(
			`'Extra API Fields (JSON)' may not replace ${taken}`,
			`Use the ${taken === 'model' ? "option 'Model'" : "field 'Prompt'"} instead.`,
		);
	}
	return fields as IDataObject;
}

/** A field that was cleared holds an empty text. */
function parsed(text: string): unknown {
	return text.trim() === '' ? {} : jsonParse<unknown>(text, { fallbackValue: null });
}

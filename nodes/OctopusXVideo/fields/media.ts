import type { INodeProperties } from 'n8n-workflow';
import type { MediaInput } from '../job';
import type { ItemParameters } from './itemParameters';
import { checkFile, checkUrl, IMAGE, MIB, type MediaKind } from './mediaChecks';

/** `images` takes up to 5 (docs/API.md, "Create a task"). */
const MAX_IMAGES = 5;

/** The three fields that ask for one image or video: `<name>Source`, `<name>Url`, `<name>BinaryField`. */
export function mediaFields(name: string, label: string, kind: MediaKind): INodeProperties[] {
	return [
		{
			displayName: `${label} Source`,
			name: `${name}Source`,
			...sourceChoice(kind),
		},
		{
			displayName: `${label} URL`,
			name: `${name}Url`,
			...urlInput(kind),
			displayOptions: { show: { [`${name}Source`]: ['url'] } },
		},
		{
			displayName: `${label} Input Data Field Name`,
			name: `${name}BinaryField`,
			...binaryInput(kind),
			displayOptions: { show: { [`${name}Source`]: ['binary'] } },
		},
	];
}

/** A sortable list of images; prompts call them "the first image" and so on. */
export const referenceImagesField: INodeProperties = {
	displayName: 'Reference Images',
	name: 'referenceImages',
	type: 'fixedCollection',
	typeOptions: { multipleValues: true, sortable: true },
	default: {},
	placeholder: 'Add Image',
	description:
		'Up to 5 images of people, things or styles for the video, in the order in which the prompt speaks of them',
	options: [
		{
			displayName: 'Image',
			name: 'image',
			values: [
				{ displayName: 'Source', name: 'source', ...sourceChoice(IMAGE) },
				{
					displayName: 'URL',
					name: 'url',
					...urlInput(IMAGE),
					description:
						'Public http(s) address of the image, or a data URI. An expression may give a list of addresses.',
					displayOptions: { show: { source: ['url'] } },
				},
				{
					displayName: 'Input Data Field Name',
					name: 'binaryField',
					...binaryInput(IMAGE),
					displayOptions: { show: { source: ['binary'] } },
				},
			],
		},
	],
};

/** Reads what `mediaFields` asked for and checks it without loading a file. */
export async function readMedia(
	item: ItemParameters,
	name: string,
	label: string,
	kind: MediaKind,
): Promise<MediaInput> {
	if (item.get(`${name}Source`) === 'binary') {
		return await checkFile(item, item.get(`${name}BinaryField`), kind);
	}
	return checkUrl(item, `${label} URL`, item.get(`${name}Url`), kind);
}

/** Reads the rows of Reference Images; a URL that yields a list counts as that many images. */
export async function readReferenceImages(item: ItemParameters): Promise<MediaInput[]> {
	const rows = item.get('referenceImages.image', []) as Array<
		Record<'source' | 'url' | 'binaryField', unknown>
	>;
	const images: MediaInput[] = [];
	for (const row of rows) {
		if (row.source === 'binary') {
			images.push(await checkFile(item, row.binaryField, IMAGE));
			continue;
		}
		const urls = Array.isArray(row.url) ? row.url : [row.url];
		images.push(...urls.map((url) => checkUrl(item, 'Reference Images: URL', url, IMAGE)));
	}
	if (images.length > MAX_IMAGES) {
		throw item.invalid(
			`'Reference Images' takes at most ${MAX_IMAGES} images, and there are ${images.length}`,
			'Remove some: none is left out silently, because prompts refer to images by their order.',
		);
	}
	return images;
}

function sourceChoice({ noun }: MediaKind) {
	return {
		type: 'options',
		options: [
			{ name: 'Input Data Field', value: 'binary', description: 'A file on the input item' },
			{ name: 'URL', value: 'url', description: 'A public address or a data URI' },
		],
		default: 'url',
		description: `Where the ${noun} comes from`,
	} satisfies Partial<INodeProperties>;
}

function urlInput({ noun, mimeTypeLabel, example }: MediaKind) {
	return {
		type: 'string',
		required: true,
		default: '',
		placeholder: example,
		description: `Public http(s) address of the ${noun}, or a data URI (${mimeTypeLabel}, base64)`,
	} satisfies Partial<INodeProperties>;
}

function binaryInput({ noun, mimeTypeLabel, maxBytes }: MediaKind) {
	const limit = maxBytes ? `, at most ${maxBytes / MIB} MB` : '';
	return {
		type: 'string',
		required: true,
		default: 'data',
		placeholder: 'e.g. data',
		description: `Name of the input field that holds the ${noun} file (${mimeTypeLabel}${limit})`,
	} satisfies Partial<INodeProperties>;
}

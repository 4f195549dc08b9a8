import type { INodeProperties } from 'n8n-workflow';
import { SOURCES, type MediaInput, type Source } from '../job';
import { addressesOf, checkFile, checkUrl, IMAGE, MIB, VIDEO, type MediaKind } from './mediaChecks';
import type { ItemParameters } from './parameters';

/** Maximum number of entries in the API's `images` field (docs/API.md, "Create a task"). */
const MAX_IMAGES = 5;

/** Returns the three fields for one image or video: `<name>Source`, `<name>Url`, `<name>BinaryField`. */
export function mediaFields(
	name: Exclude<Source, 'referenceImages'>,
	defaultField = 'data',
): INodeProperties[] {
	const names = [`${name}Source`, `${name}Url`, `${name}BinaryField`] as const;
	const kind = name === 'video' ? VIDEO : IMAGE;
	return sourceFields(kind, names, `${SOURCES[name]} `, {
		file: { default: defaultField },
	});
}

/** The rows are sortable, because prompts refer to images by their order. */
export const referenceImagesField: INodeProperties = {
	displayName: 'Reference Images',
	name: 'referenceImages',
	type: 'fixedCollection',
	typeOptions: { multipleValues: true, sortable: true },
	default: {},
	placeholder: 'Add Image',
	description:
		'Up to 5 images of people, things or styles. Refer to them in the prompt by their order, such as "the person in the first image wears the coat of the second image".',
	options: [
		{
			displayName: 'Image',
			name: 'image',
			values: sourceFields(IMAGE, ['source', 'url', 'binaryField'], '', {
				url: {
					placeholder: 'e.g. https://example.com/1.png, https://example.com/2.png',
					description:
						'Public http(s) address of the image, or a data URI. You can enter several, separated by commas or line breaks.',
				},
			}),
		},
	],
};

/** Does not load files. */
export async function readSource(
	item: ItemParameters,
	source: Source,
): Promise<MediaInput | MediaInput[]> {
	if (source === 'referenceImages') return await readReferenceImages(item);
	const label = SOURCES[source];
	const kind = source === 'video' ? VIDEO : IMAGE;
	if (item.get(`${source}Source`) === 'binary') {
		return await checkFile(item, label, item.get(`${source}BinaryField`), kind);
	}
	return checkUrl(item, `${label} URL`, item.get(`${source}Url`), kind);
}

/** A URL field can contain a list, as in `addressesOf`. */
async function readReferenceImages(item: ItemParameters): Promise<MediaInput[]> {
	const rows = item.get('referenceImages.image', []) as Array<Record<string, unknown>>;
	const images: MediaInput[] = [];
	for (const { source, url: list, binaryField } of rows) {
		for (const value of source === 'binary' ? [binaryField] : addressesOf(list)) {
			const label = `Image ${images.length + 1} of ${referenceImagesField.displayName}`;
			const check = source === 'binary' ? checkFile : checkUrl;
			images.push(await check(item, label, value, IMAGE));
		}
	}
	if (images.length > MAX_IMAGES) {
		throw item.invalid(
			`'Reference Images' takes at most ${MAX_IMAGES} images, and there are ${images.length}`,
			'Remove some. The node drops none itself, because prompts refer to images by their order.',
		);
	}
	return images;
}

/** Returns the fields for one image or video. `own` has the properties in which they differ. */
function sourceFields(
	kind: MediaKind,
	[source, url, binaryField]: readonly [string, string, string],
	label: string,
	own: Partial<Record<'url' | 'file', Partial<INodeProperties>>>,
): INodeProperties[] {
	const { noun, mimeTypeLabel } = kind;
	return [
		{
			displayName: `${label}Source`,
			name: source,
			type: 'options',
			options: [
				{ name: 'URL', value: 'url', description: 'A public address or a data URI' },
				{ name: 'File From Input', value: 'binary', description: 'A file on the input item' },
			],
			default: 'url',
			description: `Where the ${noun} comes from`,
		},
		{
			displayName: `${label}URL`,
			name: url,
			type: 'string',
			required: true,
			default: '',
			placeholder: `e.g. https://example.com/${kind === VIDEO ? 'video.mp4' : 'image.png'}`,
			description: `Public http(s) address of the ${noun}, or a data URI (${mimeTypeLabel}, base64)`,
			displayOptions: { show: { [source]: ['url'] } },
			...own.url,
		},
		{
			displayName: `${label}Input Data Field Name`,
			name: binaryField,
			...binaryInput(kind),
			displayOptions: { show: { [source]: ['binary'] } },
			...own.file,
		},
	];
}

/** Returns the rest of a field for the name of an input data field. */
export function binaryInput({ noun, mimeTypeLabel, maxBytes }: MediaKind) {
	const limit = maxBytes ? `, at most ${maxBytes / MIB} MB` : '';
	return {
		type: 'string',
		required: true,
		default: 'data',
		placeholder: 'e.g. data',
		hint: "The heading above the file in the tab Binary of the node's input",
		description: `Name of the input field that holds the ${noun === 'file' ? '' : `${noun} `}file (${mimeTypeLabel}${limit})`,
		typeOptions: { binaryDataProperty: true },
	} satisfies Partial<INodeProperties>;
}

import { createHash } from 'crypto';
import { NodeOperationError, type IBinaryData, type INodeProperties } from 'n8n-workflow';
import type { MediaInput } from '../run/job';
import { binarySize } from '../run/media';
import type { ItemParameters } from './itemParameters';
import { readSendBinaryAs } from './request';

/** What the API takes as an image or as a video. */
export interface MediaKind {
	noun: string;
	mimeType: RegExp;
	mimeTypeLabel: string;
	example: string;
	/** Largest file in bytes, where the API sets a limit. */
	maxBytes?: number;
}

export const IMAGE: MediaKind = {
	noun: 'image',
	mimeType: /^image\/[\w.+-]+$/i,
	mimeTypeLabel: 'image/*',
	example: 'e.g. https://example.com/image.png',
};

const MIB = 1024 * 1024;

export const VIDEO: MediaKind = {
	noun: 'video',
	mimeType: /^video\/mp4$/i,
	mimeTypeLabel: 'video/mp4',
	example: 'e.g. https://example.com/video.mp4',
	// API.md: "at most 15 MB (15 × 1024 × 1024 bytes)"
	maxBytes: 15 * MIB,
};

/** API.md: `images` takes up to 5. */
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

function checkUrl(
	item: ItemParameters,
	label: string,
	value: unknown,
	kind: MediaKind,
): MediaInput {
	const url = item.text(label, value).trim();
	if (/^data:/i.test(url)) {
		checkDataUri(item, label, url, kind);
	} else if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) {
		throw item.invalid(
			`'${label}' is not an address that OctopusX can open`,
			`Use a public address that starts with http:// or https://, or a data URI (${kind.mimeTypeLabel}).`,
		);
	}
	return { url };
}

function checkDataUri(item: ItemParameters, label: string, uri: string, kind: MediaKind): void {
	const comma = uri.indexOf(',');
	const [mimeType = '', ...attributes] = uri.slice('data:'.length, comma).split(';');
	const isBase64 = attributes.at(-1)?.toLowerCase() === 'base64';
	const content = uri.slice(comma + 1);
	const isContent = Buffer.from(content.slice(0, 64), 'base64').length > 0;
	if (comma < 0 || !isContent || !isBase64 || !kind.mimeType.test(mimeType)) {
		throw item.invalid(
			`'${label}' holds a data URI that is not ${kind.mimeTypeLabel} in base64`,
			`It looks like data:${kind.mimeTypeLabel.replace('*', 'png')};base64,…`,
		);
	}
	checkSize(item, Buffer.byteLength(content, 'base64'), kind);
}

/** n8n's helper has words for a field that is not there, and none for one that holds no file. */
function findFile(item: ItemParameters, field: unknown): IBinaryData {
	const { helpers } = item.context;
	const noFile = () =>
		item.invalid(
			'The input data field holds no file',
			'Check the name of the field, and the node that the item comes from.',
		);
	try {
		const file = helpers.assertBinaryData(item.item, field as string | IBinaryData);
		if (typeof file?.mimeType === 'string' && (file.id || typeof file.data === 'string')) {
			return file;
		}
	} catch (error) {
		throw error instanceof NodeOperationError
			? new NodeOperationError(item.context.getNode(), error)
			: noFile();
	}
	throw noFile();
}

async function checkFile(
	item: ItemParameters,
	field: unknown,
	kind: MediaKind,
): Promise<MediaInput> {
	const file = findFile(item, field);
	const mimeType = String(file.mimeType).split(';')[0]?.trim() ?? '';
	if (!kind.mimeType.test(mimeType)) {
		throw item.invalid(
			`The file in the input data field is not ${kind.mimeTypeLabel}`,
			`OctopusX needs ${kind.mimeTypeLabel} here; the file is ${mimeType}.`,
		);
	}
	const bytes = await binarySize(item.context, file);
	const isUpload = readSendBinaryAs(item) === 'upload';
	checkSize(item, bytes, isUpload ? { ...kind, maxBytes: undefined } : kind);
	return {
		itemIndex: item.item,
		field: field as string | IBinaryData,
		mimeType,
		fileName: file.fileName ?? `${kind.noun}.${mimeType.split('/')[1]}`,
		bytes,
		identity: file.id ?? createHash('sha256').update(file.data).digest('hex'),
	};
}

function checkSize(item: ItemParameters, bytes: number, { noun, maxBytes }: MediaKind): void {
	if (bytes === 0) {
		throw item.invalid(`The ${noun} file is empty`, 'Check the node that it comes from.');
	}
	if (maxBytes === undefined || bytes <= maxBytes) return;
	throw item.invalid(
		`The ${noun} is larger than ${maxBytes / MIB} MB`,
		`It has ${bytes} bytes and OctopusX takes at most ${maxBytes}. Set the option 'Send Binary As' to Upload, compress the ${noun}, or pass its public URL.`,
	);
}

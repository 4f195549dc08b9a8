import { createHash } from 'crypto';
import type { IBinaryData, INodeExecutionData } from 'n8n-workflow';
import { isUnknownType, typeOfBytes } from '../files/fileType';
import { binarySize, startOf } from '../files/inputFile';
import type { MediaInput } from '../job';
import { addressesIn } from './addresses';
import type { ItemParameters } from './itemParameters';
import { readSendBinaryAs } from './request';

/** What the API takes as an image or as a video. */
export interface MediaKind {
	noun: string;
	/** The same, for a sentence that says what a file is not. */
	asOne: string;
	mimeType: RegExp;
	mimeTypeLabel: string;
	example: string;
	/** Largest file in bytes, where the API sets a limit. */
	maxBytes?: number;
}

export const IMAGE: MediaKind = {
	noun: 'image',
	asOne: 'an image',
	mimeType: /^image\/[\w.+-]+$/i,
	mimeTypeLabel: 'image/*',
	example: 'e.g. https://example.com/image.png',
};

export const MIB = 1024 * 1024;

export const VIDEO: MediaKind = {
	noun: 'video',
	asOne: 'an MP4 video',
	mimeType: /^video\/mp4$/i,
	mimeTypeLabel: 'video/mp4',
	example: 'e.g. https://example.com/video.mp4',
	// docs/API.md, "Create a task"
	maxBytes: 15 * MIB,
};

/**
 * An address that OctopusX can open, or a data URI of the right kind and size.
 *
 * @param label what the user knows it by, such as "First Frame URL"
 */
export function checkUrl(
	item: ItemParameters,
	label: string,
	value: unknown,
	kind: MediaKind,
): MediaInput {
	const url = item.text(label, value).trim();
	const { length } = addressesIn(url);
	if (length > 1) {
		throw item.invalid(`'${label}' takes one address, and holds ${length}`, 'Leave one of them.');
	}
	if (/^data:/i.test(url)) {
		checkDataUri(item, label, url, kind);
	} else if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) {
		throw item.invalid(
			`'${label}' is not an address that OctopusX can open`,
			`Use a public address that starts with http:// or https://, or a data URI (${kind.mimeTypeLabel}).`,
		);
	} else if (/\s/.test(url)) {
		throw item.invalid(
			`'${label}' holds more than an address`,
			'Remove what stands behind the address; a space within one is written %20.',
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
			`'${label}' begins with data: and holds no ${kind.noun}`,
			`Such an address is the file itself as text, and looks like data:${kind.mimeTypeLabel.replace('*', 'png')};base64,… Or use a public address.`,
		);
	}
	checkSize(item, label, Buffer.byteLength(content, 'base64'), kind);
}

/**
 * A file on the item of the right type and size, judged without loading it.
 *
 * @param label what the user knows it by, such as "First Frame"
 * @param field the name of the field that holds it, as the user gave it
 */
export async function checkFile(
	item: ItemParameters,
	label: string,
	field: unknown,
	kind: MediaKind,
): Promise<MediaInput> {
	const file = findFile(item, label, field, kind);
	const given = String(file.mimeType).split(';')[0]?.trim() ?? '';
	const input = { label, itemIndex: item.item, field: field as string | IBinaryData };
	const isUnknown = isUnknownType(given);
	const mimeType = (isUnknown && typeOfBytes(await startOf(item.context, input))) || given;
	const name = file.fileName?.trim() ?? '';
	if (!kind.mimeType.test(mimeType)) {
		const looked = isUnknown ? `, and its first bytes are not those of ${kind.asOne}` : '';
		throw item.invalid(
			`'${label}' is not ${kind.asOne}, but ${mimeType}${name && ` (${name.slice(0, 100)})`}`,
			`OctopusX takes ${kind.mimeTypeLabel} here${looked}. ${filesOf(item)}`,
		);
	}
	const bytes = await binarySize(item.context, label, file);
	const isUpload = readSendBinaryAs(item) === 'upload';
	checkSize(item, label, bytes, isUpload ? { ...kind, maxBytes: undefined } : kind);
	return {
		...input,
		mimeType,
		fileName: name || `${kind.noun}.${mimeType.split(/[/+]/)[1]}`,
		bytes,
		identity: file.id ?? createHash('sha256').update(file.data).digest('hex'),
	};
}

/** The file in a field; what is wrong is told by its label, what was typed, and what the item has. */
function findFile(
	item: ItemParameters,
	label: string,
	field: unknown,
	{ noun }: MediaKind,
): IBinaryData {
	const { context } = item;
	let file: IBinaryData | undefined;
	try {
		file = context.helpers.assertBinaryData(item.item, field as string | IBinaryData);
	} catch {
		file = undefined;
	}
	if (typeof file?.mimeType === 'string' && (file.id || typeof file.data === 'string')) return file;

	const typed = typeof field === 'string' ? `"${field.slice(0, 100)}"` : 'that field';
	const { task_id } = itemOf(item).json;
	const isTask = typeof task_id === 'string' && noun === 'video' && fileNames(item).length === 0;
	throw item.invalid(
		`'${label}' finds no file in ${typed}`,
		isTask
			? "This item is a video task without its file: switch on 'Download Video' in the node before, or set the source to URL and use {{ $json.video_url }}."
			: `${filesOf(item)} Check the name, and the node that the item comes from.`,
	);
}

function itemOf({ context, item }: ItemParameters): INodeExecutionData {
	const data = context.getInputData()[item];
	// nodes of others leave an item without JSON now and then
	return { ...data, json: data?.json ?? {} };
}

/** The names under which the item has files, as they are typed into a field. */
function fileNames(item: ItemParameters): string[] {
	const { json, binary } = itemOf(item);
	// with the workflow's setting for binary data set to combined, they are under a key of the JSON
	const combined = Object.keys(json._files ?? {}).map((name) => `_files.${name}`);
	return [...Object.keys(binary ?? {}), ...combined];
}

function filesOf(item: ItemParameters): string {
	const names = fileNames(item);
	return names.length > 0
		? `The files of this item are: ${names.join(', ').slice(0, 500)}.`
		: 'This item has no files.';
}

function checkSize(
	item: ItemParameters,
	label: string,
	bytes: number,
	{ noun, maxBytes }: MediaKind,
): void {
	if (bytes === 0) {
		throw item.invalid(`'${label}' is an empty file`, 'Check the node that it comes from.');
	}
	if (maxBytes === undefined || bytes <= maxBytes) return;
	throw item.invalid(
		`'${label}' is larger than ${maxBytes / MIB} MB`,
		`It has ${bytes} bytes and OctopusX takes at most ${maxBytes}. Compress the ${noun}, or pass its public URL. A file of the input can also be sent with the option 'Send Files As' set to Uploaded First.`,
	);
}

import { createHash } from 'crypto';
import { NodeOperationError, type IBinaryData } from 'n8n-workflow';
import { binarySize } from '../files/inputFile';
import type { MediaInput } from '../job';
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

export const MIB = 1024 * 1024;

export const VIDEO: MediaKind = {
	noun: 'video',
	mimeType: /^video\/mp4$/i,
	mimeTypeLabel: 'video/mp4',
	example: 'e.g. https://example.com/video.mp4',
	// docs/API.md, "Create a task"
	maxBytes: 15 * MIB,
};

/** An address that OctopusX can open, or a data URI of the right kind and size. */
export function checkUrl(
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

/** A file on the item of the right type and size, judged without loading it. */
export async function checkFile(
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

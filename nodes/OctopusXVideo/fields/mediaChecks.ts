import { createHash } from 'crypto';
import { jsonParse, type IBinaryData, type INodeExecutionData } from 'n8n-workflow';
import { cleanValue, decoded, isParsable } from '../api/credential';
import { detectType, normalizeBase64, START_BYTES } from '../files/fileType';
import { binarySize, readStart } from '../files/inputFile';
import { SAMPLE_HOST, type FileInput, type PaidRequest } from '../job';
import { isInTestMode } from './options';
import type { ItemParameters } from './parameters';
import { readSendBinaryAs } from './request';

/** What the API accepts as an image or a video. The nouns are for texts. */
export interface MediaKind {
	noun: string;
	nounWithArticle: string;
	mimeType: RegExp;
	mimeTypeLabel: string;
	/** Absent if the API has no limit. */
	maxBytes?: number;
}

export const IMAGE: MediaKind = {
	noun: 'image',
	nounWithArticle: 'an image',
	mimeType: /^image\/[\w.+-]+$/i,
	mimeTypeLabel: 'image/*',
};

export const MIB = 1024 * 1024;

export const VIDEO: MediaKind = {
	noun: 'video',
	nounWithArticle: 'an MP4 video',
	mimeType: /^video\/mp4$/i,
	mimeTypeLabel: 'video/mp4',
	// docs/API.md, "Create a task"
	maxBytes: 15 * MIB,
};

/** Any source, for the operation Upload. Uploaded files have no size limit. */
export const MEDIA: MediaKind = {
	noun: 'file',
	nounWithArticle: 'an image or an MP4 video',
	mimeType: /^(image\/[\w.+-]+|video\/mp4)$/i,
	mimeTypeLabel: 'image/* or video/mp4',
};

const MAX_NAME_LENGTH = 80;
/** How much of a file name is read, in characters: the longest path of Linux. */
const MAX_PATH_LENGTH = 4_096;

/** Labels of files that are no video, even if they begin like one. */
const DOCUMENT_TYPE = /^application\/(pdf|zip|gzip|msword|vnd\.)/i;

const ADDRESS_START = /^(https?:\/\/|data:\w+\/)/i;
const NESTED_ADDRESS = /^https?:\/\/.*https?:\/\//i;

const INNER_SEPARATOR = /["'`]?[,;]["'`]?(?=https?:\/\/|data:\w+\/)/i;
/** The start of a data URI without content. It precedes the real URL if it was added twice. */
const PREFIX_ONLY = /^data:[^,]*$/i;

/** Returns the URLs in a field's value: an array from an expression, a JSON list, or a text for `addressesIn`. */
export function addressesOf(value: unknown): unknown[] {
	if (Array.isArray(value)) {
		// each level costs a copy of the list, and a stack frame
		return value
			.flat(20)
			.flatMap((one: unknown) => (Array.isArray(one) ? [one] : addressesOf(one)));
	}
	if (typeof value !== 'string') return [value];
	const text = value.trim();
	const list = /^[["]/.test(text) ? jsonParse<unknown>(text, { fallbackValue: null }) : null;
	if (list !== null) return addressesOf(list);
	return addressesIn(text.startsWith('[') ? text.replace(/^\[|\]$/g, '') : text);
}

/**
 * Returns the URLs in a string that a user typed or pasted: one, or a list separated by commas, semicolons,
 * spaces or line breaks. Other words stay with the URL before them. A URL can contain commas, and other URLs
 * in its path or query, so a word that contains a nested URL is not split at its commas.
 */
export function addressesIn(text: string): string[] {
	const words = text.trim().split(/\s+/);
	const addresses: string[][] = [];
	for (const word of words) {
		const bare = cleanValue(word.replace(/^[,;]{1,9}/, ''));
		if (ADDRESS_START.test(bare)) {
			const parts = bare.split(INNER_SEPARATOR);
			const isNested = NESTED_ADDRESS.test(String(parts[0]));
			for (const part of isNested ? [bare] : parts) addresses.push([part]);
		} else if (addresses.length === 0) {
			addresses.push([word]);
		} else if (bare !== '') {
			addresses.at(-1)?.push(word);
		}
	}
	const whole = addresses.filter(
		(parts, index) =>
			index === addresses.length - 1 || parts.length > 1 || !PREFIX_ONLY.test(String(parts[0])),
	);
	return addresses.length > 1 ? whole.map((parts) => parts.join('\n')) : [cleanValue(text)];
}

/** Throws unless OctopusX can open the URL, or the data URI has the right type and size. */
export function checkUrl(item: ItemParameters, label: string, value: unknown, kind: MediaKind) {
	const [address, ...others] = addressesOf(value);
	if (others.length > 0) {
		throw item.invalid(
			`'${label}' takes one address, and holds ${others.length + 1}`,
			'Keep only one of them.',
		);
	}
	const url = item.text(label, address);
	if (/^data:/i.test(url)) return { url: readDataUri(item, label, url, kind) };
	if (!/^https?:\/\//i.test(url) || !isParsable(url)) {
		throw item.invalid(
			`'${label}' is not an address that OctopusX can open`,
			`Use a public address that starts with http:// or https://, or a data URI (${kind.mimeTypeLabel}).`,
		);
	}
	if (/\s/.test(url)) {
		throw item.invalid(
			`'${label}' holds more than an address`,
			'Remove everything after the address. A space inside an address is written %20.',
		);
	}
	item.refuseKeyAddress(label, url);
	if (new URL(url).hostname === SAMPLE_HOST && !isInTestMode(item)) {
		throw item.invalid(
			`'${label}' is the address of a sample`,
			'Test Mode made it, and nothing is there. Use a real address, or switch on Test Mode here as well.',
		);
	}
	return { url };
}

/** The data URI with the type of its first bytes, and its base64 in the form that every decoder accepts. */
function readDataUri(item: ItemParameters, label: string, uri: string, kind: MediaKind): string {
	const text = decoded(uri).replace(/\s/g, '');
	const comma = text.indexOf(',');
	const [statedType = '', ...attributes] = text.slice('data:'.length, comma).split(';');
	const isBase64 = attributes.some((attribute) => attribute.toLowerCase() === 'base64');
	const content = isBase64 ? normalizeBase64(text.slice(comma + 1)) : undefined;
	const start = Buffer.from(content?.slice(0, 2 * START_BYTES) ?? '', 'base64');
	const detectedType = detectType(start);
	const mimeType = detectedType ?? statedType;
	if (content === undefined || !kind.mimeType.test(mimeType)) {
		const detection = detectedType ? `Its content is ${detectedType}. ` : '';
		throw item.invalid(
			`'${label}' begins with data: and holds no ${kind.noun}`,
			`${detection}A data URI contains the file itself as text, and looks like data:${kind.mimeTypeLabel.replace('*', 'png')};base64,… You can also use a public address, or the file as source.`,
		);
	}
	checkSize(item, label, Buffer.byteLength(content, 'base64'), kind);
	return `data:${mimeType};base64,${content}`;
}

/** Checks the type and size of a file on the item; throws if not accepted. Loads its first chunk at most. */
export async function checkFile(
	item: ItemParameters,
	label: string,
	field: unknown,
	kind: MediaKind,
): Promise<FileInput> {
	const file = findFile(item, label, field, kind.noun);
	const input = { label, itemIndex: item.index, field: field as string | IBinaryData };
	const name = file.fileName?.trim() ?? '';
	if (!file.id && file.data !== '' && normalizeBase64(file.data) === undefined) {
		throw item.invalid(
			`'${label}' is a file without content`,
			'Its data is not base64. In a Code node, create files with this.helpers.prepareBinaryData(), and pass on those of the input unchanged, with their id.',
		);
	}
	const bytes = await binarySize(item.context, label, file);
	const statedType = String(file.mimeType).split(';')[0]?.trim() ?? '';
	const detectedType = detectType(await readStart(item.context, input));
	const isDocument = kind !== IMAGE && DOCUMENT_TYPE.test(statedType);
	const mimeType = isDocument ? statedType : (detectedType ?? statedType);
	if (!kind.mimeType.test(mimeType)) {
		const detection = detectedType
			? `those of ${detectedType}`
			: `not those of ${kind.nounWithArticle}`;
		throw item.invalid(
			`'${label}' is not ${kind.nounWithArticle}, but ${mimeType || 'of unknown type'}${name && ` (${name.slice(0, 100)})`}`,
			`OctopusX takes ${kind.mimeTypeLabel} here, and its first bytes are ${detection}. ${listFiles(item)}`,
		);
	}
	// uploaded files have no size limit
	const sendAs = kind === MEDIA ? 'upload' : readSendBinaryAs(item);
	if (sendAs === 'upload') item.refuseLeftovers(`File name of ${label}`, name);
	checkSize(item, label, bytes, sendAs === 'dataUri' ? kind : { ...kind, maxBytes: undefined });
	return {
		...input,
		mimeType,
		fileName: uploadName(name, kind.noun) || `${kind.noun}.${mimeType.split(/[/+]/)[1]}`,
		bytes,
		identity: file.id ?? createHash('sha256').update(file.data).digest('hex'),
	};
}

/**
 * A file name that can stand in an address without encoding: the last segment of a path, in ASCII, with its
 * extension. The storage puts it into the address that it signs. Empty for an empty name.
 */
export function uploadName(name: string, noun: string): string {
	const [segment = ''] = name.slice(-MAX_PATH_LENGTH).split(/[/\\]/).slice(-1);
	// drops accents, and replaces all other characters that need encoding with hyphens
	const ascii = segment
		.normalize('NFKD')
		.replace(/\p{M}/gu, '')
		.replace(/[^\w.-]+/g, '-');
	const [extension = ''] = /\.\w{1,10}$/.exec(ascii) ?? [];
	const stem = ascii.slice(0, ascii.length - extension.length).slice(0, MAX_NAME_LENGTH);
	const bare = stem.replace(/^[.-]+|[.-]+$/g, '');
	return extension && !bare ? `${noun}${extension}` : `${bare}${extension}`;
}

function findFile(item: ItemParameters, label: string, field: unknown, noun: string): IBinaryData {
	const { context, index } = item;
	// n8n's error names neither the field's label nor the files of the item, so it is replaced below
	let file = item.ifValid(() =>
		context.helpers.assertBinaryData(index, field as string | IBinaryData),
	);
	// n8n accepts any object from an expression, but untrusted JSON must not select stored files
	if (typeof field !== 'string' && file && !isOwnFile(item, file)) file = undefined;
	if (typeof file?.mimeType === 'string' && (file.id || typeof file.data === 'string')) return file;

	const typed = typeof field === 'string' ? `"${field.slice(0, 100)}"` : 'that field';
	const { task_id } = inputItem(item).json;
	const isTask = typeof task_id === 'string' && noun === 'video' && fileNames(item).length === 0;
	throw item.invalid(
		`'${label}' finds no file in ${typed}`,
		isTask
			? "This item is a video task without its file: switch on 'Download Video' in the node before this one, or, if its video_url opens in a browser, set the source to URL and use {{ $json.video_url }}."
			: `${listFiles(item)} Check the name, and the node that the item comes from.`,
	);
}

/**
 * True if the file belongs to the item. `json._files` contains the files of an item only if the workflow
 * setting `binaryMode` is `combined`; otherwise, it can be any data.
 */
function isOwnFile(item: ItemParameters, { id, data }: IBinaryData): boolean {
	const { json, binary } = inputItem(item);
	const isCombined = item.context.getWorkflowSettings?.().binaryMode === 'combined';
	const own = [binary, isCombined && json._files].flatMap((files) => Object.values(files || {}));
	return (own as IBinaryData[]).some((file) =>
		id ? file?.id === id : !file?.id && file?.data === data,
	);
}

function inputItem({ context, index }: ItemParameters): INodeExecutionData {
	const data = context.getInputData()[index];
	// some community nodes return items without `json`
	return { ...data, json: data?.json ?? {} };
}

/** As a user types them into a field. */
function fileNames(item: ItemParameters): string[] {
	const { json, binary } = inputItem(item);
	// n8n puts files here if the workflow setting `binaryMode` is `combined`
	const combined = Object.keys(json._files ?? {}).map((name) => `_files.${name}`);
	return [...Object.keys(binary ?? {}), ...combined];
}

function listFiles(item: ItemParameters): string {
	const names = fileNames(item);
	return names.length > 0
		? `The files of this item are: ${names.join(', ').slice(0, 500)}.`
		: 'This item has no files.';
}

function checkSize(item: ItemParameters, label: string, bytes: number, kind: MediaKind): void {
	const { noun, maxBytes } = kind;
	if (bytes === 0) {
		throw item.invalid(`'${label}' is an empty file`, 'Check the node that it comes from.');
	}
	if (maxBytes === undefined || bytes <= maxBytes) return;
	throw item.invalid(
		`'${label}' is larger than ${maxBytes / MIB} MB`,
		`It has ${bytes} bytes and OctopusX takes at most ${maxBytes}. Compress the ${noun}, or pass its public URL. A file of the input can also be sent with the option 'Send Files As' set to Uploaded First.`,
	);
}

/** By default, files are uploaded if a request should not be that large, or if the model needs an address. */
export function chooseSendBinaryAs(
	item: ItemParameters,
	media: PaidRequest['media'],
	needsAddress: boolean,
): PaidRequest['sendBinaryAs'] {
	const chosen = readSendBinaryAs(item);
	if (chosen !== 'auto') return chosen;
	const inputs = Object.values(media).flat();
	const bytes = inputs.reduce((sum, input) => sum + ('bytes' in input ? input.bytes : 0), 0);
	return needsAddress || bytes > 15 * MIB ? 'upload' : 'dataUri';
}

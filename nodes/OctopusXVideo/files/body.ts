import { randomUUID } from 'crypto';
import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import { isPlainObject } from '../api/envelope';
import { ignoreErrors, type ByteStream } from '../api/transport';
import { mapMedia, type FileInput, type PaidRequest } from '../job';
import { chunksOf, openFile } from './inputFile';

/** A request body: JSON in UTF-8. It can be sent only once. */
export interface Body {
	content: Buffer | ByteStream;
	bytes: number;
	/**
	 * True once the last byte was passed to the HTTP client. Until then, no server can have accepted the
	 * request. Absent, like `close`, for a body in memory, which is passed on at once.
	 */
	isHandedOver?: () => boolean;
	/** Releases the files. Call it after the request, even if nothing was sent. */
	close?: () => void;
}

/**
 * Opens the JSON body of a paid request, with its files as data URIs. They are streamed from n8n's storage and
 * encoded on the way, so only a few chunks are in memory at a time. Throws if the first file cannot be opened;
 * an error in a later file ends the stream.
 */
export async function openBody(context: IExecuteFunctions, request: PaidRequest): Promise<Body> {
	const files = new Map<string, FileInput>();
	const urls = await mapMedia(request.media, async (input) => {
		if ('url' in input) return input.url;
		const placeholder = randomUUID();
		files.set(placeholder, input);
		return `data:${input.mimeType};base64,${placeholder}`;
	});
	const named = Object.entries({ ...request.fields, ...urls });
	const fields = [...named.map(nest), request.additionalFields].reduce(merge, {});
	const text = JSON.stringify(fields);
	// Extra API Fields can replace a file's field, so some placeholders may be gone
	const inText = [...files.keys()].filter((placeholder) => text.includes(placeholder));
	if (inText.length === 0) {
		const content = Buffer.from(text);
		return { content, bytes: content.length };
	}

	const pieces = text
		.split(new RegExp(`(${inText.join('|')})`))
		.map((piece) => files.get(piece) ?? piece);
	return await streamedBody(context, pieces);
}

/** Returns the object for a field whose name can lead into objects, such as `metadata.video_url`. */
function nest([name, value]: [string, unknown]): IDataObject {
	return name
		.split('.')
		.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value) as IDataObject;
}

/** Merges objects at every level that both have. Leaves out empty and `null` fields there. */
function merge(base: IDataObject, added: IDataObject): IDataObject {
	const fields = Object.entries({ ...base, ...added }).map(([name, value]) => {
		const old = base[name];
		const isNested = isPlainObject(old) && isPlainObject(value);
		return [name, isNested ? merge(old as IDataObject, value as IDataObject) : value];
	});
	return Object.fromEntries(fields.filter(([, value]) => value !== '' && value !== null));
}

type Piece = string | FileInput;

async function streamedBody(context: IExecuteFunctions, pieces: Piece[]): Promise<Body> {
	const sizeOf = (piece: Piece) =>
		typeof piece === 'string' ? Buffer.byteLength(piece) : 4 * Math.ceil(piece.bytes / 3);
	const bytes = pieces.reduce((sum, piece) => sum + sizeOf(piece), 0);
	const firstFile = pieces.find((piece) => typeof piece !== 'string') as FileInput;
	const first = await openFile(context, firstFile);
	if (Buffer.isBuffer(first)) {
		// n8n keeps files in memory, so streaming would save none, and `streamOf` needs an n8n stream
		const chunks: Buffer[] = [];
		for await (const chunk of encode(context, pieces, first)) chunks.push(chunk);
		return { content: Buffer.concat(chunks), bytes };
	}

	let handedOver = 0;
	async function* counted() {
		for await (const chunk of encode(context, pieces, first)) {
			handedOver += chunk.length;
			yield chunk;
		}
	}
	const content = streamOf(counted(), first);
	return {
		content,
		bytes,
		isHandedOver: () => handedOver >= bytes,
		close: () => {
			content.destroy();
			first.destroy();
		},
	};
}

/** Yields the body in chunks. Opens one file at a time; the first one is open already. */
async function* encode(
	context: IExecuteFunctions,
	pieces: Piece[],
	first: ByteStream | Buffer,
): AsyncGenerator<Buffer> {
	let opened: ByteStream | Buffer | undefined = first;
	for (const piece of pieces) {
		if (typeof piece === 'string') {
			yield Buffer.from(piece);
			continue;
		}
		yield* toBase64(chunksOf(opened ?? (await openFile(context, piece)), piece));
		opened = undefined;
	}
}

async function* toBase64(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
	let rest: Buffer = Buffer.alloc(0);
	for await (const chunk of chunks) {
		const ready = Buffer.concat([rest, chunk]);
		// three bytes make four characters, so one or two bytes may have to wait for the next chunk
		const whole = ready.length - (ready.length % 3);
		yield Buffer.from(ready.toString('base64', 0, whole));
		rest = ready.subarray(whole);
	}
	yield Buffer.from(rest.toString('base64'));
}

/**
 * Makes a Node stream from chunks. n8n's helpers accept only Node streams, but n8n's rules for community
 * nodes forbid importing `stream`, so this uses the class of `like`, a stream that n8n has created.
 */
export function streamOf(chunks: AsyncIterable<Buffer>, like: ByteStream): ByteStream {
	const { from } = like.constructor as unknown as {
		from: (chunks: AsyncIterable<Buffer>, options: object) => ByteStream;
	};
	return ignoreErrors(from(chunks, { objectMode: false }));
}

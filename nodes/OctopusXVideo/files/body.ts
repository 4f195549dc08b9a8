import { randomUUID } from 'crypto';
import type { IExecuteFunctions } from 'n8n-workflow';
import type { ByteStream } from '../api/transport';
import { mapMedia, type FileInput, type VideoRequest } from '../job';
import { chunksOf, openFile } from './inputFile';
import { streamOf } from './stream';

/** A body to be sent once: JSON in UTF-8, of known length. */
export interface Body {
	content: Buffer | ByteStream;
	bytes: number;
	/** Whether its last byte has been handed over; before that, no server can have accepted it. */
	isHandedOver: () => boolean;
	/** To be called when it has been sent, or will not be. */
	close: () => void;
}

/**
 * The body for `POST /v1/videos`, files in it as data URIs. Fields that are empty or `null` are left
 * out.
 *
 * Files are streamed from n8n's storage into the request and encoded on the way: whatever their
 * size and number, a few chunks are in memory, and never a whole file or its text.
 *
 * @throws OctopusXError when the first file cannot be opened; one that breaks off later breaks the body off
 */
export async function openBody(context: IExecuteFunctions, request: VideoRequest): Promise<Body> {
	const files = new Map<string, FileInput>();
	const urls = await mapMedia(request.media, async (input) => {
		if ('url' in input) return input.url;
		const placeholder = randomUUID();
		files.set(placeholder, input);
		return `data:${input.mimeType};base64,${placeholder}`;
	});
	const fields = { ...request.fields, ...urls, ...request.additionalFields };
	const text = JSON.stringify(
		Object.fromEntries(
			Object.entries(fields).filter(([, value]) => value !== '' && value !== null),
		),
	);
	// the user's JSON may have taken the place of any of them
	const inText = [...files.keys()].filter((placeholder) => text.includes(placeholder));
	if (inText.length === 0) return wholeBody(Buffer.from(text));

	const pieces = text
		.split(new RegExp(`(${inText.join('|')})`))
		.map((piece) => files.get(piece) ?? piece);
	return await streamedBody(context, pieces);
}

type Piece = string | FileInput;

function wholeBody(content: Buffer): Body {
	return { content, bytes: content.length, isHandedOver: () => true, close: () => {} };
}

async function streamedBody(context: IExecuteFunctions, pieces: Piece[]): Promise<Body> {
	const bytes = pieces
		.map((piece) => (typeof piece === 'string' ? Buffer.byteLength(piece) : base64Length(piece)))
		.reduce((sum, size) => sum + size, 0);
	const firstFile = pieces.find((piece) => typeof piece !== 'string') as FileInput;
	const first = await openFile(context, firstFile);
	if (Buffer.isBuffer(first)) {
		// n8n keeps files in memory: there is no stream to be had, and nothing to be saved
		const chunks: Buffer[] = [];
		for await (const chunk of encode(context, pieces, first)) chunks.push(chunk);
		return wholeBody(Buffer.concat(chunks));
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

/** The body in chunks. Files are opened when it is their turn; the first one is open already. */
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
		const ready = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
		// three bytes make four characters: what is left over waits for the next chunk
		const whole = ready.length - (ready.length % 3);
		yield Buffer.from(ready.toString('base64', 0, whole), 'latin1');
		rest = ready.subarray(whole);
	}
	if (rest.length > 0) yield Buffer.from(rest.toString('base64'), 'latin1');
}

function base64Length({ bytes }: FileInput): number {
	return 4 * Math.ceil(bytes / 3);
}

import { randomUUID } from 'crypto';
import type { IExecuteFunctions } from 'n8n-workflow';
import { guarded, type ByteStream } from '../api/transport';
import { OctopusXError } from '../api/errors';
import type { FileInput, VideoRequest } from './job';
import { mapMedia, unreadable } from './media';
import { STOPPED } from './outcome';
import { within } from './pause';
import type { Scope } from './scope';
import { streamOf } from './stream';

/** Storage that n8n reads files from may be far away. */
const OPEN_LIMIT_MS = 5 * 60_000;

/** A body to be sent once: JSON in UTF-8, of known length. */
export interface Body {
	content: Buffer | ByteStream;
	bytes: number;
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
 * @throws OctopusXError when a file cannot be opened, or the execution is stopped meanwhile
 */
export async function openBody(scope: Scope, request: VideoRequest): Promise<Body> {
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
	if (files.size === 0) return wholeBody([text]);

	const pieces = text.split(new RegExp(`(${[...files.keys()].join('|')})`));
	const opening = Promise.all(
		pieces.map(async (piece) => {
			const file = files.get(piece);
			return file ? await openFile(scope.context, file) : piece;
		}),
	);
	const opened = await within(OPEN_LIMIT_MS, opening, scope.signal);
	if (!opened) throw notOpened(scope.signal);
	const [first] = opened.filter((piece) => typeof piece !== 'string');
	return first ? streamedBody(opened, first.stream) : wholeBody(opened as string[]);
}

interface OpenFile {
	stream: ByteStream;
	bytes: number;
}

/** A stream of what n8n stores; what an item itself carries is base64 already. */
async function openFile(
	{ helpers }: IExecuteFunctions,
	{ itemIndex, field, bytes }: FileInput,
): Promise<OpenFile | string> {
	const { id, data } = helpers.assertBinaryData(itemIndex, field);
	if (!id) return data;
	return { stream: guarded(await helpers.getBinaryStream(id).catch(unreadable)), bytes };
}

function wholeBody(pieces: string[]): Body {
	const content = Buffer.from(pieces.join(''));
	return { content, bytes: content.length, close: () => {} };
}

function streamedBody(pieces: Array<string | OpenFile>, like: ByteStream): Body {
	const sizes = pieces.map((piece) =>
		typeof piece === 'string' ? Buffer.byteLength(piece) : base64Length(piece.bytes),
	);
	const content = streamOf(encode(pieces), like);
	return {
		content,
		bytes: sizes.reduce((sum, size) => sum + size, 0),
		close: () => {
			content.destroy();
			for (const piece of pieces) if (typeof piece !== 'string') piece.stream.destroy();
		},
	};
}

async function* encode(pieces: Array<string | OpenFile>): AsyncGenerator<Buffer> {
	for (const piece of pieces) {
		if (typeof piece === 'string') yield Buffer.from(piece);
		else yield* encodeFile(piece);
	}
}

async function* encodeFile({ stream, bytes }: OpenFile): AsyncGenerator<Buffer> {
	let rest: Buffer = Buffer.alloc(0);
	let size = 0;
	for await (const chunk of stream as AsyncIterable<Buffer>) {
		size += chunk.length;
		const ready = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
		// three bytes make four characters: what is left over waits for the next chunk
		const whole = ready.length - (ready.length % 3);
		yield Buffer.from(ready.toString('base64', 0, whole), 'latin1');
		rest = ready.subarray(whole);
	}
	yield Buffer.from(rest.toString('base64'), 'latin1');
	// the length of the body has been announced: another one would never end the request
	if (size !== bytes) unreadable(new Error('its size is not what n8n says'));
}

function base64Length(bytes: number): number {
	return 4 * Math.ceil(bytes / 3);
}

function notOpened(signal: AbortSignal | undefined): OctopusXError {
	return signal?.aborted
		? new OctopusXError(STOPPED, '')
		: new OctopusXError('The input file could not be read', 'n8n did not hand it out in time.');
}

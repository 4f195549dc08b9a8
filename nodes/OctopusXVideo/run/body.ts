import { randomUUID } from 'crypto';
import type { IExecuteFunctions } from 'n8n-workflow';
import { OctopusXError } from '../api/errors';
import type { FileInput, VideoRequest } from './job';
import { mapMedia, unreadable } from './media';
import { STOPPED } from './outcome';
import { within } from './pause';
import type { Scope } from './scope';

/** Storage that n8n reads files from may be far away. */
const READ_LIMIT_MS = 5 * 60_000;

/**
 * The body for `POST /v1/videos`: JSON in UTF-8, files in it as data URIs. Fields that are empty or
 * `null` are left out.
 *
 * Files go from n8n's storage into the one buffer that is sent, piece by piece: a video of 15 MB
 * takes 20 MB of memory, and not several times that in strings and their copies.
 *
 * @throws OctopusXError when a file cannot be read, or the execution is stopped meanwhile
 */
export async function buildBody(
	{ context, signal }: Scope,
	{ fields, media, additionalFields }: VideoRequest,
): Promise<Buffer> {
	const files = new Map<string, FileInput>();
	const urls = await mapMedia(media, async (input) => {
		if ('url' in input) return input.url;
		const placeholder = randomUUID();
		files.set(placeholder, input);
		return `data:${input.mimeType};base64,${placeholder}`;
	});
	const body = Object.fromEntries(
		Object.entries({ ...fields, ...urls, ...additionalFields }).filter(
			([, value]) => value !== '' && value !== null,
		),
	);
	const text = JSON.stringify(body);
	if (files.size === 0) return Buffer.from(text);

	const pieces = text
		.split(new RegExp(`(${[...files.keys()].join('|')})`))
		.map((piece) => files.get(piece) ?? piece);
	const buffer = await within(READ_LIMIT_MS, assemble(context, pieces), signal);
	if (buffer) return buffer;
	return signal?.aborted ? stop() : unreadable(new Error('n8n did not hand it out in time'));
}

function stop(): never {
	throw new OctopusXError(STOPPED, '');
}

async function assemble(
	context: IExecuteFunctions,
	pieces: Array<string | FileInput>,
): Promise<Buffer> {
	const sizes = pieces.map((piece) =>
		typeof piece === 'string' ? Buffer.byteLength(piece) : base64Length(piece.bytes),
	);
	const buffer = Buffer.allocUnsafe(sizes.reduce((sum, size) => sum + size, 0));
	let offset = 0;
	for (const piece of pieces) {
		if (typeof piece === 'string') {
			offset += buffer.write(piece, offset);
			continue;
		}
		const end = offset + base64Length(piece.bytes);
		for await (const base64 of readBase64(context, piece)) {
			offset += buffer.write(base64, offset, 'latin1');
		}
		if (offset !== end) unreadable(new Error('its size is not what n8n says'));
	}
	return buffer;
}

function base64Length(bytes: number): number {
	return 4 * Math.ceil(bytes / 3);
}

/** A file in base64, in pieces; what an item itself carries is base64 already. */
async function* readBase64(
	{ helpers }: IExecuteFunctions,
	{ itemIndex, field }: FileInput,
): AsyncGenerator<string> {
	const { id, data } = helpers.assertBinaryData(itemIndex, field);
	if (!id) {
		yield data;
		return;
	}
	const stream = await helpers.getBinaryStream(id).catch(unreadable);
	let rest: Buffer = Buffer.alloc(0);
	for await (const chunk of stream as AsyncIterable<Buffer>) {
		const bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
		// three bytes make four characters: what is left over waits for the next chunk
		const whole = bytes.length - (bytes.length % 3);
		yield bytes.toString('base64', 0, whole);
		rest = bytes.subarray(whole);
	}
	yield rest.toString('base64');
}

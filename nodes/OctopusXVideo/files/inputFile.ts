import type { IBinaryData, IExecuteFunctions } from 'n8n-workflow';
import { OctopusXError } from '../api/errors';
import { ignoreErrors, type ByteStream } from '../api/transport';
import type { FileInput } from '../job';
import { waitAtMost } from '../timing/time';

/** Upper limit for access to n8n's storage. It is long, because n8n may use a remote store such as S3. */
const STORAGE_TIMEOUT_MS = 5 * 60_000;

/** MIME types that n8n sets if it doesn't know a file's type, for example after a download without one. */
const UNSPECIFIED_TYPE = /^((application|binary)\/octet-stream)?$/i;

/** How many bytes of a file are compared: enough for every signature. */
const SIGNATURE_BYTES = 16;

/** The first bytes of supported file types. QuickTime, HEIC and AVIF start like MP4, so they are excluded. */
const SIGNATURES: ReadonlyArray<[mimeType: string, start: RegExp]> = [
	['video/mp4', /^.{4}ftyp(?!qt|hei|hev|mif|msf|avi)/s],
	['image/png', /^\x89PNG\r\n/],
	['image/jpeg', /^\xff\xd8\xff/],
	['image/gif', /^GIF8/],
	['image/webp', /^RIFF.{4}WEBP/s],
];

export function isUnspecifiedType(mimeType: string): boolean {
	return UNSPECIFIED_TYPE.test(mimeType);
}

/**
 * Returns the MIME type of a file by its first bytes, or `undefined` if it is none of the supported types.
 */
export function detectMimeType(start: Buffer): string | undefined {
	const text = start.toString('latin1', 0, SIGNATURE_BYTES);
	return SIGNATURES.find(([, signature]) => signature.test(text))?.[0];
}

/**
 * Returns the size of an input file in bytes. Does not load a file that n8n stores outside the item.
 *
 * @param label the field's name in errors
 * @throws OctopusXError if n8n cannot find or reach the file
 */
export async function binarySize(
	context: IExecuteFunctions,
	label: string,
	{ id, data }: IBinaryData,
): Promise<number> {
	if (!id) return Buffer.from(data, 'base64').length;
	return (await fromStorage(context, label, context.helpers.getBinaryMetadata(id))).fileSize;
}

/**
 * Opens an input file: as a stream if n8n stores it, as a buffer if the item itself contains it.
 *
 * @throws OctopusXError if n8n cannot find or reach the file
 */
export async function openFile(
	context: IExecuteFunctions,
	{ label, itemIndex, field }: Pick<FileInput, 'label' | 'itemIndex' | 'field'>,
): Promise<ByteStream | Buffer> {
	const { id, data } = context.helpers.assertBinaryData(itemIndex, field);
	if (!id) return Buffer.from(data, 'base64');
	return ignoreErrors(await fromStorage(context, label, context.helpers.getBinaryStream(id)));
}

/** Returns the first chunk of an input file, for `detectMimeType`. It is empty for an empty file. */
export async function firstChunk(
	context: IExecuteFunctions,
	file: Pick<FileInput, 'label' | 'itemIndex' | 'field'>,
): Promise<Buffer> {
	const source = await openFile(context, file);
	if (Buffer.isBuffer(source)) return source;
	// leaving the loop destroys the stream
	for await (const chunk of source as AsyncIterable<Buffer>) return chunk;
	return Buffer.alloc(0);
}

/**
 * Yields the chunks of an opened file.
 *
 * @throws OctopusXError if the file is not as long as `bytes`. The request announces that length, so with
 * fewer bytes it would never end, and with more the file would be cut off.
 */
export async function* chunksOf(
	file: ByteStream | Buffer,
	{ label, bytes: announcedBytes }: FileInput,
): AsyncGenerator<Buffer> {
	let size = 0;
	for await (const chunk of Buffer.isBuffer(file) ? [file] : (file as AsyncIterable<Buffer>)) {
		size += chunk.length;
		if (size > announcedBytes) break;
		yield chunk;
	}
	if (size !== announcedBytes) throw unreadable(label, 'its size differs from what n8n reported');
}

/** Waits for n8n's binary storage, until the timeout or until the execution is stopped. */
async function fromStorage<T>(
	context: IExecuteFunctions,
	label: string,
	work: Promise<T>,
): Promise<T> {
	const signal = context.getExecutionCancelSignal();
	const result = await waitAtMost(
		STORAGE_TIMEOUT_MS,
		work.catch((error: Error) => unreadable(label, error.message)),
		signal,
	);
	if (result === undefined) throw unreadable(label, 'n8n did not provide it in time');
	if (result instanceof OctopusXError) throw result;
	return result;
}

function unreadable(label: string, reason: string): OctopusXError {
	return new OctopusXError(
		`The file of '${label}' could not be read`,
		`Check the node that the file comes from (${reason}).`,
	);
}

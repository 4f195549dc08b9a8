import type { IBinaryData, IExecuteFunctions } from 'n8n-workflow';
import { OctopusXError } from '../api/errors';
import { ignoreErrors, type ByteStream } from '../api/transport';
import type { FileInput } from '../job';
import { waitAtMost } from '../timing/time';
import { START_BYTES } from './fileType';

/** Upper limit for access to n8n's storage. It is long, because n8n may use a remote store such as S3. */
const STORAGE_TIMEOUT_MS = 5 * 60_000;

// Each of these functions throws an OctopusXError if n8n cannot find, reach or read the file.

/** Returns the size of an input file in bytes. Does not load a file that n8n stores outside the item. */
export async function binarySize(
	context: IExecuteFunctions,
	label: string,
	{ id, data }: IBinaryData,
): Promise<number> {
	if (!id) return Buffer.from(data, 'base64').length;
	return (await fromStorage(context, label, context.helpers.getBinaryMetadata(id))).fileSize;
}

type FileLocation = Pick<FileInput, 'label' | 'itemIndex' | 'field'>;

/** Opens an input file: as a stream if n8n stores it, as a buffer if the item itself contains it. */
export async function openFile(
	context: IExecuteFunctions,
	{ label, itemIndex, field }: FileLocation,
): Promise<ByteStream | Buffer> {
	const { id, data } = context.helpers.assertBinaryData(itemIndex, field);
	if (!id) return Buffer.from(data, 'base64');
	return ignoreErrors(await fromStorage(context, label, context.helpers.getBinaryStream(id)));
}

/** Returns the start of an input file, for `detectType`. It is empty for an empty file. */
export async function readStart(context: IExecuteFunctions, file: FileLocation): Promise<Buffer> {
	const source = await openFile(context, file);
	if (Buffer.isBuffer(source)) return source;
	const reading = async () => {
		let start: Buffer = Buffer.alloc(0);
		// leaving the loop destroys the stream
		for await (const chunk of source as AsyncIterable<Buffer>) {
			start = Buffer.concat([start, chunk]);
			if (start.length >= START_BYTES) break;
		}
		return start;
	};
	return await fromStorage(context, file.label, reading()).finally(() => source.destroy());
}

/**
 * Yields the chunks of an opened file. Throws if it is not as long as `bytes`: the request announces that
 * length, so with fewer bytes it would never end, and with more the file would be cut off.
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
	const access = work.catch((error: Error) => {
		throw unreadable(label, error.message);
	});
	const signal = context.getExecutionCancelSignal();
	const result = await waitAtMost(STORAGE_TIMEOUT_MS, access, signal);
	if (result === undefined) throw unreadable(label, 'n8n did not provide it in time');
	return result;
}

function unreadable(label: string, reason: string): OctopusXError {
	return new OctopusXError(
		`The file of '${label}' could not be read`,
		`Check the node that the file comes from (${reason}).`,
	);
}

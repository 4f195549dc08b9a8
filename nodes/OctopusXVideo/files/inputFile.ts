import type { IBinaryData, IExecuteFunctions } from 'n8n-workflow';
import { OctopusXError } from '../api/errors';
import { guarded, type ByteStream } from '../api/transport';
import type { FileInput } from '../job';
import { within } from '../timing/pause';

/** Storage that n8n keeps files in may be far away. */
const STORAGE_LIMIT_MS = 5 * 60_000;

/**
 * Size in bytes of a file that n8n keeps, without loading it where n8n keeps it outside the item.
 *
 * @param label what the user knows it by
 * @throws OctopusXError when n8n does not have it any more
 */
export async function binarySize(
	context: IExecuteFunctions,
	label: string,
	{ id, data }: IBinaryData,
): Promise<number> {
	if (!id) return Buffer.from(data, 'base64').length;
	return (await fromStorage(context, label, context.helpers.getBinaryMetadata(id))).fileSize;
}

/** The bytes of a file: a stream of what n8n stores, a buffer of what the item itself carries. */
export async function openFile(
	context: IExecuteFunctions,
	{ label, itemIndex, field }: Pick<FileInput, 'label' | 'itemIndex' | 'field'>,
): Promise<ByteStream | Buffer> {
	const { id, data } = context.helpers.assertBinaryData(itemIndex, field);
	if (!id) return Buffer.from(data, 'base64');
	return guarded(await fromStorage(context, label, context.helpers.getBinaryStream(id)));
}

/** How a file begins: its first chunk, without loading what follows. */
export async function startOf(
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
 * The chunks of a file, as long as was announced: another length would never end a request, or cut
 * the file off.
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
	if (size !== announcedBytes) throw unreadable(label, 'its size is not what n8n says');
}

/** What n8n's storage hands out, within a limit and not beyond a stopped execution. */
async function fromStorage<T>(
	context: IExecuteFunctions,
	label: string,
	work: Promise<T>,
): Promise<T> {
	const signal = context.getExecutionCancelSignal();
	const result = await within(
		STORAGE_LIMIT_MS,
		work.catch((error: Error) => unreadable(label, error.message)),
		signal,
	);
	if (result === undefined) throw unreadable(label, 'n8n did not hand it out in time');
	if (result instanceof OctopusXError) throw result;
	return result;
}

function unreadable(label: string, reason: string): OctopusXError {
	return new OctopusXError(
		`The file of '${label}' could not be read`,
		`Nothing was submitted. Check the node that the file comes from (${reason}).`,
	);
}

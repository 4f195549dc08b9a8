import type { IBinaryData, IDataObject, IExecuteFunctions } from 'n8n-workflow';
import { OctopusXError } from '../api/errors';
import type { FileInput, MediaInput, VideoRequest } from './job';
import { STOPPED } from './outcome';
import { within } from './pause';
import type { Scope } from './scope';

/** Storage that n8n reads files from may be far away. */
const READ_LIMIT_MS = 5 * 60_000;
const TOO_SLOW = new Error('n8n did not hand it out in time');

/** A request's media, each input replaced by what `convert` makes of it. */
export async function mapMedia<T>(
	media: VideoRequest['media'],
	convert: (input: MediaInput) => Promise<T>,
): Promise<Record<string, T | T[]>> {
	const converted: Record<string, T | T[]> = {};
	for (const [field, input] of Object.entries(media)) {
		converted[field] = Array.isArray(input)
			? await Promise.all(input.map(convert))
			: await convert(input);
	}
	return converted;
}

/**
 * The body for `POST /v1/videos`. Files are read and encoded here, at the last moment. Fields that
 * are empty or `null` are left out.
 *
 * @throws OctopusXError when a file cannot be read
 */
export async function buildBody(
	{ context, signal }: Scope,
	{ fields, media, additionalFields }: VideoRequest,
): Promise<IDataObject> {
	const urls = await mapMedia(media, async (input) =>
		'url' in input ? input.url : await toDataUri(context, input, signal),
	);
	if (signal?.aborted) throw new OctopusXError(STOPPED, '');
	const body = { ...fields, ...urls, ...additionalFields };
	return Object.fromEntries(
		Object.entries(body).filter(([, value]) => value !== '' && value !== null),
	);
}

/** How many bytes of files the body of a request holds. */
export function bytesToHold({ media }: VideoRequest): number {
	return Object.values(media)
		.flat()
		.reduce((sum, input) => sum + ('url' in input ? 0 : input.bytes), 0);
}

async function toDataUri(
	context: IExecuteFunctions,
	{ itemIndex, field, mimeType }: FileInput,
	signal: AbortSignal | undefined,
): Promise<string> {
	const reading = context.helpers.getBinaryDataBuffer(itemIndex, field).catch(unreadable);
	const buffer = (await within(READ_LIMIT_MS, reading, signal)) ?? unreadable(TOO_SLOW);
	return `data:${mimeType};base64,${buffer.toString('base64')}`;
}

/** For n8n's binary helpers, which tell of a missing file in their own words. */
export function unreadable(error: Error): never {
	throw new OctopusXError('The input file could not be read', error.message);
}

/** Size in bytes of a file that n8n keeps, without loading it where n8n keeps it outside the item. */
export async function binarySize(
	context: IExecuteFunctions,
	{ id, data }: IBinaryData,
): Promise<number> {
	if (id) return (await context.helpers.getBinaryMetadata(id)).fileSize;
	return Buffer.byteLength(data, 'base64');
}

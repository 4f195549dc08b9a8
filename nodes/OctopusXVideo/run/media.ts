import type { IBinaryData, IExecuteFunctions } from 'n8n-workflow';
import { OctopusXError } from '../api/errors';
import type { MediaInput, VideoRequest } from './job';

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

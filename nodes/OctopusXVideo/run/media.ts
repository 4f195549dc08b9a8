import type { IBinaryData, IDataObject, IExecuteFunctions } from 'n8n-workflow';
import type { MediaInput, VideoRequest } from './job';

/**
 * The body for `POST /v1/videos`. Files are read and encoded here, at the last moment, so that
 * only the videos in flight take memory. Fields that are empty or `null` are left out.
 */
export async function buildBody(
	context: IExecuteFunctions,
	request: VideoRequest,
): Promise<IDataObject> {
	const media: IDataObject = {};
	for (const [field, input] of Object.entries(request.media)) {
		media[field] = Array.isArray(input)
			? await Promise.all(input.map(async (one) => await toUrl(context, one)))
			: await toUrl(context, input);
	}
	const body = { ...request.fields, ...media, ...request.additionalFields };
	return Object.fromEntries(
		Object.entries(body).filter(([, value]) => value !== '' && value !== null),
	);
}

async function toUrl(context: IExecuteFunctions, input: MediaInput): Promise<string> {
	if ('url' in input) return input.url;
	const { itemIndex, field, mimeType } = input;
	const buffer = await context.helpers.getBinaryDataBuffer(itemIndex, field);
	return `data:${mimeType};base64,${buffer.toString('base64')}`;
}

/** Size in bytes of a file that n8n keeps, without loading it where n8n keeps it outside the item. */
export async function binarySize(
	context: IExecuteFunctions,
	{ id, data }: IBinaryData,
): Promise<number> {
	if (id) return (await context.helpers.getBinaryMetadata(id)).fileSize;
	return Buffer.byteLength(data, 'base64');
}

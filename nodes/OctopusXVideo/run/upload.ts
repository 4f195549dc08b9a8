import { asOctopusXError, OctopusXError } from '../api/errors';
import { guarded } from '../api/transport';
import type { FileInput, VideoRequest } from './job';
import { mapMedia, unreadable } from './media';
import { within } from './pause';
import { withRetries, type RetryRule } from './retry';
import type { Scope } from './scope';

/** 1 GB over a line of 15 Mbit/s. */
const PUT_LIMIT_MS = 10 * 60_000;

/**
 * Puts the files of a request into storage of the API's, and their public addresses into the request.
 *
 * @param deadline in ms since the epoch
 * @throws OctopusXError after the last try; nothing has been paid for
 */
export async function uploadFiles(
	scope: Scope,
	request: VideoRequest,
	deadline: number,
): Promise<VideoRequest> {
	const media = await mapMedia(request.media, async (input) => {
		return 'url' in input ? input : { url: await uploadFile(scope, input, deadline) };
	}).catch(asOctopusXError);
	if (!(media instanceof OctopusXError)) return { ...request, media };
	throw new OctopusXError(
		'The file could not be uploaded to OctopusX',
		`${media.message}. ${media.description} Nothing was submitted.`,
		{ statusCode: media.details.statusCode },
	);
}

/** Streams one file, without the key: to the same address for as long as that is valid. */
async function uploadFile(scope: Scope, file: FileInput, deadline: number): Promise<string> {
	const rule: RetryRule = {
		heals: ({ transient }) => transient,
		deadline,
		signal: scope.signal,
	};
	const target = await withRetries(
		async () => await scope.client.presignUpload(file.fileName, file.mimeType),
		rule,
	);
	await withRetries(async () => await put(scope, file, target.uploadUrl), {
		...rule,
		deadline: Math.min(deadline, target.expiresAt),
	});
	return target.publicUrl;
}

async function put(
	{ client, context, signal }: Scope,
	{ itemIndex, field, mimeType, bytes }: FileInput,
	url: string,
): Promise<void> {
	const { id } = context.helpers.assertBinaryData(itemIndex, field);
	// a stream is used up by a try, so each one opens its own
	const body = id
		? guarded(await context.helpers.getBinaryStream(id).catch(unreadable))
		: await context.helpers.getBinaryDataBuffer(itemIndex, field).catch(unreadable);
	const sending = client.putFile(url, body, mimeType, bytes).then(() => true);
	if (await within(PUT_LIMIT_MS, sending, signal)) return;
	throw new OctopusXError('The upload took too long', 'It was given up.', { transient: true });
}

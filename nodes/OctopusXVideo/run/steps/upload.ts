import { attempt, OctopusXError } from '../../api/errors';
import type { UploadTarget } from '../../api/presign';
import { streamOf } from '../../files/body';
import { chunksOf, openFile } from '../../files/inputFile';
import { mapMedia, type FileInput, type PaidRequest } from '../../job';
import { now } from '../../timing/clock';
import { withinOrEnded } from '../../timing/pause';
import { withRetries, type RetryRule } from '../../timing/retry';
import type { Scope } from '../state/scope';
import { answered } from './answered';

/** 1 GB over a line of 15 Mbit/s. */
const PUT_LIMIT_MS = 10 * 60_000;

/**
 * Puts the files of a request into storage of the API's, and their public addresses into the request.
 *
 * @param deadline by `now`
 * @throws OctopusXError after the last try; nothing has been paid for
 */
export async function uploadFiles(
	scope: Scope,
	request: PaidRequest,
	deadline: number,
): Promise<PaidRequest> {
	const uploading = mapMedia(request.media, async (input) => {
		return 'url' in input ? input : { url: await uploadFile(scope, input, deadline) };
	});
	const { value: media, fault } = await attempt(uploading);
	if (!fault) return { ...request, media };
	throw new OctopusXError(
		'The file could not be uploaded to OctopusX',
		`Nothing was submitted. ${fault.message}. ${fault.description}`,
		fault.details,
	);
}

/** Streams one file, without the key: to the same address for as long as that is valid. */
async function uploadFile(scope: Scope, file: FileInput, deadline: number): Promise<string> {
	const rule: RetryRule = {
		heals: ({ transient }) => transient,
		deadline,
		signal: scope.signal,
	};
	const { commonFault } = scope;
	const target = await withRetries(async () => await presign(scope, file), {
		...rule,
		heals: ({ transient }) => transient && !commonFault.isSure,
		onFault: (fault) => commonFault.note(fault),
	});
	await withRetries(async () => await put(scope, file, target), {
		...rule,
		deadline: Math.min(deadline, now() + target.expiresInMs),
	});
	return target.publicUrl;
}

async function presign(scope: Scope, file: FileInput): Promise<UploadTarget> {
	const { client } = scope;
	const ask = async (signal: AbortSignal) =>
		await client.presignUpload(file.fileName, file.mimeType, signal);
	return await answered(scope, ask, () => 'No address for the upload came in time.');
}

async function put(
	{ client, context, signal }: Scope,
	file: FileInput,
	target: UploadTarget,
): Promise<void> {
	// a stream is used up by a try, so each one opens its own
	const source = await openFile(context, file);
	const body = Buffer.isBuffer(source) ? source : streamOf(chunksOf(source, file), source);
	try {
		const sending = async (ending: AbortSignal) =>
			await client.putFile(target, body, file.bytes, ending).then(() => true);
		if (await withinOrEnded(PUT_LIMIT_MS, sending, signal)) return;
		throw new OctopusXError('The upload took too long', 'It was given up.', { transient: true });
	} finally {
		if (!Buffer.isBuffer(source)) source.destroy();
	}
}

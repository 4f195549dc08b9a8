import type { UploadTarget } from '../../api/answers';
import { attempt, OctopusXError, type Result } from '../../api/errors';
import { streamOf } from '../../files/body';
import { chunksOf, openFile } from '../../files/inputFile';
import { mapMedia, type FileInput, type PaidRequest } from '../../job';
import { withRetries, type RetryPolicy } from '../../timing/retry';
import { now, withTimeout } from '../../timing/time';
import { failed, type Delivered, type Failed, type Planned } from '../state/item';
import type { ItemScope } from '../state/scope';
import { ANSWER_TIMEOUT_MS } from './check';

/** Upper limit for an attempt: enough for 1 GB at 15 Mbit/s. */
const PUT_TIMEOUT_MS = 10 * 60_000;

const MAX_REDIRECTS = 3;

/** Uploads the files of a request, if it asks for that. Returns it with public URLs in their place. */
export async function uploadFiles(
	scope: ItemScope,
	request: PaidRequest,
	deadline: number,
): Promise<Result<PaidRequest>> {
	if (request.sendBinaryAs !== 'upload') return { value: request };
	let fault: OctopusXError | undefined;
	const media = await mapMedia(request.media, async (input) => {
		if ('url' in input || fault) return input;
		const uploaded = await uploadFile(scope, input, deadline);
		fault = uploaded.fault;
		return uploaded.fault ? input : { url: uploaded.value };
	});
	return fault ? { fault } : { value: { ...request, media } };
}

export async function uploadItem(
	scope: ItemScope,
	item: Planned,
	file: FileInput,
): Promise<Delivered | Failed> {
	const { index, job } = item;
	const { value: url, fault } = await uploadFile(scope, file, now() + job.timeoutMs);
	if (fault) return failed(item, fault);
	const { fileName: file_name, mimeType: content_type, bytes } = file;
	const test = job.testMode && { test: true };
	return { state: 'delivered', index, job, json: { url, file_name, content_type, bytes, ...test } };
}

/** Returns the public URL of the file. Ends at the deadline, in `now()` time, at the latest. */
async function uploadFile(
	scope: ItemScope,
	file: FileInput,
	deadline: number,
): Promise<Result<string>> {
	// no attempt keeps the item's place beyond its time
	const uploaded = (await withTimeout(
		Math.max(0, deadline - now()),
		async (signal) => await streamFile({ ...scope, signal }, file, deadline),
		scope.signal,
	)) ?? { fault: tooSlow() };
	if (!uploaded.fault) return uploaded;
	const { message, description, details } = uploaded.fault;
	const fault = new OctopusXError(
		'The file could not be uploaded to OctopusX',
		`${message}. ${description}`,
		{ ...details, charge: 'none' },
	);
	return { fault };
}

/** Streams one file to a URL of the storage. Retries as long as that URL is valid. */
async function streamFile(
	scope: ItemScope,
	file: FileInput,
	deadline: number,
): Promise<Result<string>> {
	const { breaker, client, signal } = scope;
	const policy: RetryPolicy = { deadline, breaker, signal };
	const noAddress = 'It gave no address for the upload in time.';
	const { value: target, fault } = await withRetries(
		(ending) => attempt(client.presignUpload(file.fileName, file.mimeType, ending)),
		{
			...policy,
			attemptTimeoutMs: ANSWER_TIMEOUT_MS,
			onTimeout: () => new OctopusXError('OctopusX did not answer', noAddress, { transient: true }),
		},
	);
	if (fault) return { fault };
	const put = await withRetries((ending) => attempt(send(scope, file, target, ending)), {
		...policy,
		deadline: Math.min(deadline, now() + target.expiresInMs),
		attemptTimeoutMs: PUT_TIMEOUT_MS,
		onTimeout: tooSlow,
	});
	return put.fault ? { fault: put.fault } : { value: target.publicUrl };
}

function tooSlow(): OctopusXError {
	return new OctopusXError('The upload took too long', 'It was given up.', { transient: true });
}

/** Sends the file without the key: once, and again from its start for each redirect of the host. */
async function send(
	scope: ItemScope,
	file: FileInput,
	target: UploadTarget,
	signal: AbortSignal,
	redirects = 0,
): Promise<void> {
	// sending consumes the stream
	const source = await openFile(scope.context, file);
	const body = Buffer.isBuffer(source) ? source : streamOf(chunksOf(source, file), source);
	let uploadUrl: string | undefined;
	try {
		uploadUrl = await scope.client.putFile(target, body, file.bytes, signal);
	} finally {
		if (!Buffer.isBuffer(source)) source.destroy();
	}
	if (uploadUrl === undefined) return;
	if (redirects < MAX_REDIRECTS) {
		return await send(scope, file, { ...target, uploadUrl }, signal, redirects + 1);
	}
	throw new OctopusXError(
		'The address for the upload leads from one address to the next',
		`It did so more than ${MAX_REDIRECTS} times.`,
	);
}

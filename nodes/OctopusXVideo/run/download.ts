import type { IBinaryData } from 'n8n-workflow';
import type { ByteStream } from '../api/client';
import type { Answer } from '../api/catalogue';
import { asOctopusXError, OctopusXError } from '../api/errors';
import type { Task } from '../api/task';
import { within } from './pause';
import { withRetries } from './retry';
import type { Scope } from './scope';

const TRIES = 4;
/** A host that asks for more patience is asked again all the same. */
const MAX_RETRY_AFTER_MS = 60_000;
/** A host that sends nothing for so long is hanging, before the first byte or between two. */
const STALL_LIMIT_MS = 60_000;
const VIDEO_MIME = 'video/mp4';

/**
 * Streams the finished video of a task into n8n's binary storage.
 *
 * @param fileName empty for `<task_id>.mp4`
 * @throws OctopusXError after the last try; the video itself is still where `video_url` says
 */
export async function downloadVideo(
	scope: Scope,
	task: Task,
	fileName: string,
): Promise<IBinaryData> {
	const result = await withRetries(async () => await tryDownload(scope, task, fileName), {
		heals: ({ transient }) => transient,
		deadline: Infinity,
		tries: TRIES,
		maxRetryAfterMs: MAX_RETRY_AFTER_MS,
		signal: scope.signal,
	}).catch(asOctopusXError);
	if (!(result instanceof OctopusXError)) return result;
	throw new OctopusXError(
		'The video is ready but could not be downloaded',
		`${result.message}. ${result.description} Use Get Status with this Task ID to download it again, at no cost.`,
		result.details,
	);
}

async function tryDownload(
	{ client, context, signal }: Scope,
	task: Task,
	fileName: string,
): Promise<IBinaryData> {
	const opening = client.openVideo(task.video_url as string);
	const answer = await within(STALL_LIMIT_MS, opening, signal);
	if (!answer) throw broken('no answer came in time');
	refuseOtherType(answer);
	const name = fileName ? withExtension(fileName) : `${task.task_id.replace(/[^\w.-]/g, '_')}.mp4`;
	const storing = context.helpers.prepareBinaryData(
		checkedStream(answer, signal),
		name,
		VIDEO_MIME,
	);
	const stored = await storing.catch((error: Error) =>
		error instanceof OctopusXError ? error : broken(client.redact(error.message)),
	);
	if (stored instanceof OctopusXError) throw stored;
	return stored;
}

/** The body of an answer, refused in the middle of it when it is no whole video. */
function checkedStream(
	{ headers, body }: Answer<ByteStream>,
	signal: AbortSignal | undefined,
): ByteStream {
	// n8n stores Node streams only, and nodes may not import what makes one: the body's class does
	const { from } = body.constructor as unknown as {
		from: (it: AsyncIterable<Buffer>) => ByteStream;
	};
	return from(checkedChunks(body, headers['content-length'], signal));
}

async function* checkedChunks(
	body: ByteStream,
	contentLength: unknown,
	signal: AbortSignal | undefined,
): AsyncGenerator<Buffer> {
	const chunks = body[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
	let size = 0;
	try {
		for (;;) {
			const next = await within(STALL_LIMIT_MS, chunks.next(), signal);
			if (!next) throw broken('the host stopped sending');
			if (next.done) break;
			if (size === 0) refuseOtherContent(next.value);
			size += next.value.length;
			yield next.value;
		}
	} finally {
		body.destroy();
	}
	if (size === 0) {
		throw new OctopusXError('The video file is empty', 'No byte arrived.', { transient: true });
	}
	// more than announced is no harm: the host has compressed the file, and n8n unpacked it
	if (size < Number(contentLength ?? 0)) {
		throw broken(`${size} of ${String(contentLength)} bytes arrived`);
	}
}

/** Some file hosts answer with a page and status 200; some of those call the page a video. */
function refuseOtherType({ headers, body }: Answer<ByteStream>): void {
	if (!/^text\/|\b(html|xml|json)\b/i.test(String(headers['content-type'] ?? ''))) return;
	body.destroy();
	throw noVideo();
}

/** A video file starts with the size of its first part, hence a zero byte; text starts with text. */
function refuseOtherContent(firstChunk: Buffer): void {
	const start = firstChunk.subarray(0, 256).toString('latin1').trimStart();
	if (start >= ' ') throw noVideo();
}

function noVideo(): OctopusXError {
	return new OctopusXError('Something else came instead of the video', 'A page or a message.', {
		transient: true,
	});
}

function broken(reason: string): OctopusXError {
	return new OctopusXError(
		'The download broke off',
		`The file did not arrive whole or could not be stored: ${reason}.`,
		{ transient: true },
	);
}

function withExtension(fileName: string): string {
	return /\.[a-z]\w{1,4}$/i.test(fileName) ? fileName : `${fileName}.mp4`;
}

import type { IBinaryData } from 'n8n-workflow';
import { attempt, OctopusXError } from '../../api/errors';
import type { Answer } from '../../api/explain';
import type { Task } from '../../api/task';
import type { ByteStream } from '../../api/transport';
import { streamOf } from '../../files/stream';
import { followingController, within } from '../../timing/pause';
import { withRetries } from '../../timing/retry';
import type { Scope } from '../state/scope';

const TRIES = 4;
/** A host that asks for more patience is asked again all the same. */
const MAX_RETRY_AFTER_MS = 60_000;
/** A host that sends nothing for so long is hanging, before the first byte or between two. */
const STALL_LIMIT_MS = 60_000;
/** Far above any download that goes on; an end for one that drips. */
const STORE_LIMIT_MS = 2 * 60 * 60_000;
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
	const downloading = withRetries(async () => await tryDownload(scope, task, fileName), {
		heals: ({ transient }) => transient,
		deadline: Infinity,
		tries: TRIES,
		maxRetryAfterMs: MAX_RETRY_AFTER_MS,
		signal: scope.signal,
	});
	const { value, fault } = await attempt(downloading);
	if (!fault) return value;
	throw new OctopusXError(
		'The video is ready but could not be downloaded',
		`${fault.message}. ${fault.description} Use Get Status with this Task ID to download it again, at no cost.`,
		fault.details,
	);
}

async function tryDownload(
	{ client, context, signal }: Scope,
	task: Task,
	fileName: string,
): Promise<IBinaryData> {
	const connection = followingController(signal);
	try {
		const opening = client.openVideo(task.video_url as string, connection.signal);
		const answer = await within(STALL_LIMIT_MS, opening, signal);
		if (!answer) throw broken('no answer came in time');
		refuseOtherType(answer);
		const name = fileName
			? withExtension(fileName)
			: `${task.task_id.replace(/[^\w.-]/g, '_')}.mp4`;
		const storing = context.helpers
			.prepareBinaryData(streamOf(checkedChunks(answer), answer.body), name, VIDEO_MIME)
			.catch((error: Error) =>
				error instanceof OctopusXError ? error : broken(client.redact(error.message)),
			);
		const stored = (await within(STORE_LIMIT_MS, storing, signal)) ?? broken('it took too long');
		if (stored instanceof OctopusXError) throw stored;
		return stored;
	} finally {
		connection.abort();
	}
}

/**
 * The body of an answer, refused in the middle of it when it is no whole video. No timeout of n8n's
 * ends a connection that falls silent once the body has begun. While n8n stores a chunk, no clock runs.
 */
async function* checkedChunks({ headers, body }: Answer<ByteStream>): AsyncGenerator<Buffer> {
	let size = 0;
	const chunks = (body as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
	for (;;) {
		const next = await within(STALL_LIMIT_MS, chunks.next());
		if (!next) throw broken('the host stopped sending');
		if (next.done) break;
		if (size === 0) refuseOtherContent(next.value);
		size += next.value.length;
		yield next.value;
	}
	if (size === 0) {
		throw new OctopusXError('The video file is empty', 'No byte arrived.', { transient: true });
	}
	// more than announced is no harm: the host has compressed the file, and n8n unpacked it
	const announced = Number(headers['content-length'] ?? 0);
	if (size < announced) throw broken(`${size} of ${announced} bytes arrived`);
}

/** Some file hosts answer with a page and status 200; some of those call the page a video. */
function refuseOtherType({ headers }: Answer<ByteStream>): void {
	if (/^text\/|\b(html|xml|json)\b/i.test(String(headers['content-type'] ?? ''))) throw noVideo();
}

/** A video file starts with the size of its first part, hence a zero byte; text starts with text. */
function refuseOtherContent(firstChunk: Buffer): void {
	const start = firstChunk.subarray(0, 256).toString('latin1').trimStart();
	if (start === '' || start >= ' ') throw noVideo();
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

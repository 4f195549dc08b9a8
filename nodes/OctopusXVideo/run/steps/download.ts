import type { IBinaryData } from 'n8n-workflow';
import { attempt, OctopusXError } from '../../api/errors';
import type { Answer } from '../../api/envelope';
import type { Task } from '../../api/task';
import type { ByteStream } from '../../api/transport';
import { streamOf } from '../../files/stream';
import { followingController, pause, within } from '../../timing/pause';
import { withRetries } from '../../timing/retry';
import type { Scope } from '../state/scope';

const TRIES = 4;
/** A host that asks for more patience is asked again all the same. */
const MAX_RETRY_AFTER_MS = 60_000;
/** A host that sends nothing for so long is hanging, before the first byte or between two. */
const STALL_LIMIT_MS = 60_000;
const WATCH_INTERVAL_MS = 5_000;
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
	const watchdog = new Watchdog(connection);
	try {
		const opening = client.openVideo(task.video_url as string, connection.signal);
		const answer = await within(STALL_LIMIT_MS, opening, signal);
		if (!answer) throw broken('no answer came in time');
		refuseOtherType(answer);
		const name = fileName
			? withExtension(fileName)
			: `${task.task_id.replace(/[^\w.-]/g, '_')}.mp4`;
		const chunks = checkedChunks(answer, watchdog);
		const storing = context.helpers
			.prepareBinaryData(streamOf(chunks, answer.body), name, VIDEO_MIME)
			.catch((error: Error) => {
				if (watchdog.hasEndedIt) return broken('the host stopped sending');
				return error instanceof OctopusXError ? error : broken(client.redact(error.message));
			});
		const stored = (await within(STORE_LIMIT_MS, storing, signal)) ?? broken('it took too long');
		if (stored instanceof OctopusXError) throw stored;
		return stored;
	} finally {
		connection.abort();
	}
}

/** The body of an answer, refused in the middle of it when it is no whole video. */
async function* checkedChunks(
	{ headers, body }: Answer<ByteStream>,
	watchdog: Watchdog,
): AsyncGenerator<Buffer> {
	let size = 0;
	void watchdog.watch();
	for await (const chunk of body as AsyncIterable<Buffer>) {
		watchdog.noteChunk();
		if (size === 0) refuseOtherContent(chunk);
		size += chunk.length;
		yield chunk;
		watchdog.isWaiting = true;
	}
	watchdog.isWaiting = false;
	if (size === 0) {
		throw new OctopusXError('The video file is empty', 'No byte arrived.', { transient: true });
	}
	// more than announced is no harm: the host has compressed the file, and n8n unpacked it
	const announced = Number(headers['content-length'] ?? 0);
	if (size < announced) throw broken(`${size} of ${announced} bytes arrived`);
}

/**
 * Ends the connection of a host that stops sending. No timeout of n8n's does that once the body has
 * begun, and destroying the body does not either, as long as nothing comes. Storing may take its time.
 * One clock for the whole file: a clock for each chunk costs 24 MB more for a file of 300 MB.
 */
class Watchdog {
	/** Whether the next chunk is the host's to send. */
	isWaiting = true;
	hasEndedIt = false;
	private chunks = 0;

	constructor(private readonly connection: AbortController) {}

	noteChunk(): void {
		this.chunks++;
		this.isWaiting = false;
	}

	/** Watches until the connection is over. */
	async watch(): Promise<void> {
		const { signal } = this.connection;
		let idleMs = 0;
		while (idleMs < STALL_LIMIT_MS && !signal.aborted) {
			const before = this.chunks;
			await pause(WATCH_INTERVAL_MS, signal);
			idleMs = this.isWaiting && this.chunks === before ? idleMs + WATCH_INTERVAL_MS : 0;
		}
		if (signal.aborted) return;
		this.hasEndedIt = true;
		this.connection.abort();
	}
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

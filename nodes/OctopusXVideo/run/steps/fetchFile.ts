import type { IBinaryData } from 'n8n-workflow';
import type { Answer } from '../../api/envelope';
import { OctopusXError } from '../../api/errors';
import type { ByteStream } from '../../api/transport';
import { openVideo } from '../../api/videoFile';
import { streamOf } from '../../files/body';
import { now } from '../../timing/clock';
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
/** The content endpoint ends transfers after 60 s (docs/API.md, "The content proxy"); clocks differ a little. */
const CONTENT_LIMIT_MS = 57_000;
const VIDEO_MIME = 'video/mp4';

const BROKE_OFF = 'The download broke off';

/**
 * Streams the video behind one address into n8n's binary storage.
 *
 * @throws OctopusXError after the last try
 */
export async function fetchFile(scope: Scope, url: string, fileName: string): Promise<IBinaryData> {
	const download = url.startsWith('data:') ? storeHeld : tryDownload;
	return await withRetries(async () => await download(scope, url, fileName), {
		heals: ({ transient }) => transient,
		deadline: Infinity,
		tries: TRIES,
		maxRetryAfterMs: MAX_RETRY_AFTER_MS,
		signal: scope.signal,
	});
}

/** Stores the file that a `data:` address holds itself, as those of Test Mode do. */
async function storeHeld(
	{ client, context }: Scope,
	url: string,
	fileName: string,
): Promise<IBinaryData> {
	const content = Buffer.from(url.slice(url.indexOf(',') + 1), 'base64');
	return await context.helpers
		.prepareBinaryData(content, fileName, VIDEO_MIME)
		.catch((error: Error) => {
			throw broken(client.redact(error.message));
		});
}

async function tryDownload(
	{ client, context, signal }: Scope,
	url: string,
	fileName: string,
): Promise<IBinaryData> {
	const connection = followingController(signal);
	const watchdog = new Watchdog(connection);
	const startedAt = now();
	try {
		const opening = openVideo(client, url, connection.signal);
		const answer = await within(STALL_LIMIT_MS, opening, signal);
		if (!answer) throw broken('no answer came in time');
		refuseOtherType(answer);
		const chunks = checkedChunks(answer, watchdog);
		const storing = context.helpers
			.prepareBinaryData(streamOf(chunks, answer.body), fileName, VIDEO_MIME)
			.catch((error: Error) => {
				if (watchdog.hasEndedIt) return broken('the host stopped sending');
				return error instanceof OctopusXError ? error : broken(client.redact(error.message));
			});
		const stored = (await within(STORE_LIMIT_MS, storing, signal)) ?? broken('it took too long');
		if (!(stored instanceof OctopusXError)) return stored;
		const isCut =
			client.isContentUrl(url) &&
			stored.message === BROKE_OFF &&
			now() - startedAt >= CONTENT_LIMIT_MS;
		throw isCut && !watchdog.hasEndedIt ? cutOff() : stored;
	} finally {
		connection.abort();
	}
}

/**
 * The body of an answer, refused when it begins as no video does, or is only a part of one. What is cut
 * short ends in an error of Node's; Content-Length says nothing, as a host may have compressed the file.
 */
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
	const [, whole = 0] = /\/(\d+)$/.exec(String(headers['content-range'])) ?? [];
	if (size < Number(whole)) throw broken(`${size} of ${whole} bytes arrived`);
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
	return new OctopusXError(
		'Something else came instead of the video',
		'It was a web page or a text.',
		{
			transient: true,
		},
	);
}

function cutOff(): OctopusXError {
	return new OctopusXError(
		'OctopusX cut the download off after 60 seconds',
		"A file that takes longer cannot be had there. Lower the option 'Max Concurrency', so that fewer downloads share the line, or generate a shorter or smaller video.",
	);
}

function broken(reason: string): OctopusXError {
	return new OctopusXError(
		BROKE_OFF,
		`The file did not arrive whole or could not be stored: ${reason}.`,
		{ transient: true },
	);
}

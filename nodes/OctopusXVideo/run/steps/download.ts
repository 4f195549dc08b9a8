import type { IBinaryData } from 'n8n-workflow';
import { shorten, type Answer } from '../../api/envelope';
import { attempt, OctopusXError, type Result } from '../../api/errors';
import type { ByteStream } from '../../api/transport';
import { openVideo } from '../../api/videoFile';
import { streamOf } from '../../files/body';
import { Mp4Reader, type VideoFacts } from '../../files/mp4';
import { withRetries } from '../../timing/retry';
import { linkedController, now, pause, waitAtMost } from '../../timing/time';
import type { ItemScope } from '../state/scope';

/** A host that sends nothing for this long, before the first byte or between two bytes, counts as hung. */
const STALL_TIMEOUT_MS = 60_000;
const STALL_CHECK_INTERVAL_MS = 5_000;

/** Upper limit for a download: far longer than any working download takes. Ends one that trickles. */
const DOWNLOAD_TIMEOUT_MS = 2 * 60 * 60_000;

/** The content endpoint ends transfers after 60 s (docs/API.md, "The content proxy"). Clocks differ a bit. */
const CONTENT_LIMIT_MS = 57_000;

/** Upper limit for a file, larger than any video of the API: a host may never stop sending. */
const MAX_BYTES = 4 * 1024 ** 3;

/** The boxes that an MP4 file can begin with (ISO/IEC 14496-12 and QuickTime). */
const FIRST_BOXES = 'ftyp moov moof mdat free skip wide styp pnot'.split(' ');
/** Length of the size and type of a box, in bytes. */
const BOX_BYTES = 8;

const TEXT_TYPE = /^text\/|\b(html|xml|json)\b/i;
const VIDEO_TYPE = 'video/mp4';

export type StoredVideo = { file: IBinaryData; facts: VideoFacts };

export async function download(
	scope: ItemScope,
	url: string,
	fileName: string,
): Promise<Result<StoredVideo>> {
	return await withRetries(async () => await attempt(storeFile(scope, url, fileName)), {
		deadline: Infinity,
		maxAttempts: 4,
		// a host that asks for a longer delay is asked again anyway
		maxRetryAfterMs: 60_000,
		signal: scope.signal,
	});
}

/** Stores a sample of Test Mode, which is not downloaded. */
export async function storeSample(
	{ context }: ItemScope,
	content: Buffer,
	fileName: string,
): Promise<Result<StoredVideo>> {
	const reader = new Mp4Reader();
	reader.read(content);
	const storing = context.helpers.prepareBinaryData(content, fileName, VIDEO_TYPE);
	const stored = storing.catch((error: Error) => Promise.reject(notStored(error)));
	return await attempt(stored.then((file) => ({ file, facts: reader.facts })));
}

async function storeFile(
	{ client, context, signal }: ItemScope,
	url: string,
	fileName: string,
): Promise<StoredVideo> {
	const connection = linkedController(signal);
	const watchdog = new Watchdog(connection);
	const reader = new Mp4Reader();
	const startedAt = now();
	let hasBroken = false;
	try {
		const opening = openVideo(client, url, connection.signal);
		const answer = await waitAtMost(STALL_TIMEOUT_MS, opening, signal);
		if (!answer) throw brokeOff('no answer came in time');
		// some hosts send a page with status 200
		if (TEXT_TYPE.test(String(answer.headers['content-type'] ?? ''))) throw noVideo();
		answer.body.on('error', () => (hasBroken = true));
		const video = streamOf(checkedChunks(answer, watchdog, reader), answer.body);
		const storing = context.helpers.prepareBinaryData(video, fileName, VIDEO_TYPE);
		const file = await waitAtMost(DOWNLOAD_TIMEOUT_MS, storing, signal).catch((error: Error) => {
			if (watchdog.hasFired) throw brokeOff('the host stopped sending');
			if (error instanceof OctopusXError) throw error;
			const isLong = now() - startedAt >= CONTENT_LIMIT_MS;
			if (hasBroken && client.isContentUrl(url) && isLong) throw cutOff();
			throw hasBroken ? brokeOff(shorten(error.message)) : notStored(error);
		});
		if (!file) throw brokeOff('it took too long');
		return { file, facts: reader.facts };
	} finally {
		connection.abort();
	}
}

/**
 * Yields the body of a response. Throws if it does not begin like a video, is incomplete or is too large.
 * Node itself reports a body that is cut short. Content-Length is not compared exactly, because a host may
 * compress the file although it is asked not to. A video hardly shrinks, so twice that length is enough, and
 * 1 MB for tiny files.
 */
async function* checkedChunks(
	{ headers, body }: Answer<ByteStream>,
	watchdog: Watchdog,
	reader: Mp4Reader,
): AsyncGenerator<Buffer> {
	const announced = Number(headers['content-length'] ?? NaN);
	const expected = Number.isFinite(announced) ? 2 * announced + 1024 ** 2 : Infinity;
	const maxBytes = Math.min(expected, MAX_BYTES);
	let start = Buffer.alloc(0);
	let size = 0;
	void watchdog.watch();
	for await (const chunk of body as AsyncIterable<Buffer>) {
		watchdog.noteChunk();
		size += chunk.length;
		reader.read(chunk);
		if (size > maxBytes) {
			const megabytes = Math.round(maxBytes / 1_000_000);
			throw new OctopusXError(
				'The video file is too large',
				`More than ${megabytes} MB arrived, which is more than the host announced or more than 4 GB.`,
			);
		}
		if (start.length >= BOX_BYTES) {
			yield chunk;
		} else {
			start = Buffer.concat([start, chunk]);
			if (start.length >= BOX_BYTES) {
				if (!FIRST_BOXES.includes(start.toString('latin1', 4, BOX_BYTES))) throw noVideo();
				yield start;
			}
		}
		watchdog.isWaiting = true;
	}
	watchdog.isWaiting = false;
	if (size === 0) {
		throw new OctopusXError('The video file is empty', 'No byte arrived.', { transient: true });
	}
	if (size < BOX_BYTES) throw noVideo();
	const [, ranged = 0] = /\/(\d+)$/.exec(String(headers['content-range'])) ?? [];
	const whole = Math.max(Number(ranged), reader.end);
	if (size < whole) throw brokeOff(`${size} of ${whole} bytes arrived`);
}

/**
 * Ends the connection of a host that stops sending. n8n's timeouts do not apply once a body has begun, and
 * destroying the body has no effect while nothing arrives. The time that n8n takes to store a chunk is
 * excluded. One timer serves the whole file, because a timer per chunk costs 24 MB more for a file of 300 MB.
 */
class Watchdog {
	/** True if it is the host's turn to send. */
	isWaiting = true;
	hasFired = false;
	private chunks = 0;

	constructor(private readonly connection: AbortController) {}

	noteChunk(): void {
		this.chunks++;
		this.isWaiting = false;
	}

	/** Watches until the connection has ended. */
	async watch(): Promise<void> {
		const { signal } = this.connection;
		let idleMs = 0;
		while (idleMs < STALL_TIMEOUT_MS && !signal.aborted) {
			const before = this.chunks;
			await pause(STALL_CHECK_INTERVAL_MS, signal);
			idleMs = this.isWaiting && this.chunks === before ? idleMs + STALL_CHECK_INTERVAL_MS : 0;
		}
		if (signal.aborted) return;
		this.hasFired = true;
		this.connection.abort();
	}
}

function noVideo(): OctopusXError {
	return new OctopusXError(
		'Something else came instead of the video',
		'It was a web page or a text.',
		{ transient: true },
	);
}

function cutOff(): OctopusXError {
	return new OctopusXError(
		'OctopusX cut the download off after 60 seconds',
		"It does so with every file that takes longer. Lower the option 'Max Concurrency', so that fewer downloads share the line, or generate a shorter or smaller video.",
	);
}

function brokeOff(reason: string): OctopusXError {
	return new OctopusXError('The download broke off', `The file did not arrive whole: ${reason}.`, {
		transient: true,
	});
}

function notStored({ message }: Error): OctopusXError {
	return new OctopusXError(
		'n8n could not store the video',
		`Its storage for files reported: ${shorten(message)}. Ask the administrator of n8n for space or a higher limit, then fetch the video again.`,
		{ isLocal: true },
	);
}

import type { IBinaryData, IExecuteFunctions } from 'n8n-workflow';
import type { ByteStream, OctopusXClient } from '../api/client';
import { OctopusXError, type Answer } from '../api/errors';
import type { Task } from '../api/task';
import { binarySize } from './media';
import { pause } from './pause';

const TRIES = 4;
const FIRST_BACKOFF_MS = 1_000;
const VIDEO_MIME = 'video/mp4';

/**
 * Streams the finished video of a task into n8n's binary storage.
 *
 * @param fileName empty for `<task_id>.mp4`
 * @throws OctopusXError after the last try; the video itself is still where `video_url` says
 */
export async function downloadVideo(
	context: IExecuteFunctions,
	client: OctopusXClient,
	task: Task,
	fileName: string,
): Promise<IBinaryData> {
	const signal = context.getExecutionCancelSignal();
	for (let attempt = 1; ; attempt++) {
		const result = await tryDownload(context, client, task, fileName);
		if (!(result instanceof OctopusXError)) return result;
		if (!result.details.transient || attempt === TRIES || signal?.aborted) {
			throw new OctopusXError(
				'The video is ready but could not be downloaded',
				`${result.message}. ${result.description} Use Get Status with this Task ID to download it again, at no cost.`,
				result.details,
			);
		}
		await pause(FIRST_BACKOFF_MS * 2 ** (attempt - 1), signal);
	}
}

async function tryDownload(
	context: IExecuteFunctions,
	client: OctopusXClient,
	task: Task,
	fileName: string,
): Promise<IBinaryData | OctopusXError> {
	try {
		const answer = await client.openVideo(task.video_url as string);
		await refuseOtherContent(answer);
		const binary = await context.helpers.prepareBinaryData(
			answer.body,
			fileName ? withExtension(fileName) : `${task.task_id.replace(/[^\w.-]/g, '_')}.mp4`,
			VIDEO_MIME,
		);
		return await complete(context, binary, answer);
	} catch (error) {
		if (error instanceof OctopusXError) return error;
		return new OctopusXError(
			'The download broke off',
			`The file did not arrive whole or could not be stored (${(error as Error).message}).`,
			{ transient: true },
		);
	}
}

/** Error pages come with status 200 from some file hosts: look at the type, then at the first bytes. */
async function refuseOtherContent({ headers, body }: Answer<ByteStream>): Promise<void> {
	const type = String(headers['content-type'] ?? '');
	const start = (await peek(body)).subarray(0, 256).toString('latin1').trimStart();
	if (/\b(html|xml|json)\b/i.test(type) || /^<(!doctype|html|\?xml|[a-z]+>)/i.test(start)) {
		body.destroy();
		throw new OctopusXError('A web page came instead of the video', 'It was not kept.', {
			transient: true,
		});
	}
	if (start === '') {
		throw new OctopusXError('The video file is empty', 'It was not kept.', { transient: true });
	}
}

/** The first chunk of a stream, left in place for whoever reads it next; empty at its end. */
async function peek(stream: ByteStream): Promise<Buffer> {
	await new Promise<void>((resolve, reject) => {
		stream.once('readable', resolve).once('end', resolve).once('error', reject);
	});
	const chunk = stream.read() as Buffer | null;
	if (chunk === null) return Buffer.alloc(0);
	stream.unshift(chunk);
	return chunk;
}

async function complete(
	context: IExecuteFunctions,
	binary: IBinaryData,
	{ headers }: Answer<ByteStream>,
): Promise<IBinaryData> {
	const expected = Number(headers['content-length'] ?? NaN);
	const size = await binarySize(context, binary);
	if (Number.isNaN(expected) || size === expected) return binary;
	throw new OctopusXError(
		'The video file is incomplete',
		`${size} of ${expected} bytes arrived and were not kept.`,
		{ transient: true },
	);
}

function withExtension(fileName: string): string {
	return /\.\w+$/.test(fileName) ? fileName : `${fileName}.mp4`;
}

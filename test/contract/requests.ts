import { crc32, deflateSync } from 'node:zlib';
import { VIDEOS } from '../sandbox/fixtures';

/** The cheapest video: the shortest duration and the lowest resolution. */
export const CLIP = { seconds: '4', aspect_ratio: '16:9', resolution: '720p' };
export const TEXT_TO_VIDEO = { model: 'omni-fast', prompt: 'A paper boat on calm water', ...CLIP };

const image = dataUri('image/png', gradient(640, 360));

/** A submission for each mode of the node. Each one creates a video and costs money. */
export const MODES: Array<[string, Record<string, unknown>]> = [
	['text to video', TEXT_TO_VIDEO],
	['first frame', { ...TEXT_TO_VIDEO, first_image_url: image }],
	['first and last frame', { ...TEXT_TO_VIDEO, first_image_url: image, last_image_url: image }],
	['reference images', { ...TEXT_TO_VIDEO, images: [image, image] }],
	[
		'edit',
		{ ...TEXT_TO_VIDEO, model: 'omni-fast-v2v', video: dataUri('video/mp4', VIDEOS.landscape) },
	],
];

/**
 * The endings that our sandbox gives a task if the prompt contains them. The gateway should refund
 * such a task.
 */
export const ENDINGS = ['failed', 'cancelled', 'expired', 'unrecognized', 'statusless'] as const;

/**
 * The expected refusal. A `type` means that it comes from the middleware; otherwise it comes from
 * the task endpoints.
 */
interface Refusal {
	status: number;
	code?: string;
	type?: 'new_api_error';
	/** The key to send. Default: the correct one. */
	key?: string;
}

/**
 * Submissions that the API refuses without a charge. Each asks for the cheapest video, in case an API
 * accepts it by mistake.
 */
export const REFUSED: Array<[string, unknown, Refusal]> = [
	['a wrong key', TEXT_TO_VIDEO, { status: 401, type: 'new_api_error', key: 'sk-wrong' }],
	['no key', TEXT_TO_VIDEO, { status: 401, type: 'new_api_error', key: '' }],
	['invalid JSON', '{"model":', { status: 400, type: 'new_api_error' }],
	['no model', { prompt: 'A boat' }, { status: 400, type: 'new_api_error' }],
	[
		'an unknown model',
		{ ...TEXT_TO_VIDEO, model: 'no-such-model' },
		{ status: 503, code: 'model_not_found', type: 'new_api_error' },
	],
	['no prompt', { ...TEXT_TO_VIDEO, prompt: undefined }, { status: 400, code: 'invalid_request' }],
	['a blank prompt', { ...TEXT_TO_VIDEO, prompt: ' ' }, { status: 400, code: 'invalid_request' }],
	['seconds as a number', { ...TEXT_TO_VIDEO, seconds: 4 }, { status: 400, code: 'invalid_json' }],
	[
		'images as a string',
		{ ...TEXT_TO_VIDEO, images: image },
		{ status: 400, code: 'invalid_json' },
	],
	[
		'a negative number of seconds',
		{ ...TEXT_TO_VIDEO, seconds: '-4' },
		{ status: 400, code: 'invalid_seconds' },
	],
	[
		'seconds that only the model refuses',
		{ ...TEXT_TO_VIDEO, seconds: 'four' },
		{ status: 400, code: 'fail_to_fetch_task' },
	],
];

function dataUri(type: string, bytes: Buffer): string {
	return `data:${type};base64,${bytes.toString('base64')}`;
}

/** Creates a PNG that a model can use as an image. */
function gradient(width: number, height: number): Buffer {
	const rows = Array.from({ length: height }, (_, y) =>
		Buffer.from([0, ...Array.from({ length: width }, (_, x) => [x >> 2, y >> 1, 160]).flat()]),
	);
	const size = Buffer.alloc(13);
	size.writeUInt32BE(width, 0);
	size.writeUInt32BE(height, 4);
	// The image has 8 bits per channel, in RGB.
	size.set([8, 2, 0, 0, 0], 8);
	const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
	const parts = [pngPart('IHDR', size), pngPart('IDAT', deflateSync(Buffer.concat(rows)))];
	return Buffer.concat([signature, ...parts, pngPart('IEND', Buffer.alloc(0))]);
}

function pngPart(type: string, data: Buffer): Buffer {
	const named = Buffer.concat([Buffer.from(type), data]);
	const numbers = [data.length, crc32(named)].map((number) => {
		const bytes = Buffer.alloc(4);
		bytes.writeUInt32BE(number);
		return bytes;
	});
	return Buffer.concat([numbers[0] as Buffer, named, numbers[1] as Buffer]);
}

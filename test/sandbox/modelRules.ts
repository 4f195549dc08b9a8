/** The model service's error for a request that it refuses. */
interface Refusal {
	code: string;
	message: string;
}

const MAX_IMAGES = 5;
/** A reference video may have at most 15 × 1024 × 1024 bytes (docs/API.md, "Create a task"). */
const MAX_VIDEO_BYTES = 15 * 1024 * 1024;
const VIDEO_FIELDS = ['video', 'video_url', 'input_video'];

type Body = Record<string, unknown>;

/**
 * Checks a request that has passed the gateway against the rules of its model (docs/API.md,
 * "Create a task"). Returns `undefined` if the model accepts it.
 */
export function refuseByModel(fields: Body): Refusal | undefined {
	return (
		refuseSeconds(fields.seconds) ??
		refuseText(fields, 'aspect_ratio') ??
		refuseText(fields, 'resolution') ??
		refuseImages(fields) ??
		(fields.model === 'omni-fast' ? refuseAnyVideo(fields) : refuseVideo(fields))
	);
}

function refuseText(fields: Body, name: string): Refusal | undefined {
	const value = fields[name];
	if (value === undefined) return undefined;
	if (typeof value === 'string' && value.trim() !== '') return undefined;
	return invalid(`${name} must be a non-empty string`);
}

function refuseSeconds(seconds: unknown): Refusal | undefined {
	if (seconds === undefined) return undefined;
	if (typeof seconds !== 'string' || !/^\d+$/.test(seconds)) {
		return invalid('seconds must be a string of digits');
	}
	return Number(seconds) >= 4 && Number(seconds) <= 30
		? undefined
		: invalid('seconds must be between 4 and 30');
}

function refuseImages(fields: Body): Refusal | undefined {
	const { first_image_url: first, last_image_url: last, images } = fields;
	if (last !== undefined && first === undefined) {
		return invalid('last_image_url needs first_image_url');
	}
	if (Array.isArray(images) && images.length > MAX_IMAGES) {
		return invalid(`images must be an array of at most ${MAX_IMAGES}`);
	}
	const all = [first, last, ...((images as unknown[]) ?? [])].filter((one) => one !== undefined);
	return all.every((one) => isMedia(one, 'image/'))
		? undefined
		: invalid('an image must be a URL or data:image/...;base64,...');
}

function refuseAnyVideo(fields: Body): Refusal | undefined {
	const field = VIDEO_FIELDS.find((name) => name in fields);
	return field ? invalid(`omni-fast does not accept ${field}`) : undefined;
}

function refuseVideo(fields: Body): Refusal | undefined {
	const video = VIDEO_FIELDS.map((name) => fields[name]).find((value) => value !== undefined);
	if (!isMedia(video, 'video/mp4')) {
		return invalid('video must be an MP4 URL or data:video/mp4;base64,...');
	}
	const [, base64] = video.split(';base64,');
	return base64 && Buffer.byteLength(base64, 'base64') > MAX_VIDEO_BYTES
		? invalid('the reference video is larger than 15 MB')
		: undefined;
}

function isMedia(value: unknown, mimeType: string): value is string {
	if (typeof value !== 'string') return false;
	if (value.startsWith('data:')) {
		return value.startsWith(`data:${mimeType}`) && /;base64,./.test(value.slice(0, 100));
	}
	return /^https?:\/\/./.test(value);
}

function invalid(message: string): Refusal {
	return { code: 'invalid_value', message };
}

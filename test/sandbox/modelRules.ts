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

interface Rules {
	model: RegExp;
	/** The fields that the family takes, of all `FAMILY_FIELDS`. */
	takes: string[];
	/** Checks the values. */
	refuse: (fields: Body) => Refusal | undefined;
}

/** The gateway itself knows `size`. */
const OMNI = [
	...['size', 'aspect_ratio', 'resolution', 'first_image_url', 'last_image_url', 'images'],
];
const OUTPUT_CONFIG = ['aspect_ratio', 'resolution', 'audio_generation'].map(
	(name) => `metadata.output_config.${name}`,
);

/** The families that OctopusX documents (docs/API.md, "Model families"). */
const FAMILIES: Rules[] = [
	{ model: /^omni-fast$/, takes: OMNI, refuse: refuseOmni },
	{ model: /^omni-fast-v2v$/, takes: [...OMNI, ...VIDEO_FIELDS], refuse: refuseOmni },
	{
		model: /^(sora|veo)/,
		takes: ['size', 'input_reference', 'enable_upsample', ...OUTPUT_CONFIG],
		refuse: (fields) => refuseOutputConfig(fields) ?? refuseSoraOrVeo(fields),
	},
	{
		model: /^kling/i,
		takes: [
			...['size', 'image', 'metadata.last_frame_url', 'metadata.video_url'],
			...['metadata.scene_type', 'metadata.motion_level', 'metadata.offpeak'],
			...OUTPUT_CONFIG,
		],
		refuse: (fields) => refuseOutputConfig(fields) ?? refuseKling(fields),
	},
];

/** The real API may ignore a field of another family, and charge for a video without it. */
const FAMILY_FIELDS = new Set(FAMILIES.flatMap(({ takes }) => takes));

/**
 * Checks a request that has passed the gateway against the rules of its model (docs/API.md,
 * "Create a task" and "Model families"). Returns `undefined` if the model accepts it.
 */
export function refuseByModel(body: Body): Refusal | undefined {
	const fields = flat(body);
	const family = FAMILIES.find(({ model }) => model.test(String(fields.model)));
	const other = Object.keys(fields).find(
		(name) => FAMILY_FIELDS.has(name) && !family?.takes.includes(name),
	);
	if (other) return invalid(`${String(fields.model)} does not accept ${other}`);
	return refuseSeconds(fields.seconds) ?? family?.refuse(fields);
}

/** Names the fields inside of `metadata` and its objects by their paths. */
function flat(fields: Body, prefix = ''): Body {
	const entries = Object.entries(fields).map(([name, value]): Body => {
		const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
		const isNested = isObject && (prefix !== '' || name === 'metadata');
		return isNested ? flat(value as Body, `${prefix}${name}.`) : { [`${prefix}${name}`]: value };
	});
	return Object.assign({}, ...entries) as Body;
}

function refuseOmni(fields: Body): Refusal | undefined {
	return (
		refuseOmniSeconds(fields.seconds) ??
		refuseText(fields, 'aspect_ratio') ??
		refuseText(fields, 'resolution') ??
		refuseImages(fields) ??
		refuseVideo(fields)
	);
}

function refuseOutputConfig(fields: Body): Refusal | undefined {
	const values = {
		'metadata.output_config.aspect_ratio': /^\d+:\d+$/,
		'metadata.output_config.resolution': /^(720P|1080P|2K|4K)$/,
		'metadata.output_config.audio_generation': /^(Enabled|Disabled)$/,
		size: /^\d+x\d+$/,
	};
	const wrong = Object.entries(values).find(
		([name, value]) => fields[name] !== undefined && !value.test(String(fields[name])),
	);
	return wrong && invalid(`${wrong[0]} is not valid`);
}

function refuseSoraOrVeo({ model, input_reference: input }: Body): Refusal | undefined {
	if (Array.isArray(input) && String(model).startsWith('sora')) {
		return invalid('sora makes videos from one image');
	}
	return input === undefined || [input].flat().every((one) => isMedia(one, 'image/'))
		? undefined
		: invalid('input_reference must be a URL or data:image/...;base64,...');
}

function refuseKling(fields: Body): Refusal | undefined {
	const { image } = fields;
	const last = fields['metadata.last_frame_url'];
	const video = fields['metadata.video_url'];
	if (last !== undefined && image === undefined) return invalid('last_frame_url needs image');
	if (image !== undefined && !isMedia(image, 'image/')) return invalid('image is not valid');
	return [last, video].every((one) => one === undefined || /^https?:/.test(String(one)))
		? undefined
		: invalid('last_frame_url and video_url must be URLs');
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
	return undefined;
}

function refuseOmniSeconds(seconds: unknown): Refusal | undefined {
	return seconds === undefined || (Number(seconds) >= 4 && Number(seconds) <= 30)
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

function refuseVideo(fields: Body): Refusal | undefined {
	const video = VIDEO_FIELDS.map((name) => fields[name]).find((value) => value !== undefined);
	if (video === undefined) return undefined;
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

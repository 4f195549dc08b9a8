import { sizeOf, type Source } from '../job';

/** What a user can set for a new video. */
interface Clip {
	seconds: string;
	aspectRatio: string;
	resolution: string;
	sound?: boolean;
}

/** Models that are asked in the same way (docs/API.md, "Model families"). */
export interface Family {
	/** Their IDs, or how these begin if they end with a hyphen or an underscore. */
	ids: readonly string[];
	/** What they take, for the list of models and for refusals. */
	label: string;
	/** Why the node cannot ask them, if it cannot. */
	refusal?: string;
	/** The limits of `seconds`. */
	seconds: { min: number; max: number };
	/** The fields of the request for a clip. A dot in a name leads into an object. */
	fieldsFor: (clip: Clip) => Record<string, string>;
	/** The field of the request for each source. What is not listed is refused. */
	sources: Partial<Record<Source, string>>;
	/** The sources that must be addresses, not data URIs. */
	addressesOnly?: readonly Source[];
	hasSound?: boolean;
}

/** The gateway's own limits, for models whose limits OctopusX does not document. */
const ANY_SECONDS = { min: 1, max: 3600 };

/** The fields of a clip as most families document them. */
function outputConfig({ seconds, aspectRatio, resolution, sound }: Clip) {
	return {
		seconds,
		'metadata.output_config.aspect_ratio': aspectRatio,
		'metadata.output_config.resolution': resolution.toUpperCase(),
		...(sound !== undefined && {
			'metadata.output_config.audio_generation': sound ? 'Enabled' : 'Disabled',
		}),
	};
}

const omniSources = {
	firstFrame: 'first_image_url',
	lastFrame: 'last_image_url',
	referenceImages: 'images',
} as const;

const omniFast: Family = {
	ids: ['omni-fast'],
	label: 'text, frames, images',
	seconds: { min: 4, max: 30 },
	fieldsFor: ({ seconds, aspectRatio, resolution }) => ({
		seconds,
		aspect_ratio: aspectRatio,
		resolution,
	}),
	sources: omniSources,
};

const omniFastV2v: Family = {
	...omniFast,
	ids: ['omni-fast-v2v'],
	sources: { ...omniSources, video: 'video' },
};

const sora: Family = {
	ids: ['sora-'],
	label: 'text, first frame',
	seconds: ANY_SECONDS,
	fieldsFor: (clip) => {
		const size = sizeOf(clip.aspectRatio, clip.resolution);
		return { ...(size && { size }), ...outputConfig(clip) };
	},
	sources: { firstFrame: 'input_reference' },
	hasSound: true,
};

/** Takes a last frame as well, but how it tells that from reference images is not documented. */
const veo: Family = {
	...sora,
	ids: ['veo_'],
	label: 'text, first frame, images',
	sources: { ...sora.sources, referenceImages: 'input_reference' },
};

const kling: Family = {
	ids: ['Kling-', 'kling-'],
	label: 'text, frames',
	seconds: ANY_SECONDS,
	fieldsFor: outputConfig,
	sources: {
		firstFrame: 'image',
		lastFrame: 'metadata.last_frame_url',
		video: 'metadata.video_url',
	},
	addressesOnly: ['lastFrame', 'video'],
	hasSound: true,
};

/** The families that the node can ask, in the order of the list of models. */
export const FAMILIES: readonly Family[] = [omniFast, omniFastV2v, sora, veo, kling];

/** An unknown model is asked like omni, which other families may understand only in part. */
export const UNKNOWN: Family = { ...omniFastV2v, ids: [], label: '' };

const AS_FORM = 'OctopusX takes requests for it as forms with files (multipart/form-data).';

/** Words in the IDs of models that are documented with requests which the node does not send. */
const REFUSALS: ReadonlyArray<[word: string, reason: string]> = [
	['seedance', 'OctopusX takes requests for it at another address (/v1/video/generations).'],
	['grok', AS_FORM],
	['jimeng', AS_FORM],
	['vidu', AS_FORM],
	['doubao', AS_FORM],
];

export function familyOf(model: string): Family {
	const id = model.toLowerCase();
	const isOf = (one: string) =>
		isPrefix(one) ? id.startsWith(one.toLowerCase()) : id === one.toLowerCase();
	const family = FAMILIES.find(({ ids }) => ids.some(isOf));
	const [, refusal] = REFUSALS.find(([word]) => id.includes(word)) ?? [];
	return family ?? (refusal ? { ...UNKNOWN, refusal } : UNKNOWN);
}

/**
 * Display conditions on the field Model: it names a model of one of these families. Not by a regular
 * expression, because n8n ends the execution if it takes more than 250 ms on a busy machine.
 */
export function isModelOf(accepts: (family: Family) => boolean) {
	const ids = FAMILIES.filter(accepts).flatMap((family) => family.ids);
	return ids.map((id) => (isPrefix(id) ? { _cnd: { startsWith: id } } : id));
}

function isPrefix(id: string): boolean {
	return id.endsWith('-') || id.endsWith('_');
}

import { sizeOf, type Source } from '../job';

/** What a user can set for a new video. */
export interface Clip {
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

export const omniFast: Family = {
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

export const omniFastV2v: Family = {
	...omniFast,
	ids: ['omni-fast-v2v'],
	sources: { ...omniSources, video: 'video' },
};

export const sora: Family = {
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
export const veo: Family = {
	...sora,
	ids: ['veo_'],
	label: 'text, first frame, images',
	sources: { ...sora.sources, referenceImages: 'input_reference' },
};

export const kling: Family = {
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

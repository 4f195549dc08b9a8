import type { Source } from '../job';

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
export const ANY_SECONDS = { min: 1, max: 3600 };

/** The fields of a clip as most families document them. */
export function outputConfig({ seconds, aspectRatio, resolution, sound }: Clip) {
	return {
		seconds,
		'metadata.output_config.aspect_ratio': aspectRatio,
		'metadata.output_config.resolution': resolution.toUpperCase(),
		...(sound !== undefined && {
			'metadata.output_config.audio_generation': sound ? 'Enabled' : 'Disabled',
		}),
	};
}

import type { Family } from './family';

const sources = {
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
	sources,
};

export const omniFastV2v: Family = {
	...omniFast,
	ids: ['omni-fast-v2v'],
	sources: { ...sources, video: 'video' },
};

import { sizeOf } from '../job';
import { ANY_SECONDS, outputConfig, type Family } from './family';

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

import { ANY_SECONDS, outputConfig, type Family } from './family';

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

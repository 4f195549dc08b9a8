import { mediaFields, readMedia, readReferenceImages, referenceImagesField } from '../fields/media';
import { VIDEO } from '../fields/mediaChecks';
import {
	clipFields,
	modelOption,
	promptField,
	readClip,
	sendBinaryAsOption,
} from '../fields/request';
import { paidOperationFields, planVideo, type Operation } from './operation';

const MODEL = 'omni-fast-v2v';

export const edit: Operation = {
	option: {
		name: 'Edit',
		value: 'edit',
		action: 'Edit video',
		description: 'Change, extend or regenerate an existing video',
	},

	defaultModel: MODEL,

	fields: [
		{
			...promptField,
			placeholder: 'e.g. Keep the motion and camera, and turn the scene into a watercolor',
			description:
				'What to change and what to keep (motion, camera, subject). Describe a new version of the video rather than a correction.',
		},
		...mediaFields('video', 'Video', VIDEO),
		referenceImagesField,
		...clipFields,
		...paidOperationFields(modelOption, sendBinaryAsOption),
	],

	plan: async (item) =>
		await planVideo(item, async () => {
			const fields = readClip(item, MODEL);
			const video = await readMedia(item, 'video', 'Video', VIDEO);
			const images = await readReferenceImages(item);
			return { fields, media: { video, ...(images.length > 0 && { images }) } };
		}),
};

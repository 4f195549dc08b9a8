import { promptField } from '../fields/clip';
import { mediaFields, readMedia, readReferenceImages, referenceImagesField } from '../fields/media';
import { VIDEO } from '../fields/mediaChecks';
import { sendBinaryAsOption } from '../fields/request';
import type { Operation } from './operation';
import { planVideo, videoFields } from './video';

const MODEL = 'omni-fast-v2v';

export const edit: Operation = {
	option: {
		name: 'Edit',
		value: 'edit',
		action: 'Edit video',
		description: 'Change, extend or regenerate an existing video',
	},

	usualModel: MODEL,

	fields: [
		{
			...promptField,
			placeholder: 'e.g. Keep the motion and the camera, turn the scene into a watercolor',
			description:
				'What to change, and what to keep: motion, camera, subject. Ask for a new video, not for a correction of this one.',
		},
		...mediaFields('video', 'Video', VIDEO),
		referenceImagesField,
		...videoFields(sendBinaryAsOption),
	],

	plan: async (item) =>
		await planVideo(item, MODEL, async () => {
			const video = await readMedia(item, 'video', 'Video', VIDEO);
			const images = await readReferenceImages(item);
			return { video, ...(images.length > 0 && { images }) };
		}),
};

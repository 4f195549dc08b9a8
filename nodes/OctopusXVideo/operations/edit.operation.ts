import { mediaFields, referenceImagesField } from '../fields/media';
import { clipFields, modelField, promptField, sendBinaryAsOption } from '../fields/request';
import { isModelOf } from '../models';
import { paidOperationFields, planVideo, type Operation } from './operation';

const MODEL = 'omni-fast-v2v';

export const edit: Operation = {
	option: {
		name: 'Edit',
		value: 'edit',
		action: 'Edit video',
		description: 'Change, extend or regenerate an existing video',
	},

	fields: [
		modelField(MODEL),
		{
			...promptField,
			placeholder: 'e.g. Keep the motion and camera, and turn the scene into a watercolor',
			description:
				'What to change and what to keep (motion, camera, subject). Describe a new version of the video rather than a correction.',
		},
		...mediaFields('video'),
		{
			...referenceImagesField,
			displayOptions: { hide: { model: isModelOf(({ sources }) => !sources.referenceImages) } },
		},
		...clipFields,
		...paidOperationFields(sendBinaryAsOption),
	],

	plan: async (item) => await planVideo(item, MODEL, ['video', 'referenceImages']),
};

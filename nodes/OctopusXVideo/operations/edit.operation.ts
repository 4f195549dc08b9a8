import { clipFields, promptField, readClip } from '../fields/clip';
import {
	mediaFields,
	readMedia,
	readReferenceImages,
	referenceImagesField,
	VIDEO,
} from '../fields/media';
import { optionsField } from '../fields/options';
import {
	downloadField,
	outputOptions,
	readOutput,
	timeoutOption,
	waitField,
} from '../fields/output';
import { guardMaxVideos, readAdditionalFields, readModel, requestOptions } from '../fields/request';
import { showWhen } from '../fields/showWhen';
import type { Operation } from './operation';

const MODEL = 'omni-fast-v2v';

export const edit: Operation = {
	option: {
		name: 'Edit',
		value: 'edit',
		action: 'Edit video',
		description: 'Change, extend or regenerate an existing video',
	},

	fields: [
		{
			...promptField,
			placeholder: 'e.g. Keep the motion and the camera, turn the scene into a watercolor',
			description:
				'What to change, and what to keep: motion, camera, subject. Ask for a newly generated video.',
		},
		...mediaFields('video', 'Video', VIDEO),
		referenceImagesField,
		...clipFields,
		waitField,
		...showWhen({ waitForCompletion: [true] }, [downloadField]),
		optionsField([...requestOptions, timeoutOption, ...outputOptions]),
	],

	async plan(item) {
		guardMaxVideos(item);
		const video = await readMedia(item, 'video', 'Video', VIDEO);
		const images = await readReferenceImages(item);
		return {
			source: {
				request: {
					fields: { model: readModel(item, MODEL), ...readClip(item) },
					media: { video, ...(images.length > 0 && { images }) },
					additionalFields: readAdditionalFields(item),
				},
			},
			...readOutput(item),
		};
	},
};

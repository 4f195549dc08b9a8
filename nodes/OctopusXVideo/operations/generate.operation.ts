import type { INodeProperties, INodePropertyOptions } from 'n8n-workflow';
import { mediaFields, readMedia, readReferenceImages, referenceImagesField } from '../fields/media';
import { IMAGE } from '../fields/mediaChecks';
import { showWhen, type ItemParameters } from '../fields/parameters';
import { clipFields, modelField, promptField, sendBinaryAsOption } from '../fields/request';
import { isModelOf } from '../models';
import { paidOperationFields, planVideo, type Operation } from './operation';

const MODEL = 'omni-fast';

const modeField: INodeProperties = {
	displayName: 'Mode',
	name: 'mode',
	type: 'options',
	noDataExpression: true,
	options: [
		{
			name: 'Text to Video',
			value: 'textToVideo',
			description: 'Use just a prompt',
			builderHint: { propertyHint: 'needs only prompt' },
		},
		{
			name: 'First Frame',
			value: 'firstFrame',
			description: 'Bring an image to life',
			builderHint: { propertyHint: 'needs firstFrameUrl, or firstFrameBinaryField for a file' },
		},
		{
			name: 'First and Last Frame',
			value: 'firstLastFrame',
			description: 'Move from one image to another',
			builderHint: { propertyHint: 'needs a first and a last frame' },
			displayOptions: { hide: { model: isModelOf(({ sources }) => !sources.lastFrame) } },
		},
		{
			name: 'Reference Images',
			value: 'referenceImages',
			description: 'Use up to 5 images of people, things or styles',
			builderHint: { propertyHint: 'needs 1 to 5 referenceImages' },
			displayOptions: { hide: { model: isModelOf(({ sources }) => !sources.images) } },
		},
	],
	default: 'textToVideo',
	description: 'What the video is made from',
};

const modes = modeField.options as INodePropertyOptions[];

export const modeNames = Object.fromEntries(modes.map(({ name, value }) => [value, name]));

/** The values of the modes, and what each needs. */
export const modesForBuilder = modes
	.map(({ value, builderHint }) => `'${value}' (${builderHint?.propertyHint})`)
	.join(' | ');

const MODES_WITH_IMAGES = ['firstFrame', 'firstLastFrame', 'referenceImages'];

const firstFrame = async (item: ItemParameters) =>
	await readMedia(item, 'firstFrame', 'First Frame', IMAGE);
const lastFrame = async (item: ItemParameters) =>
	await readMedia(item, 'lastFrame', 'Last Frame', IMAGE);

/** Functions that read the sources of the video, by mode. */
const readersByMode: Record<string, Parameters<typeof planVideo>[2]> = {
	textToVideo: {},
	firstFrame: { firstFrame },
	firstLastFrame: { firstFrame, lastFrame },
	referenceImages: {
		images: async (item) => {
			const images = await readReferenceImages(item);
			if (images.length > 0) return images;
			throw item.invalid(
				"'Reference Images' is empty",
				"Add at least one image, or set 'Mode' to Text to Video.",
			);
		},
	},
};

export const generate: Operation = {
	option: {
		name: 'Generate',
		value: 'generate',
		action: 'Generate video',
		description: 'Make a video from text, from one or two frames, or from reference images',
	},

	fields: [
		modelField(MODEL),
		modeField,
		promptField,
		...showWhen(
			{ mode: ['firstFrame', 'firstLastFrame'] },
			mediaFields('firstFrame', 'First Frame', IMAGE),
		),
		// no default, because with the same one in both, a user could send one file as both frames by mistake
		...showWhen({ mode: ['firstLastFrame'] }, mediaFields('lastFrame', 'Last Frame', IMAGE, '')),
		...showWhen({ mode: ['referenceImages'] }, [referenceImagesField]),
		...clipFields,
		...paidOperationFields({
			...sendBinaryAsOption,
			displayOptions: { show: { '/mode': MODES_WITH_IMAGES } },
		}),
	],

	plan: async (item) =>
		await planVideo(item, MODEL, item.choice('Mode', item.get('mode'), readersByMode)),
};

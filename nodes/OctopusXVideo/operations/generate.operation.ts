import type { INodeProperties, INodePropertyOptions } from 'n8n-workflow';
import { mediaFields, referenceImagesField } from '../fields/media';
import { showWhen } from '../fields/parameters';
import { clipFields, modelField, promptField, sendBinaryAsOption } from '../fields/request';
import type { Source } from '../job';
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
			name: 'Image to Video (First Frame)',
			value: 'firstFrame',
			description: 'Bring an image to life',
			builderHint: { propertyHint: 'needs firstFrameUrl, or firstFrameBinaryField for a file' },
		},
		{
			name: 'Image to Video (First and Last Frame)',
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
			displayOptions: { hide: { model: isModelOf(({ sources }) => !sources.referenceImages) } },
		},
	],
	default: 'textToVideo',
	description: 'What the video is made from',
};

const modes = modeField.options as INodePropertyOptions[];

/** Short enough for the text under a node: "First Frame" for "Image to Video (First Frame)". */
export const modeNames = Object.fromEntries(
	modes.map(({ name, value }) => [value, name.replace('Image to Video (', '').replace(')', '')]),
);

/** The values of the modes, and what each needs. */
export const modesForBuilder = modes
	.map(({ value, builderHint }) => `'${value}' (${builderHint?.propertyHint})`)
	.join(' | ');

const sourcesByMode: Record<string, Source[]> = {
	textToVideo: [],
	firstFrame: ['firstFrame'],
	firstLastFrame: ['firstFrame', 'lastFrame'],
	referenceImages: ['referenceImages'],
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
		...showWhen({ mode: ['firstFrame', 'firstLastFrame'] }, mediaFields('firstFrame')),
		// no default, because with the same one in both, a user could send one file as both frames by mistake
		...showWhen({ mode: ['firstLastFrame'] }, mediaFields('lastFrame', '')),
		...showWhen({ mode: ['referenceImages'] }, [referenceImagesField]),
		...clipFields,
		...paidOperationFields({
			...sendBinaryAsOption,
			displayOptions: { hide: { '/mode': ['textToVideo'] } },
		}),
	],

	plan: async (item) =>
		await planVideo(item, MODEL, item.choice('Mode', item.get('mode'), sourcesByMode)),
};

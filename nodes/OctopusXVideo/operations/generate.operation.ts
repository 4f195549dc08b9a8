import type { INodeProperties, INodePropertyOptions } from 'n8n-workflow';
import { mediaFields, readMedia, readReferenceImages, referenceImagesField } from '../fields/media';
import { IMAGE } from '../fields/mediaChecks';
import { showWhen, type ItemParameters } from '../fields/parameters';
import {
	clipFields,
	modelOption,
	promptField,
	readClip,
	sendBinaryAsOption,
} from '../fields/request';
import type { PaidRequest } from '../job';
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
		},
		{
			name: 'Reference Images',
			value: 'referenceImages',
			description: 'Use up to 5 images of people, things or styles',
			builderHint: { propertyHint: 'needs 1 to 5 referenceImages' },
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

/** Functions that read the media fields of the request, by mode (docs/API.md, "Create a task"). */
const mediaReaders: Record<string, (item: ItemParameters) => Promise<PaidRequest['media']>> = {
	textToVideo: async () => ({}),
	firstFrame: async (item) => ({
		first_image_url: await readMedia(item, 'firstFrame', 'First Frame', IMAGE),
	}),
	firstLastFrame: async (item) => ({
		first_image_url: await readMedia(item, 'firstFrame', 'First Frame', IMAGE),
		last_image_url: await readMedia(item, 'lastFrame', 'Last Frame', IMAGE),
	}),
	referenceImages: async (item) => {
		const images = await readReferenceImages(item);
		if (images.length > 0) return { images };
		throw item.invalid(
			"'Reference Images' is empty",
			"Add at least one image, or set 'Mode' to Text to Video.",
		);
	},
};

export const generate: Operation = {
	option: {
		name: 'Generate',
		value: 'generate',
		action: 'Generate video',
		description: 'Make a video from text, from one or two frames, or from reference images',
	},

	defaultModel: MODEL,

	fields: [
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
		...paidOperationFields(modelOption, {
			...sendBinaryAsOption,
			displayOptions: { show: { '/mode': MODES_WITH_IMAGES } },
		}),
	],

	plan: async (item) =>
		await planVideo(item, async () => ({
			fields: readClip(item, MODEL),
			media: await item.choice('Mode', item.get('mode'), mediaReaders)(item),
		})),
};

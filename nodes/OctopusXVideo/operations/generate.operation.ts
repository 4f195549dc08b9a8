import type { INodeProperties } from 'n8n-workflow';
import { promptField } from '../fields/clip';
import type { ItemParameters } from '../fields/itemParameters';
import { mediaFields, readMedia, readReferenceImages, referenceImagesField } from '../fields/media';
import { IMAGE } from '../fields/mediaChecks';
import { sendBinaryAsOption } from '../fields/request';
import { showWhen } from '../fields/showWhen';
import type { VideoRequest } from '../job';
import type { Operation } from './operation';
import { planVideo, videoFields } from './video';

const MODEL = 'omni-fast';

const modeField: INodeProperties = {
	displayName: 'Mode',
	name: 'mode',
	type: 'options',
	noDataExpression: true,
	options: [
		{ name: 'Text to Video', value: 'textToVideo', description: 'Use nothing but a prompt' },
		{ name: 'First Frame', value: 'firstFrame', description: 'Bring an image to life' },
		{
			name: 'First and Last Frame',
			value: 'firstLastFrame',
			description: 'Move from one image to another',
		},
		{
			name: 'Reference Images',
			value: 'referenceImages',
			description: 'Use up to 5 images of people, things or styles',
		},
	],
	default: 'textToVideo',
	description: 'What the video is made from',
};

const MODES_WITH_IMAGES = ['firstFrame', 'firstLastFrame', 'referenceImages'];

type ReadMedia = (item: ItemParameters) => Promise<VideoRequest['media']>;

/** How each mode fills the body's media fields (docs/API.md, "Create a task"). */
const mediaOfMode: Record<string, ReadMedia> = {
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

	usualModel: MODEL,

	fields: [
		modeField,
		promptField,
		...showWhen(
			{ mode: ['firstFrame', 'firstLastFrame'] },
			mediaFields('firstFrame', 'First Frame', IMAGE),
		),
		// no default: both frames would silently be the same file
		...showWhen({ mode: ['firstLastFrame'] }, mediaFields('lastFrame', 'Last Frame', IMAGE, '')),
		...showWhen({ mode: ['referenceImages'] }, [referenceImagesField]),
		...videoFields({
			...sendBinaryAsOption,
			displayOptions: { show: { '/mode': MODES_WITH_IMAGES } },
		}),
	],

	plan: async (item) =>
		await planVideo(item, MODEL, async () => {
			return await item.choice('Mode', item.get('mode'), mediaOfMode)(item);
		}),
};

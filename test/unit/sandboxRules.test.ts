import { refuseByModel } from '../sandbox/modelRules';

const generate = { model: 'omni-fast', prompt: 'a boat' };
const edit = { model: 'omni-fast-v2v', prompt: 'a boat', video: 'https://example.com/a.mp4' };
const png = 'data:image/png;base64,AAAA';
const mp4 = (bytes: number) => `data:video/mp4;base64,${Buffer.alloc(bytes).toString('base64')}`;
const LIMIT = 15 * 1024 * 1024;

test.each<[string, object]>([
	['only a model and a prompt', generate],
	[
		'a duration, an aspect ratio and a resolution',
		{ ...generate, seconds: '8', aspect_ratio: '16:9', resolution: '720p' },
	],
	[
		'a first and a last frame',
		{ ...generate, first_image_url: png, last_image_url: 'https://example.com/b.png' },
	],
	['five images', { ...generate, images: Array(5).fill(png) }],
	['a video to edit', edit],
	['a video to edit as input_video', { model: edit.model, prompt: 'x', input_video: edit.video }],
	['a video of exactly 15 MB', { ...edit, video: mp4(LIMIT) }],
	['an unknown field', { ...generate, seed: 1 }],
])('the sandbox’s model accepts a submission with %s', (_name, body) => {
	expect(refuseByModel({ ...body })).toBeUndefined();
});

test.each<[string, object, string]>([
	['seconds that are not a number', { ...generate, seconds: 'abc' }, 'string of digits'],
	['3 seconds', { ...generate, seconds: '3' }, 'between 4 and 30'],
	['31 seconds', { ...generate, seconds: '31' }, 'between 4 and 30'],
	['an empty aspect ratio', { ...generate, aspect_ratio: '' }, 'aspect_ratio'],
	['a null resolution', { ...generate, resolution: null }, 'resolution'],
	[
		'a last frame without a first one',
		{ ...generate, last_image_url: png },
		'needs first_image_url',
	],
	['six images', { ...generate, images: Array(6).fill(png) }, 'at most 5'],
	['an empty image', { ...generate, first_image_url: '' }, 'an image must be'],
	['a video as an image', { ...generate, images: [mp4(3)] }, 'an image must be'],
	['a video for omni-fast', { ...generate, video: edit.video }, 'does not accept video'],
	['no video to edit', { model: edit.model, prompt: 'x' }, 'video must be'],
	['a video of 15 MB and one byte', { ...edit, video: mp4(LIMIT + 1) }, 'larger than 15 MB'],
])('the sandbox’s model refuses a submission with %s', (_name, body, message) => {
	expect(refuseByModel({ ...body })?.message).toContain(message);
});

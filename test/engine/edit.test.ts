import { runNode, runNodeVirtually } from './support/runNode';
import { storeBinary } from './support/runWorkflow';
import { useSandbox } from './support/useSandbox';

const sandbox = useSandbox();

const edit = { operation: 'edit', prompt: 'as a watercolor', waitForCompletion: false };
const base = {
	model: 'omni-fast-v2v',
	prompt: 'as a watercolor',
	seconds: '8',
	aspect_ratio: '16:9',
	resolution: '720p',
};

test('Edit sends the address of the video as `video`', async () => {
	await runNode(sandbox, { ...edit, videoUrl: 'https://example.com/in.mp4' });
	expect(sandbox.log.map(({ body }) => body)).toEqual([
		{ ...base, video: 'https://example.com/in.mp4' },
	]);
});

test('Edit sends a file as a data URI, and reference images beside it', async () => {
	const bytes = Buffer.from('not really a film');
	const image = [{ source: 'url', url: 'https://example.com/style.png' }];
	await runNode(
		sandbox,
		{
			...edit,
			videoSource: 'binary',
			videoBinaryField: 'clip',
			referenceImages: { image },
		},
		{ input: [{ json: {}, binary: { clip: await storeBinary(bytes, 'video/mp4') } }] },
	);
	expect(sandbox.log.map(({ body }) => body)).toEqual([
		{
			...base,
			video: `data:video/mp4;base64,${bytes.toString('base64')}`,
			images: ['https://example.com/style.png'],
		},
	]);
});

test('Edit sends a video of exactly 15 MB', async () => {
	const video = await storeBinary(Buffer.alloc(15 * 1024 * 1024), 'video/mp4');
	const { error } = await runNode(
		sandbox,
		{ ...edit, videoSource: 'binary' },
		{ input: [{ json: {}, binary: { data: video } }] },
	);
	expect(error).toBeUndefined();
	expect(sandbox.tasks).toHaveLength(1);
});

test('Edit waits for the edited video and hands it out', async () => {
	const { items } = await runNodeVirtually(sandbox, {
		...edit,
		videoUrl: 'https://example.com/in.mp4',
		waitForCompletion: true,
		options: { pollInterval: 1 },
	});
	expect(items[0]?.json).toMatchObject({ task_id: 'video_1', status: 'completed' });
});

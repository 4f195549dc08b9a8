import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { IBinaryData, INodeParameters } from 'n8n-workflow';
import { HTML_502 } from '../sandbox/faults';
import { startSandbox, type Sandbox } from '../sandbox/sandbox';
import type { Quirks } from '../sandbox/tasks';
import { runNodeVirtually, type NodeSetup } from './support/octopus';
import { initBinaryData, readBinary } from './support/runWorkflow';

const fixture = (name: string) =>
	readFileSync(join(__dirname, '..', 'sandbox', 'fixtures', `${name}.mp4`));

let sandbox: Sandbox;
beforeAll(async () => {
	await initBinaryData();
	sandbox = await startSandbox();
});
beforeEach(() => sandbox.reset());
afterAll(async () => await sandbox.close());

async function download(parameters: INodeParameters = {}, setup?: NodeSetup) {
	return await runNodeVirtually(
		sandbox,
		{ operation: 'generate', prompt: 'a boat', downloadVideo: true, ...parameters },
		setup,
	);
}

/** Which of the sandbox's origins the key went to after the wait. */
const keyBearers = () =>
	sandbox.log
		.filter(({ route }) => route === 'content' || route === 'file')
		.map(({ route, headers }) => [route, headers.authorization !== undefined]);

test.each([
	['16:9', 'landscape'],
	['9:16', 'portrait'],
])('a %s video arrives whole', async (aspectRatio, name) => {
	const { items } = await download({ aspectRatio });
	const binary = items[0]?.binary?.data as IBinaryData;
	expect(binary).toMatchObject({ mimeType: 'video/mp4', fileName: 'video_1.mp4' });
	expect((await readBinary(binary)).equals(fixture(name))).toBe(true);
	expect(items[0]?.json).toMatchObject({ task_id: 'video_1', status: 'completed' });
});

test.each<[Quirks['videoUrl'], unknown]>([
	['fileHost', [['file', false]]],
	['metadata', [['file', false]]],
	['proxy', [['content', true]]],
	['missing', [['content', true]]],
	[
		'redirect',
		[
			['content', true],
			['file', false],
		],
	],
])('video_url by way of "%s": the key goes to the API alone', async (videoUrl, bearers) => {
	sandbox.quirks.videoUrl = videoUrl;
	const { items } = await download();
	expect(
		(await readBinary(items[0]?.binary?.data as IBinaryData)).equals(fixture('landscape')),
	).toBe(true);
	expect(keyBearers()).toEqual(bearers);
});

test('output field and file name are options', async () => {
	const { items } = await download({ options: { binaryOutputField: 'clip', fileName: 'intro' } });
	expect(Object.keys(items[0]?.binary ?? {})).toEqual(['clip']);
	expect(items[0]?.binary?.clip).toMatchObject({ fileName: 'intro.mp4', mimeType: 'video/mp4' });
});

test('an id with : and / makes a harmless file name', async () => {
	sandbox.quirks.ids = 'colonAndSlash';
	const { items } = await download();
	expect(items[0]?.binary?.data).toMatchObject({ fileName: 'omni-2_task_1.mp4' });
	expect(items[0]?.binary?.data).not.toHaveProperty('directory');
});

describe('a download is tried again after', () => {
	test.each([
		['a bad gateway', HTML_502],
		['a web page with status 200', { status: 200, body: '<!DOCTYPE html><p>expired</p>' }],
		[
			'XML with a lie about its type',
			{
				status: 200,
				body: '<?xml version="1.0"?><Error/>',
				headers: { 'content-type': 'video/mp4' },
			},
		],
		['an empty file', { status: 200, body: '', headers: { 'content-type': 'video/mp4' } }],
		['a file cut short', 'short'],
		['a cut connection', 'reset'],
	] as const)('%s', async (_what, answer) => {
		sandbox.faults.add({ on: 'file', times: 2, answer });
		const { items, elapsedMs } = await download();
		expect(
			(await readBinary(items[0]?.binary?.data as IBinaryData)).equals(fixture('landscape')),
		).toBe(true);
		expect(sandbox.requestsTo('file')).toHaveLength(3);
		expect(elapsedMs).toBe(5_000 + 1_000 + 2_000);
	});
});

test('a download that fails for good is told apart from a generation that fails', async () => {
	sandbox.faults.add({ on: 'file', times: Infinity, answer: { status: 403, body: '<Error/>' } });
	const { items } = await download({}, { settings: { onError: 'continueRegularOutput' } });
	expect(items[0]?.json.error).toEqual({
		message: 'The video is ready but could not be downloaded',
		description: expect.stringContaining('The host of the video file answered with HTTP 403'),
		task_id: 'video_1',
		status: 'completed',
		video_url: expect.stringContaining('/files/video_1.mp4'),
	});
	expect(sandbox.requestsTo('file')).toHaveLength(1);
});

import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { VIDEOS } from '../sandbox/fixtures';
import { fileOf, useDownloads } from './support/downloads';
import { keepingFilesInMemory, readBinary } from './support/runWorkflow';

const { sandbox, download } = useDownloads();

test.each([
	['16:9', 'landscape'],
	['9:16', 'portrait'],
] as const)('a %s video is downloaded whole', async (aspectRatio, name) => {
	const { items } = await download({ aspectRatio });
	const binary = fileOf(items);
	expect(binary).toMatchObject({
		mimeType: 'video/mp4',
		fileName: 'video_1.mp4',
		id: expect.stringMatching(/^filesystem/),
	});
	expect((await readBinary(binary)).equals(VIDEOS[name])).toBe(true);
	expect(items[0]?.json).toMatchObject({ task_id: 'video_1', status: 'completed' });
});

test('a video is downloaded whole where n8n keeps files in memory', async () => {
	const { items } = await keepingFilesInMemory(download);
	const binary = fileOf(items);
	expect(binary.id).toBeUndefined();
	expect((await readBinary(binary)).equals(VIDEOS.landscape)).toBe(true);
});

test('the output field and the file name of a download are options', async () => {
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

/** Nothing that gzip could make smaller, in many pieces. */
const LARGE = randomBytes(1_000_000).fill(0, 0, 4);

test.each([
	['many pieces', LARGE, {}],
	['many pieces that gzip has made longer', gzipSync(LARGE), { 'content-encoding': 'gzip' }],
])('a video of %s is downloaded whole', async (_what, body, headers) => {
	const type = { 'content-type': 'video/mp4' };
	sandbox.faults.add({
		on: 'file',
		answer: { status: 200, headers: { ...type, ...headers }, body },
	});
	const { items } = await download();
	expect((await readBinary(fileOf(items))).equals(LARGE)).toBe(true);
	expect(sandbox.requestsTo('file')).toHaveLength(1);
});

test('a download asks for the file uncompressed, as a video is compressed in itself', async () => {
	await download();
	expect(sandbox.requestsTo('file')[0]?.headers['accept-encoding']).toBe('identity');
});

test.each([
	['intro', 'intro.mp4'],
	['intro.MP4', 'intro.MP4'],
	['Ad v1.2', 'Ad v1.2.mp4'],
	['my.video', 'my.video.mp4'],
	['of 5.June', 'of 5.June.mp4'],
	['intro.webm', 'intro.webm'],
	['intro.mpg', 'intro.mpg'],
	['intro.mp4 (2)', 'intro.mp4 (2).mp4'],
	['{{ $json.task_id }}.mov', '{{ $json.task_id }}.mov'],
])('the file name "%s" of a download becomes "%s"', async (fileName, expected) => {
	const { items } = await download({ options: { fileName } });
	expect(items[0]?.binary?.data).toMatchObject({ fileName: expected, mimeType: 'video/mp4' });
});

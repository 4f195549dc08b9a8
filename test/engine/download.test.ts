import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { IBinaryData, INodeParameters } from 'n8n-workflow';
import { HTML_502, type Fault } from '../sandbox/faults';
import type { Quirks } from '../sandbox/tasks';
import { CONTINUE, GENERATE } from './support/inputs';
import { eventually } from './support/eventually';
import { runNodeVirtually, type NodeSetup } from './support/runNode';
import { keepingFilesInMemory, readBinary } from './support/runWorkflow';
import { useSandbox } from './support/useSandbox';
import { watchedNode } from './support/watchedNode';

const fixture = (name: string) =>
	readFileSync(join(__dirname, '..', 'sandbox', 'fixtures', `${name}.mp4`));

const sandbox = useSandbox();
// no jitter, so that times are exact
beforeEach(() => void jest.spyOn(Math, 'random').mockReturnValue(0));
afterEach(() => jest.restoreAllMocks());

async function download(parameters: INodeParameters = {}, setup?: NodeSetup) {
	return await runNodeVirtually(
		sandbox,
		{ ...GENERATE, downloadVideo: true, ...parameters },
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
])('a %s video is downloaded whole', async (aspectRatio, name) => {
	const { items } = await download({ aspectRatio });
	const binary = items[0]?.binary?.data as IBinaryData;
	expect(binary).toMatchObject({
		mimeType: 'video/mp4',
		fileName: 'video_1.mp4',
		id: expect.stringMatching(/^filesystem/),
	});
	expect((await readBinary(binary)).equals(fixture(name))).toBe(true);
	expect(items[0]?.json).toMatchObject({ task_id: 'video_1', status: 'completed' });
});

test('a video is downloaded whole where n8n keeps files in memory', async () => {
	const { items } = await keepingFilesInMemory(download);
	const binary = items[0]?.binary?.data as IBinaryData;
	expect(binary.id).toBeUndefined();
	expect((await readBinary(binary)).equals(fixture('landscape'))).toBe(true);
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
])('a download by way of "%s" sends the key to the API alone', async (videoUrl, bearers) => {
	sandbox.quirks.videoUrl = videoUrl;
	const { items } = await download();
	expect(
		(await readBinary(items[0]?.binary?.data as IBinaryData)).equals(fixture('landscape')),
	).toBe(true);
	expect(keyBearers()).toEqual(bearers);
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

describe('faults of a download', () => {
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
	] as const)('a download is tried again after %s', async (_what, answer) => {
		sandbox.faults.add({ on: 'file', times: 2, answer });
		const { items, elapsedMs } = await download();
		expect(
			(await readBinary(items[0]?.binary?.data as IBinaryData)).equals(fixture('landscape')),
		).toBe(true);
		expect(sandbox.requestsTo('file')).toHaveLength(3);
		expect(elapsedMs).toBe(5_000 + 1_000 + 2_000);
	});
});

describe('a file that can still be had is fetched', () => {
	const isWhole = async (binary?: IBinaryData) =>
		(await readBinary(binary as IBinaryData)).equals(fixture('landscape'));
	const expired = () => {
		const video_url = `${sandbox.fileHost}/files/video_1.mp4?signature=expired`;
		const body = { id: 'video_1', status: 'completed', video_url };
		sandbox.faults.add({ on: 'poll', answer: { status: 200, body } });
	};

	test.each([400, 401, 403, 404, 410])(
		'an address that answers HTTP %s is replaced by the one of a new look',
		async (status) => {
			expired();
			sandbox.faults.add({ on: 'file', answer: { status, body: '<Error/>' } });
			const { items } = await download();
			expect(await isWhole(items[0]?.binary?.data)).toBe(true);
			expect(items[0]?.json.video_url).toContain('signature=sandbox');
			expect(keyBearers()).toEqual([
				['file', false],
				['file', false],
			]);
		},
	);

	test('where a new look gives no better address, the content endpoint has the file', async () => {
		sandbox.faults.add({ on: 'file', times: Infinity, answer: { status: 403 } });
		const { items } = await download();
		expect(await isWhole(items[0]?.binary?.data)).toBe(true);
		expect(keyBearers()).toEqual([
			['file', false],
			['content', true],
		]);
	});

	test.each([
		['under another name of the API', 'https://www.octopusx.example/v1/videos/video_1/content'],
		['under the name of an unset server', 'http://localhost:3000/v1/videos/video_1/content'],
		['as a path', '/v1/videos/video_1/content'],
	])('a content endpoint %s is asked for at the Base URL', async (_where, video_url) => {
		const body = { id: 'video_1', status: 'completed', video_url };
		sandbox.faults.add({ on: 'poll', answer: { status: 200, body } });
		const { items } = await download();
		expect(await isWhole(items[0]?.binary?.data)).toBe(true);
		expect(keyBearers()).toEqual([['content', true]]);
	});

	test('a content endpoint that says "not completed yet" is asked again later', async () => {
		sandbox.quirks.videoUrl = 'missing';
		const message = 'Task is not completed yet, current status: IN_PROGRESS';
		const answer = { status: 400, body: { error: { message } } };
		sandbox.faults.add({ on: 'content', times: 2, answer });
		const { items, elapsedMs } = await download();
		expect(await isWhole(items[0]?.binary?.data)).toBe(true);
		expect(elapsedMs).toBe(5_000 + 15_000 + 15_000);
	});

	test.each([
		['fileHost', '/files/video_1.mp4?signature=x#/content'],
		['url', '/v1/videos/video_1/content?signature=x'],
	] as const)(
		'what is cut after 60 seconds at %s%s is not taken for the content endpoint',
		async (origin, path) => {
			const video_url = `${sandbox[origin]}${path}`;
			const body = { id: 'video_1', status: 'completed', video_url };
			sandbox.faults.add({ on: 'poll', times: Infinity, answer: { status: 200, body } });
			sandbox.faults.add({ on: 'file', times: Infinity, answer: 'stall' });
			sandbox.faults.add({ on: 'content', times: Infinity, answer: 'stall' });
			const onStart = () => void setTimeout(() => sandbox.cut(), 5_000 + 58_000);
			const { error } = await download({ options: { timeout: 5 } }, { onStart });
			expect(error?.description).not.toContain('OctopusX cut the download off');
		},
	);

	test('a content endpoint that cuts after its 60 seconds is told as such, and not asked again', async () => {
		sandbox.quirks.videoUrl = 'missing';
		sandbox.faults.add({ on: 'content', times: Infinity, answer: 'stall' });
		const { error } = await download(
			{},
			{ onStart: () => void setTimeout(() => sandbox.cut(), 5_000 + 58_000) },
		);
		expect(error?.message).toBe('The video is ready but could not be downloaded');
		expect(error?.description).toContain('OctopusX cut the download off after 60 seconds');
		expect(error?.description).toContain("'Max Concurrency'");
		expect(sandbox.requestsTo('content')).toHaveLength(1);
	});
});

test('a download that fails for good is told apart from a generation that fails', async () => {
	sandbox.faults.add({ on: 'file', times: Infinity, answer: { status: 403, body: '<Error/>' } });
	sandbox.faults.add({ on: 'content', times: Infinity, answer: { status: 404 } });
	const { items } = await download({}, { settings: CONTINUE });
	expect(items[0]?.json.error).toEqual({
		message: 'The video is ready but could not be downloaded',
		description: expect.stringContaining('The host of the video file answered with HTTP 403'),
		task_id: 'video_1',
		status: 'completed',
		video_url: expect.stringContaining('/files/video_1.mp4'),
	});
	expect(sandbox.requestsTo('file')).toHaveLength(1);
});

test('a download is tried four times at each of its addresses', async () => {
	sandbox.faults.add({ on: 'file', times: Infinity, answer: HTML_502 });
	sandbox.faults.add({ on: 'content', times: Infinity, answer: HTML_502 });
	const { error } = await download();
	expect(error?.message).toBe('The video is ready but could not be downloaded');
	// the one that the wait brought, the one of a new look, and the content endpoint
	expect(sandbox.requestsTo('file')).toHaveLength(8);
	expect(sandbox.requestsTo('content')).toHaveLength(4);
});

test('a file host that asks for patience gets it, up to a minute', async () => {
	const busy = (seconds: number) => ({ status: 503, headers: { 'retry-after': `${seconds}` } });
	sandbox.faults.add({ on: 'file', nth: 1, answer: busy(30) });
	sandbox.faults.add({ on: 'file', nth: 2, answer: busy(600) });
	const { elapsedMs } = await download();
	expect(elapsedMs).toBe(5_000 + 30_000 + 60_000);
});

test('redirects of a download may be relative and follow each other', async () => {
	const to = (location: string) => ({ status: 302, headers: { location } });
	sandbox.faults.add({ on: 'file', nth: 1, answer: to('/files/video_1.mp4?signature=second') });
	sandbox.faults.add({ on: 'file', nth: 2, answer: to('video_1.mp4?signature=third') });
	const { items } = await download();
	expect(items[0]?.binary?.data).toMatchObject({ mimeType: 'video/mp4' });
	expect(sandbox.requestsTo('file').map(({ path }) => path)).toEqual([
		expect.stringMatching(/^\/files\/video_1.mp4\?signature=sandbox\d+$/),
		'/files/video_1.mp4?signature=second',
		'/files/video_1.mp4?signature=third',
	]);
});

test.each<[number, Record<string, string>]>([
	[300, {}],
	[304, {}],
	[400, { location: '/elsewhere' }],
	[404, { location: '/elsewhere' }],
])('HTTP %s of a file host with the headers %j leads nowhere', async (status, headers) => {
	sandbox.faults.add({ on: 'file', times: Infinity, answer: { status, headers } });
	sandbox.faults.add({ on: 'content', times: Infinity, answer: { status: 404 } });
	const { error } = await download();
	expect(error?.description).toContain(`The host of the video file answered with HTTP ${status}`);
	const paths = sandbox.log.map(({ path }) => path).filter((path) => !path.startsWith('/v1/'));
	expect(paths.every((path) => path.startsWith('/files/video_1.mp4?'))).toBe(true);
});

test('a file host may lead to an https:// address', async () => {
	const headers = { location: 'https://127.0.0.1:9/a.mp4' };
	sandbox.faults.add({ on: 'file', times: Infinity, answer: { status: 302, headers } });
	sandbox.faults.add({ on: 'content', times: Infinity, answer: { status: 404 } });
	const { error } = await download();
	expect(error?.description).toContain('The host of the video file cannot be reached');
});

test.each<[string, Fault['answer'], string]>([
	// the API has no such task, and begins to say so
	['video_2', 'short', 'OctopusX has no file for this task. (HTTP 404, request'],
	['video_1', 'reset', 'OctopusX sent no complete answer'],
])(
	'an answer about the file of %s that ends in a %p is told as such',
	async (id, answer, words) => {
		const video_url = `${sandbox.url}/v1/videos/${id}/content`;
		const body = { id: 'video_1', status: 'completed', video_url };
		sandbox.faults.add({ on: 'poll', times: Infinity, answer: { status: 200, body } });
		sandbox.faults.add({ on: 'content', times: Infinity, answer });
		const { error } = await download();
		expect(error?.description).toContain(words);
	},
);

test('a download asks for the file uncompressed, so that its length can be checked', async () => {
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
	['{{ $json.task_id }}.mov', '{{ $json.task_id }}.mov'],
])('the file name "%s" of a download becomes "%s"', async (fileName, expected) => {
	const { items } = await download({ options: { fileName } });
	expect(items[0]?.binary?.data?.fileName).toBe(expected);
});

test('a refusal of the content endpoint does not blame the Base URL or the parameters', async () => {
	sandbox.quirks.videoUrl = 'proxy';
	const body = { error: { message: 'Task not found', code: '' } };
	sandbox.faults.add({ on: 'content', answer: { status: 404, body } });
	const { error } = await download();
	expect(error?.description).toContain('OctopusX has no file for this task. OctopusX said');
	expect(error?.description).not.toContain('Base URL');
});

test('a file host that cannot be reached is not taken for OctopusX', async () => {
	const video_url = 'http://127.0.0.1:9/a.mp4';
	const body = { id: 'video_1', status: 'completed', video_url };
	sandbox.faults.add({ on: 'poll', times: Infinity, answer: { status: 200, body } });
	sandbox.faults.add({ on: 'content', times: Infinity, answer: { status: 404, body } });
	const { error } = await download();
	expect(error?.description).toContain('The host of the video file cannot be reached');
	expect(error?.description).not.toContain('Base URL');
});

test('the body of a download is closed when n8n’s storage refuses it unread', async () => {
	sandbox.faults.add({ on: 'file', times: Infinity, answer: 'stall' });
	const node = watchedNode((context) => ({
		helpers: {
			...context.helpers,
			prepareBinaryData: async () => await Promise.reject(new Error('the disk is full')),
		},
	}));
	const { error } = await download({}, { node });
	expect(error?.description).toContain('the disk is full');
	await eventually(() => expect(sandbox.hanging).toBe(0));
});

test('a web page that begins with white space is not taken for a video', async () => {
	const headers = { 'content-type': 'video/mp4' };
	const body = `${'\n'.repeat(300)}<html>`;
	sandbox.faults.add({ on: 'file', answer: { status: 200, headers, body } });
	const { items } = await download();
	expect(sandbox.requestsTo('file')).toHaveLength(2);
	expect(items[0]?.json.status).toBe('completed');
});

test('a file host that stops in the middle is left after a minute', async () => {
	sandbox.faults.add({ on: 'file', answer: 'stall' });
	const { items, elapsedMs } = await download();
	expect(items[0]?.json.status).toBe('completed');
	expect(elapsedMs).toBeGreaterThan(60_000);
	expect(elapsedMs).toBeLessThan(90_000);
});

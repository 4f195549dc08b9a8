import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import type { IBinaryData, IExecuteFunctions, INodeParameters } from 'n8n-workflow';
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
		[
			'a part of the file that nobody asked for',
			{
				status: 206,
				body: fixture('landscape').subarray(0, 5_000),
				headers: { 'content-type': 'video/mp4', 'content-range': 'bytes 0-4999/20069' },
			},
		],
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

	test.each<[string, number, Fault['answer'], string[], number]>([
		['fails once is repeated', 1, HTML_502, ['file', 'file'], 2_000],
		['fails for half a minute is given up', Infinity, HTML_502, ['file', 'content'], 30_000],
		[
			'finds the task expired says nothing about its file',
			Infinity,
			{ status: 200, body: { id: 'video_1', status: 'expired' } },
			['file', 'content'],
			0,
		],
	])('a new look that %s', async (_what, times, answer, routes, ms) => {
		expired();
		sandbox.faults.add({ on: 'poll', nth: 2, times, answer });
		sandbox.faults.add({ on: 'file', answer: { status: 403 } });
		const { items, elapsedMs } = await download();
		expect(await isWhole(items[0]?.binary?.data)).toBe(true);
		expect(items[0]?.json.status).toBe('completed');
		expect(keyBearers().map(([route]) => route)).toEqual(routes);
		expect(elapsedMs).toBe(5_000 + ms);
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

	test.each([
		['a content endpoint that cuts after its 60 seconds is not', 'missing', 57_000, 1],
		['a content endpoint that cuts sooner is', 'missing', 56_900, 2],
		['where a content endpoint leads is not', 'redirect', 57_000, 1],
		['a file host that cuts after 60 seconds is', 'fileHost', 57_000, 2],
	] as const)('%s asked again for a file that was cut', async (_what, videoUrl, ms, requests) => {
		sandbox.quirks.videoUrl = videoUrl;
		const on = videoUrl === 'missing' ? 'content' : 'file';
		sandbox.faults.add({ on, answer: 'stall' });
		const { error, items } = await download(
			{},
			{ onStart: () => void setTimeout(() => sandbox.cut(), 5_000 + ms) },
		);
		expect(sandbox.requestsTo(on)).toHaveLength(requests);
		if (requests > 1) return expect(await isWhole(items[0]?.binary?.data)).toBe(true);
		expect(error?.message).toBe('The video is ready but could not be downloaded');
		expect(error?.description).toContain(
			"OctopusX cut the download off after 60 seconds. A file that takes longer cannot be had there. Lower the option 'Max Concurrency'",
		);
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

test('the error of a download tells what each of three addresses said, and has the status of the last', async () => {
	const video_url = `${sandbox.fileHost}/files/video_1.mp4?signature=expired`;
	const body = { id: 'video_1', status: 'completed', video_url };
	sandbox.faults.add({ on: 'poll', answer: { status: 200, body } });
	sandbox.faults.add({ on: 'file', nth: 1, answer: { status: 410 } });
	sandbox.faults.add({ on: 'file', nth: 2, answer: { status: 403 } });
	sandbox.faults.add({ on: 'content', times: Infinity, answer: { status: 404 } });
	const { error } = await download();
	expect(error).toMatchObject({ name: 'NodeApiError', httpCode: '404' });
	expect(error?.description).toContain(
		'HTTP 410. Try again later. The host of the video file answered with HTTP 403. The address may have expired. OctopusX has no file for this task. (HTTP 404) Use Get Status',
	);
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

/** Nothing that gzip could make smaller, in many pieces. */
const LARGE = randomBytes(1_000_000).fill(0, 0, 4);
const large = (body: Buffer, headers = {}) =>
	sandbox.faults.add({
		on: 'file',
		answer: { status: 200, headers: { 'content-type': 'video/mp4', ...headers }, body },
	});

test.each([
	['many pieces', LARGE, {}],
	['many pieces that gzip has made longer', gzipSync(LARGE), { 'content-encoding': 'gzip' }],
])('a video of %s is downloaded whole', async (_what, body, headers) => {
	large(body, headers);
	const { items } = await download();
	expect((await readBinary(items[0]?.binary?.data as IBinaryData)).equals(LARGE)).toBe(true);
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

test.each([
	['called a text', 'text/plain', fixture('landscape')],
	['called XML', 'application/XML; charset=utf-8', fixture('landscape')],
	['called JSON', 'application/json', fixture('landscape')],
	['called HTML in the end', 'application/xhtml; of=html', fixture('landscape')],
	['a page after much white space', 'video/mp4', Buffer.from(`${'\n'.repeat(300)}<html>`)],
	['a page after little white space', 'video/mp4', Buffer.from('\n <html>')],
	['a blank', 'video/mp4', Buffer.from(' ')],
])('what is %s is not taken for a video', async (_what, type, body) => {
	const headers = { 'content-type': type };
	sandbox.faults.add({ on: 'file', answer: { status: 200, headers, body } });
	const { items } = await download();
	expect(sandbox.requestsTo('file')).toHaveLength(2);
	expect(items[0]?.json.status).toBe('completed');
});

test.each(['video/mp4', 'binary/octet-stream', 'video/x-htmlike', 'video/mp4; of=text/x', ''])(
	'a video that its host calls "%s" is taken',
	async (type) => {
		const headers = { 'content-type': type };
		const answer = { status: 200, headers, body: fixture('portrait') };
		sandbox.faults.add({ on: 'file', answer });
		const { items } = await download();
		const binary = items[0]?.binary?.data as IBinaryData;
		expect((await readBinary(binary)).equals(fixture('portrait'))).toBe(true);
		expect(binary.mimeType).toBe('video/mp4');
	},
);

const BROKE_OFF = 'The download broke off. The file did not arrive whole or could not be stored';

const EMPTY = { status: 200, headers: { 'content-type': 'video/mp4' }, body: '' };
const PAGE = { status: 200, body: '<html>' };

test.each([
	// n8n's timeout and the node's own come at the same moment
	['hangs', 'hang', 60_000, /timeout of 60000ms exceeded|no answer came in time/],
	// five seconds pass until the watch can tell
	['stops in the middle', 'stall', 65_000, /stored: the host stopped sending\./],
	['cuts the connection in the middle', 'short', 0, /stored: aborted\./],
	['sends an empty file', EMPTY, 0, /The video file is empty\. No byte arrived\./],
	[
		'sends a page',
		PAGE,
		0,
		/Something else came instead of the video\. It was a web page or a text\./,
	],
] as const)(
	'a file host that %s is left in time, and the error says why',
	async (_what, answer, ms, why) => {
		const body = { error: { message: 'Task not found', code: '' } };
		sandbox.faults.add({ on: 'file', times: Infinity, answer });
		sandbox.faults.add({ on: 'content', times: Infinity, answer: { status: 404, body } });
		const { error, elapsedMs } = await download();
		expect(error?.description).toMatch(why);

		// four tries at each of two addresses, and the pauses between them
		expect(elapsedMs).toBe(5_000 + 2 * (4 * ms + 1_000 + 2_000 + 4_000));
	},
);

test('a host that hangs after a slow redirect is left a minute after the download has begun', async () => {
	sandbox.quirks.videoUrl = 'redirect';
	sandbox.faults.add({ on: 'content', nth: 4, answer: 'hang' });
	sandbox.faults.add({ on: 'file', times: 3, answer: HTML_502 });
	sandbox.faults.add({ on: 'file', nth: 4, answer: 'hang' });
	const begin = 5_000 + 1_000 + 2_000 + 4_000;
	const { error, elapsedMs } = await download(
		{},
		{ onStart: () => void setTimeout(() => sandbox.release(), begin + 30_000) },
	);
	expect(error?.description).toContain('stored: no answer came in time.');
	expect(elapsedMs).toBe(begin + 60_000);
});

describe('n8n’s storage', () => {
	const MINUTE = 60_000;
	type Store = IExecuteFunctions['helpers']['prepareBinaryData'];
	const storingWith = (store: (real: Store, ...file: Parameters<Store>) => ReturnType<Store>) =>
		watchedNode((context) => {
			const real = context.helpers.prepareBinaryData.bind(context.helpers);
			const prepareBinaryData: Store = async (...file) => await store(real, ...file);
			return { helpers: { ...context.helpers, prepareBinaryData } };
		});

	test('may take its time for a file: the host is not blamed', async () => {
		const node = storingWith(async (real, file, ...rest) => {
			const chunks: Buffer[] = [];
			const pause = async () => await new Promise((resolve) => setTimeout(resolve, 3 * MINUTE));
			for await (const chunk of file as AsyncIterable<Buffer>) {
				chunks.push(chunk);
				if (chunks.length === 1) await pause();
			}
			await pause();
			return await real(Buffer.concat(chunks), ...rest);
		});
		const { items, elapsedMs } = await download({}, { node });
		const binary = items[0]?.binary?.data as IBinaryData;
		expect((await readBinary(binary)).equals(fixture('landscape'))).toBe(true);
		expect(sandbox.requestsTo('file')).toHaveLength(1);
		expect(elapsedMs).toBe(5_000 + 2 * 3 * MINUTE);
	});

	test('is not waited for longer than two hours', async () => {
		let tries = 0;
		const never = new Promise<never>(() => {});
		const node = storingWith(async (real, ...file) => await (tries++ ? real(...file) : never));
		const { items, elapsedMs } = await download({}, { node });
		expect(items[0]?.binary?.data?.mimeType).toBe('video/mp4');
		expect(elapsedMs).toBe(5_000 + 120 * MINUTE + 1_000);
	});

	test('that takes too long, or is slow and then full, is named in the error', async () => {
		let tries = 0;
		const node = storingWith(async (_real, file) => {
			if (++tries === 4) return await new Promise(() => {});
			await (file as Readable).forEach(() => {});
			await new Promise((resolve) => setTimeout(resolve, 2 * MINUTE));
			throw new Error('the disk is full');
		});
		const { error } = await download({}, { node });
		expect(error?.description).toContain(
			`${BROKE_OFF}: it took too long. ${BROKE_OFF}: the disk is full.`,
		);
	});

	test('that begins after a minute does not make a cut download of what is no video', async () => {
		sandbox.quirks.videoUrl = 'missing';
		const headers = { 'content-type': 'video/mp4' };
		sandbox.faults.add({ on: 'content', answer: { status: 200, headers, body: '<Error/>' } });
		const node = storingWith(async (real, ...file) => {
			await new Promise((resolve) => setTimeout(resolve, MINUTE));
			return await real(...file);
		});
		const { items } = await download({}, { node });
		expect(sandbox.requestsTo('content')).toHaveLength(2);
		expect(items[0]?.binary?.data?.mimeType).toBe('video/mp4');
	});
});

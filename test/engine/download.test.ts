import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { HTML_502, type Fault } from '../sandbox/faults';
import { VIDEOS } from '../sandbox/fixtures';
import type { Quirks } from '../sandbox/tasks';
import { fileOf, isWhole, useDownloads } from './support/downloads';
import { CONTINUE } from './support/inputs';
import { keepingFilesInMemory, readBinary } from './support/runWorkflow';

const { sandbox, download } = useDownloads();

test.each([
	['16:9', 'landscape'],
	['9:16', 'portrait'],
] as const)('Download Video stores every byte of a %s video', async (aspectRatio, name) => {
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

test('Download Video stores every byte when n8n keeps files in memory', async () => {
	const { items } = await keepingFilesInMemory(download);
	const binary = fileOf(items);
	expect(binary.id).toBeUndefined();
	expect((await readBinary(binary)).equals(VIDEOS.landscape)).toBe(true);
});

test('Output Data Field Name and File Name set where a download is stored and what it is called', async () => {
	const { items } = await download({ options: { binaryOutputField: 'clip', fileName: 'intro' } });
	expect(Object.keys(items[0]?.binary ?? {})).toEqual(['clip']);
	expect(items[0]?.binary?.clip).toMatchObject({ fileName: 'intro.mp4', mimeType: 'video/mp4' });
});

test('a task ID with : and / becomes a safe file name', async () => {
	sandbox.quirks.ids = 'colonAndSlash';
	const { items } = await download();
	expect(items[0]?.binary?.data).toMatchObject({ fileName: 'omni-2_task_1.mp4' });
	expect(items[0]?.binary?.data).not.toHaveProperty('directory');
});

/** Random bytes, so gzip cannot shrink them, and enough of them to arrive in many chunks. */
const LARGE_FILE = randomBytes(1_000_000).fill('\0\0\0\x18ftyp', 0, 8, 'latin1');

test.each([
	['in many chunks', LARGE_FILE, {}],
	['in many chunks, compressed with gzip', gzipSync(LARGE_FILE), { 'content-encoding': 'gzip' }],
])(
	'an HTTP 200 file that arrives %s is stored completely and requested once',
	async (_how, body, headers) => {
		const type = { 'content-type': 'video/mp4' };
		sandbox.faults.add({
			on: 'file',
			answer: { status: 200, headers: { ...type, ...headers }, body },
		});
		const { items } = await download();
		expect((await readBinary(fileOf(items))).equals(LARGE_FILE)).toBe(true);
		expect(sandbox.requestsTo('file')).toHaveLength(1);
	},
);

test('a download sends Accept-Encoding: identity, because video is already compressed', async () => {
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
])('the File Name "%s" produces the file "%s"', async (fileName, expected) => {
	const { items } = await download({ options: { fileName } });
	expect(items[0]?.binary?.data).toMatchObject({ fileName: expected, mimeType: 'video/mp4' });
});

/** The download requests after the wait: their route, and true if they carried the API key. */
const downloadRequests = () =>
	sandbox.log
		.filter(({ route }) => route === 'content' || route === 'file')
		.map(({ route, headers }) => [route, headers.authorization !== undefined]);

/** Makes the first `times` checks report a completed video at this address. */
const completeAt = (video_url: string, times = 1) => {
	const body = { id: 'video_1', status: 'completed', video_url };
	sandbox.faults.add({ on: 'poll', times, answer: { status: 200, body } });
};

const completeAtExpiredAddress = () =>
	completeAt(`${sandbox.fileHost}/files/video_1.mp4?signature=expired`);

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
])(
	'with the video address "%s", a download sends the API key only to the API',
	async (videoUrl, requests) => {
		sandbox.quirks.videoUrl = videoUrl;
		const { items } = await download();
		expect(await isWhole(items)).toBe(true);
		expect(downloadRequests()).toEqual(requests);
	},
);

describe('fallback addresses of a download', () => {
	test.each([400, 401, 403, 404, 410])(
		'after HTTP %s from the file host, the download checks the task again and uses the new address',
		async (status) => {
			completeAtExpiredAddress();
			sandbox.faults.add({ on: 'file', answer: { status, body: '<Error/>' } });
			const { items } = await download();
			expect(await isWhole(items)).toBe(true);
			expect(items[0]?.json.video_url).toContain('signature=sandbox');
			expect(downloadRequests()).toEqual([
				['file', false],
				['file', false],
			]);
		},
	);

	test('if the address of a new check also answers HTTP 403, the file comes from the content endpoint', async () => {
		sandbox.faults.add({ on: 'file', times: Infinity, answer: { status: 403 } });
		const { items } = await download();
		expect(await isWhole(items)).toBe(true);
		expect(downloadRequests()).toEqual([
			['file', false],
			['content', true],
		]);
	});

	test.each<[string, number, Fault['answer'], string[], number]>([
		['fails once with HTTP 502 is repeated', 1, HTML_502, ['file', 'file'], 2_000],
		[
			'fails with HTTP 502 for 30 seconds is given up, and the content endpoint is used',
			Infinity,
			HTML_502,
			['file', 'content'],
			30_000,
		],
		[
			'reports the task as expired does not stop the download from the content endpoint',
			Infinity,
			{ status: 200, body: { id: 'video_1', status: 'expired' } },
			['file', 'content'],
			0,
		],
	])('a new check for a download address that %s', async (_what, times, answer, routes, ms) => {
		completeAtExpiredAddress();
		sandbox.faults.add({ on: 'poll', nth: 2, times, answer });
		sandbox.faults.add({ on: 'file', answer: { status: 403 } });
		const { items, elapsedMs } = await download();
		expect(await isWhole(items)).toBe(true);
		expect(items[0]?.json.status).toBe('completed');
		expect(downloadRequests().map(([route]) => route)).toEqual(routes);
		expect(elapsedMs).toBe(5_000 + ms);
	});

	test.each([
		['on another host name of the API', 'https://www.octopusx.example/v1/videos/video_1/content'],
		[
			'on the default host of a server that has none configured',
			'http://localhost:3000/v1/videos/video_1/content',
		],
		['given as a path', '/v1/videos/video_1/content'],
	])('a content endpoint %s is requested at the Base URL', async (_where, video_url) => {
		completeAt(video_url);
		const { items } = await download();
		expect(await isWhole(items)).toBe(true);
		expect(downloadRequests()).toEqual([['content', true]]);
	});

	test('HTTP 400 "not completed yet" from the content endpoint is retried every 15 seconds', async () => {
		sandbox.quirks.videoUrl = 'missing';
		const message = 'Task is not completed yet, current status: IN_PROGRESS';
		const answer = { status: 400, body: { error: { message } } };
		sandbox.faults.add({ on: 'content', times: 2, answer });
		const { items, elapsedMs } = await download();
		expect(await isWhole(items)).toBe(true);
		expect(elapsedMs).toBe(5_000 + 15_000 + 15_000);
	});

	test.each([
		['fileHost', '/files/video_1.mp4?signature=x#/content'],
		['url', '/v1/videos/video_1/content?signature=x'],
	] as const)(
		'a download cut off after 60 seconds at %s%s is not mistaken for the content endpoint',
		async (origin, path) => {
			completeAt(`${sandbox[origin]}${path}`, Infinity);
			sandbox.faults.add({ on: 'file', times: Infinity, answer: 'stall' });
			sandbox.faults.add({ on: 'content', times: Infinity, answer: 'stall' });
			const onStart = () => void setTimeout(() => sandbox.cut(), 5_000 + 58_000);
			const { error } = await download({ options: { timeout: 5 } }, { onStart });
			expect(error?.description).not.toContain('OctopusX cut the download off');
		},
	);

	test.each([
		['a file cut off by the content endpoint after its 60 seconds is not', 'missing', 57_000, 1],
		['a file cut off by the content endpoint earlier than that is', 'missing', 56_900, 2],
		[
			'a file cut off after 60 seconds where the content endpoint redirects to is not',
			'redirect',
			57_000,
			1,
		],
		['a file cut off by a file host after 60 seconds is', 'fileHost', 57_000, 2],
	] as const)('%s requested again', async (_what, videoUrl, ms, requests) => {
		sandbox.quirks.videoUrl = videoUrl;
		const on = videoUrl === 'missing' ? 'content' : 'file';
		sandbox.faults.add({ on, answer: 'stall' });
		const { error, items } = await download(
			{},
			{ onStart: () => void setTimeout(() => sandbox.cut(), 5_000 + ms) },
		);
		expect(sandbox.requestsTo(on)).toHaveLength(requests);
		if (requests > 1) return expect(await isWhole(items)).toBe(true);
		expect(error?.message).toBe('The video is ready but could not be downloaded');
		expect(error?.description).toContain(
			"OctopusX cut the download off after 60 seconds. It does so with every file that takes longer. Lower the option 'Max Concurrency'",
		);
	});
});

test('with On Error: Continue, HTTP 403 and 404 for the file give an error that still reports the task as completed', async () => {
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

test('the error of a download quotes all three addresses (HTTP 410, 403, 404) and has the status of the last', async () => {
	completeAtExpiredAddress();
	sandbox.faults.add({ on: 'file', nth: 1, answer: { status: 410 } });
	sandbox.faults.add({ on: 'file', nth: 2, answer: { status: 403 } });
	sandbox.faults.add({ on: 'content', times: Infinity, answer: { status: 404 } });
	const { error } = await download();
	expect(error).toMatchObject({ name: 'NodeApiError', httpCode: '404' });
	expect(error?.description).toContain(
		'HTTP 410. Try again later. The host of the video file answered with HTTP 403. The address may have expired. OctopusX has no file for this task. (HTTP 404, request ID 2026',
	);
	expect(error?.context.charge).toEqual({ taskId: 'video_1' });
});

test('HTTP 502 for a file is retried until each download address has been tried four times', async () => {
	sandbox.faults.add({ on: 'file', times: Infinity, answer: HTML_502 });
	sandbox.faults.add({ on: 'content', times: Infinity, answer: HTML_502 });
	const { error } = await download();
	expect(error?.message).toBe('The video is ready but could not be downloaded');
	// twice four at the file host: the address from the wait and the one from a new check
	expect(sandbox.requestsTo('file')).toHaveLength(8);
	expect(sandbox.requestsTo('content')).toHaveLength(4);
});

test('a download follows several HTTP 302 redirects in a row, also relative ones', async () => {
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
])(
	'HTTP %s from a file host with the headers %j is not followed as a redirect',
	async (status, headers) => {
		sandbox.faults.add({ on: 'file', times: Infinity, answer: { status, headers } });
		sandbox.faults.add({ on: 'content', times: Infinity, answer: { status: 404 } });
		const { error } = await download();
		expect(error?.description).toContain(`The host of the video file answered with HTTP ${status}`);
		const paths = sandbox.log.map(({ path }) => path).filter((path) => !path.startsWith('/v1/'));
		expect(paths.every((path) => path.startsWith('/files/video_1.mp4?'))).toBe(true);
	},
);

test('a download follows an HTTP 302 from the file host to an https:// address', async () => {
	const headers = { location: 'https://127.0.0.1:9/a.mp4' };
	sandbox.faults.add({ on: 'file', times: Infinity, answer: { status: 302, headers } });
	sandbox.faults.add({ on: 'content', times: Infinity, answer: { status: 404 } });
	const { error } = await download();
	expect(error?.description).toContain('The host of the video file cannot be reached');
});

test.each<[string, Fault['answer'], string]>([
	// the API does not know this task, and its HTTP 404 is cut short
	['video_2', 'short', 'OctopusX has no file for this task. (HTTP 404, request'],
	['video_1', 'reset', 'OctopusX sent no complete answer'],
])(
	'the error reports what the content endpoint answered for %s when the fault is %p',
	async (id, answer, text) => {
		completeAt(`${sandbox.url}/v1/videos/${id}/content`, Infinity);
		sandbox.faults.add({ on: 'content', times: Infinity, answer });
		const { error } = await download();
		expect(error?.description).toContain(text);
	},
);

test('HTTP 404 from the content endpoint does not blame the Base URL or the parameters', async () => {
	sandbox.quirks.videoUrl = 'proxy';
	const body = { error: { message: 'Task not found', code: '' } };
	sandbox.faults.add({ on: 'content', answer: { status: 404, body } });
	const { error } = await download();
	expect(error?.description).toContain('OctopusX has no file for this task. OctopusX said');
	expect(error?.description).not.toContain('Base URL');
});

test('an unreachable file host is reported as the file host, not as OctopusX', async () => {
	completeAt('http://127.0.0.1:9/a.mp4', Infinity);
	sandbox.faults.add({ on: 'content', times: Infinity, answer: { status: 404 } });
	const { error } = await download();
	expect(error?.description).toContain('The host of the video file cannot be reached');
	expect(error?.description).not.toContain('Base URL');
});

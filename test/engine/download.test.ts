import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { IDataObject, INodeParameters } from 'n8n-workflow';
import { HTML_502, type Fault } from '../sandbox/faults';
import { videoFor, VIDEOS } from '../sandbox/fixtures';
import type { Quirks } from '../sandbox/tasks';
import { fileOf, hasCompleteVideo, useDownloads } from './support/downloads';
import { CONTINUE } from './support/inputs';
import { loggingNode } from './support/nodeWithContext';
import { keepingFilesInMemory, lastRunOf, readBinary } from './support/runWorkflow';
import { NODE } from './support/runNode';

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

test('File Name may contain no characters that file systems refuse', async () => {
	const { items } = await download({ options: { fileName: '2026/11\\28: "a" <b>|c?*' } });
	expect(items[0]?.binary?.data?.fileName).toBe('2026-11-28- -a- -b--c--.mp4');
});

test('a task ID with : and / becomes a safe file name', async () => {
	sandbox.quirks.ids = 'colonAndSlash';
	const { items } = await download();
	expect(items[0]?.binary?.data).toMatchObject({ fileName: 'omni-2_task_1.mp4' });
	expect(items[0]?.binary?.data).not.toHaveProperty('directory');
});

/** Random bytes that gzip cannot shrink, and enough of them to arrive in many chunks. */
const LARGE_FILE = randomBytes(1_000_000).fill('\0\0\0\x18ftyp', 0, 8, 'latin1');

test.each([
	['in many chunks', LARGE_FILE, {}],
	['in many chunks, compressed with gzip', gzipSync(LARGE_FILE), { 'content-encoding': 'gzip' }],
])(
	'a file with HTTP 200 that arrives %s is stored completely and requested once',
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

/** Returns the route of each download request after the wait, and true if the request contained the API key. */
const downloadRequests = () =>
	sandbox.log
		.filter(({ route }) => route === 'content' || route === 'file')
		.map(({ route, headers }) => [route, headers.authorization !== undefined]);

/** Makes the first `times` checks report a completed video at this URL. */
const completeAt = (video_url: string, times = 1) => {
	const body = { id: 'video_1', status: 'completed', video_url };
	sandbox.faults.add({ on: 'check', times, answer: { status: 200, body } });
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
	'with a video URL of the kind "%s", a download sends the API key only to the API',
	async (videoUrl, requests) => {
		sandbox.quirks.videoUrl = videoUrl;
		const { items } = await download();
		expect(await hasCompleteVideo(items)).toBe(true);
		expect(downloadRequests()).toEqual(requests);
	},
);

describe('fallback URLs of a download', () => {
	test.each([400, 401, 403, 404, 410])(
		'after HTTP %s from the file host, the download checks the task again and uses the new URL',
		async (status) => {
			completeAtExpiredAddress();
			sandbox.faults.add({ on: 'file', answer: { status, body: '<Error/>' } });
			const { items } = await download();
			expect(await hasCompleteVideo(items)).toBe(true);
			expect(items[0]?.json.video_url).toContain('signature=sandbox');
			expect(downloadRequests()).toEqual([
				['file', false],
				['file', false],
			]);
		},
	);

	test('if the URL of a new check returns HTTP 403 as well, the file is downloaded from the content endpoint', async () => {
		sandbox.faults.add({ on: 'file', times: Infinity, answer: { status: 403 } });
		const { items } = await download();
		expect(await hasCompleteVideo(items)).toBe(true);
		expect(downloadRequests()).toEqual([
			['file', false],
			['content', true],
		]);
	});

	test.each<[string, number, Fault['answer'], string[], number]>([
		['fails once with HTTP 502 is retried', 1, HTML_502, ['file', 'file'], 2_000],
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
	])('a new check for a download URL that %s', async (_what, times, answer, routes, ms) => {
		completeAtExpiredAddress();
		sandbox.faults.add({ on: 'check', nth: 2, times, answer });
		sandbox.faults.add({ on: 'file', answer: { status: 403 } });
		const { items, elapsedMs } = await download();
		expect(await hasCompleteVideo(items)).toBe(true);
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
		expect(await hasCompleteVideo(items)).toBe(true);
		expect(downloadRequests()).toEqual([['content', true]]);
	});

	test('HTTP 400 "not completed yet" from the content endpoint is retried every 15 seconds', async () => {
		sandbox.quirks.videoUrl = 'missing';
		const message = 'Task is not completed yet, current status: IN_PROGRESS';
		const answer = { status: 400, body: { error: { message } } };
		sandbox.faults.add({ on: 'content', times: 2, answer });
		const { items, elapsedMs } = await download();
		expect(await hasCompleteVideo(items)).toBe(true);
		expect(elapsedMs).toBe(5_000 + 15_000 + 15_000);
	});

	test.each([
		['fileHost', '/files/video_1.mp4?signature=x#/content'],
		['url', '/v1/videos/video_1/content?signature=x'],
	] as const)(
		'a download that is cut off after 60 seconds at %s%s is not mistaken for one from the content endpoint',
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
		if (requests > 1) return expect(await hasCompleteVideo(items)).toBe(true);
		expect(error?.message).toBe('The video is ready but could not be downloaded');
		expect(error?.description).toContain(
			"OctopusX cut the download off after 60 seconds. It does so with every file that takes longer. Lower the option 'Max Concurrency'",
		);
	});
});

test('with On Error: Continue, the error after HTTP 403 and 404 for the file still reports the task as completed', async () => {
	sandbox.faults.add({ on: 'file', times: Infinity, answer: { status: 403, body: '<Error/>' } });
	sandbox.faults.add({ on: 'content', times: Infinity, answer: { status: 404 } });
	const { items } = await download({}, { settings: CONTINUE });
	expect(items[0]?.json.error).toEqual({
		message: 'The video is ready but could not be downloaded',
		description: expect.stringContaining('The host of the video file answered with HTTP 403'),
		task_id: 'video_1',
		status: 'completed',
		prompt: 'a boat',
		cost: { amount: 0.08, currency: 'USD' },
		video_url: expect.stringContaining('/files/video_1.mp4'),
	});
	expect(sandbox.requestsTo('file')).toHaveLength(1);
});

test('the error of a download quotes the responses of all three URLs (HTTP 410, 403, 404) and has the status of the last', async () => {
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

test('HTTP 502 for a file is retried until each download URL has been tried four times', async () => {
	sandbox.faults.add({ on: 'file', times: Infinity, answer: HTML_502 });
	sandbox.faults.add({ on: 'content', times: Infinity, answer: HTML_502 });
	const { error } = await download();
	expect(error?.message).toBe('The video is ready but could not be downloaded');
	// The file host gets two times four requests: for the URL from the wait and the one from a new check.
	expect(sandbox.requestsTo('file')).toHaveLength(8);
	expect(sandbox.requestsTo('content')).toHaveLength(4);
});

test('a download follows several HTTP 302 redirects in a row, including relative ones', async () => {
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

test.each([
	[
		'raw UTF-8',
		Buffer.from('/files/Brücke 影片.mp4?signature=x'),
		'Br%C3%BCcke%20%E5%BD%B1%E7%89%87',
	],
	['raw latin1', Buffer.from('/files/Br\xfccke.mp4?signature=x', 'latin1'), 'Br%FCcke'],
	['encoded UTF-8', Buffer.from('/files/Br%C3%BCcke.mp4?signature=x'), 'Br%C3%BCcke'],
])(
	'a redirect with HTTP 302 to an address in %s is followed to that address',
	async (_what, bytes, name) => {
		const location = bytes.toString('latin1');
		sandbox.faults.add({ on: 'file', nth: 1, answer: { status: 302, headers: { location } } });
		const headers = { 'content-type': 'video/mp4' };
		const body = VIDEOS.landscape;
		sandbox.faults.add({ on: 'file', nth: 2, answer: { status: 200, headers, body } });
		const { items } = await download();
		expect(await hasCompleteVideo(items)).toBe(true);
		expect(sandbox.requestsTo('file')[1]?.path).toBe(`/files/${name}.mp4?signature=x`);
	},
);

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
		const paths = sandbox.log.map(({ path }) => path).filter((path) => !/^\/(v1|api)\//.test(path));
		expect(paths.every((path) => path.startsWith('/files/video_1.mp4?'))).toBe(true);
	},
);

test('a download follows an HTTP 302 redirect from the file host to an https:// URL', async () => {
	const headers = { location: 'https://127.0.0.1:9/a.mp4' };
	sandbox.faults.add({ on: 'file', times: Infinity, answer: { status: 302, headers } });
	sandbox.faults.add({ on: 'content', times: Infinity, answer: { status: 404 } });
	const { error } = await download();
	expect(error?.description).toContain('The host of the video file cannot be reached');
});

test.each<[string, Fault['answer'], string]>([
	// The API does not know this task, and its HTTP 404 is cut short.
	['video_2', 'short', 'OctopusX has no file for this task. (HTTP 404, request'],
	['video_1', 'reset', 'OctopusX sent no complete answer'],
])(
	'the error of a download reports the response of the content endpoint for %s when the fault is %p',
	async (id, answer, text) => {
		completeAt(`${sandbox.url}/v1/videos/${id}/content`, Infinity);
		sandbox.faults.add({ on: 'content', times: Infinity, answer });
		const { error } = await download();
		expect(error?.description).toContain(text);
	},
);

test('the error after HTTP 404 from the content endpoint does not blame the Base URL or the parameters', async () => {
	sandbox.quirks.videoUrl = 'proxy';
	const body = { error: { message: 'Task not found', code: '' } };
	sandbox.faults.add({ on: 'content', answer: { status: 404, body } });
	const { error } = await download();
	expect(error?.description).toContain('OctopusX has no file for this task. OctopusX said');
	expect(error?.description).not.toContain('Base URL');
});

test('the error of an unreachable file host names the file host, not OctopusX', async () => {
	completeAt('http://127.0.0.1:9/a.mp4', Infinity);
	sandbox.faults.add({ on: 'content', times: Infinity, answer: { status: 404 } });
	const { error } = await download();
	expect(error?.description).toContain('The host of the video file cannot be reached');
	expect(error?.description).not.toContain('Base URL');
});

describe('the facts of a video', () => {
	const FACTS = { width: 1280, height: 720, duration: 8, fps: 12, audio: true, bytes: 20_069 };
	/** The host sends this file. */
	const send = (body: Buffer, times = Infinity) =>
		void sandbox.faults.add({
			on: 'file',
			times,
			answer: { status: 200, headers: { 'content-type': 'video/mp4' }, body },
		});
	const factsOf = async (...args: Parameters<typeof download>) =>
		(await download(...args)).items[0]?.json.file;

	test('are in `file`', async () => {
		expect(await factsOf()).toEqual(FACTS);
		expect(await factsOf({ simplify: false })).toEqual(FACTS);
		expect(await factsOf({ downloadVideo: false })).toBeUndefined();
	});

	test('are those of the last try', async () => {
		send(VIDEOS.portrait.subarray(0, -1), 1);
		expect(await factsOf()).toEqual(FACTS);
	});

	test('of a file without boxes are its size only', async () => {
		send(LARGE_FILE);
		expect(await factsOf()).toEqual({ bytes: LARGE_FILE.length });
	});

	test('cannot be set by the server', async () => {
		const fields = { file: 'theirs', cost: 'theirs', price: 'theirs' };
		const task = { id: 'video_1', status: 'completed', ...fields };
		sandbox.faults.add({ on: 'check', answer: { status: 200, body: task } });
		const { items } = await download({ downloadVideo: false, simplify: false });
		expect(items[0]?.json).not.toMatchObject({ file: 'theirs' });
		expect(items[0]?.json.cost).toEqual({ amount: 0.08, currency: 'USD' });
		expect(items[0]?.json).not.toHaveProperty('price');
	});

	describe('what differs from the request', () => {
		const WIDE = { resolution: '1080p' };

		test.each<[string, INodeParameters, IDataObject, string[] | undefined]>([
			['another size', WIDE, {}, ['resolution']],
			['another shape', {}, { aspect_ratio: '9:16' }, ['aspect_ratio']],
			['another length', {}, { seconds: '6' }, ['duration']],
			[
				'all of them',
				WIDE,
				{ aspect_ratio: '9:16', seconds: 9 },
				['resolution', 'aspect_ratio', 'duration'],
			],
			['a length that is 0.5 s off', {}, { seconds: 8.5 }, undefined],
			[
				'a size that Extra API Fields has changed',
				{ ...WIDE, options: { additionalFields: '{"resolution": "480p"}' } },
				{},
				undefined,
			],
			[
				'a `size` in Extra API Fields',
				{ ...WIDE, options: { additionalFields: '{"size": "640x360"}' } },
				{},
				undefined,
			],
			['a resolution that the node does not know', { resolution: '480p' }, {}, undefined],
			['a ratio that is none', { aspectRatio: 'square' }, {}, undefined],
		])('%s', async (_what, parameters, delivered, differs) => {
			send(videoFor(delivered));
			const file = (await factsOf(parameters)) as IDataObject;
			expect(file.differs).toEqual(differs);
		});

		test('is a hint and a warning in the log', async () => {
			send(videoFor({ aspect_ratio: '9:16', seconds: 6 }));
			const lines: string[] = [];
			const { run } = await download(WIDE, { node: loggingNode(lines) });
			const message =
				'Not as asked: video 1 (720×1280 instead of 1080p, 720×1280 instead of 16:9, 6 s instead of 8 s).';
			expect(lines).toContain(`OctopusX: ${message} {}`);
			const [hint] = lastRunOf(run, NODE).hints ?? [];
			expect(hint).toMatchObject({ type: 'warning', message: `${message} 1 video, 0.08 USD.` });
		});

		test('is not looked for in Get Status and in Test Mode', async () => {
			await download({ waitForCompletion: false });
			send(videoFor({ seconds: 6 }));
			const getStatus = { operation: 'getStatus', taskId: 'video_1', waitForCompletion: true };
			expect(await factsOf(getStatus)).toEqual({ ...FACTS, duration: 6 });
			const sample = await factsOf({ options: { testMode: 'sample' } });
			expect(sample).not.toHaveProperty('differs');
			expect(sample).toMatchObject({ width: expect.any(Number), audio: expect.any(Boolean) });
		});
	});
});

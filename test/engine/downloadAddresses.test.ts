import { HTML_502, type Fault } from '../sandbox/faults';
import type { Quirks } from '../sandbox/tasks';
import { isWhole, useDownloads } from './support/downloads';
import { CONTINUE } from './support/inputs';

const { sandbox, download } = useDownloads();

/** Which of the sandbox's origins the key went to after the wait. */
const keyBearers = () =>
	sandbox.log
		.filter(({ route }) => route === 'content' || route === 'file')
		.map(({ route, headers }) => [route, headers.authorization !== undefined]);

/** Has the first looks find the video done, at this address. */
const doneAt = (video_url: string, times = 1) => {
	const body = { id: 'video_1', status: 'completed', video_url };
	sandbox.faults.add({ on: 'poll', times, answer: { status: 200, body } });
};

const expired = () => doneAt(`${sandbox.fileHost}/files/video_1.mp4?signature=expired`);

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
	expect(await isWhole(items)).toBe(true);
	expect(keyBearers()).toEqual(bearers);
});

describe('a file that can still be had is fetched', () => {
	test.each([400, 401, 403, 404, 410])(
		'an address that answers HTTP %s is replaced by the one of a new look',
		async (status) => {
			expired();
			sandbox.faults.add({ on: 'file', answer: { status, body: '<Error/>' } });
			const { items } = await download();
			expect(await isWhole(items)).toBe(true);
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
		expect(await isWhole(items)).toBe(true);
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
		expect(await isWhole(items)).toBe(true);
		expect(items[0]?.json.status).toBe('completed');
		expect(keyBearers().map(([route]) => route)).toEqual(routes);
		expect(elapsedMs).toBe(5_000 + ms);
	});

	test.each([
		['under another name of the API', 'https://www.octopusx.example/v1/videos/video_1/content'],
		['under the name of an unset server', 'http://localhost:3000/v1/videos/video_1/content'],
		['as a path', '/v1/videos/video_1/content'],
	])('a content endpoint %s is asked for at the Base URL', async (_where, video_url) => {
		doneAt(video_url);
		const { items } = await download();
		expect(await isWhole(items)).toBe(true);
		expect(keyBearers()).toEqual([['content', true]]);
	});

	test('a content endpoint that says "not completed yet" is asked again later', async () => {
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
		'what is cut after 60 seconds at %s%s is not taken for the content endpoint',
		async (origin, path) => {
			doneAt(`${sandbox[origin]}${path}`, Infinity);
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
		if (requests > 1) return expect(await isWhole(items)).toBe(true);
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
	expired();
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
		doneAt(`${sandbox.url}/v1/videos/${id}/content`, Infinity);
		sandbox.faults.add({ on: 'content', times: Infinity, answer });
		const { error } = await download();
		expect(error?.description).toContain(words);
	},
);

test('a refusal of the content endpoint does not blame the Base URL or the parameters', async () => {
	sandbox.quirks.videoUrl = 'proxy';
	const body = { error: { message: 'Task not found', code: '' } };
	sandbox.faults.add({ on: 'content', answer: { status: 404, body } });
	const { error } = await download();
	expect(error?.description).toContain('OctopusX has no file for this task. OctopusX said');
	expect(error?.description).not.toContain('Base URL');
});

test('a file host that cannot be reached is not taken for OctopusX', async () => {
	doneAt('http://127.0.0.1:9/a.mp4', Infinity);
	sandbox.faults.add({ on: 'content', times: Infinity, answer: { status: 404 } });
	const { error } = await download();
	expect(error?.description).toContain('The host of the video file cannot be reached');
	expect(error?.description).not.toContain('Base URL');
});

import type { Readable } from 'node:stream';
import type { IExecuteFunctions } from 'n8n-workflow';
import { HTML_502 } from '../sandbox/faults';
import { VIDEOS } from '../sandbox/fixtures';
import { fileOf, isWhole, useDownloads } from './support/downloads';
import { eventually } from './support/eventually';
import { readBinary } from './support/runWorkflow';
import { watchedNode } from './support/watchedNode';

const { sandbox, download } = useDownloads();

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
				body: VIDEOS.landscape.subarray(0, 5_000),
				headers: { 'content-type': 'video/mp4', 'content-range': 'bytes 0-4999/20069' },
			},
		],
		['a cut connection', 'reset'],
	] as const)('a download is tried again after %s', async (_what, answer) => {
		sandbox.faults.add({ on: 'file', times: 2, answer });
		const { items, elapsedMs } = await download();
		expect(await isWhole(items)).toBe(true);
		expect(sandbox.requestsTo('file')).toHaveLength(3);
		expect(elapsedMs).toBe(5_000 + 1_000 + 2_000);
	});
});

test('a file host that asks for patience gets it, up to a minute', async () => {
	const busy = (seconds: number) => ({ status: 503, headers: { 'retry-after': `${seconds}` } });
	sandbox.faults.add({ on: 'file', nth: 1, answer: busy(30) });
	sandbox.faults.add({ on: 'file', nth: 2, answer: busy(600) });
	const { elapsedMs } = await download();
	expect(elapsedMs).toBe(5_000 + 30_000 + 60_000);
});

test.each([
	['called a text', 'text/plain', VIDEOS.landscape],
	['called XML', 'application/XML; charset=utf-8', VIDEOS.landscape],
	['called JSON', 'application/json', VIDEOS.landscape],
	['called HTML in the end', 'application/xhtml; of=html', VIDEOS.landscape],
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
		const answer = { status: 200, headers, body: VIDEOS.portrait };
		sandbox.faults.add({ on: 'file', answer });
		const { items } = await download();
		const binary = fileOf(items);
		expect((await readBinary(binary)).equals(VIDEOS.portrait)).toBe(true);
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
		const binary = fileOf(items);
		expect((await readBinary(binary)).equals(VIDEOS.landscape)).toBe(true);
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

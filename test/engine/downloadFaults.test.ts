import type { Readable } from 'node:stream';
import type { IExecuteFunctions } from 'n8n-workflow';
import { HTML_502 } from '../sandbox/faults';
import { VIDEOS } from '../sandbox/fixtures';
import { fileOf, hasCompleteVideo, useDownloads } from './support/downloads';
import { eventually } from './support/eventually';
import { nodeWithContext } from './support/nodeWithContext';
import { readBinary } from './support/runWorkflow';

const { sandbox, download } = useDownloads();

describe('a response that is not a video', () => {
	test.each([
		['HTTP 502', HTML_502],
		['a web page with HTTP 200', { status: 200, body: '<!DOCTYPE html><p>expired</p>' }],
		[
			'XML that is declared as video/mp4',
			{
				status: 200,
				body: '<?xml version="1.0"?><Error/>',
				headers: { 'content-type': 'video/mp4' },
			},
		],
		['an empty file', { status: 200, body: '', headers: { 'content-type': 'video/mp4' } }],
		['a truncated file', 'short'],
		[
			'HTTP 206 with a part of the file that the node did not ask for',
			{
				status: 206,
				body: VIDEOS.landscape.subarray(0, 5_000),
				headers: { 'content-type': 'video/mp4', 'content-range': 'bytes 0-4999/20069' },
			},
		],
		['a connection reset', 'reset'],
	] as const)('a download is retried after %s, with growing delays', async (_what, answer) => {
		sandbox.faults.add({ on: 'file', times: 2, answer });
		const { items, elapsedMs } = await download();
		expect(await hasCompleteVideo(items)).toBe(true);
		expect(sandbox.requestsTo('file')).toHaveLength(3);
		expect(elapsedMs).toBe(5_000 + 1_000 + 2_000);
	});
});

test('a download obeys the Retry-After header of HTTP 503, up to a minute', async () => {
	const busy = (seconds: number) => ({ status: 503, headers: { 'retry-after': `${seconds}` } });
	sandbox.faults.add({ on: 'file', nth: 1, answer: busy(30) });
	sandbox.faults.add({ on: 'file', nth: 2, answer: busy(600) });
	const { elapsedMs } = await download();
	expect(elapsedMs).toBe(5_000 + 30_000 + 60_000);
});

test.each([
	['declared as text', 'text/plain', VIDEOS.landscape],
	['declared as XML', 'application/XML; charset=utf-8', VIDEOS.landscape],
	['declared as JSON', 'application/json', VIDEOS.landscape],
	['declared as HTML in a parameter', 'application/xhtml; of=html', VIDEOS.landscape],
	['a web page after 300 line breaks', 'video/mp4', Buffer.from(`${'\n'.repeat(300)}<html>`)],
	['a web page after one line break', 'video/mp4', Buffer.from('\n <html>')],
	['a single space', 'video/mp4', Buffer.from(' ')],
])('an HTTP 200 response that is %s is not stored as a video', async (_what, type, body) => {
	const headers = { 'content-type': type };
	sandbox.faults.add({ on: 'file', answer: { status: 200, headers, body } });
	const { items } = await download();
	expect(sandbox.requestsTo('file')).toHaveLength(2);
	expect(items[0]?.json.status).toBe('completed');
});

test.each(['video/mp4', 'binary/octet-stream', 'video/x-htmlike', 'video/mp4; of=text/x', ''])(
	'a video with the content type "%s" is stored as video/mp4',
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

const EMPTY_FILE = { status: 200, headers: { 'content-type': 'video/mp4' }, body: '' };

const WEB_PAGE = { status: 200, body: '<html>' };

test.each([
	// n8n's timeout and the node's own limit end at the same moment.
	['hangs', 'hang', 60_000, /timeout of 60000ms exceeded|no answer came in time/],
	// The node notices up to five seconds later that no data arrives.
	['stops in the middle', 'stall', 65_000, /whole: the host stopped sending\./],
	['cuts the connection in the middle', 'short', 0, /whole: aborted\./],
	[
		'sends an empty file with HTTP 200',
		EMPTY_FILE,
		0,
		/The video file is empty\. No byte arrived\./,
	],
	[
		'sends a web page with HTTP 200',
		WEB_PAGE,
		0,
		/Something else came instead of the video\. It was a web page or a text\./,
	],
] as const)(
	'a download from a file host that %s ends in time, and the error says why',
	async (_what, answer, msPerTry, reason) => {
		const body = { error: { message: 'Task not found', code: '' } };
		sandbox.faults.add({ on: 'file', times: Infinity, answer });
		sandbox.faults.add({ on: 'content', times: Infinity, answer: { status: 404, body } });
		const { error, elapsedMs } = await download();
		expect(error?.description).toMatch(reason);

		// Each of two URLs gets four attempts, with delays between them.
		expect(elapsedMs).toBe(5_000 + 2 * (4 * msPerTry + 1_000 + 2_000 + 4_000));
	},
);

test('a file host that hangs after a slow redirect is given up one minute after the attempt started', async () => {
	sandbox.quirks.videoUrl = 'redirect';
	sandbox.faults.add({ on: 'content', nth: 4, answer: 'hang' });
	sandbox.faults.add({ on: 'file', times: 3, answer: HTML_502 });
	sandbox.faults.add({ on: 'file', nth: 4, answer: 'hang' });
	const lastTryAt = 5_000 + 1_000 + 2_000 + 4_000;
	const { error, elapsedMs } = await download(
		{},
		{ onStart: () => void setTimeout(() => sandbox.release(), lastTryAt + 30_000) },
	);
	expect(error?.description).toContain('whole: no answer came in time.');
	expect(elapsedMs).toBe(lastTryAt + 60_000);
});

test('the connection of a download is closed when n8n’s storage rejects the file without reading it', async () => {
	sandbox.faults.add({ on: 'file', times: Infinity, answer: 'stall' });
	const node = nodeWithContext((context) => ({
		helpers: {
			...context.helpers,
			prepareBinaryData: async () => await Promise.reject(new Error('the disk is full')),
		},
	}));
	const { error } = await download({}, { node });
	expect(error?.description).toContain('the disk is full');
	await eventually(() => expect(sandbox.hanging).toBe(0));
});

describe('slow or full storage of n8n', () => {
	const MINUTE = 60_000;
	type Store = IExecuteFunctions['helpers']['prepareBinaryData'];
	const storingWith = (store: (real: Store, ...file: Parameters<Store>) => ReturnType<Store>) =>
		nodeWithContext((context) => {
			const real = context.helpers.prepareBinaryData.bind(context.helpers);
			const prepareBinaryData: Store = async (...file) => await store(real, ...file);
			return { helpers: { ...context.helpers, prepareBinaryData } };
		});

	test('n8n’s storage may take minutes for a file without the file host being blamed', async () => {
		const node = storingWith(async (real, file, ...rest) => {
			const chunks: Buffer[] = [];
			const wait = async () => await new Promise((resolve) => setTimeout(resolve, 3 * MINUTE));
			for await (const chunk of file as AsyncIterable<Buffer>) {
				chunks.push(chunk);
				if (chunks.length === 1) await wait();
			}
			await wait();
			return await real(Buffer.concat(chunks), ...rest);
		});
		const { items, elapsedMs } = await download({}, { node });
		const binary = fileOf(items);
		expect((await readBinary(binary)).equals(VIDEOS.landscape)).toBe(true);
		expect(sandbox.requestsTo('file')).toHaveLength(1);
		expect(elapsedMs).toBe(5_000 + 2 * 3 * MINUTE);
	});

	test('a download waits at most two hours for n8n’s storage and then is retried', async () => {
		let tries = 0;
		const neverStored = new Promise<never>(() => {});
		const node = storingWith(
			async (real, ...file) => await (tries++ ? real(...file) : neverStored),
		);
		const { items, elapsedMs } = await download({}, { node });
		expect(items[0]?.binary?.data?.mimeType).toBe('video/mp4');
		expect(elapsedMs).toBe(5_000 + 120 * MINUTE + 1_000);
	});

	test('a full disk of n8n ends a download at once: one file is requested, and the error says what to do', async () => {
		let tries = 0;
		const node = storingWith(async (_real, file) => {
			tries++;
			await (file as Readable).forEach(() => {});
			await new Promise((resolve) => setTimeout(resolve, 2 * MINUTE));
			throw new Error('ENOSPC: no space left on device');
		});
		const { error, elapsedMs } = await download({}, { node });
		expect(error?.message).toBe('The video is ready but could not be downloaded');
		expect(error?.description).toContain(
			'n8n could not store the video. Its storage for files reported: ENOSPC: no space left on device. Ask the administrator of n8n for space or a higher limit, then fetch the video again.',
		);
		expect(error?.context.charge).toEqual({ taskId: 'video_1' });
		expect(tries).toBe(1);
		expect(sandbox.requestsTo('file')).toHaveLength(1);
		expect(sandbox.requestsTo('content')).toEqual([]);
		expect(elapsedMs).toBe(5_000 + 2 * MINUTE);
	});

	test('a storage of n8n that first hangs for two hours and is then full is asked twice', async () => {
		let tries = 0;
		const node = storingWith(async () => {
			if (++tries === 1) return await new Promise(() => {});
			throw new Error('the disk is full');
		});
		const { error } = await download({}, { node });
		expect(error?.description).toContain('Its storage for files reported: the disk is full.');
		expect(tries).toBe(2);
	});

	test('an HTTP 200 response that is not a video is not reported as cut off when n8n’s storage starts a minute late', async () => {
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

/** A top-level box is larger than what has arrived (ISO/IEC 14496-12). */
describe('MP4 files that were cut', () => {
	/** A box with `bytes` bytes of content, which says that it has `size` bytes. */
	function box(type: string, bytes: number, size = bytes + 8): Buffer {
		const content = Buffer.alloc(bytes + 8);
		content.writeUInt32BE(size);
		content.write(type, 4, 'latin1');
		return content;
	}

	/** A box whose size has 64 bits. */
	function largeBox(type: string, bytes: number, size: bigint): Buffer {
		const content = Buffer.alloc(bytes + 16);
		content.writeUInt32BE(1);
		content.write(type, 4, 'latin1');
		content.writeBigUInt64BE(size, 8);
		return content;
	}

	const FTYP = box('ftyp', 16);
	const MOOV = box('moov', 200);
	const MDAT = box('mdat', 5_000);
	const file = (...boxes: Buffer[]) => Buffer.concat(boxes);

	/** Downloads this file, which every address has. */
	async function fetchFile(body: Buffer) {
		const answer = { status: 200, headers: { 'content-type': 'video/mp4' }, body };
		sandbox.faults.add({ on: 'file', times: Infinity, answer });
		sandbox.faults.add({ on: 'content', times: Infinity, answer });
		return await download();
	}

	test.each<[string, Buffer]>([
		['in mdat', file(FTYP, MOOV, MDAT.subarray(0, -1))],
		['after half of mdat', file(FTYP, MOOV, MDAT.subarray(0, 2_500))],
		['in moov at the end', file(FTYP, MDAT, MOOV.subarray(0, 100))],
		[
			'in a moov of which only the size and the type arrived',
			file(FTYP, MDAT, MOOV.subarray(0, 8)),
		],
		['in ftyp', FTYP.subarray(0, 12)],
		['in an mdat with a size of 64 bits', file(FTYP, largeBox('mdat', 100, 200n))],
		['in an mdat of 9 exabytes', file(FTYP, largeBox('mdat', 100, 2n ** 63n))],
		['in an mdat of 4 GB', file(FTYP, box('mdat', 100, 0xffffffff))],
	])('a file that is cut %s is not delivered', async (_where, body) => {
		const { error, items } = await fetchFile(body);
		expect(items).toEqual([]);
		expect(error?.message).toBe('The video is ready but could not be downloaded');
		expect(error?.description).toMatch(/did not arrive whole: \d+ of [\d.e+]+ bytes arrived/);
	});

	const many = (count: number, one: Buffer) => file(FTYP, Buffer.alloc(count * one.length, one));

	test.each<[string, Buffer]>([
		['whole', file(FTYP, MOOV, MDAT)],
		['whole, with moov at the end', file(FTYP, MDAT, MOOV)],
		['with an mdat up to its end', file(FTYP, MOOV, box('mdat', 100, 0))],
		['with a whole mdat of 64 bits', file(FTYP, largeBox('mdat', 100, 116n), MOOV)],
		['with text after its last box', file(FTYP, MOOV, MDAT, Buffer.from('made with love'))],
		['with three bytes after its last box', file(FTYP, MOOV, MDAT, Buffer.from('abc'))],
		['with a box of an unknown type', file(FTYP, box('xxxx', 50), MOOV, MDAT)],
		['with a cut box of an unknown type', file(FTYP, MOOV, MDAT, box('free', 5, 500))],
		['with a cut moof', file(FTYP, MOOV, MDAT, box('moof', 5, 500))],
		['with a box that is smaller than its header', file(FTYP, box('free', 50, 3), MOOV)],
		['with a large box of size 0', file(FTYP, largeBox('mdat', 50, 0n))],
		['with a million empty boxes', many(1_000_000, box('free', 0))],
	])('a file %s is delivered as it is', async (_what, body) => {
		const start = performance.now();
		const { items } = await fetchFile(body);
		expect((await readBinary(fileOf(items))).equals(body)).toBe(true);
		expect(sandbox.requestsTo('file')).toHaveLength(1);
		expect(performance.now() - start).toBeLessThan(10_000);
	});

	test('a cut file is fetched again, and the whole one is delivered', async () => {
		const headers = { 'content-type': 'video/mp4' };
		const cut = file(FTYP, MOOV, MDAT.subarray(0, 2_500));
		sandbox.faults.add({ on: 'file', answer: { status: 200, headers, body: cut } });
		const { items } = await download();
		expect(items[0]?.binary?.data?.mimeType).toBe('video/mp4');
		expect(sandbox.requestsTo('file')).toHaveLength(2);
	});
});

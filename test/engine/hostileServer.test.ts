import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';
import { gzipSync } from 'node:zlib';
import type { IDataObject, INodeExecutionData, INodeParameters } from 'n8n-workflow';
import { apiErrorBody } from './support/errorBodies';
import { GENERATE, GENERATE_EACH, numberedItems } from './support/inputs';
import { runNodeVirtually, type NodeSetup } from './support/runNode';
import { useSandbox } from './support/useSandbox';

const sandbox = useSandbox();

const COMPLETED = { id: 'video_1', status: 'completed' };

/** Runs Generate. Checks that it ends in items or in a node error, and never shows the API key. */
async function generate(parameters: INodeParameters = {}, setup: NodeSetup = {}) {
	const all = { ...GENERATE, options: { timeout: 1 }, ...parameters };
	const result = await runNodeVirtually(sandbox, all, setup);
	const { error, items } = result;
	expect(items.length > 0 || error?.message).toBeTruthy();
	if (error) expect(['NodeApiError', 'NodeOperationError']).toContain(error.name);
	expect(JSON.stringify(result)).not.toContain(sandbox.apiKey);
	return result;
}
const itemOf = (json: IDataObject): INodeExecutionData[] => [{ json }];
const sentBody = () => sandbox.requestsTo('submit')[0]?.body as IDataObject;

describe('hostile prompts', () => {
	test.each([
		['of 1 MB', 'ä'.repeat(500_000)],
		['with emoji and right-to-left text', '👩‍🚀🏳️‍🌈 مرحبا \u202egnirts\u202c'],
		['with control characters', 'a\u0000b\u001f\u007f\u2028\ufeff'],
		['with half a surrogate pair', 'a\ud83d b'],
		['that looks like an expression', '{ $json.secret } ${process.env} <script>alert(1)</script>'],
		['that tries to end the JSON', '"},"model":"other","x":{"a":"'],
	])('a Prompt %s is sent unchanged', async (_what, prompt) => {
		const { error } = await generate(
			{ prompt: '={{ $json.prompt }}' },
			{ input: itemOf({ prompt }) },
		);
		expect(error).toBeUndefined();
		expect(sentBody()).toMatchObject({ model: 'omni-fast', prompt });
	});
});

describe('hostile image URLs', () => {
	test.each([
		'https://user:password@example.com/a.png',
		'http://169.254.169.254/latest/meta-data',
		'http://127.0.0.1:1/a.png',
		'https://example.com/a.png?x=1&y=%2e%2e#z',
	])('the First Frame URL %s is sent unchanged, and the node does not open it', async (url) => {
		await generate({ mode: 'firstFrame', firstFrameUrl: url });
		expect(sentBody().first_image_url).toBe(url);
		expect(sandbox.log.filter(({ route }) => route === 'none')).toEqual([]);
	});
});

describe('prototype keys in Extra API Fields (JSON)', () => {
	test.each([
		'{"__proto__": {"polluted": true, "model": "other"}}',
		'{"constructor": {"prototype": {"polluted": true}}}',
		'{"toString": "x", "hasOwnProperty": "y"}',
	])('Extra API Fields (JSON) %s do not pollute a prototype', async (additionalFields) => {
		const { error } = await generate({ options: { additionalFields } });
		expect(error).toBeUndefined();
		expect(sentBody()).toMatchObject({ model: 'omni-fast', prompt: 'a boat' });
		expect(({} as IDataObject).polluted).toBeUndefined();
	});
});

test.each(['__proto__', 'constructor', 'toString', 'a.b[0]', ''])(
	'First Frame Input Data Field Name "%s" is refused before any request',
	async (field) => {
		const { error } = await generate(
			{
				mode: 'firstFrame',
				firstFrameSource: 'binary',
				firstFrameBinaryField: '={{ $json.field }}',
			},
			{
				input: [
					{
						json: { field },
						binary: { data: { data: 'AA==', mimeType: 'image/png' } },
					},
				],
			},
		);
		expect(error?.message).toContain(`'First Frame' finds no file in "${field}"`);
		expect(sandbox.log).toEqual([]);
	},
);

test.each([
	['with line breaks', Buffer.from('a film').toString('base64').replace(/.{4}/g, '$&\r\n')],
])('base64 data %s in an input item cannot change the request', async (_what, data) => {
	const binary = { data: { data, mimeType: 'video/mp4' } };
	await generate({ operation: 'edit', videoSource: 'binary' }, { input: [{ json: {}, binary }] });
	expect(sentBody()).toMatchObject({ model: 'omni-fast-v2v', prompt: 'a boat' });
	expect(sentBody().video).toBe(
		`data:video/mp4;base64,${Buffer.from(data, 'base64').toString('base64')}`,
	);
});

test('data of an input item that tries to end the JSON is refused before any request', async () => {
	const data = 'AAAA","model":"evil-4k","x":"';
	const binary = { data: { data, mimeType: 'video/mp4' } };
	await generate({ operation: 'edit', videoSource: 'binary' }, { input: [{ json: {}, binary }] });
	expect(sandbox.log).toEqual([]);
});

const nested = (levels: number): unknown =>
	JSON.parse(`${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`);

describe('malformed responses to a submission', () => {
	test.each<[string, unknown]>([
		['a number', 7],
		['a string', '"video_1"'],
		['an id that is an object', { id: { toString: 'x' } }],
		['an id of 1 MB', { id: 'x'.repeat(1_000_000) }],
		['an empty id', { id: '', task_id: '' }],
	])(
		'a submission answered with HTTP 200 and %s may have been charged, and is not retried',
		async (_what, body) => {
			sandbox.faults.add({ on: 'submit', accept: true, answer: { status: 200, body } });
			const { error } = await generate();
			expect(error?.context.charge).toBe('maybe');
			expect(sandbox.requestsTo('submit')).toHaveLength(1);
		},
	);

	test.each(['..', '.', 'a\ud800'])(
		'an HTTP 200 response to a submission with the id %p is treated as one without a task ID',
		async (id) => {
			sandbox.faults.add({ on: 'submit', answer: { status: 200, body: { id, status: 'queued' } } });
			const { error } = await generate();
			expect(error?.message).toBe('OctopusX accepted the request but sent no task ID');
			expect(sandbox.log).toHaveLength(1);
		},
	);

	test.each(['../../admin', 'a/b:c?d#e', '%2e%2e', '💥'])(
		'the id %p from an HTTP 200 response to a submission stays one path segment of the URL',
		async (id) => {
			sandbox.faults.add({ on: 'submit', answer: { status: 200, body: { id, status: 'queued' } } });
			await generate();
			const paths = new Set(sandbox.log.slice(1).map(({ path }) => path));
			expect([...paths]).toEqual([`/v1/videos/${encodeURIComponent(id)}`]);
		},
	);
});

describe('malformed responses to a check', () => {
	test.each<[string, object]>([
		['a field 3,000 levels deep', { ...COMPLETED, extra: nested(3_000) }],
		[
			'prototype keys as fields',
			{ ...COMPLETED, __proto__: { x: 1 }, constructor: 'x', toString: 'y' },
		],
		['1 MB of text', { ...COMPLETED, extra: 'x'.repeat(1_000_000) }],
		[
			'fields of the wrong type',
			{ ...COMPLETED, progress: [], metadata: 7, error: [], created_at: {} },
		],
		['fields named pairedItem and binary', { ...COMPLETED, pairedItem: { item: 9 }, binary: {} }],
		['a field named failure', { ...COMPLETED, failure: { code: 7 } }],
	])('a check answered with HTTP 200 and %s still delivers the video', async (_what, body) => {
		sandbox.faults.add({ on: 'check', answer: { status: 200, body } });
		const { items } = await generate();
		expect(items[0]).toMatchObject({
			json: { task_id: 'video_1', status: 'completed' },
			pairedItem: { item: 0 },
		});
		expect(items[0]?.json).not.toHaveProperty('failure');
	});

	test.each([
		['a reason that is not a string', { message: { deep: nested(3_000) }, code: [] }],
		['a reason of 1 MB', { message: 'x'.repeat(1_000_000), code: 'y'.repeat(1_000_000) }],
		['a reason with markup', { message: '<img src=x onerror=alert(1)>', code: '<b>' }],
	])('the error of a failed task with %s has a readable length', async (_what, error) => {
		sandbox.faults.add({ on: 'check', answer: { status: 200, body: { status: 'failed', error } } });
		const result = await generate();
		expect(result.error?.message).toBe('The video could not be generated');
		expect(result.error?.description?.length).toBeLessThan(2_000);
	});
});

describe('hostile URLs of the finished file', () => {
	const completedAt = (video_url: unknown) => ({
		status: 200,
		body: { ...COMPLETED, video_url },
	});
	const download = async (video_url: string) => {
		sandbox.faults.add({ on: 'check', times: Infinity, answer: completedAt(video_url) });
		return await generate({ downloadVideo: true });
	};
	const FILE_NOT_FOUND = { status: 404, body: apiErrorBody('Task not found') };
	const fileRequests = () => sandbox.log.filter(({ route }) => route === 'file');
	const hostOf = (url: string) => new URL(url).host;

	test('a video URL with the API’s host as its user name does not get the API key', async () => {
		const api = hostOf(sandbox.url).replace(':', '%3A');
		await download(`http://${api}@${hostOf(sandbox.fileHost)}/files/video_1.mp4?signature=x`);
		expect(fileRequests()).toHaveLength(1);
		expect(fileRequests()[0]?.headers.authorization).not.toContain('Bearer');
	});

	test('an HTTP 302 redirect from the file host back to the API is followed without the API key', async () => {
		const location = `${sandbox.url}/v1/videos/video_1/content`;
		sandbox.faults.add({ on: 'file', times: 4, answer: { status: 302, headers: { location } } });
		const { items } = await download(`${sandbox.fileHost}/files/video_1.mp4?signature=x`);
		const contentRequests = sandbox.log.filter(({ route }) => route === 'content');
		// The second request is the node's own, after the API rejected the redirected one.
		const withKey = contentRequests.map(({ headers }) => headers.authorization !== undefined);
		expect(withKey).toEqual([false, true]);
		expect(items[0]?.binary?.data).toMatchObject({ mimeType: 'video/mp4' });
	});

	test('a download whose HTTP 302 redirects form a circle fails after five of them', async () => {
		const location = `${sandbox.fileHost}/files/video_1.mp4?signature=x`;
		sandbox.faults.add({ on: 'file', times: 99, answer: { status: 302, headers: { location } } });
		sandbox.faults.add({ on: 'content', times: Infinity, answer: FILE_NOT_FOUND });
		const { error } = await download(location);
		expect(error?.description).toContain(
			'leads from one address to the next. It did so more than 5 times.',
		);
		expect(fileRequests()).toHaveLength(1 + 5);
	});

	test.each([
		'ftp://127.0.0.1/a.mp4',
		'file:///etc/passwd',
		'data:video/mp4;base64,AAAA',
		'gopher:x',
		'https://',
	])('a download does not follow an HTTP 302 redirect to %s', async (location) => {
		sandbox.faults.add({ on: 'file', answer: { status: 302, headers: { location } } });
		sandbox.faults.add({ on: 'content', answer: FILE_NOT_FOUND });
		const { error } = await download(`${sandbox.fileHost}/files/video_1.mp4?signature=x`);
		expect(error?.description).toContain(
			'leads to one that cannot be opened. It is something other than http:// or https://',
		);
	});

	test.each(['99999999999', '-5', 'soon', 'Wed, 99 Foo 2026', ''])(
		'HTTP 429 with Retry-After "%s" delays the next check by at most a minute',
		async (value) => {
			const answer = { status: 429, headers: { 'retry-after': value } };
			sandbox.faults.add({ on: 'check', answer });
			const { elapsedMs } = await generate();
			expect(elapsedMs).toBeLessThanOrEqual(60_000);
		},
	);
});

describe('responses that are too large', () => {
	const MB = 1_000_000;
	const TOO_LARGE = 'OctopusX sent an answer that is too large';
	const largeAnswer = (bytes: number) => ({
		status: 200,
		body: { ...COMPLETED, extra: 'x'.repeat(bytes) },
	});
	const WITHOUT_ID = { status: 200, body: { note: 'almost', extra: 'x'.repeat(3 * MB) } };
	/** 30 kB of gzip that decompress to 30 MB. */
	const GZIP_BOMB = {
		status: 200,
		headers: { 'content-encoding': 'gzip' },
		body: gzipSync(JSON.stringify(largeAnswer(30 * MB).body)),
	};
	const ONE_MINUTE = { ...GENERATE, options: { timeout: 1, pollInterval: 1 } };
	const ALL_FIELDS = { ...ONE_MINUTE, simplify: false };

	/** Returns the number of bytes received for each request that `work` sends. */
	async function bytesReceivedBy(work: () => Promise<unknown>): Promise<number[]> {
		const requests: ClientRequest[] = [];
		const onStart = (message: unknown) => {
			requests.push((message as { request: ClientRequest }).request);
		};
		subscribe('http.client.request.start', onStart);
		await work().finally(() => unsubscribe('http.client.request.start', onStart));
		return requests.map(({ socket }) => socket?.bytesRead ?? 0);
	}

	test.each([
		['5 MB', largeAnswer(5 * MB)],
		['30 kB of gzip that decompress to 30 MB', GZIP_BOMB],
	])(
		'a check answered with HTTP 200 and %s is retried, and the video is delivered',
		async (_what, answer) => {
			sandbox.faults.add({ on: 'check', answer });
			const { items, error } = await runNodeVirtually(sandbox, ALL_FIELDS);
			expect(error).toBeUndefined();
			expect(items[0]?.json).toMatchObject({ task_id: 'video_1', status: 'completed' });
			expect(items[0]?.json.extra).toBeUndefined();
			expect(sandbox.requestsTo('check')).toHaveLength(2);
		},
	);

	test.each([
		[0, 1],
		[1, 2],
	])(
		'an HTTP 200 response of 2 MB plus %p bytes results in %p check(s)',
		async (extraBytes, checks) => {
			const emptyLength = JSON.stringify(largeAnswer(0).body).length;
			sandbox.faults.add({
				on: 'check',
				answer: largeAnswer(2 * 1024 * 1024 - emptyLength + extraBytes),
			});
			const { items } = await runNodeVirtually(sandbox, ALL_FIELDS);
			expect(items[0]?.json.status).toBe('completed');
			expect(sandbox.requestsTo('check')).toHaveLength(checks);
		},
	);

	test('the connection is closed before the rest of a 50 MB response arrives', async () => {
		sandbox.faults.add({ on: 'check', answer: largeAnswer(50 * MB) });
		const received = await bytesReceivedBy(async () => await runNodeVirtually(sandbox, ONE_MINUTE));
		expect(received).toHaveLength(3);
		expect(Math.max(...received)).toBeLessThan(5 * MB);
	});

	test('a timeout after checks that were all answered with HTTP 200 and 3 MB gives that as the reason', async () => {
		sandbox.faults.add({ on: 'check', times: Infinity, answer: largeAnswer(3 * MB) });
		const { error } = await runNodeVirtually(sandbox, ONE_MINUTE);
		expect(error?.message).toBe('The video was not ready in time');
		expect(error?.description).toContain(TOO_LARGE);
		expect(error?.description).toContain('video_1');
		expect(error?.description?.length).toBeLessThan(10_000);
	});

	test('a submission answered with HTTP 200 and 3 MB may have been charged, and is not retried', async () => {
		sandbox.faults.add({ on: 'submit', accept: true, answer: WITHOUT_ID });
		const { error } = await runNodeVirtually(sandbox, ONE_MINUTE);
		expect(error?.message).toBe(TOO_LARGE);
		expect(error?.context.charge).toBe('maybe');
		// The quoted start of the response may help the user.
		expect(error?.description).toContain('"note":"almost"');
		expect(sandbox.requestsTo('submit')).toHaveLength(1);
	});

	test('a submission answered with HTTP 200 and 3 MB that begin with a task ID is a task', async () => {
		sandbox.faults.add({ on: 'submit', accept: true, answer: largeAnswer(3 * MB) });
		const { items } = await runNodeVirtually(sandbox, ONE_MINUTE);
		expect(items[0]?.json).toMatchObject({ task_id: 'video_1', status: 'completed' });
		expect(sandbox.tasks).toHaveLength(1);
	});

	test('HTTP 413 with a 3 MB body is still a rejection that is not charged', async () => {
		const body = `<html>${'x'.repeat(3 * MB)}</html>`;
		sandbox.faults.add({ on: 'submit', answer: { status: 413, body } });
		const { error } = await runNodeVirtually(sandbox, ONE_MINUTE);
		expect(error?.message).toBe('The request is too large for OctopusX');
		expect(error?.context.charge).toBe('none');
	});

	test('a batch stops after three submissions that are answered with HTTP 200 and 3 MB', async () => {
		sandbox.faults.add({ on: 'submit', times: Infinity, answer: WITHOUT_ID });
		const parameters = { ...GENERATE_EACH, options: { maxConcurrency: 1 } };
		await runNodeVirtually(sandbox, parameters, { input: numberedItems(10) });
		expect(sandbox.requestsTo('submit')).toHaveLength(3);
	});
});

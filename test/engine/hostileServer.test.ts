import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import http, { type ClientRequest } from 'node:http';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import type { IDataObject, INodeExecutionData, INodeParameters } from 'n8n-workflow';
import { Transport, type ByteStream } from '../../nodes/OctopusXVideo/api/transport';
import type { Job } from '../../nodes/OctopusXVideo/job';
import type { Planned } from '../../nodes/OctopusXVideo/run/state/item';
import { Ledger } from '../../nodes/OctopusXVideo/run/state/ledger';
import { openScope } from '../../nodes/OctopusXVideo/run/state/scope';
import { download as downloadFile } from '../../nodes/OctopusXVideo/run/steps/download';
import { resumeJobs } from '../../nodes/OctopusXVideo/run/suspension';
import { Limiter } from '../../nodes/OctopusXVideo/timing/limiter';
import { VIDEOS } from '../sandbox/fixtures';
import { addressOf, close, listen } from '../sandbox/http';
import { apiErrorBody } from './support/errorBodies';
import { CONTINUE, GENERATE, GENERATE_EACH, numberedItems } from './support/inputs';
import { fileTrackingNode, loggingNode } from './support/nodeWithContext';
import { runNode, runNodeVirtually, type NodeSetup } from './support/runNode';
import { readBinary, storeBinary } from './support/runWorkflow';
import { canSuspend, describeIfCanSuspend, runSuspending } from './support/suspending';
import { jsonOf, runTest } from './support/testMode';
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
			const paths = sandbox.log.map(({ path }) => path);
			expect(paths).toEqual(['/v1/videos', '/api/log/token']);
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
		// the submission, two checks, the verdict and the status
		expect(received).toHaveLength(5);
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

describe('hostile input items, tasks and files', () => {
	beforeEach(() => void jest.spyOn(Math, 'random').mockReturnValue(0));
	afterEach(() => jest.restoreAllMocks());

	const MINUTE = 60_000;
	const DOWNLOAD = { ...GENERATE, downloadVideo: true };
	const VIDEO_TYPE = { 'content-type': 'video/mp4' };

	/** Runs Generate and returns what it leaves, with its log. */
	async function generate(parameters: INodeParameters = {}, setup: NodeSetup = {}) {
		const log: string[] = [];
		const all = { ...GENERATE, ...parameters };
		const result = await runNodeVirtually(sandbox, all, { node: loggingNode(log), ...setup });
		return { ...result, log };
	}

	describe('a batch of 150,000 items', () => {
		const COUNT = 150_000;
		const job = {
			source: {
				request: {
					path: '/v1/videos',
					fields: {},
					media: {},
					sendBinaryAs: 'dataUri',
					additionalFields: {},
				},
			},
			timeoutMs: MINUTE,
			maxConcurrency: 10,
			testMode: 'sample',
		} as Job;
		const planned: Planned[] = Array.from({ length: COUNT }, (_, index) => ({
			state: 'planned',
			index,
			job,
		}));
		const memory: IDataObject = {};
		const context = {
			getContext: () => memory,
			getInputData: () => [],
			getWorkflowDataProxy: () => ({ $runIndex: 0 }),
			getExecutionCancelSignal: () => undefined,
			getMode: () => 'trigger',
		};

		test('has room on the stack when it begins, and in the ledger', async () => {
			const ledger = new Ledger(context as never);
			ledger.claim(context as never, planned);
			const scope = await openScope(context as never, ledger, planned);
			expect(scope.forItem(planned.at(-1) as Planned).claim.taskId).toBeUndefined();
			ledger.noteSuspended();
			ledger.release();
		});

		test('passes through Max Concurrency in line, in less than 5 seconds', async () => {
			const limiter = new Limiter(10);
			const done: number[] = [];
			const startedAt = performance.now();
			await Promise.all(planned.map(({ index }) => limiter.run(async () => void done.push(index))));
			expect(performance.now() - startedAt).toBeLessThan(5_000);
			expect(done.every((index, n) => index === n)).toBe(true);
		});

		test('has room on the stack when a checking execution suspends', async () => {
			const now = Date.now();
			const items = planned.map(({ index }) => ({
				json: {
					octopusXSuspended: {
						parent: '1',
						item: {
							state: 'running',
							index,
							job: { ...job, wait: { pollIntervalMs: 5_000, isSuspended: true } },
							task: { id: 'x', task_id: 'x', status: 'queued', progress: 0 },
							startedAt: now,
							deadline: now + MINUTE * 10,
							unknownChecks: 0,
						},
					},
				},
			}));
			const waits: Date[] = [];
			const output = await resumeJobs({
				getContext: () => ({}),
				getInputData: () => items,
				getMode: () => 'integrated',
				getExecuteData: () => ({ data: {} }),
				putExecutionToWait: async (date: Date) => void waits.push(date),
			} as never);
			expect(output).toHaveLength(COUNT);
			expect(waits).toHaveLength(1);
		});
	});

	describe('files that are no video', () => {
		const FOR_GOOD = { times: Infinity } as const;

		/** Downloads a file that both the file host and the API send. */
		async function download(body: Buffer, headers: Record<string, string> = {}) {
			for (const on of ['file', 'content'] as const) {
				const answer = { status: 200, headers: { ...VIDEO_TYPE, ...headers }, body };
				sandbox.faults.add({ on, ...FOR_GOOD, answer });
			}
			return await generate(DOWNLOAD);
		}
		const box = (type: string) => Buffer.concat([Buffer.from([0, 0, 0, 16]), Buffer.from(type)]);
		const startingWith = (type: string) => Buffer.concat([box(type), Buffer.alloc(1_000, 1)]);
		const GZIP = { 'content-encoding': 'gzip' };

		test('gzip of 300 MB of zeros is no video', async () => {
			const bomb = gzipSync(Buffer.alloc(300_000_000));
			const { error } = await download(bomb, GZIP);
			expect(error?.message).toBe('The video is ready but could not be downloaded');
			expect(error?.description).toContain('Something else came instead of the video');
		});

		test('gzip of a video and 300 MB of zeros ends at what its Content-Length allows', async () => {
			const bomb = gzipSync(Buffer.concat([VIDEOS.landscape, Buffer.alloc(300_000_000)]));
			const { error } = await download(bomb, GZIP);
			expect(error?.description).toContain('The video file is too large');
			expect(error?.description).toMatch(/More than [12] MB arrived/);
		});

		test('gzip of a video is unpacked', async () => {
			const { items } = await download(gzipSync(VIDEOS.landscape), GZIP);
			const file = items[0]?.binary?.data;
			expect((await readBinary(file as never)).equals(VIDEOS.landscape)).toBe(true);
		});

		test.each(['ftyp', 'moov', 'moof', 'mdat', 'free', 'skip', 'wide', 'styp', 'pnot'])(
			'a file that begins with the box %s is a video',
			async (type) => {
				const { items } = await download(startingWith(type));
				expect((await readBinary(items[0]?.binary?.data as never)).equals(startingWith(type))).toBe(
					true,
				);
			},
		);

		test.each(['\0\0\0\0', 'FTYP', 'ftyq', 'meta', 'uuid', 'html', '<svg', '{"a"', 'yptf'])(
			'a file that begins with the box %j is no video',
			async (type) => {
				const { error } = await download(startingWith(type));
				expect(error?.description).toContain('Something else came instead of the video');
			},
		);

		test('a file that never ends is given up after 4 GB', async () => {
			const chunk = Buffer.alloc(64 * 1024 ** 2);
			chunk.write('ftyp', 4);
			let stored = 0;
			const body = Readable.from(
				(async function* () {
					for (;;) yield chunk;
				})(),
			);
			const { fault } = await downloadFile(
				{
					client: {
						apiUrl: 'https://octopusx.ai',
						isContentUrl: () => false,
						transport: { withoutKey: async () => ({ statusCode: 200, headers: {}, body }) },
					},
					context: {
						helpers: {
							prepareBinaryData: async (stream: Readable) => {
								for await (const part of stream) stored += (part as Buffer).length;
							},
						},
					},
				} as never,
				'https://files.example/a.mp4',
				'a.mp4',
			);
			expect(fault?.message).toBe('The video file is too large');
			expect(stored).toBe(4 * 1024 ** 3);
		});

		test.each([1, 4, 7])('a file of %p bytes is no video', async (length) => {
			const { error } = await download(startingWith('ftyp').subarray(0, length));
			expect(error?.description).toContain('Something else came instead of the video');
		});
	});

	describe('a host that answers in its own way', () => {
		let answer: (req: http.IncomingMessage, res: http.ServerResponse) => unknown = () => {};
		const server = http.createServer((req, res) => void answer(req, res));
		beforeAll(async () => await listen(server, 0));
		afterAll(async () => await close(server));
		const video_url = () => `${addressOf(server)}/video.mp4`;
		const byBytes = async (res: http.ServerResponse, bytes: Buffer) => {
			for (const one of bytes) {
				res.write(Buffer.of(one));
				await new Promise((resolve) => setImmediate(resolve));
			}
		};
		const completeWith = (url: string) =>
			sandbox.faults.add({
				on: 'check',
				times: Infinity,
				answer: { status: 200, body: { ...COMPLETED, video_url: url } },
			});

		test('a video whose first bytes arrive one by one is stored whole', async () => {
			answer = async (_req, res) => {
				res.writeHead(200, VIDEO_TYPE);
				await byBytes(res, VIDEOS.landscape.subarray(0, 20));
				res.end(VIDEOS.landscape.subarray(20));
			};
			completeWith(video_url());
			const { items } = await runNode(sandbox, { ...DOWNLOAD, options: { pollInterval: 1 } });
			const file = await readBinary(items[0]?.binary?.data as never);
			expect(file.equals(VIDEOS.landscape)).toBe(true);
		});

		test('a text whose first bytes arrive one by one is no video', async () => {
			answer = async (_req, res) => {
				res.writeHead(200, VIDEO_TYPE);
				await byBytes(res, Buffer.from('\0\0\0 not a video'));
				res.end();
			};
			completeWith(video_url());
			sandbox.faults.add({ on: 'content', times: Infinity, answer: { status: 404 } });
			const { error } = await runNodeVirtually(sandbox, DOWNLOAD);
			expect(error?.description).toContain('Something else came instead of the video');
		});

		test('an answer of 2 MB in chunks of one byte takes less than 40 MB of memory', async () => {
			const byte = Buffer.of(32);
			async function* chunks() {
				for (let n = 0; n < 2 * 1024 * 1024; n++) yield Buffer.of(byte[0] as number);
			}
			const transport = new Transport({} as never, (text) => text);
			const before = process.memoryUsage();
			let most = 0;
			const timer = setInterval(() => {
				const { heapUsed, external } = process.memoryUsage();
				most = Math.max(most, heapUsed + external - before.heapUsed - before.external);
			}, 5);
			const body = chunks() as unknown as ByteStream;
			const read = await transport.read({ statusCode: 200, headers: {}, body });
			clearInterval(timer);
			expect(read).toMatchObject({ statusCode: 200 });
			expect(most).toBeLessThan(40 * 1024 * 1024);
		});

		test('HTTP 101 to a submission holds its item for its Timeout only', async () => {
			answer = (req, res) => {
				req.resume();
				if (req.method !== 'POST') return void res.writeHead(404).end();
				res.socket?.write(
					'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n',
				);
			};
			// on virtual time, as the node listens for a late response for 30 minutes
			const { error, elapsedMs } = await runNodeVirtually(
				sandbox,
				{ ...GENERATE, options: { timeout: 0.02 } },
				{ credential: { baseUrl: addressOf(server) } },
			);
			expect(elapsedMs).toBeLessThan(10_000);
			expect(error?.description).toContain('It may have been charged');
			server.closeAllConnections();
		});
	});

	describe('the place of an item', () => {
		test('is held for its Timeout, and a late ID is logged and claimed by a retry', async () => {
			sandbox.faults.add({ on: 'submit', accept: true, answer: 'hang' });
			const log: string[] = [];
			const first = await runNodeVirtually(
				sandbox,
				{ ...GENERATE, options: { timeout: 2 } },
				{
					node: loggingNode(log),
					settings: { retryOnFail: true, maxTries: 2, waitBetweenTries: 5_000 },
					onStart: () => void setTimeout(() => sandbox.release(), 2 * MINUTE + 2_000),
				},
			);
			expect(log.join('\n')).toMatch(/OctopusX task video_1 created for item 0/);
			expect(first.items[0]?.json).toMatchObject({ task_id: 'video_1', status: 'completed' });
			expect(sandbox.tasks).toHaveLength(1);
			expect(first.elapsedMs).toBeLessThan(3 * MINUTE);
		});

		const upload = async (timeout: number) => {
			const data = { ...(await storeBinary(Buffer.from('video'), 'video/mp4')), fileName: 'a.mp4' };
			return await generate(
				{
					operation: 'edit',
					videoSource: 'binary',
					waitForCompletion: false,
					options: { sendBinaryAs: 'upload', timeout },
				},
				{ input: [{ json: {}, binary: { data } }] },
			);
		};

		test.each(['presign', 'upload'] as const)(
			'is held for its Timeout if "%s" gets no answer',
			async (on) => {
				sandbox.faults.add({ on, times: Infinity, answer: 'hang' });
				const { elapsedMs, error } = await upload(0.2);
				expect(error?.message).toBe('The file could not be uploaded to OctopusX');
				expect(elapsedMs).toBe(12_000);
				expect(sandbox.tasks).toEqual([]);
			},
		);

		test('is held for its Timeout if a repeated upload gets no answer', async () => {
			sandbox.faults.add({ on: 'upload', times: 3, answer: { status: 502 } });
			sandbox.faults.add({ on: 'upload', nth: 4, times: Infinity, answer: 'hang' });
			const { elapsedMs } = await upload(0.5);
			expect(elapsedMs).toBe(30_000);
		});
	});

	describe('fields of the node in an answer', () => {
		const PRETENDING = {
			test: true,
			octopusXSuspended: { parent: '1' },
			error: { message: 'x' },
			failure: { code: 'x' },
		};

		test.each([true, false])('are left out with Simplify set to %p', async (simplify) => {
			for (const on of ['submit', 'check'] as const) {
				const body = { ...COMPLETED, ...PRETENDING };
				sandbox.faults.add({ on, times: Infinity, answer: { status: 200, body } });
			}
			for (const waitForCompletion of [true, false]) {
				const { items } = await generate({ simplify, waitForCompletion });
				expect(items[0]?.json).toMatchObject({ task_id: 'video_1', status: 'completed' });
				for (const name of Object.keys(PRETENDING)) expect(items[0]?.json).not.toHaveProperty(name);
			}
		});

		test('are left out of a verdict', async () => {
			sandbox.faults.add({
				on: 'check',
				times: Infinity,
				answer: { status: 200, body: { status: 'odd' } },
			});
			const body = { data: { status: 'SUCCESS', data: { ...PRETENDING, kept: 1 } } };
			sandbox.faults.add({ on: 'verdict', times: Infinity, answer: { status: 200, body } });
			const { items } = await generate({ simplify: false });
			expect(items[0]?.json).toMatchObject({ status: 'completed', kept: 1 });
			for (const name of Object.keys(PRETENDING)) expect(items[0]?.json).not.toHaveProperty(name);
		});

		test('cannot be inherited from __proto__', async () => {
			const body = Buffer.from(
				'{"id":"video_1","status":"completed","__proto__":{"test":true},"metadata":{"__proto__":{"a":1}}}',
			);
			sandbox.faults.add({ on: 'check', times: Infinity, answer: { status: 200, body } });
			const { items } = await generate({ simplify: false });
			expect(items[0]?.json.test).toBeUndefined();
			expect(JSON.stringify(items)).not.toContain('__proto__');
		});

		describeIfCanSuspend('of a suspended execution', () => {
			test('do not send the checking execution round', async () => {
				const body = { ...COMPLETED, octopusXSuspended: { parent: '1' } };
				sandbox.faults.add({ on: 'check', times: Infinity, answer: { status: 200, body } });
				const { items } = await runSuspending(sandbox, {
					...GENERATE,
					options: { waitStrategy: 'suspend' },
					simplify: false,
				});
				expect(items[0]?.json).toMatchObject({ status: 'completed' });
				expect(items[0]?.json).not.toHaveProperty('octopusXSuspended');
			});
		});
	});

	describe('task IDs that lie', () => {
		test.each([
			'test_1',
			'test_omni-fast_8s_1280x720_0123456789ab',
			'test_omni_8s_1x1_0123456789ab0123456789ab',
		])('the real task %s is checked at the API', async (taskId) => {
			sandbox.faults.add({
				on: 'submit',
				answer: { status: 200, body: { id: taskId, status: 'queued' } },
			});
			const answer = { status: 200, body: { ...COMPLETED, id: taskId } };
			sandbox.faults.add({ on: 'check', times: Infinity, answer });
			const created = await generate();
			const found = await generate({ operation: 'getStatus', taskId });
			for (const { items } of [created, found]) {
				expect(items[0]?.json).toMatchObject({ task_id: taskId, status: 'completed' });
				expect(items[0]?.json).not.toHaveProperty('test');
				expect(String(items[0]?.json.video_url)).toMatch(/^http/);
			}
			expect(sandbox.requestsTo('check')).toHaveLength(2);
		});

		test('the ID of a sample is recognized in Get Status without Test Mode', async () => {
			const [sample] = jsonOf(await runTest(sandbox));
			const { items } = await generate({
				operation: 'getStatus',
				taskId: sample?.task_id as string,
			});
			expect(items[0]?.json).toMatchObject({ task_id: sample?.task_id, test: true });
			expect(sandbox.log).toEqual([]);
		});

		const FORGED = [
			'a\nOctopusX: b',
			'a\r\nb',
			'a\u001b[2Kb',
			'a\u0000b',
			'a\u0085b',
			'a\u009b31mb',
			'a\u2028b',
			'a\u202eb',
			'<b>a</b>',
		];
		// eslint-disable-next-line no-control-regex -- these are what the test is about
		const FORBIDDEN = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e]|<b>/;

		test.each(FORGED)('%j from a server is in no line of the log and in no error', async (text) => {
			const answers = [
				{ status: 200, body: { id: text, status: 'queued' } },
				{ status: 200, body: { data: { task_id: text } } },
				{ status: 500, body: { task_id: text, error: { message: text } } },
				{ status: 400, body: { code: text, message: `bad ${text}` } },
				{ status: 502, body: `<html>${text}</html>` },
				{ status: 400, body: {}, headers: { 'x-oneapi-request-id': 'a\tb' } },
			];
			for (const answer of answers) {
				sandbox.reset();
				sandbox.faults.add({ on: 'submit', answer });
				const { error, log } = await generate({ options: { timeout: 0.2 } });
				for (const one of [error?.message, error?.description, ...log]) {
					// the log's metadata is JSON
					expect(String(one)).not.toMatch(FORBIDDEN);
				}
			}
			sandbox.reset();
			const failed = { status: 'failed', error: { code: text, message: text } };
			sandbox.faults.add({ on: 'check', answer: { status: 200, body: failed } });
			const { error } = await generate();
			expect(error?.message).toBe('The video could not be generated');
			expect(error?.description).not.toMatch(FORBIDDEN);
		});

		test.each(FORGED)('%j in a file’s type or name is in no error', async (text) => {
			const binary = { data: { data: 'AAAA', mimeType: `text/${text}`, fileName: text } };
			const { error } = await generate(
				{ mode: 'firstFrame', firstFrameSource: 'binary' },
				{ input: [{ json: {}, binary }] },
			);
			expect(error?.message).toContain("'First Frame' is not an image");
			// markup of the user's own data is the user's
			expect(`${error?.message}${error?.description}`.replaceAll('<b>', '')).not.toMatch(FORBIDDEN);
		});

		test('a file’s type of 1 MB makes a short error', async () => {
			const binary = { data: { data: 'AAAA', mimeType: `text/${'x'.repeat(1_000_000)}` } };
			const { error } = await generate(
				{ mode: 'firstFrame', firstFrameSource: 'binary' },
				{ input: [{ json: {}, binary }] },
			);
			expect(error?.message.length).toBeLessThan(3_000);
		});
	});

	describe('markup in a message', () => {
		const descriptionOf = async (message: string) => {
			sandbox.reset();
			sandbox.faults.add({ on: 'submit', answer: { status: 400, body: { code: 'x', message } } });
			return String((await generate()).error?.description);
		};

		test.each([
			'<img src=x onerror=alert(1)>',
			'<a href="https://x.example">click</a>',
			'</div><script>alert(1)</script>',
			'<!-- x',
			'<svg/onload=alert(1)',
			'<STYLE>*{display:none}</STYLE>',
		])('%s is not in the error', async (markup) => {
			const description = await descriptionOf(`bad ${markup} request`);
			expect(description).toContain('OctopusX said: "bad');
			expect(description).not.toContain('<');
			// what comes after it is shown
			expect(description).toContain('(HTTP 400, x');
		});

		test.each(['a < b', 'seconds must be <= 30 and > 4', 'x <3 y', '1<2'])(
			'"%s" stays readable',
			async (text) => {
				expect(await descriptionOf(`bad: ${text}!`)).toContain(`"bad: ${text}!"`);
			},
		);
	});

	describe('Extra API Fields (JSON)', () => {
		const extra = async (additionalFields: string) =>
			await generate({ options: { additionalFields } });

		test.each([
			'Model',
			'MODEL',
			'model ',
			' model',
			'mo\\u0064el',
			'PROMPT',
			'Prompt',
			'\\tprompt',
		])('may not contain "%s", and nothing is sent', async (name) => {
			const { error } = await extra(`{"${name}": "omni-4k"}`);
			expect(error?.message).toContain("'Extra API Fields (JSON)' may not replace");
			expect(sandbox.log).toEqual([]);
		});

		test.each([
			['objects', '{"a":'.repeat(10_000) + '1' + '}'.repeat(10_000)],
			['lists', `{"a":${'['.repeat(10_000)}${']'.repeat(10_000)}}`],
		])('may not be nested 10,000 deep in %s, and nothing is sent', async (_what, json) => {
			const { error } = await extra(json);
			expect(error?.message).toBe("'Extra API Fields (JSON)' is nested too deeply [item 0]");
			expect(sandbox.log).toEqual([]);
		});

		test('with __proto__ send no inherited model', async () => {
			await extra('{"__proto__": {"model": "omni-4k", "seconds": "30"}}');
			expect(sandbox.requestsTo('submit')[0]?.body).toMatchObject({
				model: 'omni-fast',
				seconds: '8',
			});
		});
	});

	test.each([
		['resolution', 'constructor'],
		['resolution', '__proto__'],
		['aspectRatio', '__proto__'],
		['aspectRatio', 'constructor'],
	])('Test Mode returns a sample of the default size for %s "%s"', async (field, value) => {
		const [json] = jsonOf(await runTest(sandbox, { [field]: value }));
		expect(json).toMatchObject({ status: 'completed', size: '1280x720', test: true });
	});

	describe('an input field given as an object', () => {
		const FIRST_FRAME = {
			mode: 'firstFrame',
			firstFrameSource: 'binary',
			waitForCompletion: false,
		};
		const field = (expression: string) => ({
			...FIRST_FRAME,
			firstFrameBinaryField: `={{ ${expression} }}`,
		});
		const PNG = Buffer.from('89504e470d0a1a0a00', 'hex');
		const COMBINED = { workflowSettings: { binaryMode: 'combined' } };
		// n8n 1.121 accepts only the name of a field
		const testIfAccepted = canSuspend ? test : test.skip;

		test.each<[string, (id: string) => IDataObject]>([
			['an ID', (id) => ({ id, mimeType: 'image/png', data: 'filesystem-v2' })],
			['data', () => ({ mimeType: 'image/png', data: PNG.toString('base64') })],
			['an ID, beside the same under _files', (id) => ({ id, mimeType: 'image/png', data: '' })],
		])(
			'is refused without being read if it is %s of no file of the item',
			async (_what, fileOf) => {
				const stored = await storeBinary(PNG, 'image/png', '99');
				const own = await storeBinary(Buffer.from('own'), 'image/png');
				const file = fileOf(stored.id as string);
				const opened: never[] = [];
				const { error } = await generate(field('$json.file'), {
					node: fileTrackingNode(opened),
					input: [{ json: { file, _files: { file } }, binary: { data: own } }],
				});
				expect(error?.message).toContain("'First Frame' finds no file in that field");
				expect(opened).toEqual([]);
				expect(sandbox.log).toEqual([]);
			},
		);

		test('is refused if it is no file at all, or its data is none of the item’s data', async () => {
			const file = { mimeType: 'image/png', data: 'filesystem-v2' };
			const stored = await storeBinary(PNG, 'image/png');
			const inItem = { mimeType: 'image/png', data: PNG.toString('base64') };
			for (const [expression, data] of [
				['({})', stored],
				['7', stored],
				['$json.file', stored],
				['({ mimeType: "image/png", data: "aW1hZ2U=" })', inItem],
			] as const) {
				const { error } = await generate(field(expression), {
					input: [{ json: { file }, binary: { data } }],
				});
				expect(error?.message).toContain("'First Frame' finds no file in that field");
			}
			expect(sandbox.log).toEqual([]);
		});

		testIfAccepted(
			'with binaryMode combined, an input field works as an object that is a file inside the item, beside others',
			async () => {
				const stored = await storeBinary(Buffer.from('other'), 'image/png');
				const data = { mimeType: 'image/png', data: PNG.toString('base64') };
				const json = { _files: { gone: null, stored, data } } as unknown as IDataObject;
				const { error } = await generate(field('$json._files.data'), {
					...COMBINED,
					input: [{ json }],
				});
				expect(error).toBeUndefined();
				expect(sandbox.tasks).toHaveLength(1);
			},
		);

		testIfAccepted(
			'an input field works as an object that is one of the item’s files',
			async () => {
				const data = await storeBinary(PNG, 'image/png');
				const binary = { gone: null, data } as unknown as INodeExecutionData['binary'];
				const { error } = await generate(field('$binary.data'), { input: [{ json: {}, binary }] });
				expect(error).toBeUndefined();
				expect(sandbox.requestsTo('submit')[0]?.body).toMatchObject({
					first_image_url: `data:image/png;base64,${PNG.toString('base64')}`,
				});
			},
		);

		testIfAccepted(
			'with binaryMode combined, an input field works as an object that is one of the item’s files',
			async () => {
				const data = await storeBinary(PNG, 'image/png');
				const input = [{ json: { _files: { data } } as unknown as IDataObject }];
				const { error } = await generate(field('$json._files.data'), { ...COMBINED, input });
				expect(error).toBeUndefined();
				expect(sandbox.tasks).toHaveLength(1);
			},
		);

		test('is refused with binaryMode combined if it is no file of the item', async () => {
			const [data, other] = [
				await storeBinary(Buffer.from('own'), 'image/png'),
				await storeBinary(PNG, 'image/png', '99'),
			];
			const input = [{ json: { _files: { data }, other } as unknown as IDataObject }];
			const { error } = await generate(field('$json.other'), { ...COMBINED, input });
			expect(error?.message).toContain("'First Frame' finds no file in that field");
			expect(sandbox.log).toEqual([]);
		});
	});

	describe('numbers that make no sense', () => {
		test.each(['9'.repeat(400), '-1', 'NaN', '1e9', 'Infinity', '0x10', ' '])(
			'a check ends within the Timeout after HTTP 429 with Retry-After %s',
			async (value) => {
				const answer = { status: 429, headers: { 'retry-after': value } };
				sandbox.faults.add({ on: 'check', times: Infinity, answer });
				const { elapsedMs, error } = await generate({ options: { timeout: 10 } });
				expect(error?.message).toBe('The video was not ready in time');
				expect(elapsedMs).toBe(10 * MINUTE);
			},
		);

		test.each(['-5', 'x', '1e400', {}, [], null, -1, 0])(
			'an upload works with expires_in %j',
			async (expires_in) => {
				const at = (query: string) => `${sandbox.fileHost}/uploads/upload9${query}`;
				const data = { upload_url: at('?signature=x'), public_url: at(''), expires_in };
				sandbox.faults.add({ on: 'presign', answer: { status: 200, body: { data } } });
				const file = { data: 'AAAA', mimeType: 'video/mp4', fileName: 'a\r\nX: y.mp4' };
				const { error } = await generate(
					{
						operation: 'edit',
						videoSource: 'binary',
						waitForCompletion: false,
						options: { sendBinaryAs: 'upload' },
					},
					{ input: [{ json: {}, binary: { data: file } }] },
				);
				expect(error).toBeUndefined();
				expect(sandbox.requestsTo('upload')[0]?.headers).not.toHaveProperty('x');
			},
		);

		test.each([1e308, -1, '1e999', 'NaN', { a: 1 }])(
			'a video with created_at, progress and seconds of %j is delivered',
			async (value) => {
				const body = { ...COMPLETED, created_at: value, progress: value, seconds: value };
				sandbox.faults.add({ on: 'check', answer: { status: 200, body } });
				const { items } = await generate();
				expect(items[0]?.json).toMatchObject({ status: 'completed', progress: 100 });
			},
		);
	});

	test('a content type with a line break from a presign answer adds no header to the upload', async () => {
		const at = (query: string) => `${sandbox.fileHost}/uploads/upload9${query}`;
		const data = {
			upload_url: at('?signature=x'),
			public_url: at(''),
			content_type: 'video/mp4\r\nX-Evil: 1',
		};
		sandbox.faults.add({ on: 'presign', answer: { status: 200, body: { data } } });
		const file = { data: 'AAAA', mimeType: 'video/mp4' };
		await generate(
			{
				operation: 'edit',
				videoSource: 'binary',
				waitForCompletion: false,
				options: { sendBinaryAs: 'upload' },
			},
			{ input: [{ json: {}, binary: { data: file } }] },
		);
		expect(sandbox.requestsTo('upload')[0]?.headers).toMatchObject({ 'content-type': 'video/mp4' });
		expect(sandbox.requestsTo('upload')[0]?.headers).not.toHaveProperty('x-evil');
	});

	test.each(['../../etc/passwd', 'a\u0000b', '.'.repeat(100_000), '.mp4.'.repeat(100_000)])(
		'File Name %# stores the video',
		async (fileName) => {
			const { items } = await generate(
				{ ...DOWNLOAD, options: { fileName } },
				{ settings: CONTINUE },
			);
			expect(items[0]?.json.status).toBe('completed');
		},
	);

	test.each(['submit', 'check', 'file', 'content'] as const)(
		'Stop during a hanging "%s" leaves no unhandled rejection',
		async (on) => {
			const rejections: unknown[] = [];
			const note = (reason: unknown) => void rejections.push(reason);
			process.on('unhandledRejection', note);
			sandbox.faults.add({ on, times: Infinity, answer: on === 'submit' ? 'hang' : 'stall' });
			const { run } = await generate(DOWNLOAD, {
				onStart: (started) => void setTimeout(() => started.cancel(), 7_000),
			});
			sandbox.cut();
			await new Promise((resolve) => setTimeout(resolve, 50));
			process.off('unhandledRejection', note);
			expect(['canceled', 'success']).toContain(run.status);
			expect(rejections).toEqual([]);
		},
	);
});

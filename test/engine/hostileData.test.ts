import http from 'node:http';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import type { IDataObject, INodeParameters } from 'n8n-workflow';
import { Transport, type ByteStream } from '../../nodes/OctopusXVideo/api/transport';
import type { Job } from '../../nodes/OctopusXVideo/job';
import type { Planned } from '../../nodes/OctopusXVideo/run/state/item';
import { Ledger } from '../../nodes/OctopusXVideo/run/state/ledger';
import { download as downloadFile } from '../../nodes/OctopusXVideo/run/steps/download';
import { openScope } from '../../nodes/OctopusXVideo/run/state/scope';
import { resumeJobs } from '../../nodes/OctopusXVideo/run/suspension';
import { Limiter } from '../../nodes/OctopusXVideo/timing/limiter';
import { VIDEOS } from '../sandbox/fixtures';
import { addressOf, close, listen } from '../sandbox/http';
import { CONTINUE, GENERATE } from './support/inputs';
import { runNode, runNodeVirtually, type NodeSetup } from './support/runNode';
import { readBinary, storeBinary } from './support/runWorkflow';
import { onNewEngine, runSuspending } from './support/suspending';
import { jsonOf, runTest } from './support/testMode';
import { useSandbox } from './support/useSandbox';
import { loggedNode, openingNode } from './support/watchedNode';

const sandbox = useSandbox();
beforeEach(() => void jest.spyOn(Math, 'random').mockReturnValue(0));
afterEach(() => jest.restoreAllMocks());

const MINUTE = 60_000;
const COMPLETED = { id: 'video_1', status: 'completed' };
const DOWNLOAD = { ...GENERATE, downloadVideo: true };
const VIDEO_TYPE = { 'content-type': 'video/mp4' };

/** Runs Generate and returns what it leaves, with its log. */
async function generate(parameters: INodeParameters = {}, setup: NodeSetup = {}) {
	const log: string[] = [];
	const all = { ...GENERATE, ...parameters };
	const result = await runNodeVirtually(sandbox, all, { node: loggedNode(log), ...setup });
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
			on: 'poll',
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
		const startedAt = Date.now();
		const { error } = await runNode(
			sandbox,
			{ ...GENERATE, options: { timeout: 0.02 } },
			{ credential: { baseUrl: addressOf(server) } },
		);
		expect(Date.now() - startedAt).toBeLessThan(10_000);
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
				node: loggedNode(log),
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
		for (const on of ['submit', 'poll'] as const) {
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
			on: 'poll',
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
		sandbox.faults.add({ on: 'poll', times: Infinity, answer: { status: 200, body } });
		const { items } = await generate({ simplify: false });
		expect(items[0]?.json.test).toBeUndefined();
		expect(JSON.stringify(items)).not.toContain('__proto__');
	});

	onNewEngine('of a suspended execution', () => {
		test('do not send the checking execution round', async () => {
			const body = { ...COMPLETED, octopusXSuspended: { parent: '1' } };
			sandbox.faults.add({ on: 'poll', times: Infinity, answer: { status: 200, body } });
			const { items } = await runSuspending(sandbox, {
				...GENERATE,
				waitStrategy: 'suspend',
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
		sandbox.faults.add({ on: 'poll', times: Infinity, answer });
		const created = await generate();
		const found = await generate({ operation: 'getStatus', taskId });
		for (const { items } of [created, found]) {
			expect(items[0]?.json).toMatchObject({ task_id: taskId, status: 'completed' });
			expect(items[0]?.json).not.toHaveProperty('test');
			expect(String(items[0]?.json.video_url)).toMatch(/^http/);
		}
		expect(sandbox.requestsTo('poll')).toHaveLength(2);
	});

	test('the ID of a sample is recognized in Get Status without Test Mode', async () => {
		const [sample] = jsonOf(await runTest(sandbox));
		const { items } = await generate({ operation: 'getStatus', taskId: sample?.task_id as string });
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
		sandbox.faults.add({ on: 'poll', answer: { status: 200, body: failed } });
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

	test.each(['Model', 'MODEL', 'model ', ' model', 'mo\\u0064el', 'PROMPT', 'Prompt', '\\tprompt'])(
		'may not contain "%s", and nothing is sent',
		async (name) => {
			const { error } = await extra(`{"${name}": "omni-4k"}`);
			expect(error?.message).toContain("'Extra API Fields (JSON)' may not replace");
			expect(sandbox.log).toEqual([]);
		},
	);

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

	test.each<[string, (id: string) => IDataObject]>([
		['an ID', (id) => ({ id, mimeType: 'image/png', data: 'filesystem-v2' })],
		['data', () => ({ mimeType: 'image/png', data: PNG.toString('base64') })],
		['an ID, beside the same under _files', (id) => ({ id, mimeType: 'image/png', data: '' })],
	])('is refused without being read if it is %s of no file of the item', async (_what, fileOf) => {
		const stored = await storeBinary(PNG, 'image/png', '99');
		const own = await storeBinary(Buffer.from('own'), 'image/png');
		const file = fileOf(stored.id as string);
		const opened: never[] = [];
		const { error } = await generate(field('$json.file'), {
			node: openingNode(opened),
			input: [{ json: { file, _files: { file } }, binary: { data: own } }],
		});
		expect(error?.message).toContain("'First Frame' finds no file in that field");
		expect(opened).toEqual([]);
		expect(sandbox.log).toEqual([]);
	});

	test('works if it is one of the item’s files', async () => {
		const data = await storeBinary(PNG, 'image/png');
		const { error } = await generate(field('$binary.data'), {
			input: [{ json: {}, binary: { data } }],
		});
		expect(error).toBeUndefined();
		expect(sandbox.requestsTo('submit')[0]?.body).toMatchObject({
			first_image_url: `data:image/png;base64,${PNG.toString('base64')}`,
		});
	});

	test('works with binaryMode combined if it is one of the item’s files', async () => {
		const data = await storeBinary(PNG, 'image/png');
		const input = [{ json: { _files: { data } } as unknown as IDataObject }];
		const { error } = await generate(field('$json._files.data'), { ...COMBINED, input });
		expect(error).toBeUndefined();
		expect(sandbox.tasks).toHaveLength(1);
	});

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
			sandbox.faults.add({ on: 'poll', times: Infinity, answer });
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
			sandbox.faults.add({ on: 'poll', answer: { status: 200, body } });
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

test.each(['submit', 'poll', 'file', 'content'] as const)(
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

import { Readable } from 'node:stream';
import { GENERATE_EACH } from './support/inputs';
import { runNodeVirtually } from './support/runNode';
import { storeBinary } from './support/runWorkflow';
import { useSandbox } from './support/useSandbox';
import { watchedNode } from './support/watchedNode';

const sandbox = useSandbox();

test('files are streamed into a submission, never held as a whole', async () => {
	const bytes = Buffer.from(Array.from({ length: 200_000 }, (_, n) => n % 251));
	const largest = { chunk: 0 };
	const node = watchedNode((context) => ({
		helpers: {
			...context.helpers,
			getBinaryDataBuffer: async () =>
				await Promise.reject(new Error('a whole file was asked for')),
			getBinaryStream: async (id: string) => {
				const stream = await context.helpers.getBinaryStream(id, 1_000);
				stream.on('data', ({ length }: Buffer) => {
					largest.chunk = Math.max(largest.chunk, length);
				});
				return stream.pause();
			},
		},
	}));
	const image = [
		{ source: 'binary', binaryField: 'a' },
		{ source: 'binary', binaryField: 'b' },
		{ source: 'binary', binaryField: 'c' },
	];
	const binary = {
		a: await storeBinary(bytes, 'image/png'),
		b: { data: bytes.toString('base64'), mimeType: 'image/png' },
		c: await storeBinary(bytes.subarray(0, 1), 'image/png'),
	};
	const { error } = await runNodeVirtually(
		sandbox,
		{
			...GENERATE_EACH,
			mode: 'referenceImages',
			referenceImages: { image },
			waitForCompletion: false,
		},
		{ node, input: [{ json: { prompt: 'ä “quoted” prompt' }, binary }] },
	);
	expect(error).toBeUndefined();
	expect(largest.chunk).toBe(1_000);
	const [submission] = sandbox.requestsTo('submit');
	const { images, prompt } = submission?.body as { images: string[]; prompt: string };
	const dataUri = (content: Buffer) => `data:image/png;base64,${content.toString('base64')}`;
	expect(images).toEqual([dataUri(bytes), dataUri(bytes), dataUri(bytes.subarray(0, 1))]);
	expect(prompt).toBe('ä “quoted” prompt');
	expect(submission?.headers['transfer-encoding']).toBeUndefined();
});

test.each([
	['leave it out', null, undefined],
	['put an address in its place', 'https://example.com/a.png', 'https://example.com/a.png'],
])(
	'a file goes into a submission beside one that Extra API Fields %s',
	async (_what, last_image_url, expected) => {
		const binary = { data: await storeBinary(Buffer.from('one'), 'image/png') };
		const frames = {
			mode: 'firstLastFrame',
			firstFrameSource: 'binary',
			lastFrameSource: 'binary',
			lastFrameBinaryField: 'data',
			waitForCompletion: false,
		};
		const first_image_url = 'https://example.com/b.png';
		for (const fields of [{ last_image_url }, { last_image_url, first_image_url }]) {
			const options = { additionalFields: JSON.stringify(fields) };
			const input = [{ json: { prompt: 'a boat' }, binary }];
			const run = { ...GENERATE_EACH, ...frames, options };
			const { error } = await runNodeVirtually(sandbox, run, { input });
			expect(error).toBeUndefined();
		}
		expect(sandbox.tasks.map(({ request }) => request)).toMatchObject([
			{ first_image_url: 'data:image/png;base64,b25l' },
			{ first_image_url },
		]);
		expect(sandbox.tasks.map(({ request }) => request.last_image_url)).toEqual([
			expected,
			expected,
		]);
	},
);

test('a file that is not as long as n8n says is not submitted', async () => {
	const data = { ...(await storeBinary(Buffer.alloc(90_000, 1), 'video/mp4')) };
	const node = watchedNode((context) => ({
		helpers: {
			...context.helpers,
			getBinaryMetadata: async () => ({ mimeType: 'video/mp4', fileSize: 60_000 }),
		},
	}));
	const { error } = await runNodeVirtually(
		sandbox,
		{ operation: 'edit', prompt: 'x', videoSource: 'binary' },
		{ node, input: [{ json: {}, binary: { data } }] },
	);
	expect(error?.message).toBe('The request could not be sent completely');
	expect(error?.description).not.toContain('may have been charged');
	expect(sandbox.tasks).toEqual([]);
});

test('files that vanish just before their submission end in an error, not in a crash', async () => {
	// an error event that nobody listens to would be an uncaught exception, which fails the test
	const node = watchedNode((context) => ({
		helpers: {
			...context.helpers,
			getBinaryStream: async (id: string) => {
				const stream = await context.helpers.getBinaryStream(id);
				setImmediate(() => stream.destroy(new Error('the file is gone')));
				return stream;
			},
		},
	}));
	const picture = await storeBinary(Buffer.alloc(500_000, 1), 'image/png');
	const image = ['a', 'b', 'c'].map((binaryField) => ({ source: 'binary', binaryField }));
	for (const sendBinaryAs of ['dataUri', 'upload']) {
		const { error } = await runNodeVirtually(
			sandbox,
			{
				...GENERATE_EACH,
				mode: 'referenceImages',
				referenceImages: { image },
				options: { sendBinaryAs, timeout: 0.1 },
			},
			{ node, input: [{ json: { prompt: 'x' }, binary: { a: picture, b: picture, c: picture } }] },
		);
		expect(error).toBeDefined();
	}
	expect(sandbox.tasks).toEqual([]);
});

test('a submission that is given up while its file is still being read can never be accepted', async () => {
	const bytes = Buffer.alloc(300_000, 1);
	let opened = 0;
	/** The first time, the file pauses in the middle for longer than the node waits for an answer. */
	async function* slowly() {
		yield bytes.subarray(0, 150_000);
		if (opened === 1) await new Promise((resolve) => setTimeout(resolve, 11 * 60_000));
		yield bytes.subarray(150_000);
	}
	const node = watchedNode((context) => ({
		helpers: {
			...context.helpers,
			getBinaryStream: async () => {
				opened++;
				return Readable.from(slowly(), { objectMode: false });
			},
		},
	}));
	const data = await storeBinary(bytes, 'video/mp4');
	const { items } = await runNodeVirtually(
		sandbox,
		{
			operation: 'edit',
			prompt: 'x',
			videoSource: 'binary',
			options: { timeout: 60, pollInterval: 300 },
		},
		{
			node,
			settings: { retryOnFail: true, maxTries: 2, waitBetweenTries: 1_000 },
			input: [{ json: {}, binary: { data } }],
		},
	);
	expect(items[0]?.json.status).toBe('completed');
	expect(opened).toBe(2);
	expect(sandbox.tasks).toHaveLength(1);
});

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import type { INodeParameters } from 'n8n-workflow';
import { GENERATE, GENERATE_EACH } from './support/inputs';
import { NODE, runNode, runNodeVirtually } from './support/runNode';
import { lastRunOf, storeBinary } from './support/runWorkflow';
import { useSandbox } from './support/useSandbox';
import { loggingNode, nodeWithContext } from './support/nodeWithContext';

const PNG_DATA_URI = 'data:image/png;base64,iVBORw0KGgo=';

const sandbox = useSandbox();

/** Runs Generate without waiting. Returns the body of its only submission. */
async function bodyFor(parameters: INodeParameters, input = [{ json: {} }] as never) {
	const { error } = await runNode(
		sandbox,
		{ ...GENERATE, waitForCompletion: false, ...parameters },
		{ input },
	);
	expect(error).toBeUndefined();
	// then what it cost
	expect(sandbox.log.map(({ route }) => route).slice(0, 2)).toEqual(['submit', 'verdict']);
	expect(sandbox.log[0]).toMatchObject({ method: 'POST', path: '/v1/videos' });
	return sandbox.log[0]?.body;
}

const DEFAULT_BODY = {
	model: 'omni-fast',
	prompt: 'a boat',
	seconds: '8',
	aspect_ratio: '16:9',
	resolution: '720p',
};

describe('Generate in each mode', () => {
	test('Text to Video sends no image field', async () => {
		expect(await bodyFor({ mode: 'textToVideo' })).toEqual(DEFAULT_BODY);
	});

	test('First Frame sends its image as first_image_url', async () => {
		const body = await bodyFor({ mode: 'firstFrame', firstFrameUrl: 'https://example.com/a.png' });
		expect(body).toEqual({ ...DEFAULT_BODY, first_image_url: 'https://example.com/a.png' });
	});

	test('First and Last Frame sends both images', async () => {
		const body = await bodyFor({
			mode: 'firstLastFrame',
			firstFrameUrl: 'https://example.com/a.png',
			lastFrameUrl: PNG_DATA_URI,
		});
		expect(body).toEqual({
			...DEFAULT_BODY,
			first_image_url: 'https://example.com/a.png',
			last_image_url: PNG_DATA_URI,
		});
	});

	test('Reference Images sends the list of images', async () => {
		const image = [{ source: 'url', url: 'https://example.com/1.png' }];
		const body = await bodyFor({ mode: 'referenceImages', referenceImages: { image } });
		expect(body).toEqual({ ...DEFAULT_BODY, images: ['https://example.com/1.png'] });
	});

	test('Text to Video does not send the hidden fields of other modes', async () => {
		const body = await bodyFor({
			mode: 'textToVideo',
			firstFrameUrl: 'https://example.com/a.png',
			referenceImages: { image: [{ source: 'url', url: 'https://example.com/1.png' }] },
		});
		expect(body).toEqual(DEFAULT_BODY);
	});

	test('a submission sends the API key of the credential as a Bearer token', async () => {
		await bodyFor({});
		expect(sandbox.log[0]?.headers).toMatchObject({
			authorization: `Bearer ${sandbox.apiKey}`,
			'content-type': 'application/json',
		});
	});
});

describe('Duration, Aspect Ratio and Resolution', () => {
	test('Duration, Aspect Ratio and Resolution are sent as set', async () => {
		const body = await bodyFor({ seconds: 30, aspectRatio: '9:16', resolution: '4k' });
		expect(body).toEqual({
			...DEFAULT_BODY,
			seconds: '30',
			aspect_ratio: '9:16',
			resolution: '4k',
		});
	});

	test('expressions can set Aspect Ratio and Resolution to other values, and Duration to a number in a string', async () => {
		const input = [{ json: { ratio: '1:1', size: '480p', length: '12' } }] as never;
		const body = await bodyFor(
			{
				seconds: '={{ $json.length }}',
				aspectRatio: '={{ $json.ratio }}',
				resolution: '={{ $json.size }}',
			},
			input,
		);
		expect(body).toEqual({
			...DEFAULT_BODY,
			seconds: '12',
			aspect_ratio: '1:1',
			resolution: '480p',
		});
	});
});

describe('Files and URLs', () => {
	const bytes = Buffer.from('\0not really a picture');
	const asDataUri = (type: string) => `data:${type};base64,${bytes.toString('base64')}`;

	test('an image file in n8n’s storage is sent as a data URI', async () => {
		const input = [{ json: {}, binary: { picture: await storeBinary(bytes, 'image/webp') } }];
		const body = await bodyFor(
			{ mode: 'firstFrame', firstFrameSource: 'binary', firstFrameBinaryField: 'picture' },
			input as never,
		);
		expect(body).toEqual({ ...DEFAULT_BODY, first_image_url: asDataUri('image/webp') });
	});

	test('an image file inside the item is sent as a data URI', async () => {
		const data = { data: bytes.toString('base64'), mimeType: 'image/png' };
		const body = await bodyFor({ mode: 'firstFrame', firstFrameSource: 'binary' }, [
			{ json: {}, binary: { data } },
		] as never);
		expect(body).toEqual({ ...DEFAULT_BODY, first_image_url: asDataUri('image/png') });
	});

	test.each([
		'https://res.example.com/w_100,h_100/fetch/https://example.com/1.png',
		'https://web.example.org/web/2020/https://example.com/1.png,https://example.com/2.png',
		'https://example.com/resize?from=https://example.com/1.png,https://example.com/2.png',
		'https://example.com/a,b;c.png?v=1,2',
		'https://example.com/data:1.png',
	])('a URL that contains commas or other URLs is sent as a single URL: %s', async (url) => {
		const body = await bodyFor({ mode: 'firstFrame', firstFrameUrl: ` ${url}\n` });
		expect(body).toMatchObject({ first_image_url: url });
	});

	test.each([', ', ',', '\n', '; ', ' '])(
		'several URLs in one field of Reference Images, separated by %j, are sent as separate images',
		async (separator) => {
			const urls = ['https://example.com/1.png?a=1,2', 'https://example.com/2.png', PNG_DATA_URI];
			const image = [{ source: 'url', url: urls.join(separator) }];
			const body = await bodyFor({ mode: 'referenceImages', referenceImages: { image } });
			expect(body).toMatchObject({ images: urls });
		},
	);

	test('Reference Images sends files, URLs and lists of URLs in the given order', async () => {
		const item = {
			json: { more: ['https://example.com/2.png', 'https://example.com/3.png'] },
			binary: {
				a: await storeBinary(bytes, 'image/png'),
				b: await storeBinary(bytes, 'image/jpeg'),
			},
		};
		const image = [
			{ source: 'binary', binaryField: 'b' },
			{ source: 'url', url: '={{ $json.more }}' },
			{ source: 'binary', binaryField: 'a' },
			{ source: 'url', url: PNG_DATA_URI },
		];
		const body = await bodyFor({ mode: 'referenceImages', referenceImages: { image } }, [
			item,
		] as never);
		expect(body).toEqual({
			...DEFAULT_BODY,
			images: [asDataUri('image/jpeg'), ...item.json.more, asDataUri('image/png'), PNG_DATA_URI],
		});
	});
});

/** Each row is a text as people paste it, and what is sent. */
describe('What is copied along with an address', () => {
	const URL = 'https://example.com/a.png?v=1,2';
	const OTHER = 'https://example.com/b.png';
	const [prefix, content] = PNG_DATA_URI.split(',') as [string, string];

	test.each([
		['quotes', `"${URL}"`],
		['single quotes', `'${URL}'`],
		['curly quotes', `“${URL}”`],
		['backticks', `\`${URL}\``],
		['angle brackets', `<${URL}>`],
		['a trailing comma', `${URL},`],
		['a trailing semicolon and a line break', `${URL};\n`],
		['quotes and a trailing comma', `"${URL}",`],
		['a zero-width space', `\u200b${URL}`],
		['a zero-width space inside', URL.replace('.com', '.com\u200b')],
		['a byte order mark', `\ufeff${URL}`],
		['a no-break space', `${URL}\u00a0`],
		['directional marks', `\u202a${URL}\u202c\u200e`],
		['a soft hyphen', URL.replace('example', 'exam\u00adple')],
		['the prefix of a data URI', `data:image/png;base64,${URL}`],
		['a JSON list of one', JSON.stringify([URL])],
		['a list of one from an expression', `={{ ["${URL}"] }}`],
	])('First Frame URL with %s is sent without it: %j', async (_what, firstFrameUrl) => {
		const body = await bodyFor({ mode: 'firstFrame', firstFrameUrl });
		expect(body).toMatchObject({ first_image_url: URL });
	});

	test.each([
		['a doubled prefix', `${prefix},${PNG_DATA_URI}`],
		['a doubled prefix and a blank', `${prefix}, ${PNG_DATA_URI}`],
		['two different prefixes', `data:image/jpeg;base64,${PNG_DATA_URI}`],
		['no padding', PNG_DATA_URI.replace(/=+$/, '')],
		['line breaks', `${prefix},\n${content.slice(0, 4)}\r\n${content.slice(4)}`],
		['blanks', `${prefix}, ${content.slice(0, 5)} ${content.slice(5)}`],
		['percent-encoding', `${prefix},${encodeURIComponent(content)}`],
		['quotes and a trailing comma', `"${PNG_DATA_URI}",`],
		['a byte order mark', `\ufeff${PNG_DATA_URI}`],
		['another attribute', `data:image/png;base64;name=a.png,${content}`],
	])(
		'a First Frame URL with a data URI with %s is sent in its plain form: %j',
		async (_what, firstFrameUrl) => {
			const body = await bodyFor({ mode: 'firstFrame', firstFrameUrl });
			expect(body).toMatchObject({ first_image_url: PNG_DATA_URI });
		},
	);

	test('a data URI in the alphabet for addresses is sent in the standard one, with padding', async () => {
		const bytes = Buffer.from('\x89PNG\r\n\x1a\n\xfb\xff\xfe\x3f', 'latin1');
		const firstFrameUrl = `data:image/png;base64,${bytes.toString('base64url')}`;
		const body = await bodyFor({ mode: 'firstFrame', firstFrameUrl });
		expect(body).toMatchObject({
			first_image_url: `data:image/png;base64,${bytes.toString('base64')}`,
		});
	});

	test.each([
		['a JSON list', JSON.stringify([URL, OTHER])],
		['a JSON list over several lines', JSON.stringify([URL, OTHER], null, 2)],
		['a JSON list with escaped slashes', JSON.stringify([URL, OTHER]).replace(/\//g, '\\/')],
		['a list in single quotes', `['${URL}', '${OTHER}']`],
		['a list in brackets', `[${URL}, ${OTHER}]`],
		['quoted addresses without a blank', `"${URL}","${OTHER}"`],
		['lines with commas, the last one too', `${URL},\n${OTHER},\n`],
		['a list from an expression, with quotes', `={{ ['"${URL}"', "${OTHER},"] }}`],
	])('Reference Images with %s are sent as separate images', async (_what, url) => {
		const image = [{ source: 'url', url }];
		const body = await bodyFor({ mode: 'referenceImages', referenceImages: { image } });
		expect(body).toMatchObject({ images: [URL, OTHER] });
	});
});

describe('What is copied along with the credential', () => {
	test.each([
		['the word Bearer', (key: string) => `Bearer ${key}`],
		['the word bearer, twice', (key: string) => `bearer BEARER\u00a0${key}`],
		['the whole header', (key: string) => `Authorization: Bearer ${key}`],
		['the whole header in quotes', (key: string) => `"Authorization": "Bearer ${key}",`],
		['quotes', (key: string) => `"${key}"`],
		['curly quotes and a comma', (key: string) => `“${key}”,`],
		['invisible characters', (key: string) => `\ufeff\u200b${key}\u202c\u00a0\n`],
		['invisible characters before Bearer', (key: string) => `\u200eBearer\u200b ${key}`],
	])('an API key with %s is sent without it, and hidden in errors', async (_what, typed) => {
		const { apiKey } = sandbox;
		const message = `Invalid token ${apiKey}`;
		const answer = { status: 400, body: { code: 'invalid_request', message, data: null } };
		sandbox.faults.add({ on: 'submit', answer });
		const { error } = await runNode(sandbox, GENERATE, { credential: { apiKey: typed(apiKey) } });
		expect(sandbox.log[0]?.headers.authorization).toBe(`Bearer ${apiKey}`);
		expect(error?.description).toContain('Invalid token ***');
		expect(JSON.stringify(error)).not.toContain(apiKey);
	});

	test.each([
		['quotes', (url: string) => `"${url}/v1"`],
		['invisible characters', (url: string) => `\u200b${url}/\ufeff`],
		['angle brackets and a comma', (url: string) => `<${url}>,`],
	])('a Base URL with %s is used without it', async (_what, typed) => {
		const credential = { baseUrl: typed(sandbox.url) };
		const { error } = await runNode(
			sandbox,
			{ ...GENERATE, waitForCompletion: false },
			{ credential },
		);
		expect(error).toBeUndefined();
		expect(sandbox.log[0]?.path).toBe('/v1/videos');
	});
});

describe('Model and Extra API Fields', () => {
	test('the field Model sets the model of the request', async () => {
		sandbox.faults.add({ on: 'submit', answer: { status: 200, body: { id: 'x' } }, accept: true });
		expect(await bodyFor({ model: 'omni-next' })).toEqual({
			...DEFAULT_BODY,
			model: 'omni-next',
		});
	});

	test.each(['"omni-fast"', '\u200bomni-fast\u00a0', ' omni-fast,'])(
		'the field Model %j is sent as omni-fast',
		async (value) => {
			const model = { __rl: true, mode: 'id', value };
			expect(await bodyFor({ model })).toEqual(DEFAULT_BODY);
		},
	);

	test.each([
		['given as a string', '{"seed": 42, "style": {"tone": "warm"}}'],
		['given as an object from an expression', '={{ ({ seed: 42, style: { tone: "warm" } }) }}'],
	])('Extra API Fields %s are merged into the request', async (_type, additionalFields) => {
		const body = await bodyFor({ options: { additionalFields } });
		expect(body).toEqual({ ...DEFAULT_BODY, seed: 42, style: { tone: 'warm' } });
	});

	test.each(['', ' \n'])(
		'empty Extra API Fields (%j) add nothing to the request',
		async (additionalFields) => {
			const body = await bodyFor({ options: { additionalFields } });
			expect(body).toEqual(DEFAULT_BODY);
		},
	);

	test('Extra API Fields can replace a field of the request, and a null or empty value removes it', async () => {
		const additionalFields = '{"aspect_ratio": "21:9", "resolution": null, "style": ""}';
		const { resolution, ...rest } = DEFAULT_BODY;
		expect(resolution).toBe('720p');
		expect(await bodyFor({ options: { additionalFields } })).toEqual({
			...rest,
			aspect_ratio: '21:9',
		});
	});
});

describe('Each family of models', () => {
	const FIRST = 'https://example.com/first.png';
	const LAST = 'https://example.com/last.png';
	const VIDEO = 'https://example.com/in.mp4';
	const images = [FIRST, LAST];
	const firstFrame = { mode: 'firstFrame', firstFrameUrl: FIRST };
	const frames = { mode: 'firstLastFrame', firstFrameUrl: FIRST, lastFrameUrl: LAST };
	const references = {
		mode: 'referenceImages',
		referenceImages: { image: images.map((url) => ({ source: 'url', url })) },
	};
	const edit = { operation: 'edit', videoUrl: VIDEO };
	const portrait = { aspectRatio: '9:16', resolution: '1080p', seconds: 10 };
	const config = { aspect_ratio: '16:9', resolution: '720P' };
	const withConfig = (more: object = {}) => ({ metadata: { output_config: config, ...more } });
	const { prompt, seconds, aspect_ratio, resolution } = DEFAULT_BODY;
	const common = { prompt, seconds };
	const omni = { ...common, aspect_ratio, resolution };
	const sora = { ...common, size: '1280x720', ...withConfig() };

	test.each<[string, string, INodeParameters, object]>([
		['omni-fast', 'Text to Video', {}, omni],
		['omni-fast', 'First Frame', firstFrame, { ...omni, first_image_url: FIRST }],
		[
			...['omni-fast', 'First and Last Frame'],
			...[frames, { ...omni, first_image_url: FIRST, last_image_url: LAST }],
		] as never,
		['omni-fast', 'Reference Images', references, { ...omni, images }],
		['omni-fast-v2v', 'Text to Video', {}, omni],
		['omni-fast-v2v', 'First Frame', firstFrame, { ...omni, first_image_url: FIRST }],
		[
			...['omni-fast-v2v', 'First and Last Frame'],
			...[frames, { ...omni, first_image_url: FIRST, last_image_url: LAST }],
		] as never,
		['omni-fast-v2v', 'Reference Images', references, { ...omni, images }],
		['omni-fast-v2v', 'Edit', edit, { ...omni, video: VIDEO }],
		['sora-2', 'Text to Video', {}, sora],
		['sora-2', 'First Frame', firstFrame, { ...sora, input_reference: FIRST }],
		['veo_3_1', 'Text to Video', {}, sora],
		['veo_3_1-fast', 'First Frame', firstFrame, { ...sora, input_reference: FIRST }],
		['veo_3_1', 'Reference Images', references, { ...sora, input_reference: images }],
		['Kling-2.6', 'Text to Video', {}, { ...common, ...withConfig() }],
		['Kling-2.6', 'First Frame', firstFrame, { ...common, image: FIRST, ...withConfig() }],
		[
			...['Kling-3.0-Omni', 'First and Last Frame'],
			...[frames, { ...common, image: FIRST, ...withConfig({ last_frame_url: LAST }) }],
		] as never,
		['Kling-2.6', 'Edit', edit, { ...common, ...withConfig({ video_url: VIDEO }) }],
		[
			...['sora-2', 'portrait, 1080p, 10 seconds', portrait],
			{
				...{ prompt, seconds: '10', size: '1080x1920' },
				metadata: { output_config: { aspect_ratio: '9:16', resolution: '1080P' } },
			},
		] as never,
		[
			...['sora-2', 'a ratio and a resolution without a known size'],
			{ aspectRatio: 'auto', resolution: '480p' },
			{ ...common, metadata: { output_config: { aspect_ratio: 'auto', resolution: '480P' } } },
		] as never,
		[
			...['veo_3_1', 'with sound', { options: { sound: true } }],
			{ ...sora, metadata: { output_config: { ...config, audio_generation: 'Enabled' } } },
		] as never,
		[
			...['Kling-2.6', 'without sound', { options: { sound: false } }],
			{ ...common, metadata: { output_config: { ...config, audio_generation: 'Disabled' } } },
		] as never,
	])('%s is asked as documented: %s', async (model, what, parameters, expected) => {
		const isPlayed = !what.startsWith('a ratio');
		if (!isPlayed) sandbox.faults.add({ on: 'submit', answer: { status: 200, body: { id: 'x' } } });
		const body = await bodyFor({
			model: { __rl: true, mode: 'list', value: model },
			...parameters,
		});
		expect(body).toEqual({ model, ...expected });
		// the sandbox refuses what the family does not take
		expect(sandbox.tasks).toHaveLength(isPlayed ? 1 : 0);
	});

	test('Extra API Fields are merged into the objects of the request, and leave out what is null', async () => {
		const metadata = {
			...{ offpeak: true, output_config: { resolution: null, duration: 5 } },
			...{ ext: { a: null }, last_frame_url: VIDEO },
		};
		const body = await bodyFor({
			model: 'Kling-2.6',
			...frames,
			options: { additionalFields: JSON.stringify({ metadata }) },
		});
		expect(body).toEqual({
			...{ model: 'Kling-2.6', ...common, image: FIRST },
			metadata: {
				...{ offpeak: true, output_config: { aspect_ratio: '16:9', duration: 5 } },
				...{ ext: { a: null }, last_frame_url: VIDEO },
			},
		});
	});

	test('files are sent in the objects of the request as addresses if they are uploaded first', async () => {
		const file = await storeBinary(Buffer.from('\0picture'), 'image/png');
		const { error } = await runNode(
			sandbox,
			{
				...{ ...GENERATE, waitForCompletion: false, model: 'Kling-2.6', mode: 'firstLastFrame' },
				...{ firstFrameSource: 'binary', lastFrameSource: 'binary' },
				...{ lastFrameBinaryField: 'data', options: { sendBinaryAs: 'upload' } },
			},
			{ input: [{ json: {}, binary: { data: file } }] },
		);
		expect(error).toBeUndefined();
		expect(sandbox.tasks[0]?.request).toMatchObject({
			image: expect.stringMatching(/^http/),
			metadata: { last_frame_url: expect.stringMatching(/^http/) },
		});
	});

	test.each([
		['manual', 1],
		['trigger', 0],
	] as const)(
		'an unknown model is asked like omni, and the log of a %s run says once that the node does not know it; hints: %d',
		async (mode, hints) => {
			const lines: string[] = [];
			const message =
				'The node does not know the model omni-next and sends it the same request as omni-fast. It may ignore an image or a setting, and the video is still charged.';
			const answer = { status: 200, body: { id: 'x' } };
			sandbox.faults.add({ on: 'submit', times: 2, answer });
			const { run } = await runNode(
				sandbox,
				{ ...GENERATE, waitForCompletion: false, model: 'omni-next' },
				{ input: [{ json: {} }, { json: {} }], mode, node: loggingNode(lines) },
			);
			const body = { ...DEFAULT_BODY, model: 'omni-next' };
			expect(sandbox.log.map((entry) => entry.body)).toEqual([body, body]);
			expect(lines.filter((line) => line.includes(message))).toHaveLength(1);
			const hint = { message, type: 'warning', location: 'outputPane' };
			expect(lastRunOf(run, NODE).hints ?? []).toEqual(Array.from({ length: hints }, () => hint));
		},
	);

	test('a known model is asked without a warning', async () => {
		const lines: string[] = [];
		await runNode(sandbox, { ...GENERATE, model: 'sora-2' }, { node: loggingNode(lines) });
		expect(lines.filter((line) => line.includes('does not know'))).toEqual([]);
	});
});

describe('Edit', () => {
	const EDIT = { operation: 'edit', prompt: 'as a watercolor', waitForCompletion: false };
	const EDIT_BODY = { ...DEFAULT_BODY, model: 'omni-fast-v2v', prompt: 'as a watercolor' };

	test('Edit sends Video URL as `video`', async () => {
		await runNode(sandbox, { ...EDIT, videoUrl: 'https://example.com/in.mp4' });
		expect(sandbox.log.map(({ body }) => body)).toEqual([
			{ ...EDIT_BODY, video: 'https://example.com/in.mp4' },
		]);
	});

	test('Edit sends a video file as a data URI, together with Reference Images', async () => {
		const bytes = Buffer.from('\0not really a film');
		const image = [{ source: 'url', url: 'https://example.com/style.png' }];
		await runNode(
			sandbox,
			{
				...EDIT,
				videoSource: 'binary',
				videoBinaryField: 'clip',
				referenceImages: { image },
			},
			{ input: [{ json: {}, binary: { clip: await storeBinary(bytes, 'video/mp4') } }] },
		);
		expect(sandbox.log.map(({ body }) => body)).toEqual([
			{
				...EDIT_BODY,
				video: `data:video/mp4;base64,${bytes.toString('base64')}`,
				images: ['https://example.com/style.png'],
			},
		]);
	});

	test('Edit sends a video file of exactly 15 MB', async () => {
		const video = await storeBinary(Buffer.alloc(15 * 1024 * 1024), 'video/mp4');
		const { error } = await runNode(
			sandbox,
			{ ...EDIT, videoSource: 'binary' },
			{ input: [{ json: {}, binary: { data: video } }] },
		);
		expect(error).toBeUndefined();
		expect(sandbox.tasks).toHaveLength(1);
	});

	test('Edit waits for the edited video and outputs it', async () => {
		const { items } = await runNodeVirtually(sandbox, {
			...EDIT,
			videoUrl: 'https://example.com/in.mp4',
			waitForCompletion: true,
			options: { pollInterval: 1 },
		});
		expect(items[0]?.json).toMatchObject({ task_id: 'video_1', status: 'completed' });
	});
});

describe('Streamed files', () => {
	test('files are streamed into a submission and never loaded as a whole', async () => {
		const bytes = Buffer.from(Array.from({ length: 200_000 }, (_, n) => n % 251));
		let socket: Socket | undefined;
		const onRequest = (message: unknown) => ({ socket } = message as { socket: Socket });
		subscribe('http.server.request.start', onRequest);
		let arrivedBytes = 0;
		let largestChunk = 0;
		const node = nodeWithContext((context) => ({
			helpers: {
				...context.helpers,
				getBinaryDataBuffer: async () =>
					await Promise.reject(new Error('the node asked for a whole file')),
				getBinaryStream: async (id: string) => {
					const stream = await context.helpers.getBinaryStream(id, 1_000);
					stream.on('data', ({ length }: Buffer) => {
						largestChunk = Math.max(largestChunk, length);
					});
					stream.once('end', () => (arrivedBytes ||= socket?.bytesRead ?? 0));
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
		).finally(() => unsubscribe('http.server.request.start', onRequest));
		expect(error).toBeUndefined();
		expect(largestChunk).toBe(1_000);
		// most of the first file had arrived when its end was read
		expect(arrivedBytes).toBeGreaterThan(100_000);
		const [submission] = sandbox.requestsTo('submit');
		const { images, prompt } = submission?.body as { images: string[]; prompt: string };
		const dataUri = (content: Buffer) => `data:image/png;base64,${content.toString('base64')}`;
		expect(images).toEqual([dataUri(bytes), dataUri(bytes), dataUri(bytes.subarray(0, 1))]);
		expect(prompt).toBe('ä “quoted” prompt');
		expect(submission?.headers['transfer-encoding']).toBeUndefined();
	});

	test.each([
		['remove', null, undefined],
		['replace with a URL', 'https://example.com/a.png', 'https://example.com/a.png'],
	])(
		'a file is sent next to one that Extra API Fields %s',
		async (_change, last_image_url, expected) => {
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
				const parameters = { ...GENERATE_EACH, ...frames, options };
				const { error } = await runNodeVirtually(sandbox, parameters, { input });
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

	test('a video file that is longer than n8n’s metadata says is not submitted', async () => {
		const data = { ...(await storeBinary(Buffer.alloc(90_000, 1), 'video/mp4')) };
		const node = nodeWithContext((context) => ({
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
		expect(error?.context.charge).toBe('none');
		expect(sandbox.tasks).toEqual([]);
	});

	test('a stored file that is longer than n8n’s metadata says is not submitted after one inside the item', async () => {
		const node = nodeWithContext((context) => ({
			helpers: {
				...context.helpers,
				getBinaryMetadata: async () => ({ mimeType: 'image/png', fileSize: 5 }),
			},
		}));
		const image = ['a', 'b'].map((binaryField) => ({ source: 'binary', binaryField }));
		const binary = {
			a: { data: 'aW1hZ2U=', mimeType: 'image/png' },
			b: await storeBinary(Buffer.from('longer'), 'image/png'),
		};
		const { error } = await runNodeVirtually(
			sandbox,
			{ ...GENERATE, mode: 'referenceImages', referenceImages: { image } },
			{ node, input: [{ json: {}, binary }] },
		);
		expect(error?.message).toBe("The file of 'Image 2 of Reference Images' could not be read");
		expect(error?.description).toContain('its size differs from what n8n reported');
		expect(sandbox.log).toEqual([]);
	});

	test('image files that disappear just before the submission cause an error, not a crash', async () => {
		// An error event without a listener is an uncaught exception, which fails the test.
		const node = nodeWithContext((context) => ({
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
				{
					node,
					input: [{ json: { prompt: 'x' }, binary: { a: picture, b: picture, c: picture } }],
				},
			);
			expect(error).toBeDefined();
		}
		expect(sandbox.tasks).toEqual([]);
	});

	test('a submission that times out while its file is still being read is never accepted later', async () => {
		// the run goes on for longer than the file pauses
		sandbox.durationMs = 15 * 60_000;
		const bytes = Buffer.alloc(300_000, 1);
		let openings = 0;
		/**
		 * In the first submission, the file pauses in the middle for longer than the node waits for a response.
		 * Each submission opens it twice: to read its start, which tells its type, and to send it.
		 */
		async function* readSlowly(opening: number) {
			yield bytes.subarray(0, 150_000);
			if (opening <= 2) await new Promise((resolve) => setTimeout(resolve, 11 * 60_000));
			yield bytes.subarray(150_000);
		}
		const node = nodeWithContext((context) => ({
			helpers: {
				...context.helpers,
				getBinaryStream: async () => Readable.from(readSlowly(++openings), { objectMode: false }),
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
		expect(openings).toBe(4);
		expect(sandbox.tasks).toHaveLength(1);
	});
});

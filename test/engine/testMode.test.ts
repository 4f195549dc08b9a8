import type { IDataObject, INodeExecutionData, INodeParameters } from 'n8n-workflow';
import { useRequests } from './support/countRequests';
import { CONTINUE, GENERATE_EACH, inputOf } from './support/inputs';
import { runNode, type NodeSetup } from './support/runNode';
import { readBinary, storeBinary } from './support/runWorkflow';
import { errorOf } from './support/suspending';
import { FREE_WHILE_BUILDING, hintAbout, hintsOf, jsonOf, runTest } from './support/testMode';
import { useSandbox } from './support/useSandbox';
import { watchedNode } from './support/watchedNode';

/** Test Mode: Return a Sample Video. */

const TEST_ID = /^test_omni-fast_8s_1280x720_[0-9a-f]{12}$/;

const sandbox = useSandbox({ durationMs: 60_000 });
const requests = useRequests();

const idOf = async (parameters: INodeParameters, setup: NodeSetup = {}) =>
	jsonOf(await runTest(sandbox, parameters, setup))[0]?.task_id;

/** Width and height from the sample entry of an MP4 (ISO/IEC 14496-12, 12.1.3). */
function sizeOf(video: Buffer): [number, number] {
	expect(video.subarray(4, 8).toString()).toBe('ftyp');
	const entry = video.indexOf('avc1', video.indexOf('stsd')) + 4;
	return [video.readUInt16BE(entry + 24), video.readUInt16BE(entry + 26)];
}

const bytesOf = (uri: unknown) => Buffer.from(String(uri).split(',')[1] as string, 'base64');

afterEach(() => expect(sandbox.tasks).toEqual([]));

afterEach(() => expect(requests).toEqual([]));

test('a sample has the fields of a finished video, at once, and says what it is', async () => {
	const { items, elapsedMs, error } = await runTest(sandbox);
	expect(error).toBeUndefined();
	const [{ json }] = items as [INodeExecutionData];
	expect(json).toEqual({
		task_id: expect.stringMatching(TEST_ID),
		status: 'completed',
		progress: 100,
		video_url: expect.stringMatching(/^data:video\/mp4;base64,/),
		model: 'omni-fast',
		created_at: expect.any(Number),
		completed_at: expect.any(Number),
		expires_at: expect.any(Number),
		seconds: '8',
		size: '1280x720',
		test: true,
	});
	expect(elapsedMs).toBe(0);
});

test('items keep their order and pairing, each with a task of its own', async () => {
	const { items } = await runTest(sandbox, {}, { input: inputOf('one', 'two', 'one') });
	expect(items.map(({ pairedItem }) => pairedItem)).toEqual([0, 1, 2].map((item) => ({ item })));
	expect(new Set(items.map(({ json }) => json.task_id)).size).toBe(3);
});

test('a task ID is the same for the same item and request, and another for another request', async () => {
	const first = await idOf({});
	expect(await idOf({})).toBe(first);
	expect(await idOf({ prompt: 'another' })).not.toBe(first);
	expect(await idOf({ options: { additionalFields: '{"seed": 1}' } })).not.toBe(first);
	expect(await idOf({ seconds: 5 })).toMatch(/_5s_/);
	expect(await idOf({ resolution: '2k', aspectRatio: '9:16' })).toMatch(/_1440x2560_/);
	expect(await idOf({ options: { model: 'veo_3/fast' } })).toMatch(/^test_veo_3\/fast_8s_/);
});

test('a task ID stays the same for a file that n8n has stored anew', async () => {
	const stored = async () => {
		const file = await storeBinary(Buffer.from('picture'), 'image/png');
		const data = { ...file, fileName: 'a.png' };
		const input = [{ json: { prompt: 'one' }, binary: { data } }];
		return await idOf({ mode: 'firstFrame', firstFrameSource: 'binary' }, { input });
	};
	expect(await stored()).toBe(await stored());
});

test.each([
	['16:9', {}, [320, 180]],
	['9:16', {}, [180, 320]],
	['1:1', {}, [240, 240]],
	['4:5, which is nearest to 1:1', {}, [240, 240]],
	['no ratio at all', {}, [320, 180]],
	['16:9', { additionalFields: '{"aspect_ratio": "9:16"}' }, [180, 320]],
])('the file has the shape %s with %j', async (aspectRatio, options, size) => {
	const ratio = aspectRatio.split(',')[0] as string;
	const { items } = await runTest(sandbox, { aspectRatio: ratio, downloadVideo: true, options });
	const { json, binary } = items[0] as INodeExecutionData;
	const file = binary?.data as NonNullable<typeof binary>[string];
	expect(file).toMatchObject({ mimeType: 'video/mp4', fileExtension: 'mp4' });
	const video = await readBinary(file);
	expect(sizeOf(video)).toEqual(size);
	expect(video).toEqual(bytesOf(json.video_url));
	expect(video.length).toBeLessThan(4_000);
});

test('the file is named as a real one would be', async () => {
	const named = async (options: INodeParameters) => {
		const { items } = await runTest(sandbox, { downloadVideo: true, options });
		const { json, binary } = items[0] as INodeExecutionData;
		const [[field, file] = []] = Object.entries(binary ?? {});
		return [field, file?.fileName?.replace(String(json.task_id), 'ID')];
	};
	expect(await named({})).toEqual(['data', 'ID.mp4']);
	expect(await named({ fileName: 'intro', binaryOutputField: 'clip' })).toEqual([
		'clip',
		'intro.mp4',
	]);
});

test.each(['dataUri', 'upload'])('Edit takes a sample as its source, sent as %s', async (way) => {
	const { items } = await runTest(sandbox, { downloadVideo: true });
	const edit = { operation: 'edit', options: { sendBinaryAs: way } };
	for (const source of [
		{ videoSource: 'url', videoUrl: '={{ $json.video_url }}' },
		{ videoSource: 'binary' },
	]) {
		const input = items.map(({ json, binary }) => ({ json: { ...json, prompt: 'one' }, binary }));
		const edited = jsonOf(await runTest(sandbox, { ...edit, ...source }, { input }));
		expect(edited).toEqual([expect.objectContaining({ status: 'completed', test: true })]);
		expect(edited[0]?.task_id).toMatch(/^test_omni-fast-v2v_8s_/);
	}
});

test('without waiting it is queued, and Get Status brings it to its end, its own Test Mode off', async () => {
	const input = inputOf('one');
	const parameters = { waitForCompletion: false, aspectRatio: '9:16', seconds: 5 };
	const [queued] = jsonOf(await runTest(sandbox, parameters, { input })) as [IDataObject];
	expect(queued).toMatchObject({ status: 'queued', progress: 0, test: true });
	expect(queued).not.toHaveProperty('video_url');

	const look = async (options: INodeParameters) =>
		await runTest(
			sandbox,
			{ operation: 'getStatus', taskId: String(queued.task_id), downloadVideo: true, options },
			{ input },
		);
	for (const options of [{}, { testMode: 'off' }, { testMode: FREE_WHILE_BUILDING }]) {
		const { items } = await look(options);
		expect(jsonOf({ items })).toEqual([
			expect.objectContaining({
				task_id: queued.task_id,
				status: 'completed',
				model: 'omni-fast',
				seconds: '5',
				size: '720x1280',
				test: true,
			}),
		]);
		expect(sizeOf(await readBinary(items[0]?.binary?.data as never))).toEqual([180, 320]);
	}
});

test('Get Status of a real task shows that it is not that task', async () => {
	const items = jsonOf(await runTest(sandbox, { operation: 'getStatus', taskId: 'video_abc:1/2' }));
	expect(items).toEqual([
		expect.objectContaining({
			task_id: 'test_video_abc:1/2',
			status: 'completed',
			model: 'omni-fast',
			test: true,
		}),
	]);
});

test('it needs no credential at all', async () => {
	const { items, error } = await runTest(sandbox, {}, { settings: { credentials: undefined } });
	expect(error).toBeUndefined();
	expect(items[0]?.json).toMatchObject({ status: 'completed', test: true });
});

test.each([
	['no prompt', { prompt: '={{ "" }}' }, "'Prompt' has no text"],
	['too long', { seconds: 31 }, "'Duration (Seconds)' must be a whole number from 4 to 30"],
	[
		'a missing file',
		{ operation: 'edit', videoSource: 'binary', videoBinaryField: 'nope' },
		"'Video' finds no file in",
	],
	[
		'a file of the wrong type',
		{ operation: 'edit', videoSource: 'binary', videoBinaryField: 'text' },
		"'Video' is not an MP4 video, but text/plain",
	],
	[
		'a file that is too large',
		{ operation: 'edit', videoSource: 'binary', videoBinaryField: 'large' },
		"'Video' is larger than 15 MB",
	],
	['too many items', { options: { maxVideos: 1 } }, "'Safety Limit (Items)' allows 1"],
])('%s is the same error as ever, marked', async (_, parameters, message) => {
	const text = { mimeType: 'text/plain', data: 'dGV4dA==' };
	const large = await storeBinary(Buffer.alloc(15 * 1024 * 1024 + 1), 'video/mp4');
	const binary = { text, large };
	const input = ['one', 'two'].map((prompt) => ({ json: { prompt }, binary }));
	const { items } = await runTest(sandbox, parameters, { input, settings: CONTINUE });
	const { error } = await runNode(
		sandbox,
		{ ...GENERATE_EACH, ...parameters },
		{ input, settings: CONTINUE },
	).then((real) => ({ error: errorOf(real.items[0] as INodeExecutionData) }));
	expect(errorOf(items[0] as INodeExecutionData)).toEqual({ ...error, test: true });
	expect(error.message).toContain(message);
});

test('a file that n8n cannot read is the same error as ever', async () => {
	const file = await storeBinary(Buffer.from('picture'), 'image/png');
	const input = [{ json: { prompt: 'one' }, binary: { data: file } }];
	const node = watchedNode((context) => ({
		helpers: {
			...context.helpers,
			assertBinaryData: (...args: Parameters<typeof context.helpers.assertBinaryData>) =>
				context.helpers.assertBinaryData(...args),
			getBinaryMetadata: async () => ({ fileSize: 99 }),
		} as unknown as typeof context.helpers,
	}));
	for (const sendBinaryAs of ['dataUri', 'upload']) {
		const { items } = await runTest(
			sandbox,
			{ mode: 'firstFrame', firstFrameSource: 'binary', options: { sendBinaryAs } },
			{ input, node, settings: CONTINUE },
		);
		const { message, description, test } = errorOf(items[0] as INodeExecutionData);
		expect(`${message} ${description}`).toContain('could not be read');
		expect(description).toMatch(/^Nothing was (charged|submitted)\./);
		expect(test).toBe(true);
	}
});

test('a sample that n8n cannot store is the same error as ever', async () => {
	const full = async () => await Promise.reject(new Error('ENOSPC: the disk is full'));
	const node = watchedNode(({ helpers }) => ({
		helpers: { ...helpers, prepareBinaryData: full },
	}));
	const { items } = await runTest(sandbox, { downloadVideo: true }, { node, settings: CONTINUE });
	expect(errorOf(items[0] as INodeExecutionData)).toMatchObject({
		message: 'The video is ready but could not be downloaded',
		description: expect.stringContaining('ENOSPC'),
		task_id: expect.stringMatching(TEST_ID),
		test: true,
	});
});

test('a sample that has just been stored when the execution is stopped is handed out', async () => {
	let stop = () => {};
	const node = watchedNode(({ helpers }) => ({
		helpers: {
			...helpers,
			prepareBinaryData: async (...file) => {
				const stored = await helpers.prepareBinaryData(...file);
				stop();
				return stored;
			},
		},
	}));
	const { items } = await runTest(
		sandbox,
		{ downloadVideo: true },
		{ node, settings: CONTINUE, onStart: (run) => (stop = () => run.cancel()) },
	);
	expect(items[0]?.json.error).toBeUndefined();
	expect(items[0]?.binary?.data?.mimeType).toBe('video/mp4');
});

test('Retry On Fail does not count a sample as paid for', async () => {
	const { items, run } = await runTest(
		sandbox,
		{ seconds: '={{ $json.prompt === "bad" ? 99 : 8 }}' },
		{
			input: inputOf('bad', 'good'),
			settings: { ...CONTINUE, retryOnFail: true, maxTries: 2, waitBetweenTries: 0 },
		},
	);
	expect(items[1]?.json).toMatchObject({ status: 'completed', test: true });
	const hints = hintsOf({ run }).join(' ');
	expect(hints).toContain(hintAbout('2 items'));
	expect(hints).not.toContain('paid');
});

import type {
	IDataObject,
	INodeExecutionData,
	INodeParameters,
	WorkflowExecuteMode,
} from 'n8n-workflow';
import { chargeSentence } from '../../nodes/OctopusXVideo/api/errors';
import { startingWith } from './support/charges';
import { useRequestLog } from './support/countRequests';
import { CONTINUE, GENERATE, GENERATE_EACH, inputOf } from './support/inputs';
import { runNode, runNodeVirtually, type NodeSetup } from './support/runNode';
import { readBinary, storeBinary } from './support/runWorkflow';
import { errorOf, MINUTE, describeIfCanSuspend, runSuspending } from './support/suspending';
import { hintAbout, hintsOf, jsonOf, runTest } from './support/testMode';
import { useSandbox } from './support/useSandbox';
import { loggingNode, nodeWithContext } from './support/nodeWithContext';

const COST_HINT =
	'1 video, 0.08 USD. Download Video is off: Get Status fetches the file, which is not charged.';

const sandbox = useSandbox({ durationMs: 60_000 });
const requests = useRequestLog();

/** Expects that Test Mode sends nothing in the tests of the current block. */
function expectNothingSent() {
	afterEach(() => expect(sandbox.tasks).toEqual([]));
	afterEach(() => expect(requests).toEqual([]));
}

describe('Test Mode: Return a Sample Video', () => {
	expectNothingSent();

	const TEST_ID = /^test_omni-fast_8s_1280x720_[0-9a-f]{24}$/;

	const taskIdOf = async (parameters: INodeParameters, setup: NodeSetup = {}) =>
		jsonOf(await runTest(sandbox, parameters, setup))[0]?.task_id;

	/** Returns width and height from the sample entry of an MP4 (ISO/IEC 14496-12, 12.1.3). */
	function sizeOf(video: Buffer): [number, number] {
		expect(video.subarray(4, 8).toString()).toBe('ftyp');
		const entry = video.indexOf('avc1', video.indexOf('stsd')) + 4;
		return [video.readUInt16BE(entry + 24), video.readUInt16BE(entry + 26)];
	}

	test('Test Mode: Return a Sample Video returns the fields of a completed video at once, marked as a test', async () => {
		const { items, elapsedMs, error } = await runTest(sandbox);
		expect(error).toBeUndefined();
		const [{ json }] = items as [INodeExecutionData];
		expect(json).toEqual({
			task_id: expect.stringMatching(TEST_ID),
			status: 'completed',
			progress: 100,
			prompt: 'one',
			video_url: expect.stringMatching(/^https:\/\/test-mode\.invalid\/test_omni-fast_.*\.mp4$/),
			model: 'omni-fast',
			created_at: expect.any(Number),
			completed_at: expect.any(Number),
			expires_at: expect.any(Number),
			seconds: '8',
			size: '1280x720',
			cost: { amount: 0, currency: 'USD' },
			test: true,
		});
		expect(elapsedMs).toBe(0);
	});

	test('Test Mode: Return a Sample Video keeps the order and pairing of items, each with a different task ID', async () => {
		const { items } = await runTest(sandbox, {}, { input: inputOf('one', 'two', 'one') });
		expect(items.map(({ pairedItem }) => pairedItem)).toEqual([0, 1, 2].map((item) => ({ item })));
		expect(new Set(items.map(({ json }) => json.task_id)).size).toBe(3);
	});

	test('the task ID of a sample depends only on the item and the request', async () => {
		const first = await taskIdOf({});
		expect(await taskIdOf({})).toBe(first);
		expect(await taskIdOf({ prompt: 'another' })).not.toBe(first);
		expect(await taskIdOf({ options: { additionalFields: '{"seed": 1}' } })).not.toBe(first);
		expect(await taskIdOf({ seconds: 5 })).toMatch(/_5s_/);
		expect(await taskIdOf({ resolution: '2k', aspectRatio: '9:16' })).toMatch(/_1440x2560_/);
		expect(await taskIdOf({ model: 'veo_3/fast', aspectRatio: '9:16' })).toMatch(
			/^test_veo_3\/fast_8s_720x1280_/,
		);
	});

	test('the task ID of a sample stays the same if n8n stores the input file again', async () => {
		const stored = async () => {
			const file = await storeBinary(Buffer.from('picture'), 'image/png');
			const data = { ...file, fileName: 'a.png' };
			const input = [{ json: { prompt: 'one' }, binary: { data } }];
			return await taskIdOf({ mode: 'firstFrame', firstFrameSource: 'binary' }, { input });
		};
		expect(await stored()).toBe(await stored());
	});

	test.each([
		['16:9', {}, [320, 180]],
		['9:16', {}, [180, 320]],
		['1:1', {}, [240, 240]],
		['4:5, whose nearest sample is 1:1', {}, [240, 240]],
		['invalid', {}, [320, 180]],
		['16:9', { additionalFields: '{"aspect_ratio": "9:16"}' }, [180, 320]],
	])(
		'the sample file for Aspect Ratio %s and the options %j has the matching size',
		async (aspectRatio, options, size) => {
			const ratio = aspectRatio.split(',')[0] as string;
			const { items } = await runTest(sandbox, {
				aspectRatio: ratio,
				downloadVideo: true,
				options,
			});
			const { binary } = items[0] as INodeExecutionData;
			const file = binary?.data as NonNullable<typeof binary>[string];
			expect(file).toMatchObject({ mimeType: 'video/mp4', fileExtension: 'mp4' });
			const video = await readBinary(file);
			expect(sizeOf(video)).toEqual(size);
			expect(video.length).toBeLessThan(4_000);
		},
	);

	test('Output Data Field Name and File Name apply to a sample', async () => {
		const fieldAndFileName = async (options: INodeParameters) => {
			const { items } = await runTest(sandbox, { downloadVideo: true, options });
			const { json, binary } = items[0] as INodeExecutionData;
			const [[field, file] = []] = Object.entries(binary ?? {});
			return [field, file?.fileName?.replace(String(json.task_id), 'ID')];
		};
		expect(await fieldAndFileName({})).toEqual(['data', 'ID.mp4']);
		expect(await fieldAndFileName({ fileName: 'intro', binaryOutputField: 'clip' })).toEqual([
			'clip',
			'intro.mp4',
		]);
	});

	test.each(['dataUri', 'upload'])(
		'Edit accepts a sample as its Video with Send Files As %s',
		async (sendBinaryAs) => {
			const { items } = await runTest(sandbox, { downloadVideo: true });
			const edit = { operation: 'edit', options: { sendBinaryAs } };
			for (const source of [
				{ videoSource: 'url', videoUrl: '={{ $json.video_url }}' },
				{ videoSource: 'binary' },
			]) {
				const input = items.map(({ json, binary }) => ({
					json: { ...json, prompt: 'one' },
					binary,
				}));
				const edited = jsonOf(await runTest(sandbox, { ...edit, ...source }, { input }));
				expect(edited).toEqual([expect.objectContaining({ status: 'completed', test: true })]);
				expect(edited[0]?.task_id).toMatch(/^test_omni-fast-v2v_8s_/);
			}
		},
	);

	test('a sample without Wait Until Completed is queued, and Get Status completes it even with Test Mode: Off', async () => {
		const input = inputOf('one');
		const parameters = { waitForCompletion: false, aspectRatio: '9:16', seconds: 5 };
		const [queued] = jsonOf(await runTest(sandbox, parameters, { input })) as [IDataObject];
		expect(queued).toMatchObject({ status: 'queued', progress: 0, test: true });
		expect(queued).not.toHaveProperty('video_url');

		const getStatus = async (options: INodeParameters) =>
			await runTest(
				sandbox,
				{ operation: 'getStatus', taskId: String(queued.task_id), downloadVideo: true, options },
				{ input },
			);
		for (const options of [{}, { testMode: 'off' }, { testMode: 'sampleInEditor' }]) {
			const { items } = await getStatus(options);
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

	test('Get Status of a real task in Test Mode returns a sample with another task ID', async () => {
		const items = jsonOf(
			await runTest(sandbox, { operation: 'getStatus', taskId: 'video_abc:1/2' }),
		);
		expect(items).toEqual([
			expect.objectContaining({
				task_id: 'test_video_abc:1/2',
				status: 'completed',
				model: 'omni-fast',
				test: true,
			}),
		]);
	});

	test('Test Mode: Return a Sample Video works without a credential', async () => {
		const { items, error } = await runTest(sandbox, {}, { settings: { credentials: undefined } });
		expect(error).toBeUndefined();
		expect(items[0]?.json).toMatchObject({ status: 'completed', test: true });
	});

	test.each([
		['an empty Prompt', { prompt: '={{ "" }}' }, "'Prompt' has no text"],
		[
			'Duration (Seconds) 31',
			{ seconds: 31 },
			"'Duration (Seconds)' must be a whole number from 4 to 30",
		],
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
			{
				operation: 'edit',
				videoSource: 'binary',
				videoBinaryField: 'large',
				options: { sendBinaryAs: 'dataUri' },
			},
			"'Video' is larger than 15 MB",
		],
		[
			'more items than Safety Limit (Items)',
			{ options: { maxVideos: 1 } },
			"'Safety Limit (Items)' allows 1",
		],
	])(
		'%s causes the same error in Test Mode as without, marked as a test',
		async (_, parameters, message) => {
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
		},
	);

	test('an input file that n8n cannot read fails in Test Mode as well, marked as a test', async () => {
		const file = await storeBinary(Buffer.from('picture'), 'image/png');
		const input = [{ json: { prompt: 'one' }, binary: { data: file } }];
		const node = nodeWithContext((context) => ({
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
			expect(description).toEqual(startingWith('none'));
			expect(test).toBe(true);
		}
	});

	test('a sample that n8n cannot store fails as a download would, marked as a test', async () => {
		const full = async () => await Promise.reject(new Error('ENOSPC: the disk is full'));
		const node = nodeWithContext(({ helpers }) => ({
			helpers: { ...helpers, prepareBinaryData: full },
		}));
		const { items } = await runTest(sandbox, { downloadVideo: true }, { node, settings: CONTINUE });
		expect(errorOf(items[0] as INodeExecutionData)).toMatchObject({
			message: 'The video is ready but could not be downloaded',
			description: startingWith(
				'none',
				'n8n could not store the video. Its storage for files reported: ENOSPC',
			),
			task_id: expect.stringMatching(TEST_ID),
			test: true,
		});
	});

	test('a sample stored just before the execution is stopped is still output', async () => {
		let stop = () => {};
		const node = nodeWithContext(({ helpers }) => ({
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

	test('the hint after Retry On Fail does not report a sample as already charged', async () => {
		const { items, run } = await runTest(
			sandbox,
			{ seconds: '={{ $json.prompt === "bad" ? 99 : 8 }}' },
			{
				input: inputOf('bad', 'good'),
				settings: { ...CONTINUE, retryOnFail: true, maxTries: 2, waitBetweenTries: 0 },
			},
		);
		expect(items[1]?.json).toMatchObject({ status: 'completed', test: true });
		expect(hintsOf({ run })).toEqual([
			hintAbout('2 items'),
			// A count of tasks that were already charged would come first.
			expect.stringMatching(/^1 of 2 videos failed: /),
		]);
	});
});

describe('Test Mode: Fail Like a Refused Prompt', () => {
	expectNothingSent();

	test('Test Mode: Fail Like a Refused Prompt fails every item like a Prompt rejected with HTTP 400', async () => {
		const { error } = await runTest(sandbox, {}, { input: inputOf('one', 'two') }, 'failure');
		expect(error).toMatchObject({
			name: 'NodeApiError',
			message: 'The model refused the request',
			httpCode: '400',
			context: { itemIndex: 0, test: true, charge: 'none' },
		});
		expect(error?.description).toMatch(/^This item is in Test Mode: nothing was sent for it\. /);
		expect(error?.description).toContain('(moderation_blocked)');
	});

	test('Test Mode: Fail Like a Refused Prompt sends all items to the error output with On Error: Continue (using error output)', async () => {
		const { items, errorItems } = await runTest(
			sandbox,
			{},
			{ input: inputOf('one', 'two'), settings: { onError: 'continueErrorOutput' } },
			'failure',
		);
		expect(items).toEqual([]);
		expect(errorItems.map(({ json }) => json)).toEqual(
			['one', 'two'].map(() =>
				expect.objectContaining({
					error: expect.objectContaining({ message: 'The model refused the request', test: true }),
				}),
			),
		);
	});

	test('Test Mode: Fail Like a Refused Prompt runs once per attempt of Retry On Fail', async () => {
		const lines: string[] = [];
		await runTest(
			sandbox,
			{},
			{
				mode: 'trigger',
				node: loggingNode(lines),
				settings: { retryOnFail: true, maxTries: 3, waitBetweenTries: 0 },
			},
			'failure',
		);
		expect(lines.filter((line) => line.includes(hintAbout('1 item')))).toHaveLength(3);
	});

	test('Get Status with Test Mode: Fail Like a Refused Prompt returns a failed task, and fails with Wait Until Completed', async () => {
		const parameters = { operation: 'getStatus', taskId: 'video_1' };
		const withoutWaiting = await runTest(sandbox, parameters, {}, 'failure');
		expect(withoutWaiting.items[0]?.json).toMatchObject({
			task_id: 'test_video_1',
			status: 'failed',
			failure: { code: 'moderation_blocked' },
			test: true,
		});
		const { error } = await runTest(
			sandbox,
			{ ...parameters, waitForCompletion: true },
			{},
			'failure',
		);
		expect(error?.message).toBe('The video could not be generated');
		expect(error?.context.charge).toBe('none');
	});

	test('the error of an item in Test Mode never says that a task was charged, not even when the task fails in Get Status', async () => {
		const parameters = { operation: 'getStatus', taskId: 'video_1', waitForCompletion: true };
		const { error } = await runTest(sandbox, parameters, {}, 'failure');
		expect(error?.context).toMatchObject({ charge: 'none', test: true, task_id: 'test_video_1' });
		expect(error?.description).toContain(chargeSentence('none'));

		const { items } = await runTest(sandbox, parameters, { settings: CONTINUE }, 'failure');
		expect(errorOf(items[0] as INodeExecutionData)).toMatchObject({
			message: 'The video could not be generated',
			description: startingWith('none'),
			task_id: 'test_video_1',
		});
	});

	test('Test Mode: Fail Like a Refused Prompt reads input files before it fails', async () => {
		const { error } = await runTest(
			sandbox,
			{ mode: 'firstFrame', firstFrameSource: 'binary' },
			{
				input: [
					{
						json: { prompt: 'one' },
						binary: { data: await storeBinary(Buffer.from('picture'), 'image/png') },
					},
				],
			},
			'failure',
		);
		expect(error?.message).toBe('The model refused the request');
	});
});

describe('runs and items that Test Mode applies to', () => {
	const TEST_UNLESS_REAL = { testMode: "={{ $json.prompt === 'real' ? 'off' : 'sample' }}" };
	afterEach(() => sandbox.reset());

	describe.each([
		['Sample in the Editor Only', 'sampleInEditor'],
		['an expression', "={{ $execution.mode === 'test' ? 'sample' : 'off' }}"],
	])('%s', (_how, testMode) => {
		const parameters = { ...GENERATE, options: { testMode } };

		test('is free in the editor', async () => {
			const { items } = await runNodeVirtually(sandbox, parameters);
			expect(items[0]?.json).toMatchObject({ test: true });
			expect(requests).toEqual([]);
		});

		test.each<WorkflowExecuteMode>(['trigger', 'webhook', 'integrated', 'chat', 'error', 'cli'])(
			'makes real videos in mode %s',
			async (mode) => {
				const { items } = await runNodeVirtually(sandbox, parameters, { mode });
				expect(items[0]?.json).toMatchObject({ task_id: 'video_1' });
				expect(items[0]?.json).not.toHaveProperty('test');
				expect(sandbox.tasks).toHaveLength(1);
			},
		);
	});

	test.each<[WorkflowExecuteMode | undefined, boolean]>([
		['manual', true],
		['trigger', false],
		// n8n 1.x
		[undefined, false],
	])('Sample in the Editor Only in a retry of an execution in mode %s', async (source, isTest) => {
		const getExecutionContext = source && (() => ({ source }) as never);
		const node = nodeWithContext(() => ({ getMode: () => 'retry', getExecutionContext }));
		const parameters = { ...GENERATE, options: { testMode: 'sampleInEditor' } };
		const { items } = await runNodeVirtually(sandbox, parameters, { node });
		expect(items[0]?.json.test).toBe(isTest ? true : undefined);
	});

	test('an expression in Test Mode is evaluated for each item', async () => {
		const { items, run } = await runNodeVirtually(
			sandbox,
			{ ...GENERATE_EACH, options: TEST_UNLESS_REAL },
			{ input: inputOf('try', 'real', 'try') },
		);
		expect(items.map(({ json }) => json.test)).toEqual([true, undefined, true]);
		expect(sandbox.tasks.map(({ request }) => request.prompt)).toEqual(['real']);
		expect(hintsOf({ run })).toEqual([hintAbout('2 items'), COST_HINT]);
	});

	test.each([undefined, null, '', 'on', true])(
		'Test Mode %j is refused before any request',
		async (value) => {
			const { error } = await runNode(
				sandbox,
				{ ...GENERATE_EACH, options: { testMode: '={{ $json.mode }}' } },
				{ input: [{ json: { prompt: 'one', mode: value } }] },
			);
			expect(error?.message).toContain("'Test Mode' has no option");
			expect(requests).toEqual([]);
		},
	);

	test('Retry with Test Mode: Off submits real tasks instead of reusing samples', async () => {
		const parameters = (testMode: string) => ({ ...GENERATE_EACH, options: { testMode } });
		const input = inputOf('one', 'two');
		const first = await runNodeVirtually(
			sandbox,
			{ ...parameters(TEST_UNLESS_REAL.testMode), seconds: 8 },
			{
				input: inputOf('try', 'real'),
				onStart: () => sandbox.faults.add({ on: 'submit', answer: { status: 400, body: {} } }),
			},
		);
		expect(first.error?.description).toContain('video 1: test_');
		sandbox.reset();
		const { items } = await runNodeVirtually(sandbox, parameters('off'), {
			input,
			retryOf: first.run,
		});
		expect(items.map(({ json }) => json.task_id)).toEqual(['video_1', 'video_2']);
	});
});

describe('notes about Test Mode', () => {
	test('Test Mode adds a hint to a manual run and a log line to a production run', async () => {
		const input = inputOf('one', 'two');
		const lines: string[] = [];
		const logger = { info: () => {}, warn: (line: string) => void lines.push(line) };
		const node = nodeWithContext(() => ({ logger }) as never);
		const takeLines = () => lines.splice(0);
		const manual = await runTest(sandbox, {}, { input, node });
		expect(hintsOf(manual)).toEqual([hintAbout('2 items')]);
		expect(takeLines()).toEqual([]);
		const production = await runTest(sandbox, {}, { input, node, mode: 'trigger' });
		expect(hintsOf(production)).toEqual([]);
		expect(takeLines()).toEqual([`OctopusX: ${hintAbout('2 items')}`]);
	});

	test('a run with Test Mode: Off has no hint and no log line about it', async () => {
		const lines: string[] = [];
		const { run } = await runNodeVirtually(
			sandbox,
			{ ...GENERATE, options: { testMode: 'off' } },
			{ node: loggingNode(lines) },
		);
		expect(hintsOf({ run })).toEqual([COST_HINT]);
		expect(lines.join()).not.toContain('Test Mode');
		sandbox.reset();
	});
});

describeIfCanSuspend('a suspended execution with samples and real tasks', () => {
	test('a suspended execution with a sample and a real task checks only the real task', async () => {
		sandbox.durationMs = 3 * MINUTE;
		const { items } = await runSuspending(
			sandbox,
			{
				...GENERATE_EACH,
				options: {
					waitStrategy: 'suspend',
					testMode: "={{ $json.prompt === 'real' ? 'off' : 'sample' }}",
				},
			},
			{ input: inputOf('try', 'real') },
		);
		expect(items.map(({ json }) => [json.status, json.test])).toEqual([
			['completed', true],
			['completed', undefined],
		]);
		expect(requests.join()).not.toContain('test_');
		expect(sandbox.tasks).toHaveLength(1);
	});
	afterEach(() => sandbox.reset());
});

describeIfCanSuspend('a suspended execution with samples only', () => {
	const suspend = async (testMode: string, setup: NodeSetup = {}) =>
		await runSuspending(
			sandbox,
			{
				...GENERATE_EACH,
				downloadVideo: true,
				options: { waitStrategy: 'suspend', testMode },
			},
			{
				input: inputOf('one', 'two'),
				credential: { apiKey: '', baseUrl: 'nowhere' },
				settings: { credentials: undefined },
				...setup,
			},
		);
	afterEach(() => expect(requests).toEqual([]));

	test('Test Mode: Return a Sample Video with While Waiting: Suspend works without a credential', async () => {
		const { items, resumed, elapsedMs, started } = await suspend('sample');
		expect(started).toBeDefined();
		expect(resumed).toBe(1);
		expect(elapsedMs).toBe(MINUTE);
		expect(items.map(({ json }) => [json.status, json.test])).toEqual([
			['completed', true],
			['completed', true],
		]);
		expect(items.map(({ binary }) => binary?.data?.mimeType)).toEqual(['video/mp4', 'video/mp4']);
	});

	test('Test Mode: Fail Like a Refused Prompt does not suspend the execution', async () => {
		const { error, started } = await suspend('failure');
		expect(started).toBeUndefined();
		expect(error?.message).toBe('The model refused the request');
	});

	test('an execution that cannot be suspended is refused in Test Mode as well', async () => {
		const { error } = await suspend('sample', { executionId: '' });
		expect(error?.message).toBe('The execution cannot be suspended');
		expect(error?.context).toMatchObject({ test: true });
	});
});

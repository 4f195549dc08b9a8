import { useRequests } from './support/countRequests';
import { inputOf } from './support/inputs';
import { storeBinary } from './support/runWorkflow';
import { hintAbout, runTest } from './support/testMode';
import { useSandbox } from './support/useSandbox';
import { loggedNode } from './support/watchedNode';

/** Test Mode: Fail Like a Refused Prompt. */

const sandbox = useSandbox({ durationMs: 60_000 });
const requests = useRequests();

afterEach(() => expect(sandbox.tasks).toEqual([]));

afterEach(() => expect(requests).toEqual([]));

test('each item fails as a refused prompt does', async () => {
	const { error } = await runTest(sandbox, {}, { input: inputOf('one', 'two') }, 'failure');
	expect(error).toMatchObject({
		name: 'NodeApiError',
		message: 'The model refused the request',
		httpCode: '400',
		context: { itemIndex: 0, test: true },
	});
	expect(error?.description).toMatch(
		/^This item is in Test Mode: nothing was sent for it\. Nothing was charged\./,
	);
	expect(error?.description).toContain('(moderation_blocked)');
	expect(error?.description).toContain('Nothing was charged.');
});

test('with On Error set to Continue (error output), all items go there', async () => {
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

test('Retry On Fail tries as often as it is told', async () => {
	const lines: string[] = [];
	await runTest(
		sandbox,
		{},
		{
			mode: 'trigger',
			node: loggedNode(lines),
			settings: { retryOnFail: true, maxTries: 3, waitBetweenTries: 0 },
		},
		'failure',
	);
	expect(lines.filter((line) => line.includes(hintAbout('1 item')))).toHaveLength(3);
});

test('Get Status shows a failed task, and fails where it waits for it', async () => {
	const parameters = { operation: 'getStatus', taskId: 'video_1' };
	const shown = await runTest(sandbox, parameters, {}, 'failure');
	expect(shown.items[0]?.json).toMatchObject({
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
	expect(error?.description).toContain('The charge was given back.');
});

test('a file is read before the refusal', async () => {
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

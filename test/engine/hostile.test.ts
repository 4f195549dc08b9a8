import type { IDataObject, INodeExecutionData, INodeParameters } from 'n8n-workflow';
import { apiErrorBody } from './support/errorBodies';
import { GENERATE } from './support/inputs';
import { runNodeVirtually, type NodeSetup } from './support/runNode';
import { useSandbox } from './support/useSandbox';

const sandbox = useSandbox();

/** Runs Generate; whatever comes, it ends in items or in an error with words, and without the key. */
async function run(parameters: INodeParameters = {}, setup: NodeSetup = {}) {
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

describe('prompts arrive as they are', () => {
	test.each([
		['of 1 MB', 'ä'.repeat(500_000)],
		['with emoji and right-to-left', '👩‍🚀🏳️‍🌈 مرحبا \u202egnirts\u202c'],
		['with control characters', 'a\u0000b\u001f\u007f\u2028\ufeff'],
		['with half a surrogate pair', 'a\ud83d b'],
		[
			'that looks like an expression',
			'{{ $json.secret }} ${process.env} <script>alert(1)</script>',
		],
		['that tries to end the JSON', '"},"model":"other","x":{"a":"'],
	])('a prompt %s arrives as it is', async (_what, prompt) => {
		const { error } = await run({ prompt: '={{ $json.prompt }}' }, { input: itemOf({ prompt }) });
		expect(error).toBeUndefined();
		expect(sentBody()).toMatchObject({ model: 'omni-fast', prompt });
	});
});

describe('addresses of images go to OctopusX as they are, and the node opens none of them', () => {
	test.each([
		'https://user:password@example.com/a.png',
		'http://169.254.169.254/latest/meta-data',
		'http://127.0.0.1:1/a.png',
		'https://example.com/a.png?x=1&y=%2e%2e#z',
	])('the image address %s goes to OctopusX as it is, unopened', async (url) => {
		await run({ mode: 'firstFrame', firstFrameUrl: url });
		expect(sentBody().first_image_url).toBe(url);
		expect(sandbox.log.filter(({ route }) => route === 'none')).toEqual([]);
	});
});

describe('prototype keys in additional fields pollute nothing', () => {
	test.each([
		'{"__proto__": {"polluted": true, "model": "other"}}',
		'{"constructor": {"prototype": {"polluted": true}}}',
		'{"toString": "x", "hasOwnProperty": "y"}',
	])('additional fields %s pollute no prototype', async (additionalFields) => {
		const { error } = await run({ options: { additionalFields } });
		expect(error).toBeUndefined();
		expect(sentBody()).toMatchObject({ model: 'omni-fast', prompt: 'a boat' });
		expect(({} as IDataObject).polluted).toBeUndefined();
	});
});

test.each(['__proto__', 'constructor', 'toString', 'a.b[0]', ''])(
	'an input data field called "%s" is refused in words',
	async (firstFrameBinaryField) => {
		const { error } = await run(
			{
				mode: 'firstFrame',
				firstFrameSource: 'binary',
				firstFrameBinaryField: '={{ $json.field }}',
			},
			{
				input: [
					{
						json: { field: firstFrameBinaryField },
						binary: { data: { data: 'AA==', mimeType: 'image/png' } },
					},
				],
			},
		);
		expect(error?.message).toContain(`'First Frame' finds no file in "${firstFrameBinaryField}"`);
		expect(sandbox.log).toEqual([]);
	},
);

test.each([
	['that tries to end the JSON', 'AAAA","model":"evil-4k","x":"'],
	['with line breaks', Buffer.from('a film').toString('base64').replace(/.{4}/g, '$&\r\n')],
])('base64 %s, on the item, cannot change the request', async (_what, data) => {
	const binary = { data: { data, mimeType: 'video/mp4' } };
	await run({ operation: 'edit', videoSource: 'binary' }, { input: [{ json: {}, binary }] });
	expect(sentBody()).toMatchObject({ model: 'omni-fast-v2v', prompt: 'a boat' });
	expect(sentBody().video).toBe(
		`data:video/mp4;base64,${Buffer.from(data, 'base64').toString('base64')}`,
	);
});

const deep = (levels: number): unknown =>
	JSON.parse(`${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`);

describe('odd answers to a submission', () => {
	test.each<[string, unknown]>([
		['a number', 7],
		['a text', '"video_1"'],
		['an id that is an object', { id: { toString: 'x' } }],
		['an id of 1 MB', { id: 'x'.repeat(1_000_000) }],
		['an empty id', { id: '', task_id: '' }],
	])(
		'%s as the answer to a submission: the error says that a video may have been paid for',
		async (_what, body) => {
			sandbox.faults.add({ on: 'submit', accept: true, answer: { status: 200, body } });
			const { error } = await run();
			expect(error?.description).toContain('It may have been charged');
			expect(sandbox.requestsTo('submit')).toHaveLength(1);
		},
	);

	test.each(['..', '.', 'a\ud800'])(
		'the id %p in the answer to a submission is not taken for one',
		async (id) => {
			sandbox.faults.add({ on: 'submit', answer: { status: 200, body: { id, status: 'queued' } } });
			const { error } = await run();
			expect(error?.message).toBe('OctopusX accepted the request but sent no task ID');
			expect(sandbox.log).toHaveLength(1);
		},
	);

	test.each(['../../admin', 'a/b:c?d#e', '%2e%2e', 'x\u0000y', '💥'])(
		'the id %p in the answer to a submission stays one segment of the path',
		async (id) => {
			sandbox.faults.add({ on: 'submit', answer: { status: 200, body: { id, status: 'queued' } } });
			await run();
			const paths = new Set(sandbox.log.slice(1).map(({ path }) => path));
			expect([...paths]).toEqual([`/v1/videos/${encodeURIComponent(id)}`]);
		},
	);
});

describe('odd answers to a look', () => {
	const done = { id: 'video_1', status: 'completed' };

	test.each<[string, object]>([
		['a field 3,000 levels deep', { ...done, extra: deep(3_000) }],
		['fields of prototypes', { ...done, __proto__: { x: 1 }, constructor: 'x', toString: 'y' }],
		['a megabyte of text', { ...done, extra: 'x'.repeat(1_000_000) }],
		['types out of place', { ...done, progress: [], metadata: 7, error: [], created_at: {} }],
		['a pairedItem and a binary of its own', { ...done, pairedItem: { item: 9 }, binary: {} }],
		['a failure of its own', { ...done, failure: { code: 7 } }],
	])('a look answered with %s brings the video all the same', async (_what, body) => {
		sandbox.faults.add({ on: 'poll', answer: { status: 200, body } });
		const { items } = await run();
		expect(items[0]).toMatchObject({
			json: { task_id: 'video_1', status: 'completed' },
			pairedItem: { item: 0 },
		});
		expect(items[0]?.json).not.toHaveProperty('failure');
	});

	test.each([
		['a reason that is no text', { message: { deep: deep(3_000) }, code: [] }],
		['a reason of 1 MB', { message: 'x'.repeat(1_000_000), code: 'y'.repeat(1_000_000) }],
		['a reason with markup', { message: '<img src=x onerror=alert(1)>', code: '<b>' }],
	])('a failed task with %s ends in an error of readable length', async (_what, error) => {
		sandbox.faults.add({ on: 'poll', answer: { status: 200, body: { status: 'failed', error } } });
		const result = await run();
		expect(result.error?.message).toBe('The video could not be generated');
		expect(result.error?.description?.length).toBeLessThan(2_000);
	});
});

describe('odd addresses of the finished file', () => {
	const pollAnswer = (video_url: unknown) => ({
		status: 200,
		body: { id: 'video_1', status: 'completed', video_url },
	});
	const download = async (video_url: string) => {
		sandbox.faults.add({ on: 'poll', times: Infinity, answer: pollAnswer(video_url) });
		return await run({ downloadVideo: true });
	};
	const noFile = { status: 404, body: apiErrorBody('Task not found') };
	const fileRequests = () => sandbox.log.filter(({ route }) => route === 'file');
	const hostOf = (url: string) => new URL(url).host;

	test('a file address with the API’s name in front of another host gets no key', async () => {
		const api = hostOf(sandbox.url).replace(':', '%3A');
		await download(`http://${api}@${hostOf(sandbox.fileHost)}/files/video_1.mp4?signature=x`);
		expect(fileRequests()).toHaveLength(1);
		expect(fileRequests()[0]?.headers.authorization).not.toContain('Bearer');
	});

	test('a file host that redirects back to the API gets no key there', async () => {
		const location = `${sandbox.url}/v1/videos/video_1/content`;
		sandbox.faults.add({ on: 'file', times: 4, answer: { status: 302, headers: { location } } });
		const { items } = await download(`${sandbox.fileHost}/files/video_1.mp4?signature=x`);
		const toApi = sandbox.log.filter(({ route }) => route === 'content');
		// the node's own request for the file, once the redirected one was refused
		const withKey = toApi.map(({ headers }) => headers.authorization !== undefined);
		expect(withKey).toEqual([false, true]);
		expect(items[0]?.binary?.data).toMatchObject({ mimeType: 'video/mp4' });
	});

	test('a download whose redirects go in a circle ends in an error', async () => {
		const location = `${sandbox.fileHost}/files/video_1.mp4?signature=x`;
		sandbox.faults.add({ on: 'file', times: 99, answer: { status: 302, headers: { location } } });
		sandbox.faults.add({ on: 'content', times: Infinity, answer: noFile });
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
	])('a download is not led to %s by a redirect', async (location) => {
		sandbox.faults.add({ on: 'file', answer: { status: 302, headers: { location } } });
		sandbox.faults.add({ on: 'content', answer: noFile });
		const { error } = await download(`${sandbox.fileHost}/files/video_1.mp4?signature=x`);
		expect(error?.description).toContain(
			'leads to one that cannot be opened. It is something other than http:// or https://',
		);
	});

	test.each(['99999999999', '-5', 'soon', 'Wed, 99 Foo 2026', ''])(
		'a Retry-After of "%s" holds the next look for a minute at most',
		async (value) => {
			const answer = { status: 429, headers: { 'retry-after': value } };
			sandbox.faults.add({ on: 'poll', answer });
			const { elapsedMs } = await run();
			expect(elapsedMs).toBeLessThanOrEqual(60_000);
		},
	);
});

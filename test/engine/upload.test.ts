import type { Readable } from 'node:stream';
import type { INodeParameters } from 'n8n-workflow';
import { chargeSentence } from '../../nodes/OctopusXVideo/api/errors';
import { HTML_502, type Fault } from '../sandbox/faults';
import { GENERATE } from './support/inputs';
import { runNodeVirtually, type NodeSetup } from './support/runNode';
import { storeBinary } from './support/runWorkflow';
import { useSandbox } from './support/useSandbox';
import { fileTrackingNode, nodeWithContext } from './support/nodeWithContext';

const sandbox = useSandbox();
beforeEach(() => void jest.spyOn(Math, 'random').mockReturnValue(0));
afterEach(() => jest.restoreAllMocks());

const PNG = Buffer.from('89504e470d0a1a0a', 'hex');
const video = Buffer.from('\0not really a video, but its bytes count');

/** Runs Edit with a file of the item and Send Files As set to Uploaded First. */
async function editWithUpload(
	parameters: INodeParameters = {},
	bytes = video,
	setup: NodeSetup = {},
) {
	const data = await storeBinary(bytes, 'video/mp4');
	return await runNodeVirtually(
		sandbox,
		{
			operation: 'edit',
			prompt: 'as a watercolor',
			videoSource: 'binary',
			waitForCompletion: false,
			...parameters,
			options: { sendBinaryAs: 'upload', ...(parameters.options as INodeParameters) },
		},
		{ input: [{ json: {}, binary: { data: { ...data, fileName: 'in.mp4' } } }], ...setup },
	);
}
/** Returns the URL of the video in the submission. */
const submittedVideo = () => (sandbox.requestsTo('submit')[0]?.body as { video: string }).video;

test('Uploaded First presigns with the API key, uploads without it, and submits the public URL', async () => {
	const { error } = await editWithUpload();
	expect(error).toBeUndefined();
	expect(sandbox.log.map(({ route }) => route)).toEqual([
		'presign',
		'upload',
		'submit',
		'verdict',
		'status',
	]);

	const [presign] = sandbox.requestsTo('presign');
	expect(presign).toMatchObject({
		method: 'POST',
		path: '/api/upload/presign',
		body: { file_name: 'in.mp4', content_type: 'video/mp4' },
		headers: { authorization: `Bearer ${sandbox.apiKey}`, accept: 'application/json' },
	});
	const [put] = sandbox.requestsTo('upload');
	expect(put?.method).toBe('PUT');
	expect(put?.headers).toMatchObject({
		'content-type': 'video/mp4',
		'content-length': String(video.length),
	});
	expect(put?.headers.authorization).toBeUndefined();
	expect(put?.headers['transfer-encoding']).toBeUndefined();
	expect(sandbox.uploads.get('upload1')?.bytes.equals(video)).toBe(true);
	expect(submittedVideo()).toBe(`${sandbox.fileHost}/uploads/upload1`);
});

test('Uploaded First uploads a file whose content is stored in the item itself', async () => {
	const data = { data: video.toString('base64'), mimeType: 'video/mp4' };
	const { error } = await editWithUpload({}, video, { input: [{ json: {}, binary: { data } }] });
	expect(error).toBeUndefined();
	expect(sandbox.uploads.get('upload1')?.bytes.equals(video)).toBe(true);
	expect(sandbox.requestsTo('presign')[0]?.body).toMatchObject({ file_name: 'video.mp4' });
});

test('Uploaded First keeps the order of Reference Images, and does not change URLs', async () => {
	const image = [
		{ source: 'binary', binaryField: 'a' },
		{ source: 'url', url: 'https://example.com/2.png' },
		{ source: 'binary', binaryField: 'b' },
	];
	const binary = {
		a: await storeBinary(Buffer.from('first'), 'image/png'),
		b: await storeBinary(Buffer.from('third'), 'image/jpeg'),
	};
	await runNodeVirtually(
		sandbox,
		{
			mode: 'referenceImages',
			...GENERATE,
			referenceImages: { image },
			waitForCompletion: false,
			options: { sendBinaryAs: 'upload' },
		},
		{ input: [{ json: {}, binary }] },
	);
	const { images } = sandbox.requestsTo('submit')[0]?.body as { images: string[] };
	const contentOf = (url = '') =>
		sandbox.uploads.get(url.split('/').at(-1) ?? '')?.bytes.toString() ?? url;
	expect(images.map(contentOf)).toEqual(['first', 'https://example.com/2.png', 'third']);
});

test('a video of more than 15 MB is uploaded, but as a data URI it is refused with advice to use Uploaded First', async () => {
	const large = Buffer.alloc(15 * 1024 * 1024 + 1, 7);
	expect((await editWithUpload({}, large)).error).toBeUndefined();
	expect(sandbox.uploads.get('upload1')?.bytes.equals(large)).toBe(true);

	const { error } = await editWithUpload({ options: { sendBinaryAs: 'dataUri' } }, large);
	expect(error?.message).toContain("'Video' is larger than 15 MB");
	expect(error?.description).toContain("the option 'Send Files As' set to Uploaded First");
});

describe('failures of an upload', () => {
	test('a presign request is retried after HTTP 502', async () => {
		sandbox.faults.add({ on: 'presign', times: 5, answer: HTML_502 });
		expect((await editWithUpload()).error).toBeUndefined();
		expect(sandbox.requestsTo('presign')).toHaveLength(6);
	});

	test.each<[string, Fault['answer']]>([
		['HTTP 502', HTML_502],
		['a connection reset', 'reset'],
		['a missing response', 'hang'],
	])('an upload is retried with the same URL after %s', async (_failure, answer) => {
		sandbox.faults.add({ on: 'upload', answer });
		expect((await editWithUpload({ options: { timeout: 60 } })).error).toBeUndefined();
		expect(sandbox.requestsTo('presign')).toHaveLength(1);
		expect(sandbox.requestsTo('upload')).toHaveLength(2);
		expect(sandbox.uploads.get('upload1')?.bytes.equals(video)).toBe(true);
	});

	test('an upload is retried after HTTP 502 until its URL expires', async () => {
		sandbox.faults.add({ on: 'upload', times: Infinity, answer: HTML_502 });
		const { error, elapsedMs } = await editWithUpload({ options: { timeout: 60 } });
		expect(error?.message).toBe('The file could not be uploaded to OctopusX');
		expect(error?.description).toContain('The host for uploads answered with HTTP 502');
		expect(elapsedMs).toBeGreaterThan(14 * 60_000);
		expect(elapsedMs).toBeLessThanOrEqual(15 * 60_000);
	});

	test('an upload is not retried when Retry-After ends after the expiry of its URL', async () => {
		const answer = { status: 503, headers: { 'retry-after': '1000' } };
		sandbox.faults.add({ on: 'upload', times: Infinity, answer });
		const { error } = await editWithUpload({ options: { timeout: 60 } });
		expect(sandbox.requestsTo('upload')).toHaveLength(1);
		expect(error?.message).toBe('The file could not be uploaded to OctopusX');
	});

	test.each<[string, Fault]>([
		['HTTP 403 for an upload', { on: 'upload', answer: { status: 403, body: '<Error/>' } }],
		['HTTP 300 for an upload', { on: 'upload', answer: { status: 300 } }],
		[
			'HTTP 403 for a presign request',
			{ on: 'presign', answer: { status: 403, body: { success: false, message: 'no storage' } } },
		],
		[
			'a presign response without a web address',
			{
				on: 'presign',
				times: Infinity,
				answer: {
					status: 200,
					body: { success: true, data: { upload_url: 'file:///etc/passwd' } },
				},
			},
		],
		[
			'a presign response with HTTP 200 and success: false',
			{
				on: 'presign',
				times: Infinity,
				answer: { status: 200, body: { success: false, message: 'no storage' } },
			},
		],
	])('%s fails the item before anything is charged', async (_failure, fault) => {
		sandbox.faults.add(fault);
		const { error } = await editWithUpload({ options: { timeout: 1 } });
		expect(error?.message).toBe('The file could not be uploaded to OctopusX');
		expect(error?.context.charge).toBe('none');
		expect(sandbox.requestsTo('submit')).toEqual([]);
	});

	test.each<[string, Fault, number]>([
		[
			'an unanswered upload',
			{ on: 'upload', times: Infinity, answer: 'hang' },
			10 * 60_000 + 1_000,
		],
		[
			'a presign request with a dripping response',
			{ on: 'presign', times: Infinity, answer: 'drip' },
			45_000 + 1_000,
		],
	])(
		'%s times out, and is retried until the Timeout of the item, but no longer',
		async (_failure, fault, ms) => {
			sandbox.faults.add(fault);
			// enough to begin a second attempt
			const timeout = (ms + 500) / 60_000;
			const { error, elapsedMs } = await editWithUpload({ options: { timeout } });
			expect(error?.description).toBe(
				`${chargeSentence('none')} The upload took too long. It was given up.`,
			);
			expect(sandbox.requestsTo(fault.on)).toHaveLength(2);
			expect(elapsedMs).toBe(ms + 500);
		},
	);

	test('an upload is not retried after the Timeout of its item', async () => {
		sandbox.faults.add({ on: 'upload', times: Infinity, answer: HTML_502 });
		const { error, elapsedMs } = await editWithUpload({ options: { timeout: 5 } });
		expect(error?.message).toBe('The file could not be uploaded to OctopusX');
		expect(elapsedMs).toBeGreaterThan(4 * 60_000);
		expect(elapsedMs).toBeLessThanOrEqual(5 * 60_000);
	});

	test('the error of an upload refused with HTTP 403 is a NodeApiError with that status', async () => {
		sandbox.faults.add({ on: 'upload', answer: { status: 403 } });
		expect((await editWithUpload()).error).toMatchObject({ name: 'NodeApiError', httpCode: '403' });
	});

	test('the file of an upload is closed even if the upload host cannot be reached', async () => {
		const unreachable = 'http://127.0.0.1:9/upload';
		const data = { upload_url: unreachable, public_url: unreachable, content_type: 'video/mp4' };
		sandbox.faults.add({ on: 'presign', answer: { status: 200, body: { success: true, data } } });
		const opened: Readable[] = [];
		const node = fileTrackingNode(opened);
		const { error } = await editWithUpload({ options: { timeout: 0.1 } }, video, { node });
		expect(error?.message).toBe('The file could not be uploaded to OctopusX');
		expect(opened.length).toBeGreaterThan(1);
		expect(opened.filter(({ destroyed }) => !destroyed)).toEqual([]);
	});

	test('a submission that is retried after HTTP 429 does not upload its file again', async () => {
		sandbox.faults.add({ on: 'submit', times: 3, answer: { status: 429 } });
		await editWithUpload();
		expect(sandbox.requestsTo('upload')).toHaveLength(1);
		expect(sandbox.tasks).toHaveLength(1);
	});

	test('Stop ends an upload within a second', async () => {
		sandbox.faults.add({ on: 'upload', answer: 'hang' });
		const { elapsedMs, run } = await editWithUpload({}, video, {
			onStart: (execution) => void setTimeout(() => execution.cancel(), 3_300),
		});
		expect(run.status).toBe('canceled');
		expect(elapsedMs).toBeLessThanOrEqual(4_300);
		expect(sandbox.tasks).toEqual([]);
	});
});

test('an upload sends the content type that its URL was signed for', async () => {
	const data = {
		upload_url: `${sandbox.fileHost}/uploads/upload9?signature=x`,
		public_url: `${sandbox.fileHost}/uploads/upload9`,
		content_type: 'video/x-normalized',
		expires_in: '300',
	};
	sandbox.faults.add({ on: 'presign', answer: { status: 200, body: { success: true, data } } });
	await editWithUpload();
	expect(sandbox.uploads.get('upload9')?.type).toBe('video/x-normalized');
});

test.each([60, 60_000])(
	'a file whose length differs from n8n’s metadata (%p bytes) is not uploaded',
	async (fileSize) => {
		const node = nodeWithContext((context) => ({
			helpers: {
				...context.helpers,
				getBinaryMetadata: async () => ({ mimeType: 'video/mp4', fileSize }),
			},
		}));
		const { error } = await editWithUpload({ options: { timeout: 1 } }, Buffer.alloc(1_000, 1), {
			node,
		});
		expect(error?.message).toBe('The file could not be uploaded to OctopusX');
		expect(sandbox.uploads.size).toBe(0);
		expect(sandbox.tasks).toEqual([]);
	},
);

test.each([undefined, '', ' '])(
	'a file with the name %p is uploaded as video.mp4',
	async (fileName) => {
		const data = { ...(await storeBinary(video, 'video/mp4')), fileName };
		const { error } = await editWithUpload({}, video, { input: [{ json: {}, binary: { data } }] });
		expect(error).toBeUndefined();
		expect(sandbox.requestsTo('presign')[0]?.body).toMatchObject({ file_name: 'video.mp4' });
	},
);

test('an SVG without a name is uploaded as image.svg', async () => {
	const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"></svg>');
	const parameters = { operation: 'generate', mode: 'firstFrame', firstFrameSource: 'binary' };
	const data = { data: svg.toString('base64'), mimeType: 'image/svg+xml' };
	await editWithUpload(parameters, svg, { input: [{ json: {}, binary: { data } }] });
	expect(sandbox.requestsTo('presign')[0]?.body).toMatchObject({ file_name: 'image.svg' });
});

describe('File names of an upload', () => {
	/** Uploads a file of this name and returns the name in the presign request. */
	async function presignedName(fileName: string) {
		const data = { ...(await storeBinary(video, 'video/mp4')), fileName };
		const { error } = await editWithUpload({}, video, { input: [{ json: {}, binary: { data } }] });
		expect(error).toBeUndefined();
		expect(sandbox.uploads.get('upload1')?.bytes.equals(video)).toBe(true);
		return (sandbox.requestsTo('presign')[0]?.body as { file_name: string }).file_name;
	}

	test.each([
		['take #2.mp4', 'take-2.mp4'],
		['../../v.mp4', 'v.mp4'],
		['C:\\films\\v.mp4', 'v.mp4'],
		['/etc/passwd', 'passwd'],
		['what?.mp4', 'what.mp4'],
		['100%.mp4', '100.mp4'],
		['a&b=c;d+e.mp4', 'a-b-c-d-e.mp4'],
		['a\nb\u0000.mp4', 'a-b.mp4'],
		['%2e%2e%2fv.mp4', '2e-2e-2fv.mp4'],
		['Über die Brücke.mp4', 'Uber-die-Brucke.mp4'],
		['\u202emp4.exe.mp4', 'mp4.exe.mp4'],
		['视频.mp4', 'video.mp4'],
		['视频.mov', 'video.mov'],
		['.-.v.-..mp4', 'v.mp4'],
		['🎬', 'video.mp4'],
		['.mp4', 'video.mp4'],
		['..', 'video.mp4'],
		['a/', 'video.mp4'],
		['in_1-b.MP4', 'in_1-b.MP4'],
		[`${'x'.repeat(300)}.mp4`, `${'x'.repeat(80)}.mp4`],
		[`${'.'.repeat(100_000)}x.mp4`, 'video.mp4'],
	])('a file named %j is presigned as %s, and its signed address works', async (name, sent) => {
		expect(await presignedName(name)).toBe(sent);
	});
});

describe('Redirects of an upload', () => {
	const to = (location: string, status = 307): Fault['answer'] => ({
		status,
		headers: { location },
	});
	const elsewhere = () => `${sandbox.fileHost}/uploads/upload9?signature=moved`;

	test.each([307, 308])(
		'an upload that is redirected with HTTP %s is sent again from its start, without the API key',
		async (status) => {
			sandbox.faults.add({ on: 'upload', answer: to(elsewhere(), status) });
			const { error } = await editWithUpload();
			expect(error).toBeUndefined();
			expect(sandbox.uploads.get('upload9')).toEqual({ bytes: video, type: 'video/mp4' });
			const puts = sandbox.requestsTo('upload');
			expect(puts.map(({ headers }) => headers['content-length'])).toEqual([
				String(video.length),
				String(video.length),
			]);
			expect(puts.some(({ headers }) => 'authorization' in headers)).toBe(false);
			expect(sandbox.requestsTo('presign')).toHaveLength(1);
		},
	);

	test('an upload of a file inside the item follows a relative HTTP 307', async () => {
		sandbox.faults.add({ on: 'upload', answer: to('/uploads/upload9?signature=moved') });
		const data = { data: video.toString('base64'), mimeType: 'video/mp4' };
		const { error } = await editWithUpload({}, video, { input: [{ json: {}, binary: { data } }] });
		expect(error).toBeUndefined();
		expect(sandbox.uploads.get('upload9')?.bytes.equals(video)).toBe(true);
	});

	test('an upload that is redirected in a circle is given up after a few addresses', async () => {
		sandbox.faults.add({ on: 'upload', times: Infinity, answer: to(elsewhere()) });
		const { error } = await editWithUpload({ options: { timeout: 1 } });
		expect(error?.message).toBe('The file could not be uploaded to OctopusX');
		expect(error?.description).toContain('leads from one address to the next');
		expect(sandbox.requestsTo('upload')).toHaveLength(4);
		expect(sandbox.tasks).toEqual([]);
	});

	test.each([
		[301, 'https://example.com/'],
		[302, 'https://example.com/'],
		[303, 'https://example.com/'],
		[307, 'file:///etc/passwd'],
		[308, 'http://['],
	])('HTTP %s to an upload with the location %s is refused', async (status, location) => {
		sandbox.faults.add({ on: 'upload', times: Infinity, answer: to(location, status) });
		const { error } = await editWithUpload({ options: { timeout: 1 } });
		expect(error?.description).toContain(`The host for uploads answered with HTTP ${status}`);
		expect(sandbox.requestsTo('upload')).toHaveLength(1);
		expect(sandbox.tasks).toEqual([]);
	});
});

describe('the operation Upload', () => {
	const UPLOAD = { resource: 'file', operation: 'upload' };

	const inputWith = async (...files: Array<[name: string, mimeType: string, bytes: Buffer]>) =>
		await Promise.all(
			files.map(async ([fileName, mimeType, bytes]) => {
				const data = await storeBinary(bytes, mimeType);
				return { json: {}, binary: { data: { ...data, fileName } } };
			}),
		);

	test('uploads the file of each item, and returns its address', async () => {
		const input = await inputWith(['in.mp4', 'video/mp4', video], ['photo.png', 'image/png', PNG]);
		const { items, error } = await runNodeVirtually(sandbox, UPLOAD, { input });
		expect(error).toBeUndefined();
		expect(items.map(({ json, pairedItem }) => [json, pairedItem])).toEqual([
			[
				{
					url: `${sandbox.fileHost}/uploads/upload1`,
					file_name: 'in.mp4',
					content_type: 'video/mp4',
					bytes: video.length,
				},
				{ item: 0 },
			],
			[expect.objectContaining({ content_type: 'image/png', bytes: PNG.length }), { item: 1 }],
		]);
		expect(sandbox.uploads.get('upload1')?.bytes.equals(video)).toBe(true);
		expect(sandbox.requestsTo('submit')).toEqual([]);
	});

	test('uploads a video of more than 15 MB', async () => {
		const input = await inputWith(['in.mp4', 'video/mp4', Buffer.alloc(16 * 1024 * 1024, 1)]);
		const { items } = await runNodeVirtually(sandbox, UPLOAD, { input });
		expect(items[0]?.json.bytes).toBe(16 * 1024 * 1024);
	});

	test('refuses a page, and then sends nothing for any item', async () => {
		const page = Buffer.from('<!doctype html><html></html>');
		const input = await inputWith(['in.mp4', 'video/mp4', video], ['a.html', 'image/png', page]);
		const { error } = await runNodeVirtually(sandbox, UPLOAD, { input });
		expect(error?.message).toBe(
			"'Input Data Field Name' is not an image or an MP4 video, but text/html (a.html) [item 1]",
		);
		expect(error?.description).toContain('Nothing was charged.');
		expect(sandbox.log).toEqual([]);
	});

	test('with On Error: Continue, only the item whose upload fails has an error', async () => {
		sandbox.faults.add({ on: 'upload', times: Infinity, answer: { status: 403 } });
		const [one] = await inputWith(['in.mp4', 'video/mp4', video]);
		const { items } = await runNodeVirtually(sandbox, UPLOAD, {
			input: [one!],
			settings: { onError: 'continueRegularOutput' },
		});
		expect(items[0]?.json.error).toMatchObject({
			message: 'The file could not be uploaded to OctopusX',
			description: expect.stringMatching(/^Nothing was charged\./),
		});
	});

	test('is refused as a tool, before anything is sent', async () => {
		const input = await inputWith(['in.mp4', 'video/mp4', video]);
		const node = nodeWithContext(() => ({ isToolExecution: () => true }));
		const { error } = await runNodeVirtually(sandbox, UPLOAD, { input, node });
		expect(error?.message).toBe('Upload cannot be used as a tool [item 0]');
		expect(sandbox.log).toEqual([]);
	});

	test('in Test Mode, returns an address that other operations accept in Test Mode only', async () => {
		const options = { testMode: 'sample' };
		const input = await inputWith(['in.mp4', 'video/mp4', video]);
		const { items } = await runNodeVirtually(sandbox, { ...UPLOAD, options }, { input });
		const { url, test } = items[0]?.json ?? {};
		expect([url, test]).toEqual(['https://test-mode.invalid/in.mp4', true]);

		const edit = { operation: 'edit', prompt: 'a', videoUrl: url };
		const sample = await runNodeVirtually(sandbox, { ...edit, options } as INodeParameters);
		expect(sample.items[0]?.json.test).toBe(true);
		const real = await runNodeVirtually(sandbox, edit as INodeParameters);
		expect(real.error?.message).toBe("'Video URL' is the address of a sample [item 0]");
		expect(sandbox.log).toEqual([]);
	});
});

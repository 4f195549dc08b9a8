import type { Readable } from 'node:stream';
import type { INodeParameters } from 'n8n-workflow';
import { HTML_502, type Fault } from '../sandbox/faults';
import { GENERATE } from './support/inputs';
import { runNodeVirtually, type NodeSetup } from './support/runNode';
import { storeBinary } from './support/runWorkflow';
import { useSandbox } from './support/useSandbox';
import { openingNode, watchedNode } from './support/watchedNode';

const sandbox = useSandbox();
beforeEach(() => void jest.spyOn(Math, 'random').mockReturnValue(0));
afterEach(() => jest.restoreAllMocks());

const film = Buffer.from('not really a film, but its bytes count');

/** Runs Edit with a file on the item, sent as an upload. */
async function edit(parameters: INodeParameters = {}, bytes = film, setup: NodeSetup = {}) {
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
const sentVideo = () => (sandbox.requestsTo('submit')[0]?.body as { video: string }).video;

test('Upload presigns with the key, puts the bytes without it, and passes the public address', async () => {
	const { error } = await edit();
	expect(error).toBeUndefined();
	expect(sandbox.log.map(({ route }) => route)).toEqual(['presign', 'upload', 'submit']);

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
		'content-length': String(film.length),
	});
	expect(put?.headers.authorization).toBeUndefined();
	expect(put?.headers['transfer-encoding']).toBeUndefined();
	expect(sandbox.uploads.get('upload1')?.bytes.equals(film)).toBe(true);
	expect(sentVideo()).toBe(`${sandbox.fileHost}/uploads/upload1`);
});

test('Upload sends a file that the item itself carries', async () => {
	const data = { data: film.toString('base64'), mimeType: 'video/mp4' };
	const { error } = await edit({}, film, { input: [{ json: {}, binary: { data } }] });
	expect(error).toBeUndefined();
	expect(sandbox.uploads.get('upload1')?.bytes.equals(film)).toBe(true);
	expect(sandbox.requestsTo('presign')[0]?.body).toMatchObject({ file_name: 'video.mp4' });
});

test('uploaded images keep their order among addresses, which stay as they are', async () => {
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

test('a video of more than 15 MB is uploaded, and refused as a data URI with a hint at Upload', async () => {
	const large = Buffer.alloc(15 * 1024 * 1024 + 1, 7);
	expect((await edit({}, large)).error).toBeUndefined();
	expect(sandbox.uploads.get('upload1')?.bytes.equals(large)).toBe(true);

	const { error } = await edit({ options: { sendBinaryAs: 'dataUri' } }, large);
	expect(error?.message).toContain("'Video' is larger than 15 MB");
	expect(error?.description).toContain("the option 'Send Files As' set to Uploaded First");
});

describe('faults of an upload', () => {
	test('asking for an upload address is repeated like a look', async () => {
		sandbox.faults.add({ on: 'presign', times: 5, answer: HTML_502 });
		expect((await edit()).error).toBeUndefined();
		expect(sandbox.requestsTo('presign')).toHaveLength(6);
	});

	test.each<[string, Fault['answer']]>([
		['a bad gateway', HTML_502],
		['a reset', 'reset'],
		['silence', 'hang'],
	])('the upload is repeated to the same address after %s', async (_what, answer) => {
		sandbox.faults.add({ on: 'upload', answer });
		expect((await edit({ options: { timeout: 60 } })).error).toBeUndefined();
		expect(sandbox.requestsTo('presign')).toHaveLength(1);
		expect(sandbox.requestsTo('upload')).toHaveLength(2);
		expect(sandbox.uploads.get('upload1')?.bytes.equals(film)).toBe(true);
	});

	test('an upload is repeated for as long as its address is valid', async () => {
		sandbox.faults.add({ on: 'upload', times: Infinity, answer: HTML_502 });
		const { error, elapsedMs } = await edit({ options: { timeout: 60 } });
		expect(error?.message).toBe('The file could not be uploaded to OctopusX');
		expect(error?.description).toContain('The host for uploads answered with HTTP 502');
		expect(elapsedMs).toBeGreaterThan(14 * 60_000);
		expect(elapsedMs).toBeLessThanOrEqual(15 * 60_000);
	});

	test('an upload is not repeated after its address has expired', async () => {
		const answer = { status: 503, headers: { 'retry-after': '1000' } };
		sandbox.faults.add({ on: 'upload', times: Infinity, answer });
		const { error } = await edit({ options: { timeout: 60 } });
		expect(sandbox.requestsTo('upload')).toHaveLength(1);
		expect(error?.message).toBe('The file could not be uploaded to OctopusX');
	});

	test.each<[string, Fault]>([
		['an upload that is refused', { on: 'upload', answer: { status: 403, body: '<Error/>' } }],
		['an upload that is led elsewhere', { on: 'upload', answer: { status: 300 } }],
		[
			'a presign that is refused',
			{ on: 'presign', answer: { status: 403, body: { success: false, message: 'no storage' } } },
		],
		[
			'a presign without an address',
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
			'a presign that refuses with 200',
			{
				on: 'presign',
				times: Infinity,
				answer: { status: 200, body: { success: false, message: 'no storage' } },
			},
		],
	])('%s ends the item before anything is paid for', async (_what, fault) => {
		sandbox.faults.add(fault);
		const { error } = await edit({ options: { timeout: 1 } });
		expect(error?.message).toBe('The file could not be uploaded to OctopusX');
		expect(error?.description).toContain('Nothing was submitted.');
		expect(error?.description).not.toContain('may have been charged');
		expect(sandbox.requestsTo('submit')).toEqual([]);
	});

	test.each<[string, Fault, number, string]>([
		[
			'an upload that hangs',
			{ on: 'upload', times: Infinity, answer: 'hang' },
			10 * 60_000 + 1_000,
			'Nothing was submitted. The upload took too long. It was given up.',
		],
		[
			'a question for an address whose answer drips',
			{ on: 'presign', times: Infinity, answer: 'drip' },
			45_000 + 1_000,
			'Nothing was submitted. OctopusX did not answer. No address for the upload came in time.',
		],
	])('%s is given up, and repeated while there is time', async (_what, fault, ms, description) => {
		sandbox.faults.add(fault);
		// time for one more
		const timeout = (ms + 500) / 60_000;
		const { error, elapsedMs } = await edit({ options: { timeout } });
		expect(error?.description).toBe(description);
		expect(sandbox.requestsTo(fault.on)).toHaveLength(2);
		expect(elapsedMs).toBe(2 * ms - 1_000);
	});

	test('an upload is not repeated after the time for its item', async () => {
		sandbox.faults.add({ on: 'upload', times: Infinity, answer: HTML_502 });
		const { error, elapsedMs } = await edit({ options: { timeout: 5 } });
		expect(error?.message).toBe('The file could not be uploaded to OctopusX');
		expect(elapsedMs).toBeGreaterThan(4 * 60_000);
		expect(elapsedMs).toBeLessThanOrEqual(5 * 60_000);
	});

	test('the error of an upload has the status of what refused it', async () => {
		sandbox.faults.add({ on: 'upload', answer: { status: 403 } });
		expect((await edit()).error).toMatchObject({ name: 'NodeApiError', httpCode: '403' });
	});

	test('the file of an upload is closed, also where the storage cannot be reached', async () => {
		const nowhere = 'http://127.0.0.1:9/upload';
		const data = { upload_url: nowhere, public_url: nowhere, content_type: 'video/mp4' };
		sandbox.faults.add({ on: 'presign', answer: { status: 200, body: { success: true, data } } });
		const opened: Readable[] = [];
		const node = openingNode(opened);
		const { error } = await edit({ options: { timeout: 0.1 } }, film, { node });
		expect(error?.message).toBe('The file could not be uploaded to OctopusX');
		expect(opened.length).toBeGreaterThan(1);
		expect(opened.filter(({ destroyed }) => !destroyed)).toEqual([]);
	});

	test('a submission that is turned away does not upload its file again', async () => {
		sandbox.faults.add({ on: 'submit', times: 3, answer: { status: 429 } });
		await edit();
		expect(sandbox.requestsTo('upload')).toHaveLength(1);
		expect(sandbox.tasks).toHaveLength(1);
	});

	test('Stop ends an upload within a second', async () => {
		sandbox.faults.add({ on: 'upload', answer: 'hang' });
		const { elapsedMs, run } = await edit({}, film, {
			onStart: (it) => void setTimeout(() => it.cancel(), 3_300),
		});
		expect(run.status).toBe('canceled');
		expect(elapsedMs).toBeLessThanOrEqual(4_300);
		expect(sandbox.tasks).toEqual([]);
	});
});

test('an upload sends the content type that its address was signed for', async () => {
	const data = {
		upload_url: `${sandbox.fileHost}/uploads/upload9?signature=x`,
		public_url: `${sandbox.fileHost}/uploads/upload9`,
		content_type: 'video/x-normalized',
		expires_in: '300',
	};
	sandbox.faults.add({ on: 'presign', answer: { status: 200, body: { success: true, data } } });
	await edit();
	expect(sandbox.uploads.get('upload9')?.type).toBe('video/x-normalized');
});

test.each([60, 60_000])(
	'a file that is not as long as n8n says (%p bytes) is not uploaded',
	async (fileSize) => {
		const node = watchedNode((context) => ({
			helpers: {
				...context.helpers,
				getBinaryMetadata: async () => ({ mimeType: 'video/mp4', fileSize }),
			},
		}));
		const { error } = await edit({ options: { timeout: 1 } }, Buffer.alloc(1_000, 1), { node });
		expect(error?.message).toBe('The file could not be uploaded to OctopusX');
		expect(sandbox.uploads.size).toBe(0);
		expect(sandbox.tasks).toEqual([]);
	},
);

test.each([undefined, '', ' '])(
	'a file whose name is %p is uploaded under one',
	async (fileName) => {
		const data = { ...(await storeBinary(film, 'video/mp4')), fileName };
		const { error } = await edit({}, film, { input: [{ json: {}, binary: { data } }] });
		expect(error).toBeUndefined();
		expect(sandbox.requestsTo('presign')[0]?.body).toMatchObject({ file_name: 'video.mp4' });
	},
);

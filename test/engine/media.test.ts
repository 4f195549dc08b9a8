import type { INodeExecutionData, INodeParameters } from 'n8n-workflow';
import { VIDEOS } from '../sandbox/fixtures';
import { GENERATE } from './support/inputs';
import { useRefusals } from './support/refusals';
import { runNode } from './support/runNode';
import { keepingFilesInMemory, storeBinary } from './support/runWorkflow';

const { sandbox, refusal } = useRefusals();

const EDIT = { ...GENERATE, operation: 'edit' };
const EDIT_FILE = { ...EDIT, videoSource: 'binary' };
const FIRST_FRAME = { ...GENERATE, mode: 'firstFrame' };
const FIRST_FRAME_FILE = { ...FIRST_FRAME, firstFrameSource: 'binary' };
const PNG_URL = 'https://example.com/1.png';

describe('Limits', () => {
	test('Mode: Reference Images without an image is refused before any request', async () => {
		expect(await refusal({ ...GENERATE, mode: 'referenceImages' })).toContain(
			"'Reference Images' is empty",
		);
	});

	test('a sixth image in Reference Images is refused before any request', async () => {
		const image = Array.from({ length: 6 }, () => ({ source: 'url', url: PNG_URL }));
		expect(
			await refusal({ ...GENERATE, mode: 'referenceImages', referenceImages: { image } }),
		).toContain("'Reference Images' takes at most 5 images, and there are 6");
	});

	test('a list of URLs that results in a sixth reference image is refused before any request', async () => {
		const image = [
			{ source: 'url', url: PNG_URL },
			{ source: 'url', url: `={{ Array(5).fill("${PNG_URL}") }}` },
		];
		const text = await refusal({ ...EDIT, videoUrl: PNG_URL, referenceImages: { image } });
		expect(text).toContain('at most 5 images, and there are 6');
	});

	const over15MB = Buffer.alloc(15 * 1024 * 1024 + 1);

	test('a video file of 15 MB and one byte in n8n’s storage is refused before any request', async () => {
		const binary = { data: await storeBinary(over15MB, 'video/mp4') };
		expect(await refusal(EDIT_FILE, { json: {}, binary })).toContain(
			"'Video' is larger than 15 MB",
		);
	});

	test('a video file of 15 MB and one byte inside the item is refused before any request', async () => {
		const binary = { data: { data: over15MB.toString('base64'), mimeType: 'video/mp4' } };
		expect(await refusal(EDIT_FILE, { json: {}, binary })).toContain(
			"'Video' is larger than 15 MB",
		);
	});

	test('a Video URL with a data URI of 15 MB and one byte is refused before any request', async () => {
		const videoUrl = '={{ $json.video }}';
		const video = `data:video/mp4;base64,${over15MB.toString('base64')}`;
		expect(await refusal({ ...EDIT, videoUrl }, { json: { video } })).toContain(
			"'Video URL' is larger than 15 MB",
		);
	});
});

describe('URLs', () => {
	test.each([
		'ftp://example.com/a.png',
		'file:///etc/passwd',
		'javascript:alert(1)',
		'example.com/a.png',
		'http://',
		'={{ 7 }}',
	])('the First Frame URL %s is refused before any request', async (firstFrameUrl) => {
		expect(await refusal({ ...FIRST_FRAME, firstFrameUrl })).toContain(
			"'First Frame URL' is not an address that OctopusX can open",
		);
	});

	test.each([
		'data:text/html;base64,PGI+',
		'data:image/png,plain',
		'data:image/png;base64,',
		'data:image/png;base64',
		'data:image/png;base64,%%%%',
	])(
		'the First Frame URL %s is refused before any request, because it contains no image',
		async (firstFrameUrl) => {
			expect(await refusal({ ...FIRST_FRAME, firstFrameUrl })).toContain(
				"'First Frame URL' begins with data: and holds no image",
			);
		},
	);

	const urlWithComma = 'https://example.com/a.png?v=1,2';

	test.each([
		['a comma', `${urlWithComma},${PNG_URL}`],
		['a comma and a space', `${urlWithComma}, ${PNG_URL}`],
		['a line break', `${urlWithComma}\n${PNG_URL}`],
		['a semicolon', `${urlWithComma};${PNG_URL}`],
		['a comma, the second one being a data URI', `${urlWithComma}, data:image/png;base64,aGFsbG8=`],
		[
			'a comma, both being data URIs',
			'data:image/png;base64,aGFsbG8=,data:image/png;base64,aGFsbG8=',
		],
		['a space, the first one with a URL in its query', `https://a.com/?u=${PNG_URL} ${PNG_URL}`],
	])(
		'two URLs in First Frame URL, separated by %s, are refused before any request',
		async (_separator, firstFrameUrl) => {
			const text = await refusal({ ...FIRST_FRAME, firstFrameUrl });
			expect(text).toContain("'First Frame URL' takes one address, and holds 2");
		},
	);

	test('a First Frame URL followed by other text is refused before any request', async () => {
		const firstFrameUrl = `${PNG_URL} (the first one)`;
		expect(await refusal({ ...FIRST_FRAME, firstFrameUrl })).toContain(
			"'First Frame URL' holds more than an address",
		);
	});

	test('a First Frame URL whose expression finds nothing is refused before any request', async () => {
		expect(await refusal({ ...FIRST_FRAME, firstFrameUrl: '={{ $json.nothing }}' })).toContain(
			"'First Frame URL' has no text",
		);
	});
});

describe('Files', () => {
	const png = { mimeType: 'image/png', data: 'aW1hZ2U=' };
	const pdf = { mimeType: 'application/pdf', data: 'cGRm', fileName: 'brochure.pdf' };
	const files = { Start_image: png, End_image: png };

	test('a file that the item does not have is refused, and the error lists the files of the item', async () => {
		const item = { json: {}, binary: files };
		const text = await refusal({ ...FIRST_FRAME_FILE, firstFrameBinaryField: 'start' }, item);
		expect(text).toContain('\'First Frame\' finds no file in "start"');
		expect(text).toContain('The files of this item are: Start_image, End_image.');
	});

	test('a file is refused if the item has no files, and the error says so', async () => {
		const text = await refusal(FIRST_FRAME_FILE);
		expect(text).toContain('\'First Frame\' finds no file in "data"');
		expect(text).toContain('This item has no files.');
	});

	test('a file is refused if the item has no JSON, and the error says that it is missing', async () => {
		const item = { pairedItem: 0 } as unknown as INodeExecutionData;
		const text = await refusal(EDIT_FILE, item);
		expect(text).toContain('\'Video\' finds no file in "data"');
	});

	test('a missing file in a mode with two frames is refused, and the error contains the label of the frame', async () => {
		const parameters = {
			...FIRST_FRAME_FILE,
			mode: 'firstLastFrame',
			firstFrameBinaryField: 'Start_image',
			lastFrameSource: 'binary',
			lastFrameBinaryField: 'end',
		};
		const text = await refusal(parameters, { json: {}, binary: files });
		expect(text).toContain('\'Last Frame\' finds no file in "end"');
	});

	test('a missing file among Reference Images is refused, and the error contains its number, which includes the URLs of a list', async () => {
		const image = [
			{ source: 'url', url: '={{ ["https://example.com/1.png", "https://example.com/2.png"] }}' },
			{ source: 'binary', binaryField: 'nothing' },
		];
		const parameters = { mode: 'referenceImages', referenceImages: { image } };
		expect(await refusal(parameters, { json: {}, binary: files })).toContain(
			'\'Image 3 of Reference Images\' finds no file in "nothing"',
		);
	});

	test.each<[string, INodeExecutionData['json'], string]>([
		[
			'a video task',
			{ task_id: 'video_1', video_url: 'https://x/y' },
			"switch on 'Download Video'",
		],
		['anything else', { id: 7 }, 'This item has no files.'],
	])(
		'a missing file is refused if the item contains %s, and the error says what to do',
		async (_content, json, advice) => {
			const text = await refusal(EDIT_FILE, { json });
			expect(text).toContain('\'Video\' finds no file in "data"');
			expect(text).toContain(advice);
		},
	);

	test('a PDF as First Frame is refused, and the error contains its type and name', async () => {
		const text = await refusal(FIRST_FRAME_FILE, { json: {}, binary: { data: pdf } });
		expect(text).toContain("'First Frame' is not an image, but application/pdf (brochure.pdf)");
		expect(text).toContain('OctopusX takes image/* here. The files of this item are: data.');
	});

	test('with the binary mode “combined”, a missing file is refused, and the error lists the names in the JSON', async () => {
		const { error } = await runNode(
			sandbox,
			{ ...FIRST_FRAME_FILE, firstFrameBinaryField: 'data' },
			{
				input: [{ json: { _files: { picture: { ...png, id: 'filesystem-v2:x' } } } as never }],
				workflowSettings: { binaryMode: 'combined' },
			},
		);
		expect(error?.message).toContain('\'First Frame\' finds no file in "data"');
		expect(error?.description).toContain('The files of this item are: _files.picture.');
	});

	test('a file that n8n no longer has is refused, and the error contains the label of the field', async () => {
		const data = {
			...(await storeBinary(Buffer.from('x'), 'image/png')),
			id: 'filesystem-v2:gone',
		};
		expect(await refusal(FIRST_FRAME_FILE, { json: {}, binary: { data } })).toContain(
			"The file of 'First Frame' could not be read",
		);
	});

	test.each<[string, unknown]>([
		['null', null],
		['an empty file entry', { data: {} }],
		['a file without content', { data: { mimeType: 'image/png' } }],
	])('an item whose binary data is %s is refused before any request', async (_content, binary) => {
		const item = { json: {}, binary } as INodeExecutionData;
		const text = await refusal(FIRST_FRAME_FILE, item);
		expect(text).toContain('\'First Frame\' finds no file in "data"');
	});

	test('an empty file as First Frame is refused before any request', async () => {
		const binary = { data: await storeBinary(Buffer.alloc(0), 'image/png') };
		expect(await refusal(FIRST_FRAME_FILE, { json: {}, binary })).toContain(
			"'First Frame' is an empty file",
		);
	});

	test('a file of type video/quicktime as Video is refused before any request', async () => {
		const binary = { data: await storeBinary(Buffer.from('x'), 'video/quicktime') };
		expect(await refusal(EDIT_FILE, { json: {}, binary })).toContain(
			"'Video' is not an MP4 video, but video/quicktime",
		);
	});
});

describe('File types', () => {
	const mp4 = VIDEOS.landscape;
	const startingWith = (start: string) => Buffer.from(start.padEnd(64, 'x'), 'latin1');

	/**
	 * Runs the node with a file that n8n labels as `mimeType`. `sent` is the start of the data URI in
	 * the request.
	 */
	async function sendFile(
		parameters: INodeParameters,
		bytes: Buffer,
		mimeType: string,
		fileName = 'a',
	) {
		const data = { ...(await storeBinary(bytes, mimeType)), fileName };
		const input = [{ json: {}, binary: { data } }];
		const { error } = await runNode(
			sandbox,
			{ waitForCompletion: false, ...parameters },
			{ input },
		);
		const body = sandbox.requestsTo('submit')[0]?.body as Record<string, string> | undefined;
		const [sent] = String(body?.video ?? body?.first_image_url).split(';');
		return { error, sent };
	}

	test.each<[string, INodeParameters, Buffer, string]>([
		['an MP4', EDIT_FILE, mp4, 'video/mp4'],
		['a PNG', FIRST_FRAME_FILE, startingWith('\x89PNG\r\n\x1a\n'), 'image/png'],
		['a JPEG', FIRST_FRAME_FILE, startingWith('\xff\xd8\xff\xe0'), 'image/jpeg'],
		['a GIF', FIRST_FRAME_FILE, startingWith('GIF89a'), 'image/gif'],
		['a WebP', FIRST_FRAME_FILE, startingWith('RIFF\0\0\0\0WEBPVP8 '), 'image/webp'],
	])(
		'%s that n8n labels as application/octet-stream is sent with the type of its first bytes',
		async (_file, parameters, bytes, type) => {
			const { error, sent } = await sendFile(parameters, bytes, 'application/octet-stream');
			expect(error).toBeUndefined();
			expect(sent).toBe(`data:${type}`);
		},
	);

	test.each(['binary/octet-stream', 'application/octet-stream; charset=binary'])(
		'an MP4 that n8n labels as %s is sent as video/mp4',
		async (mimeType) => {
			expect((await sendFile(EDIT_FILE, mp4, mimeType)).sent).toBe('data:video/mp4');
		},
	);

	test('an MP4 without a known type is sent as video/mp4 when n8n keeps files in memory', async () => {
		const { sent } = await keepingFilesInMemory(
			async () => await sendFile(EDIT_FILE, mp4, 'application/octet-stream'),
		);
		expect(sent).toBe('data:video/mp4');
	});

	test.each<[string, Buffer]>([
		['a QuickTime video', startingWith('\0\0\0\x14ftypqt  ')],
		['an AVIF image', startingWith('\0\0\0\x20ftypavif')],
		['a text file', startingWith('hello')],
		['a file of one byte', Buffer.from('x')],
	])(
		'%s that n8n labels as application/octet-stream is refused as Video, and the error contains its name and advice',
		async (_file, bytes) => {
			const { error } = await sendFile(EDIT_FILE, bytes, 'application/octet-stream', 'film.mp4');
			expect(error?.message).toContain(
				"'Video' is not an MP4 video, but application/octet-stream (film.mp4)",
			);
			expect(error?.description).toContain('its first bytes are not those of an MP4 video');
			expect(sandbox.log).toEqual([]);
		},
	);

	test('a file that n8n labels as application/pdf is refused, whatever its first bytes are', async () => {
		const { error } = await sendFile(EDIT_FILE, mp4, 'application/pdf');
		expect(error?.message).toContain("'Video' is not an MP4 video, but application/pdf");
	});
});

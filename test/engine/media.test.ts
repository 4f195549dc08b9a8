import { Readable } from 'node:stream';
import type { INodeExecutionData, INodeParameters } from 'n8n-workflow';
import { VIDEOS } from '../sandbox/fixtures';
import { GENERATE } from './support/inputs';
import { useRefusals } from './support/refusals';
import { runNode, runNodeVirtually } from './support/runNode';
import { keepingFilesInMemory, storeBinary } from './support/runWorkflow';
import { nodeWithContext } from './support/nodeWithContext';

const { sandbox, refusal } = useRefusals();

const EDIT = { ...GENERATE, operation: 'edit' };
const EDIT_FILE = { ...EDIT, videoSource: 'binary' };
const FIRST_FRAME = { ...GENERATE, mode: 'firstFrame' };
const FIRST_FRAME_FILE = { ...FIRST_FRAME, firstFrameSource: 'binary' };
const PNG_URL = 'https://example.com/1.png';

describe('Limits', () => {
	test('Mode: Reference Images without an image is refused before any request', async () => {
		const text = await refusal({ ...GENERATE, mode: 'referenceImages' });
		expect(text).toContain("'Reference Images' is empty");
		expect(text).toContain("Add at least one image, or set 'Mode' to Text to Video.");
	});

	test('a sixth image in Reference Images is refused before any request', async () => {
		const image = Array.from({ length: 6 }, () => ({ source: 'url', url: PNG_URL }));
		const parameters = { ...GENERATE, mode: 'referenceImages', referenceImages: { image } };
		const text = await refusal(parameters);
		expect(text).toContain("'Reference Images' takes at most 5 images, and there are 6");
		expect(text).toContain('Remove some. The node drops none itself');
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
	const inRequest = { ...EDIT_FILE, options: { sendBinaryAs: 'dataUri' } };

	test('a video file of 15 MB and one byte in n8n’s storage is refused before any request', async () => {
		const binary = { data: await storeBinary(over15MB, 'video/mp4') };
		const text = await refusal(inRequest, { json: {}, binary });
		expect(text).toContain("'Video' is larger than 15 MB");
		expect(text).toContain('It has 15728641 bytes and OctopusX takes at most 15728640.');
		expect(text).toContain('Compress the video, or pass its public URL.');
	});

	test('a video file of 15 MB and one byte inside the item is refused before any request', async () => {
		const binary = { data: { data: over15MB.toString('base64'), mimeType: 'video/mp4' } };
		expect(await refusal(inRequest, { json: {}, binary })).toContain(
			"'Video' is larger than 15 MB",
		);
	});

	test('a Video URL with a data URI of exactly 15 MB is sent', async () => {
		const video = `data:video/mp4;base64,${over15MB.toString('base64', 1)}`;
		const parameters = { ...EDIT, videoUrl: '={{ $json.video }}', waitForCompletion: false };
		const { error } = await runNode(sandbox, parameters, { input: [{ json: { video } }] });
		expect(error).toBeUndefined();
		expect(sandbox.tasks).toHaveLength(1);
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
		'x-https://example.com/a.png',
		'example.com/a.png',
		'http://',
		'={{ 7 }}',
	])('the First Frame URL %s is refused before any request', async (firstFrameUrl) => {
		const text = await refusal({ ...FIRST_FRAME, firstFrameUrl });
		expect(text).toContain("'First Frame URL' is not an address that OctopusX can open");
		expect(text).toContain('starts with http:// or https://, or a data URI (image/*).');
	});

	test.each([
		'data:text/html;base64,PGI+',
		'data:image/png,plain',
		'data:image/png;charset=utf-8,iVBORw0KGgo=',
		'data:image/png;base64,',
		'data:image/png;base64',
		'data:image/png;base64,%%%%',
	])(
		'the First Frame URL %s is refused before any request, because it contains no image',
		async (firstFrameUrl) => {
			const text = await refusal({ ...FIRST_FRAME, firstFrameUrl });
			expect(text).toContain("'First Frame URL' begins with data: and holds no image");
			expect(text).toContain('and looks like data:image/png;base64,…');
			expect(text).toMatch(/charged\. (Its content is \S+\. )?A data URI contains the file itself/);
		},
	);

	const OPENS_WITH_KEY = [
		'https://octopusx.ai/v1/videos/video_1/content',
		'http://127.0.0.1:8787/v1/videos/video_1/content/',
		'https://proxy.example.com/octopusx/v1/videos/video_1/content?variant=video#t=1',
		'https://octopusx.ai/v1/videos/a%3Ab%2Fc/content',
		'https://octopusx.ai/v1%2Fvideos%2Fvideo_1%2Fcontent',
		'HTTPS://OCTOPUSX.AI/V1/Videos/Video_1/Content',
		'https://octopusx.ai//v1//videos/video_1/content//',
		'https://octopusx.ai/v1/videos/video_1',
		'https://octopusx.ai/v1/video/generations/video_1',
	];

	test.each(
		OPENS_WITH_KEY.flatMap((url) =>
			(
				[
					['Video URL', { ...EDIT, videoUrl: url }],
					['First Frame URL', { ...FIRST_FRAME, firstFrameUrl: url }],
					[
						'Last Frame URL',
						{ ...FIRST_FRAME, mode: 'firstLastFrame', firstFrameUrl: PNG_URL, lastFrameUrl: url },
					],
					[
						'Image 2 of Reference Images',
						{
							mode: 'referenceImages',
							referenceImages: { image: [{ source: 'url', url: `${PNG_URL}, ${url}` }] },
						},
					],
					[
						'Extra API Fields (JSON)',
						{ options: { additionalFields: JSON.stringify({ images: [` ${url} `] }) } },
					],
				] as Array<[string, INodeParameters]>
			).map(([label, parameters]) => [label, url, parameters] as const),
		),
	)(
		'%s is refused before any request if only the API key opens it: %s',
		async (label, _url, parameters) => {
			const text = await refusal({ ...GENERATE, ...parameters });
			expect(text).toContain(`'${label}' is an address that opens with the API key only`);
			expect(text).toContain("'Download Video'");
		},
	);

	test('Edit with the video_url that the node itself has written is refused if only the API key opens it', async () => {
		sandbox.quirks.videoUrl = 'proxy';
		const { items } = await runNodeVirtually(sandbox, GENERATE);
		expect(items[0]?.json.video_url).toMatch(/\/content$/);
		sandbox.log = [];
		const text = await refusal({ ...EDIT, videoUrl: '={{ $json.video_url }}' }, items[0]);
		expect(text).toContain("'Video URL' is an address that opens with the API key only");
	});

	test.each([
		'https://example.com/v1/videos/content',
		'https://example.com/v1/videos/12.mp4',
		'https://example.com/v1/videos/1/content.mp4',
		'https://example.com/open?url=https%3A%2F%2Foctopusx.ai%2Fv1%2Fvideos%2F1%2Fcontent',
	])('the Video URL %s is sent, because it may open without a key', async (videoUrl) => {
		const { error } = await runNode(sandbox, { ...EDIT, videoUrl, waitForCompletion: false });
		expect(error).toBeUndefined();
		expect(sandbox.tasks[0]?.request.video).toBe(videoUrl);
	});

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
			expect(text).toContain('Keep only one of them.');
		},
	);

	test('a First Frame URL followed by other text is refused before any request', async () => {
		const firstFrameUrl = `${PNG_URL} (the first one)`;
		const text = await refusal({ ...FIRST_FRAME, firstFrameUrl });
		expect(text).toContain("'First Frame URL' holds more than an address");
		expect(text).toContain('A space inside an address is written %20.');
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
		expect(text).toContain('Check the name, and the node that the item comes from.');
	});

	test('the error of a missing file quotes at most 100 characters of its name, and 500 of the others', async () => {
		const binary = { ['b'.repeat(600)]: png };
		const parameters = { ...FIRST_FRAME_FILE, firstFrameBinaryField: 'a'.repeat(200) };
		const text = await refusal(parameters, { json: {}, binary });
		expect(text).toContain(`finds no file in "${'a'.repeat(100)}"`);
		expect(text).toContain(`The files of this item are: ${'b'.repeat(500)}.`);
	});

	test('the error of a refused file quotes at most 100 characters of its name', async () => {
		const data = { ...pdf, fileName: ` ${'c'.repeat(200)} ` };
		const text = await refusal(FIRST_FRAME_FILE, { json: {}, binary: { data } });
		expect(text).toContain(`but application/pdf (${'c'.repeat(100)})`);
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
		expect(await refusal({ ...parameters, firstFrameBinaryField: 'start' })).toContain(
			'\'First Frame\' finds no file in "start"',
		);
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

	test.each<[string, INodeParameters, INodeExecutionData, string]>([
		['an image', FIRST_FRAME_FILE, { json: { task_id: 'video_1' } }, 'This item has no files.'],
		[
			'a video, beside another file',
			EDIT_FILE,
			{ json: { task_id: 'video_1' }, binary: { other: png } },
			'The files of this item are: other.',
		],
	])(
		'the error of a missing file of a video task is the usual one for %s',
		async (_kind, parameters, item, advice) => {
			expect(await refusal(parameters, item)).toContain(advice);
		},
	);

	test('a PDF as First Frame is refused, and the error contains its type and name', async () => {
		const text = await refusal(FIRST_FRAME_FILE, { json: {}, binary: { data: pdf } });
		expect(text).toContain("'First Frame' is not an image, but application/pdf (brochure.pdf)");
		expect(text).toContain(
			'OctopusX takes image/* here, and its first bytes are not those of an image. The files of this item are: data.',
		);
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
		expect(await refusal(FIRST_FRAME_FILE, { json: {}, binary: { data } })).toMatch(
			/The file of 'First Frame' could not be read.*Check the node that the file comes from \((File not found|ENOENT)/,
		);
	});

	test.each<[string, string, (stream: Readable) => void]>([
		[
			'breaks off',
			'the disk is gone',
			(stream) => void setImmediate(() => stream.destroy(new Error('the disk is gone'))),
		],
		['sends nothing', 'n8n did not provide it in time', () => {}],
	])('a file whose storage %s is refused with the reason: %s', async (_what, reason, start) => {
		const streams: Readable[] = [];
		const node = nodeWithContext(({ helpers }) => ({
			helpers: {
				...helpers,
				getBinaryStream: async () => {
					const stream = new Readable({ read: () => {} });
					streams.push(stream);
					start(stream);
					return stream;
				},
			},
		}));
		const input = [{ json: {}, binary: { data: await storeBinary(Buffer.alloc(9), 'image/png') } }];
		const parameters = { ...GENERATE, ...FIRST_FRAME_FILE };
		const { error } = await runNodeVirtually(sandbox, parameters, { node, input });
		expect(error?.message).toBe("The file of 'First Frame' could not be read");
		expect(error?.description).toContain(`(${reason})`);
		expect(streams.every(({ destroyed }) => destroyed)).toBe(true);
		expect(sandbox.log).toEqual([]);
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
		const text = await refusal(FIRST_FRAME_FILE, { json: {}, binary });
		expect(text).toContain("'First Frame' is an empty file");
		expect(text).toContain('Check the node that it comes from.');
	});

	test('an empty file inside the item is refused before any request', async () => {
		const binary = { data: { data: '', mimeType: 'image/png' } };
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

	/** Types by the first bytes of their files. */
	const IMAGES: Array<[type: string, start: string]> = [
		['image/png', '\x89PNG\r\n\x1a\n'],
		['image/jpeg', '\xff\xd8\xff\xe0'],
		['image/webp', 'RIFF\0\0\0\0WEBPVP8 '],
		['image/avif', '\0\0\0\x20ftypavif'],
		['image/avif', '\0\0\0\x20ftypmif1\0\0\0\0mif1miafavif'],
		['image/heic', '\0\0\0\x18ftypheic'],
		['image/heic', '\0\0\0\x18ftypmif1\0\0\0\0mif1heic'],
		['image/heif', '\0\0\0\x18ftypmif1\0\0\0\0mif1miaf'],
		['image/tiff', 'II*\0\x08\0\0\0'],
		['image/tiff', 'MM\0*\0\0\0\x08'],
		['image/bmp', 'BM\x36\x24\x01\0\0\0\0\0'],
		['image/jxl', '\0\0\0\x0cJXL \r\n'],
		['image/svg+xml', '<svg xmlns="http://www.w3.org/2000/svg">'],
		[
			'image/svg+xml',
			'\ufeff<?xml version="1.0"?>\n<!-- drawn by hand -->\n<!DOCTYPE svg PUBLIC "x">\n<svg>',
		],
	];
	const utf8 = (text: string) => (/[^\0-\xff]/.test(text) ? Buffer.from(text) : startingWith(text));

	test.each(
		IMAGES.flatMap(([type, start]) =>
			[
				'application/octet-stream',
				'binary/octet-stream',
				'application/force-download',
				'image/*',
				'image/png',
				'',
			].map((label) => [type, label, start]),
		),
	)(
		'an image of type %s that n8n labels as "%s" is sent with its own type',
		async (type, label, start) => {
			const { error, sent } = await sendFile(FIRST_FRAME_FILE, utf8(String(start)), String(label));
			expect(error).toBeUndefined();
			expect(sent).toBe(`data:${type}`);
		},
	);

	test.each([
		'application/force-download',
		'application/mp4',
		'video/*',
		'video/x-m4v',
		'text/plain',
		'',
	])('an MP4 that n8n labels as "%s" is sent as video/mp4', async (label) => {
		expect((await sendFile(EDIT_FILE, mp4, label)).sent).toBe('data:video/mp4');
	});

	const unknownBytes = Buffer.from([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);

	test.each(['image/x-new', 'image/x-new ; q=1'])(
		'an image of unknown bytes is sent with the type of its label: %s',
		async (label) => {
			const { sent } = await sendFile(FIRST_FRAME_FILE, unknownBytes, label);
			expect(sent).toBe('data:image/x-new');
		},
	);

	test.each<[string, INodeParameters]>([
		['x-image/png', FIRST_FRAME_FILE],
		['image/a b', FIRST_FRAME_FILE],
		['x-video/mp4', EDIT_FILE],
		['video/mp4-x', EDIT_FILE],
	])('a file of unknown bytes that n8n labels as %s is refused', async (label, parameters) => {
		const { error } = await sendFile(parameters, unknownBytes, label);
		expect(error?.message).toContain(`but ${label} (a)`);
	});

	test('a PNG that n8n labels as application/pdf is sent as image/png', async () => {
		const { sent } = await sendFile(
			FIRST_FRAME_FILE,
			startingWith('\x89PNG\r\n\x1a\n'),
			'application/pdf',
		);
		expect(sent).toBe('data:image/png');
	});

	test('a file that is not uploaded may have any name, because its name is not sent', async () => {
		const { error } = await sendFile(EDIT_FILE, mp4, 'video/mp4', '{{ film }}.mp4');
		expect(error).toBeUndefined();
	});

	const OTHERS: Array<[type: string, start: string]> = [
		['text/html', '<!DOCTYPE html><html><title>Not found</title></html>'],
		['text/html', '\n<!-- page --><html><body><svg></svg></body></html>'],
		['application/xml', '<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>'],
		['application/json', '{"error":"not found"}'],
		['application/json', ' [{"error":"not found"}]'],
		['text/plain', '404: Not Found'],
		['text/plain', 'Zugriff verweigert: ä'],
		['application/pdf', '%PDF-1.7\n%\xe2\xe3'],
		['application/zip', 'PK\x03\x04\x14\0'],
		['application/gzip', '\x1f\x8b\x08\0'],
		['audio/mpeg', 'ID3\x03\0'],
	];

	test.each(
		OTHERS.flatMap(([type, start]) => [
			["'First Frame' is not an image", type, 'image/png', start, FIRST_FRAME_FILE],
			["'Video' is not an MP4 video", type, 'video/mp4', start, EDIT_FILE],
		]) as Array<[string, string, string, string, INodeParameters]>,
	)(
		'%s: a file of type %s that n8n labels as %s is refused before any request: %j',
		async (message, type, label, start, parameters) => {
			const bytes = start.includes('ä') ? Buffer.from(start) : Buffer.from(start, 'latin1');
			const { error } = await sendFile(parameters, bytes, label, 'a.file');
			expect(error?.message).toContain(`${message}, but ${type} (a.file)`);
			expect(sandbox.log).toEqual([]);
		},
	);

	test.each<[string, INodeParameters, Buffer, string]>([
		['an image as Video', EDIT_FILE, startingWith('\x89PNG\r\n\x1a\n'), 'image/png'],
		['an AVIF as Video', EDIT_FILE, startingWith('\0\0\0\x20ftypavif'), 'image/avif'],
		['a WebM as Video', EDIT_FILE, startingWith('\x1aE\xdf\xa3\x01\0B\x82\x84webm'), 'video/webm'],
		[
			'a QuickTime video as Video',
			EDIT_FILE,
			startingWith('\0\0\0\x14ftypqt  '),
			'video/quicktime',
		],
		['an MP4 as First Frame', FIRST_FRAME_FILE, mp4, 'video/mp4'],
	])('%s is refused by its name, whatever its label', async (_what, parameters, bytes, type) => {
		for (const label of ['application/octet-stream', 'video/mp4', 'image/png']) {
			const { error } = await sendFile(parameters, bytes, label, 'film.mp4');
			expect(error?.message).toContain(`but ${type} (film.mp4)`);
			expect(error?.description).toContain(`its first bytes are those of ${type}`);
		}
		expect(sandbox.log).toEqual([]);
	});

	test('a file of unknown bytes that n8n labels as application/octet-stream is refused as Video', async () => {
		const { error } = await sendFile(EDIT_FILE, Buffer.from('\0\0x'), 'application/octet-stream');
		expect(error?.message).toContain(
			"'Video' is not an MP4 video, but application/octet-stream (a)",
		);
		expect(error?.description).toContain('its first bytes are not those of an MP4 video');
	});

	test('a file of unknown bytes that n8n does not label is refused as one of unknown type', async () => {
		const { error } = await sendFile(FIRST_FRAME_FILE, Buffer.from('\0\0x'), '', '');
		expect(error?.message).toBe("'First Frame' is not an image, but of unknown type [item 0]");
	});

	test.each(['application/zip', 'application/gzip', 'application/msword', 'application/vnd.a'])(
		'an MP4 that n8n labels as the document %s is refused as Video',
		async (type) => {
			const { error } = await sendFile(EDIT_FILE, mp4, type);
			expect(error?.message).toContain(`'Video' is not an MP4 video, but ${type}`);
		},
	);

	test('a large file is judged by its start, which may arrive in many chunks', async () => {
		const page = Buffer.from(`${' '.repeat(4_000)}<html>${'x'.repeat(100_000)}`);
		const node = nodeWithContext((context) => ({
			helpers: {
				...context.helpers,
				getBinaryStream: async (id: string) => await context.helpers.getBinaryStream(id, 7),
			},
		}));
		const binary = { data: await storeBinary(page, 'image/png') };
		const { error } = await runNode(
			sandbox,
			{ ...GENERATE, ...FIRST_FRAME_FILE },
			{ node, input: [{ json: {}, binary }] },
		);
		expect(error?.message).toContain("'First Frame' is not an image, but text/html");
	});

	test('a file that n8n labels as application/pdf is refused, whatever its first bytes are', async () => {
		const { error } = await sendFile(EDIT_FILE, mp4, 'application/pdf');
		expect(error?.message).toContain("'Video' is not an MP4 video, but application/pdf");
	});
});

describe('Content inside a data URI or an item', () => {
	const PNG = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1').toString('base64');
	const uri = (content: string, type = 'image/png') => `data:${type};base64,${content}`;
	const base64 = (text: string) => Buffer.from(text).toString('base64');

	test('the error of a data URI says what it contains instead', async () => {
		const content = base64('<!DOCTYPE html><html></html>');
		const text = await refusal({ ...EDIT, videoUrl: uri(content, 'video/mp4') });
		expect(text).toContain('Its content is text/html. A data URI contains the file itself');
		expect(text).toContain('and looks like data:video/mp4;base64,…');
	});

	test('a data URI with spaces, percent-encoding and parameters is sent in its usual form', async () => {
		const firstFrameUrl = `data:image/png;charset=utf-8;BASE64,${encodeURIComponent(PNG)}`;
		const spaced = firstFrameUrl.replace('KGg', 'K \nGg');
		const parameters = { ...FIRST_FRAME, firstFrameUrl: spaced, waitForCompletion: false };
		const { error } = await runNode(sandbox, parameters);
		expect(error).toBeUndefined();
		expect(sandbox.tasks[0]?.request.first_image_url).toBe(uri(PNG));
	});

	test.each([
		...['undefined', 'null', 'NaN', 'None', 'filesystem', 'filesystem-v2', 's3', 'database'],
		base64('<!DOCTYPE html><html></html>'),
		base64('{"error": "not found"}'),
		base64('404: Not Found'),
		base64('%PDF-1.7 '),
		base64(PNG),
		'not base64!',
	])(
		'the First Frame URL data:image/png;base64,%s is refused before any request',
		async (content) => {
			const text = await refusal({ ...FIRST_FRAME, firstFrameUrl: uri(content) });
			expect(text).toContain("'First Frame URL' begins with data: and holds no image");
		},
	);

	test.each(['undefined', base64('<html><body></body></html>'), PNG])(
		'the Video URL data:video/mp4;base64,%s is refused before any request',
		async (content) => {
			const text = await refusal({ ...EDIT, videoUrl: uri(content, 'video/mp4') });
			expect(text).toContain("'Video URL' begins with data: and holds no video");
		},
	);

	test.each(['image/jpeg', 'application/octet-stream', 'image/*', ''])(
		'a PNG in a data URI of type "%s" is sent as image/png',
		async (type) => {
			const firstFrameUrl = uri(PNG, type);
			const parameters = { ...FIRST_FRAME, firstFrameUrl, waitForCompletion: false };
			const { error } = await runNode(sandbox, parameters);
			expect(error).toBeUndefined();
			expect(sandbox.tasks[0]?.request.first_image_url).toBe(uri(PNG));
		},
	);

	test.each(['application/octet-stream', 'application/mp4', 'video/quicktime'])(
		'an MP4 in a data URI of type %s is sent as video/mp4',
		async (type) => {
			const content = VIDEOS.landscape.toString('base64');
			const parameters = { ...EDIT, videoUrl: uri(content, type), waitForCompletion: false };
			const { error } = await runNode(sandbox, parameters);
			expect(error).toBeUndefined();
			expect(sandbox.tasks[0]?.request.video).toBe(uri(content, 'video/mp4'));
		},
	);

	test.each([
		...['filesystem', 'filesystem-v2', 's3', 'database', 'default', 'undefined', 'null'],
		...[uri(PNG), 'this is plain text', 'hello', '{"a":1}'],
	])('a file in the item whose data is %j is refused before any request', async (data) => {
		const binary = { data: { data, mimeType: 'image/png' } };
		const text = await refusal(FIRST_FRAME_FILE, { json: {}, binary });
		expect(text).toContain("'First Frame' is a file without content");
		expect(text).toContain('Its data is not base64. In a Code node, create files with');
	});

	test('a file in the item is sent although its base64 has line breaks and no padding', async () => {
		const data = `${PNG.slice(0, 6)}\r\n${PNG.slice(6).replace(/=+$/, '')}`;
		const binary = { data: { data, mimeType: 'image/png' } };
		const parameters = { ...GENERATE, ...FIRST_FRAME_FILE, waitForCompletion: false };
		const { error } = await runNode(sandbox, parameters, { input: [{ json: {}, binary }] });
		expect(error).toBeUndefined();
		expect(sandbox.tasks[0]?.request.first_image_url).toBe(uri(PNG));
	});
});

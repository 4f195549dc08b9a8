import type { INodeExecutionData } from 'n8n-workflow';
import { GENERATE } from './support/inputs';
import { useRefusals } from './support/refusals';
import { runNode } from './support/runNode';
import { storeBinary } from './support/runWorkflow';

const { sandbox, refusal } = useRefusals();

const edit = { operation: 'edit' };
const png = 'https://example.com/1.png';

describe('limits of media', () => {
	test('a sixth reference image is refused before any request', async () => {
		const image = Array.from({ length: 6 }, () => ({ source: 'url', url: png }));
		expect(
			await refusal({ ...GENERATE, mode: 'referenceImages', referenceImages: { image } }),
		).toContain("'Reference Images' takes at most 5 images, and there are 6");
	});

	test('a list of addresses that makes six images is refused before any request', async () => {
		const image = [
			{ source: 'url', url: png },
			{ source: 'url', url: `={{ Array(5).fill("${png}") }}` },
		];
		const text = await refusal({ ...edit, videoUrl: png, referenceImages: { image } });
		expect(text).toContain('at most 5 images, and there are 6');
	});

	const tooLarge = Buffer.alloc(15 * 1024 * 1024 + 1);

	test('a stored video of 15 MB and one byte is refused before any request', async () => {
		const binary = { data: await storeBinary(tooLarge, 'video/mp4') };
		expect(await refusal({ ...edit, videoSource: 'binary' }, { json: {}, binary })).toContain(
			"'Video' is larger than 15 MB",
		);
	});

	test('a video of 15 MB and one byte on the item is refused before any request', async () => {
		const binary = { data: { data: tooLarge.toString('base64'), mimeType: 'video/mp4' } };
		expect(await refusal({ ...edit, videoSource: 'binary' }, { json: {}, binary })).toContain(
			"'Video' is larger than 15 MB",
		);
	});

	test('a data URI of a video of 15 MB and one byte is refused before any request', async () => {
		const videoUrl = '={{ $json.video }}';
		const video = `data:video/mp4;base64,${tooLarge.toString('base64')}`;
		expect(await refusal({ ...edit, videoUrl }, { json: { video } })).toContain(
			"'Video URL' is larger than 15 MB",
		);
	});
});

describe('media that is no media', () => {
	const firstFrame = { ...GENERATE, mode: 'firstFrame' };

	test.each([
		'ftp://example.com/a.png',
		'file:///etc/passwd',
		'javascript:alert(1)',
		'example.com/a.png',
		'http://',
		'={{ 7 }}',
	])('the image address %s is refused before any request', async (firstFrameUrl) => {
		expect(await refusal({ ...firstFrame, firstFrameUrl })).toContain(
			"'First Frame URL' is not an address that OctopusX can open",
		);
	});

	test.each([
		'data:text/html;base64,PGI+',
		'data:image/png,plain',
		'data:image/png;base64,',
		'data:image/png;base64',
		'data:image/png;base64,%%%%',
	])('the image data URI %s is refused before any request', async (firstFrameUrl) => {
		expect(await refusal({ ...firstFrame, firstFrameUrl })).toContain(
			"'First Frame URL' begins with data: and holds no image",
		);
	});

	const two = 'https://example.com/a.png?v=1,2';

	test.each([
		['a comma', `${two},${png}`],
		['a comma and a space', `${two}, ${png}`],
		['a line', `${two}\n${png}`],
		['a semicolon', `${two};${png}`],
		['a comma, the second as a data URI', `${two}, data:image/png;base64,aGFsbG8=`],
		['a comma, both as data URIs', 'data:image/png;base64,aGFsbG8=,data:image/png;base64,aGFsbG8='],
		['a space, the first one with another address in its query', `https://a.com/?u=${png} ${png}`],
	])(
		'two addresses in one field, parted by %s, are refused before any request',
		async (_by, text) => {
			const text2 = await refusal({ ...firstFrame, firstFrameUrl: text });
			expect(text2).toContain("'First Frame URL' takes one address, and holds 2");
		},
	);

	test('an address with words behind it is refused before any request', async () => {
		const firstFrameUrl = `${png} (the first one)`;
		expect(await refusal({ ...firstFrame, firstFrameUrl })).toContain(
			"'First Frame URL' holds more than an address",
		);
	});

	test('an image address that the expression did not find is refused before any request', async () => {
		expect(await refusal({ ...firstFrame, firstFrameUrl: '={{ $json.nothing }}' })).toContain(
			"'First Frame URL' has no text",
		);
	});

	describe('a file', () => {
		const firstFrameFile = { ...firstFrame, firstFrameSource: 'binary' };
		const png = { mimeType: 'image/png', data: 'aW1hZ2U=' };
		const pdf = { mimeType: 'application/pdf', data: 'cGRm', fileName: 'brochure.pdf' };
		const files = { Start_image: png, End_image: png };

		test('that is not under the name that was typed is refused with that name and those that are there', async () => {
			const item = { json: {}, binary: files };
			const text = await refusal({ ...firstFrameFile, firstFrameBinaryField: 'start' }, item);
			expect(text).toContain('\'First Frame\' finds no file in "start"');
			expect(text).toContain('The files of this item are: Start_image, End_image.');
		});

		test('on an item without files is refused with that', async () => {
			const text = await refusal(firstFrameFile);
			expect(text).toContain('\'First Frame\' finds no file in "data"');
			expect(text).toContain('This item has no files.');
		});

		test('on an item that a node before left without JSON is refused in the same words', async () => {
			const item = { pairedItem: 0 } as unknown as INodeExecutionData;
			const text = await refusal({ ...edit, videoSource: 'binary' }, item);
			expect(text).toContain('\'Video\' finds no file in "data"');
		});

		test('of a mode with two frames is told by the frame', async () => {
			const parameters = {
				...firstFrameFile,
				mode: 'firstLastFrame',
				firstFrameBinaryField: 'Start_image',
				lastFrameSource: 'binary',
				lastFrameBinaryField: 'end',
			};
			const text = await refusal(parameters, { json: {}, binary: files });
			expect(text).toContain('\'Last Frame\' finds no file in "end"');
		});

		test('among reference images is told by its place, as prompts count, lists included', async () => {
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
			['something else', { id: 7 }, 'This item has no files.'],
		])(
			'that is missing on an item that is %s is refused with the way to it',
			async (_what, json, advice) => {
				const text = await refusal({ ...edit, videoSource: 'binary' }, { json });
				expect(text).toContain('\'Video\' finds no file in "data"');
				expect(text).toContain(advice);
			},
		);

		test('of another type is refused with its type and name', async () => {
			const text = await refusal(firstFrameFile, { json: {}, binary: { data: pdf } });
			expect(text).toContain("'First Frame' is not an image, but application/pdf (brochure.pdf)");
			expect(text).toContain('OctopusX takes image/* here. The files of this item are: data.');
		});

		test('that is not under its name where n8n keeps files in the JSON is refused with the names there', async () => {
			const { error } = await runNode(
				sandbox,
				{ ...firstFrameFile, firstFrameBinaryField: 'data' },
				{
					input: [{ json: { _files: { picture: { ...png, id: 'filesystem-v2:x' } } } as never }],
					workflowSettings: { binaryMode: 'combined' },
				},
			);
			expect(error?.message).toContain('\'First Frame\' finds no file in "data"');
			expect(error?.description).toContain('The files of this item are: _files.picture.');
		});

		test('that n8n does not have any more is refused with the field that names it', async () => {
			const data = {
				...(await storeBinary(Buffer.from('x'), 'image/png')),
				id: 'filesystem-v2:gone',
			};
			expect(await refusal(firstFrameFile, { json: {}, binary: { data } })).toContain(
				"The file of 'First Frame' could not be read",
			);
		});
	});

	test.each<[string, unknown]>([
		['nothing', null],
		['no file', { data: {} }],
		['half a file', { data: { mimeType: 'image/png' } }],
	])('a binary part that holds %s is refused before any request', async (_what, binary) => {
		const item = { json: {}, binary } as INodeExecutionData;
		const text = await refusal({ ...firstFrame, firstFrameSource: 'binary' }, item);
		expect(text).toContain('\'First Frame\' finds no file in "data"');
	});

	test('an empty image file is refused before any request', async () => {
		const binary = { data: await storeBinary(Buffer.alloc(0), 'image/png') };
		const parameters = { ...firstFrame, firstFrameSource: 'binary' };
		expect(await refusal(parameters, { json: {}, binary })).toContain(
			"'First Frame' is an empty file",
		);
	});

	test('a QuickTime video is refused before any request', async () => {
		const binary = { data: await storeBinary(Buffer.from('x'), 'video/quicktime') };
		expect(await refusal({ ...edit, videoSource: 'binary' }, { json: {}, binary })).toContain(
			"'Video' is not an MP4 video, but video/quicktime",
		);
	});

	test('a list without reference images is refused before any request', async () => {
		expect(await refusal({ ...GENERATE, mode: 'referenceImages' })).toContain(
			"'Reference Images' is empty",
		);
	});
});

import type { INodeExecutionData, INodeParameters } from 'n8n-workflow';
import { GENERATE } from './support/inputs';
import { runNode } from './support/runNode';
import { storeBinary } from './support/runWorkflow';
import { useSandbox } from './support/useSandbox';

const sandbox = useSandbox();

async function refusal(parameters: INodeParameters, item: INodeExecutionData = { json: {} }) {
	const { error } = await runNode(
		sandbox,
		{ ...GENERATE, waitForCompletion: false, ...parameters },
		{ input: [item] },
	);
	expect(sandbox.log).toEqual([]);
	expect(error).toMatchObject({ name: 'NodeOperationError', context: { itemIndex: 0 } });
	return `${error?.message} | ${error?.description}`;
}

const edit = { operation: 'edit' };
const png = 'https://example.com/1.png';

describe('limits', () => {
	test.each([3, 31, 4.5, '={{ "long" }}', '={{ null }}', '={{ [8] }}', '={{ NaN }}'])(
		'seconds %p are refused before any request',
		async (seconds) => {
			expect(await refusal({ ...GENERATE, seconds })).toContain(
				"'Seconds' must be a whole number from 4 to 30",
			);
		},
	);

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
			'The video is larger than 15 MB',
		);
	});

	test('a video of 15 MB and one byte on the item is refused before any request', async () => {
		const binary = { data: { data: tooLarge.toString('base64'), mimeType: 'video/mp4' } };
		expect(await refusal({ ...edit, videoSource: 'binary' }, { json: {}, binary })).toContain(
			'The video is larger than 15 MB',
		);
	});

	test('a data URI of a video of 15 MB and one byte is refused before any request', async () => {
		const videoUrl = '={{ $json.video }}';
		const video = `data:video/mp4;base64,${tooLarge.toString('base64')}`;
		expect(await refusal({ ...edit, videoUrl }, { json: { video } })).toContain(
			'The video is larger than 15 MB',
		);
	});

	test.each([
		['pollInterval', 0.5, "'Poll Interval' must be from 1 to 300 seconds"],
		['pollInterval', 301, "'Poll Interval' must be from 1 to 300 seconds"],
		['timeout', 0, "'Timeout' must be above 0 and at most 1440 minutes"],
		['timeout', 1441, "'Timeout' must be above 0 and at most 1440 minutes"],
		['maxConcurrency', 0, "'Max Concurrency' must be a whole number from 1 to 50"],
		['maxConcurrency', 51, "'Max Concurrency' must be a whole number from 1 to 50"],
	])('the option %s of %p is refused before any request', async (name, value, message) => {
		const options = { [name]: value };
		expect(await refusal({ ...GENERATE, waitForCompletion: true, options })).toContain(message);
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
			"'First Frame URL' holds a data URI that is not image/* in base64",
		);
	});

	test('an image address that the expression did not find is refused before any request', async () => {
		expect(await refusal({ ...firstFrame, firstFrameUrl: '={{ $json.nothing }}' })).toContain(
			"'First Frame URL' has no text",
		);
	});

	test('an input data field that is not there is refused before any request', async () => {
		const text = await refusal({ ...firstFrame, firstFrameSource: 'binary' });
		expect(text).toContain("contain a binary file 'data', but none was found");
	});

	test('a PDF in place of an image is refused before any request', async () => {
		const binary = { data: await storeBinary(Buffer.from('x'), 'application/pdf') };
		const parameters = { ...firstFrame, firstFrameSource: 'binary' };
		expect(await refusal(parameters, { json: {}, binary })).toContain(
			'OctopusX needs image/* here; the file is application/pdf',
		);
	});

	test.each<[string, unknown]>([
		['nothing', null],
		['no file', { data: {} }],
		['half a file', { data: { mimeType: 'image/png' } }],
	])('a binary part that holds %s is refused before any request', async (_what, binary) => {
		const item = { json: {}, binary } as INodeExecutionData;
		const text = await refusal({ ...firstFrame, firstFrameSource: 'binary' }, item);
		expect(text).toContain('The input data field holds no file');
	});

	test('an empty image file is refused before any request', async () => {
		const binary = { data: await storeBinary(Buffer.alloc(0), 'image/png') };
		const parameters = { ...firstFrame, firstFrameSource: 'binary' };
		expect(await refusal(parameters, { json: {}, binary })).toContain('The image file is empty');
	});

	test('a QuickTime video is refused before any request', async () => {
		const binary = { data: await storeBinary(Buffer.from('x'), 'video/quicktime') };
		expect(await refusal({ ...edit, videoSource: 'binary' }, { json: {}, binary })).toContain(
			'OctopusX needs video/mp4 here; the file is video/quicktime',
		);
	});

	test('a list without reference images is refused before any request', async () => {
		expect(await refusal({ ...GENERATE, mode: 'referenceImages' })).toContain(
			"'Reference Images' is empty",
		);
	});
});

describe('text that is no text', () => {
	test.each(['={{ "" }}', '={{ "  " }}', '={{ null }}', '={{ ({}) }}'])(
		'the prompt %s is refused before any request',
		async (prompt) => {
			expect(await refusal({ ...GENERATE, prompt })).toContain("'Prompt' has no text");
		},
	);

	test.each(['={{ "" }}', '={{ undefined }}'])(
		'the task ID %s is refused before any request: it is no text',
		async (taskId) => {
			expect(await refusal({ operation: 'getStatus', taskId })).toContain("'Task ID' has no text");
		},
	);

	test.each(['.', '..', ' .. ', '={{ "a\\ud800" }}'])(
		'the task ID %s is refused before any request: it would change the path',
		async (taskId) => {
			expect(await refusal({ operation: 'getStatus', taskId })).toContain(
				"'Task ID' is not a task ID",
			);
		},
	);

	test('a mode or an operation that the node does not have is refused before any request', async () => {
		expect(await refusal({ ...GENERATE, mode: 'constructor' })).toContain(
			'\'Mode\' has no option "constructor"',
		);
		expect(await refusal({ operation: 'delete' })).toContain(
			'\'Operation\' has no option "delete"',
		);
	});

	test('a switch that is neither on nor off is refused before any request', async () => {
		const waitForCompletion = '={{ "maybe" }}';
		expect(await refusal({ ...GENERATE, waitForCompletion })).toContain(
			"'Wait Until Completed' is neither on nor off",
		);
	});

	test.each(['[1]', 'seed=1', '"text"', '={{ 7 }}', '={{ [1] }}'])(
		'additional fields %s are refused before any request: no JSON object',
		async (additionalFields) => {
			expect(await refusal({ ...GENERATE, options: { additionalFields } })).toContain(
				"'Additional Fields' is not a JSON object",
			);
		},
	);

	test.each(['model', 'prompt'])(
		'additional fields that replace %s are refused before any request',
		async (name) => {
			const options = { additionalFields: `{"${name}": "other"}` };
			expect(await refusal({ ...GENERATE, options })).toContain(
				`'Additional Fields' may not replace ${name}`,
			);
		},
	);
});

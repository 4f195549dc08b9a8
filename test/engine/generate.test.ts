import type { INodeParameters } from 'n8n-workflow';
import { GENERATE } from './support/inputs';
import { runNode } from './support/runNode';
import { storeBinary } from './support/runWorkflow';
import { useSandbox } from './support/useSandbox';

const PNG = 'data:image/png;base64,iVBORw0KGgo=';

const sandbox = useSandbox();

/** Runs Generate without waiting and gives the body of the one request that it sent. */
async function bodyFor(parameters: INodeParameters, input = [{ json: {} }] as never) {
	const { error } = await runNode(
		sandbox,
		{ ...GENERATE, waitForCompletion: false, ...parameters },
		{ input },
	);
	expect(error).toBeUndefined();
	expect(sandbox.log).toHaveLength(1);
	expect(sandbox.log[0]).toMatchObject({ method: 'POST', path: '/v1/videos' });
	return sandbox.log[0]?.body;
}

const clip = { prompt: 'a boat', seconds: '8', aspect_ratio: '16:9', resolution: '720p' };
const base = { model: 'omni-fast', ...clip };

describe('the request of each mode', () => {
	test('Text to Video sends no image field', async () => {
		expect(await bodyFor({ mode: 'textToVideo' })).toEqual(base);
	});

	test('First Frame sends its image', async () => {
		const body = await bodyFor({ mode: 'firstFrame', firstFrameUrl: 'https://example.com/a.png' });
		expect(body).toEqual({ ...base, first_image_url: 'https://example.com/a.png' });
	});

	test('First and Last Frame sends both images', async () => {
		const body = await bodyFor({
			mode: 'firstLastFrame',
			firstFrameUrl: 'https://example.com/a.png',
			lastFrameUrl: PNG,
		});
		expect(body).toEqual({
			...base,
			first_image_url: 'https://example.com/a.png',
			last_image_url: PNG,
		});
	});

	test('Reference Images sends the list of images', async () => {
		const image = [{ source: 'url', url: 'https://example.com/1.png' }];
		const body = await bodyFor({ mode: 'referenceImages', referenceImages: { image } });
		expect(body).toEqual({ ...base, images: ['https://example.com/1.png'] });
	});

	test('fields that an earlier mode left behind are not sent', async () => {
		const body = await bodyFor({
			mode: 'textToVideo',
			firstFrameUrl: 'https://example.com/a.png',
			referenceImages: { image: [{ source: 'url', url: 'https://example.com/1.png' }] },
		});
		expect(body).toEqual(base);
	});

	test('a submission is authorised by the credential', async () => {
		await bodyFor({});
		expect(sandbox.log[0]?.headers).toMatchObject({
			authorization: `Bearer ${sandbox.apiKey}`,
			'content-type': 'application/json',
		});
	});
});

describe('clip settings', () => {
	test('seconds, aspect ratio and resolution are sent as the fields say', async () => {
		const body = await bodyFor({ seconds: 30, aspectRatio: '9:16', resolution: '4k' });
		expect(body).toEqual({ ...base, seconds: '30', aspect_ratio: '9:16', resolution: '4k' });
	});

	test('expressions may give other aspect ratios and resolutions, and seconds as text', async () => {
		const input = [{ json: { ratio: '1:1', size: '480p', length: '12' } }] as never;
		const body = await bodyFor(
			{
				seconds: '={{ $json.length }}',
				aspectRatio: '={{ $json.ratio }}',
				resolution: '={{ $json.size }}',
			},
			input,
		);
		expect(body).toEqual({ ...base, seconds: '12', aspect_ratio: '1:1', resolution: '480p' });
	});
});

describe('files and addresses', () => {
	const bytes = Buffer.from('not really a picture');
	const asDataUri = (type: string) => `data:${type};base64,${bytes.toString('base64')}`;

	test('an image file in n8n’s storage is sent as a data URI', async () => {
		const input = [{ json: {}, binary: { picture: await storeBinary(bytes, 'image/webp') } }];
		const body = await bodyFor(
			{ mode: 'firstFrame', firstFrameSource: 'binary', firstFrameBinaryField: 'picture' },
			input as never,
		);
		expect(body).toEqual({ ...base, first_image_url: asDataUri('image/webp') });
	});

	test('an image file that the item itself carries is sent as a data URI', async () => {
		const data = { data: bytes.toString('base64'), mimeType: 'image/png' };
		const body = await bodyFor({ mode: 'firstFrame', firstFrameSource: 'binary' }, [
			{ json: {}, binary: { data } },
		] as never);
		expect(body).toEqual({ ...base, first_image_url: asDataUri('image/png') });
	});

	test.each([
		'https://res.example.com/w_100,h_100/fetch/https://example.com/1.png',
		'https://web.example.org/web/2020/https://example.com/1.png,https://example.com/2.png',
		'https://example.com/resize?from=https://example.com/1.png,https://example.com/2.png',
		'https://example.com/a,b;c.png?v=1,2',
	])('an address with others or with commas in it is one: %s', async (url) => {
		const body = await bodyFor({ mode: 'firstFrame', firstFrameUrl: ` ${url}\n` });
		expect(body).toMatchObject({ first_image_url: url });
	});

	test.each([', ', ',', '\n', '; ', ' '])(
		'several addresses in the field of a reference image, parted by %j, are as many images',
		async (separator) => {
			const urls = ['https://example.com/1.png?a=1,2', 'https://example.com/2.png', PNG];
			const image = [{ source: 'url', url: urls.join(separator) }];
			const body = await bodyFor({ mode: 'referenceImages', referenceImages: { image } });
			expect(body).toMatchObject({ images: urls });
		},
	);

	test('reference images mix files, addresses and lists, in the order given', async () => {
		const item = {
			json: { more: ['https://example.com/2.png', 'https://example.com/3.png'] },
			binary: {
				a: await storeBinary(bytes, 'image/png'),
				b: await storeBinary(bytes, 'image/jpeg'),
			},
		};
		const image = [
			{ source: 'binary', binaryField: 'b' },
			{ source: 'url', url: '={{ $json.more }}' },
			{ source: 'binary', binaryField: 'a' },
			{ source: 'url', url: PNG },
		];
		const body = await bodyFor({ mode: 'referenceImages', referenceImages: { image } }, [
			item,
		] as never);
		expect(body).toEqual({
			...base,
			images: [asDataUri('image/jpeg'), ...item.json.more, asDataUri('image/png'), PNG],
		});
	});
});

describe('options of the request', () => {
	test('the option Model sets the model of the request', async () => {
		sandbox.faults.add({ on: 'submit', answer: { status: 200, body: { id: 'x' } } });
		expect(await bodyFor({ options: { model: 'omni-next' } })).toEqual({
			...base,
			model: 'omni-next',
		});
	});

	test.each([
		['as text', '{"seed": 42, "style": {"tone": "warm"}}'],
		['as an object from an expression', '={{ ({ seed: 42, style: { tone: "warm" } }) }}'],
	])('additional fields %s are merged into the request', async (_how, additionalFields) => {
		const body = await bodyFor({ options: { additionalFields } });
		expect(body).toEqual({ ...base, seed: 42, style: { tone: 'warm' } });
	});

	test.each(['', ' \n'])('additional fields that were cleared (%j) are none', async (cleared) => {
		const body = await bodyFor({ options: { additionalFields: cleared } });
		expect(body).toEqual(base);
	});

	test('an additional field replaces one of the node’s own, and null leaves it out', async () => {
		const additionalFields = '{"aspect_ratio": "21:9", "resolution": null}';
		const { resolution, ...rest } = base;
		expect(resolution).toBe('720p');
		expect(await bodyFor({ options: { additionalFields } })).toEqual({
			...rest,
			aspect_ratio: '21:9',
		});
	});
});

import { HTML_502 } from '../sandbox/faults';
import { VIDEOS } from '../sandbox/fixtures';
import { refuseByModel } from '../sandbox/modelRules';
import { Sandbox } from '../sandbox/sandbox';

const generate = { model: 'omni-fast', prompt: 'a boat' };
const png = 'data:image/png;base64,AAAA';
const NO_MODEL = { message: expect.stringContaining('Model name not specified') };

describe('the sandbox over HTTP', () => {
	const sandbox = new Sandbox();
	beforeAll(async () => await sandbox.listen());
	beforeEach(() => {
		sandbox.reset();
		sandbox.durationMs = 0;
	});
	afterAll(async () => await sandbox.close());

	const call = async (path: string, init: RequestInit = {}, key = sandbox.apiKey) =>
		await fetch(`${sandbox.url}${path}`, {
			...init,
			headers: {
				authorization: `Bearer ${key}`,
				'content-type': 'application/json',
				...init.headers,
			},
		});
	const submit = async (body: object = generate) =>
		await call('/v1/videos', { method: 'POST', body: JSON.stringify(body) });

	test('the sandbox presigns an upload only with a file name, a type and a lifetime within the limits', async () => {
		const presign = async (body: object) => {
			const answer = await call('/api/upload/presign', {
				method: 'POST',
				body: JSON.stringify(body),
			});
			return (await answer.json()) as { success: boolean; data?: { expires_in: number } };
		};
		const file = { file_name: 'a.png', content_type: 'image/png' };
		expect(await presign({})).toEqual({ success: false, message: expect.any(String) });
		expect(await presign({ ...file, expires_in: 59 })).toMatchObject({ success: false });
		expect((await presign({ ...file, expires_in: 60 })).data?.expires_in).toBe(60);
	});

	test.each<[string, object | string, number, unknown]>([
		['a JSON body sent as text/plain', JSON.stringify(generate), 400, NO_MODEL],
		['no model', { prompt: 'x' }, 400, NO_MODEL],
		['a model that is a number', { model: 1 }, 400, { type: 'new_api_error' }],
		['an unknown model', { model: 'x' }, 503, { code: 'model_not_found' }],
		['no prompt', { model: 'omni-fast' }, 400, 'invalid_request'],
		['a blank prompt', { ...generate, prompt: ' ' }, 400, 'invalid_request'],
		['seconds as a number', { ...generate, seconds: 8 }, 400, 'invalid_json'],
		['images that are not a list', { ...generate, images: png }, 400, 'invalid_json'],
		['an image that is a number', { ...generate, images: [1] }, 400, 'invalid_json'],
		['more than 3600 seconds', { ...generate, seconds: '3601' }, 400, 'invalid_seconds'],
		[
			'seconds that only the model refuses',
			{ ...generate, seconds: '31' },
			400,
			'fail_to_fetch_task',
		],
	])(
		'the sandbox refuses %s with the same error as the gateway',
		async (_name, body, status, expected) => {
			const answer =
				typeof body === 'string'
					? await call('/v1/videos', {
							method: 'POST',
							body,
							headers: { 'content-type': 'text/plain' },
						})
					: await submit(body);
			expect(answer.status).toBe(status);
			expect(await answer.json()).toMatchObject(
				typeof expected === 'string' ? { code: expected, data: null } : { error: expected },
			);
			expect(sandbox.tasks).toEqual([]);
		},
	);

	test('HTTP 401 from the sandbox has the request ID in its header and in its message', async () => {
		const answer = await call('/v1/models', {}, 'wrong');
		const { error } = (await answer.json()) as { error: { message: string } };
		const id = answer.headers.get('x-oneapi-request-id');
		expect([answer.status, error.message]).toEqual([401, `Invalid token (request id: ${id})`]);
	});

	test.each([
		['/console', 'GET', 200],
		['//v1/videos', 'POST', 200],
		['/v1/v1/models', 'GET', 404],
		['/v1/models/', 'GET', 301],
		['/v1/videos/', 'POST', 307],
		['/api/usage/token', 'GET', 301],
	])(
		'the sandbox has no API route at %s and responds to %s with HTTP %i',
		async (path, method, status) => {
			const answer = await call(path, { method, redirect: 'manual' });
			expect(answer.status).toBe(status);
			const isPage = answer.headers.get('content-type')?.startsWith('text/html') ?? false;
			expect(isPage).toBe(status === 200);
		},
	);

	test.each<[string, (typeof sandbox.key)['state'], object]>([
		['good', 'good', { total_used: 20_000, unlimited_quota: false, expires_at: 0 }],
		['used up', 'usedUp', { total_used: 20_000 }],
		['expired', 'expired', { expires_at: expect.any(Number) }],
	])('the sandbox reports the usage of a key that is %s', async (_name, state, data) => {
		await submit();
		sandbox.key.state = state;
		const usage = await call('/api/usage/token/');
		expect([usage.status, await usage.json()]).toMatchObject([200, { code: true, data }]);
		expect((await call('/v1/models')).status).toBe(state === 'good' ? 200 : 401);
	});

	test('the usage endpoint of the sandbox has different messages for a wrong, a missing and a disabled key', async () => {
		const messageOf = async (answer: Response) => (await answer.json()) as object;
		const success = false;
		const usage = '/api/usage/token/';
		const wrong = await call(usage, {}, 'wrong');
		expect(await messageOf(wrong)).toEqual({ success, message: 'Invalid token' });
		expect(await messageOf(await fetch(`${sandbox.url}${usage}`))).toEqual({
			success,
			message: 'Token not provided',
		});
		sandbox.key.state = 'disabled';
		expect(await messageOf(await call(usage))).toEqual({
			success,
			message: 'This token status is unavailable',
		});
	});

	test('the sandbox reports a negative balance for an unlimited key', async () => {
		sandbox.key.isUnlimited = true;
		await submit();
		const data = { unlimited_quota: true, total_granted: 0, total_available: -20_000 };
		expect(await (await call('/api/usage/token/')).json()).toMatchObject({ data });
	});

	test('the sandbox responds to the 21st usage request in a row with HTTP 429 and an empty body', async () => {
		for (let n = 0; n < 20; n++) await call('/api/usage/token/');
		const answer = await call('/api/usage/token/');
		const retryAfter = answer.headers.get('retry-after');
		expect([answer.status, retryAfter, await answer.text()]).toEqual([429, '1200', '']);
	});

	test('the sandbox permanently rejects an API key after a submission that uses up its quota', async () => {
		sandbox.key.quota = 30_000;
		expect((await submit({ ...generate, prompt: 'a boat [failed]' })).status).toBe(200);
		expect((await call('/v1/videos/video_1')).status).toBe(200);
		sandbox.key.quota = 20_000;
		sandbox.durationMs = 60_000;
		expect((await submit()).status).toBe(200);
		const paths = ['/v1/videos/video_2', '/v1/video/generations/video_2', '/v1/models'];
		for (const path of paths) expect((await call(path)).status).toBe(401);
		sandbox.key.quota = 1_000_000;
		expect((await call('/v1/models')).status).toBe(401);
	});

	test('the sandbox refuses a video that costs more than the quota with HTTP 403, and does not charge for it', async () => {
		sandbox.key.quota = 19_999;
		const answer = await submit();
		expect([answer.status, await answer.json()]).toEqual([
			403,
			{
				code: 'pre_consume_token_quota_failed',
				message:
					'token quota is not enough, token remain quota: ＄0.039998, need quota: ＄0.040000',
				data: null,
			},
		]);
		expect(sandbox.tasks).toEqual([]);
	});

	test.each([
		['failed', { status: 'failed', error: { code: 'task_failed' } }, /let this task end/],
		['unrecognized', { status: 'warming_up', error: { code: '' } }, /unrecognized message/],
		['statusless', { error: { code: 'task_statusless' } }, /returned error/],
	])(
		'the sandbox refunds a task that ends as %s, and its verdict is FAILURE',
		async (ending, expected, reason) => {
			await submit({ ...generate, prompt: `a boat [${ending}]` });
			const body = (await (await call('/v1/videos/video_1')).json()) as object;
			expect(body).toMatchObject(expected);
			expect('status' in body).toBe('status' in expected);
			expect(await (await call('/v1/video/generations/video_1')).json()).toMatchObject({
				code: 'success',
				data: { status: 'FAILURE', fail_reason: expect.stringMatching(reason), quota: 0 },
			});
			expect(sandbox.charged).toEqual([]);
		},
	);

	test('the sandbox’s content endpoint returns HTTP 404 for an unknown task, 400 for a running one, and the file for a finished one', async () => {
		sandbox.durationMs = 60_000;
		await submit();
		sandbox.durationMs = 0;
		await submit({ ...generate, aspect_ratio: '9:16' });
		const statusOf = async (id: string) => (await call(`/v1/videos/${id}/content`)).status;
		expect([await statusOf('nothing'), await statusOf('video_1')]).toEqual([404, 400]);
		const video = await call('/v1/videos/video_2/content');
		expect(Buffer.from(await video.arrayBuffer()).equals(VIDEOS.portrait)).toBe(true);
	});

	test('the sandbox accepts a file that is PUT to a presigned URL without the key, and serves it', async () => {
		const body = JSON.stringify({ file_name: 'a.png', content_type: 'image/png' });
		const presigned = await call('/api/upload/presign', { method: 'POST', body });
		const { data } = (await presigned.json()) as { data: Record<string, string> };
		await fetch(data.upload_url ?? '', {
			method: data.method,
			body: 'bytes',
			headers: { 'content-type': 'image/png' },
		});
		const served = await fetch(data.public_url ?? '');
		expect([served.headers.get('content-type'), await served.text()]).toEqual([
			'image/png',
			'bytes',
		]);
	});

	test('a fault in the sandbox affects the nth request, before or after the request is carried out', async () => {
		sandbox.faults.add({ on: 'submit', nth: 2, answer: HTML_502 });
		sandbox.faults.add({ on: 'submit', nth: 3, answer: 'reset' });
		sandbox.faults.add({ on: 'submit', nth: 4, accept: true, answer: 'reset' });
		expect((await submit()).status).toBe(200);
		expect((await submit()).status).toBe(502);
		expect(sandbox.tasks).toHaveLength(1);
		await expect(submit()).rejects.toThrow();
		expect(sandbox.tasks).toHaveLength(1);
		await expect(submit()).rejects.toThrow();
		expect(sandbox.tasks).toHaveLength(2);
		expect((await submit()).status).toBe(200);
	});

	test('a fault in the sandbox can end the task, or move its ID to an unusual place in the response', async () => {
		sandbox.durationMs = 60_000;
		const bodyFor = (taskId: string) => ({ data: { task_id: taskId } });
		sandbox.faults.add({ on: 'submit', accept: true, answer: { status: 500, bodyFor } });
		expect(await (await submit()).json()).toEqual({ data: { task_id: 'video_1' } });
		expect(sandbox.tasks[0]?.isIdSent).toBe(true);
		sandbox.faults.add({ on: 'check', nth: 2, answer: { ending: 'failed' } });
		const check = async () => (await (await call('/v1/videos/video_1')).json()) as object;
		expect(await check()).toMatchObject({ status: 'queued' });
		expect(await check()).toMatchObject({ status: 'failed' });
		expect(await check()).toMatchObject({ status: 'failed' });
	});

	test('a fault in the sandbox can leave a request unanswered', async () => {
		sandbox.faults.add({ on: 'models', answer: 'hang' });
		const gaveUp = new AbortController();
		const hanging = call('/v1/models', { signal: gaveUp.signal });
		while (sandbox.hanging === 0) await new Promise((resolve) => setImmediate(resolve));
		gaveUp.abort();
		await expect(hanging).rejects.toThrow();
	});
});

describe('the rules of the sandbox’s model', () => {
	const edit = { model: 'omni-fast-v2v', prompt: 'a boat', video: 'https://example.com/a.mp4' };
	const mp4 = (bytes: number) => `data:video/mp4;base64,${Buffer.alloc(bytes).toString('base64')}`;
	const LIMIT = 15 * 1024 * 1024;
	const url = 'https://example.com/a.png';
	const sora = { model: 'sora-2', prompt: 'a boat', seconds: '8', size: '720x1280' };
	const kling = { model: 'Kling-2.6', prompt: 'a boat', seconds: '5' };
	const lastFrame = { ...kling, image: png };
	const resolution = (value: string) => ({
		...sora,
		metadata: { output_config: { resolution: value } },
	});
	const sound = (value: unknown) => ({
		...sora,
		metadata: { output_config: { audio_generation: value } },
	});

	test.each<[string, object]>([
		['only a model and a prompt', generate],
		['omni-fast-v2v without a video', { model: edit.model, prompt: 'x' }],
		['the documented fields of sora-2', { ...resolution('720P'), input_reference: png }],
		['several images for Veo', { ...sora, model: 'veo_3_1', input_reference: [png, url] }],
		['a first and a last frame of Kling', { ...lastFrame, metadata: { last_frame_url: url } }],
		[
			'a duration, an aspect ratio and a resolution',
			{ ...generate, seconds: '8', aspect_ratio: '16:9', resolution: '720p' },
		],
		[
			'a first and a last frame',
			{ ...generate, first_image_url: png, last_image_url: 'https://example.com/b.png' },
		],
		['five images', { ...generate, images: Array(5).fill(png) }],
		['a video to edit', edit],
		['a video to edit as input_video', { model: edit.model, prompt: 'x', input_video: edit.video }],
		['a video of exactly 15 MB', { ...edit, video: mp4(LIMIT) }],
		['an unknown field', { ...generate, seed: 1 }],
	])('the sandbox’s model accepts a submission with %s', (_name, body) => {
		expect(refuseByModel({ ...body })).toBeUndefined();
	});

	test.each<[string, object, string]>([
		['seconds that are not a number', { ...generate, seconds: 'abc' }, 'string of digits'],
		['3 seconds', { ...generate, seconds: '3' }, 'between 4 and 30'],
		['31 seconds', { ...generate, seconds: '31' }, 'between 4 and 30'],
		['an empty aspect ratio', { ...generate, aspect_ratio: '' }, 'aspect_ratio'],
		['a null resolution', { ...generate, resolution: null }, 'resolution'],
		[
			'a last frame without a first one',
			{ ...generate, last_image_url: png },
			'needs first_image_url',
		],
		['six images', { ...generate, images: Array(6).fill(png) }, 'at most 5'],
		['an empty image', { ...generate, first_image_url: '' }, 'an image must be'],
		['a video as an image', { ...generate, images: [mp4(3)] }, 'an image must be'],
		['a video for omni-fast', { ...generate, video: edit.video }, 'does not accept video'],
		['a field of another family', { ...generate, input_reference: png }, 'input_reference'],
		['fields of omni for sora-2', { ...sora, aspect_ratio: '9:16' }, 'aspect_ratio'],
		['a first frame of omni for Kling', { ...kling, first_image_url: png }, 'first_image_url'],
		['a last frame for sora-2', { ...sora, metadata: { last_frame_url: png } }, 'last_frame_url'],
		['several images for sora-2', { ...sora, input_reference: [png] }, 'one image'],
		['a last frame alone', { ...kling, metadata: { last_frame_url: url } }, 'needs image'],
		['a data URI as last frame', { ...lastFrame, metadata: { last_frame_url: png } }, 'be URLs'],
		['a resolution in lower case', resolution('720p'), 'resolution is not valid'],
		['a boolean for sound', sound(true), 'audio_generation is not valid'],
		['a video of 15 MB and one byte', { ...edit, video: mp4(LIMIT + 1) }, 'larger than 15 MB'],
	])('the sandbox’s model refuses a submission with %s', (_name, body, message) => {
		expect(refuseByModel({ ...body })?.message).toContain(message);
	});
});

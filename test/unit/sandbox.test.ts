import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HTML_502 } from '../sandbox/faults';
import { refuseTask } from '../sandbox/rules';
import { useSandbox } from '../engine/support/useSandbox';

const generate = { model: 'omni-fast', prompt: 'a boat' };
const edit = { model: 'omni-fast-v2v', prompt: 'a boat', video: 'https://example.com/a.mp4' };
const png = 'data:image/png;base64,AAAA';
const mp4 = (bytes: number) => `data:video/mp4;base64,${Buffer.alloc(bytes).toString('base64')}`;
const LIMIT = 15 * 1024 * 1024;

test.each<[string, object]>([
	['the least', generate],
	['a clip', { ...generate, seconds: '8', aspect_ratio: '16:9', resolution: '720p' }],
	['frames', { ...generate, first_image_url: png, last_image_url: 'https://example.com/b.png' }],
	['five images', { ...generate, images: Array(5).fill(png) }],
	['an edit', edit],
	['an alias', { model: edit.model, prompt: 'x', input_video: edit.video }],
	['15 MB', { ...edit, video: mp4(LIMIT) }],
	['fields it does not know', { ...generate, seed: 1 }],
])('the sandbox takes a submission of %s', (_name, body) => {
	expect(refuseTask(body)).toBeUndefined();
});

test.each<[string, unknown, string]>([
	['no object', [], 'not a JSON object'],
	['an unknown model', { ...generate, model: 'x' }, 'has no price'],
	['no prompt', { model: 'omni-fast' }, 'prompt'],
	['a blank prompt', { ...generate, prompt: ' ' }, 'prompt'],
	['seconds as a number', { ...generate, seconds: 8 }, 'string of digits'],
	['3 seconds', { ...generate, seconds: '3' }, 'between 4 and 30'],
	['31 seconds', { ...generate, seconds: '31' }, 'between 4 and 30'],
	['an empty ratio', { ...generate, aspect_ratio: '' }, 'aspect_ratio'],
	['a null resolution', { ...generate, resolution: null }, 'resolution'],
	['a last frame alone', { ...generate, last_image_url: png }, 'needs first_image_url'],
	['six images', { ...generate, images: Array(6).fill(png) }, 'at most 5'],
	['an empty image', { ...generate, first_image_url: '' }, 'an image must be'],
	['a video as an image', { ...generate, images: [mp4(3)] }, 'an image must be'],
	['a video for omni-fast', { ...generate, video: edit.video }, 'does not accept video'],
	['no video to edit', { model: edit.model, prompt: 'x' }, 'video must be'],
	['15 MB and one byte', { ...edit, video: mp4(LIMIT + 1) }, 'larger than 15 MB'],
])('the sandbox refuses a submission with %s', (_name, body, message) => {
	expect(refuseTask(body)?.message).toContain(message);
});

describe('the sandbox over HTTP', () => {
	const sandbox = useSandbox();

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

	test('the sandbox words its errors in the envelopes of the API', async () => {
		const wrongKey = await call('/v1/models', {}, 'wrong');
		expect([wrongKey.status, await wrongKey.json()]).toEqual([
			401,
			{ error: { message: expect.any(String), type: 'new_api_error', code: '' } },
		]);
		const unknown = await call('/v1/videos/nothing');
		expect([unknown.status, await unknown.json()]).toEqual([
			400,
			{ code: 'task_not_exist', message: 'task_not_exist', data: null },
		]);
		const presign = await call('/api/upload/presign', { method: 'POST', body: '{}' });
		expect(await presign.json()).toEqual({ success: false, message: expect.any(String) });
	});

	test('the sandbox lists models and counts usage', async () => {
		expect(await (await call('/v1/models')).json()).toMatchObject({ object: 'list' });
		await submit();
		expect(await (await call('/api/usage/token/')).json()).toMatchObject({
			data: { total_used: 1 },
		});
	});

	test('the sandbox serves content: 404 for no task, 400 for an unfinished one, the file for a finished one', async () => {
		sandbox.durationMs = 60_000;
		await submit();
		sandbox.durationMs = 0;
		await submit({ ...generate, aspect_ratio: '9:16' });
		const statusOf = async (id: string) => (await call(`/v1/videos/${id}/content`)).status;
		expect([await statusOf('nothing'), await statusOf('video_1')]).toEqual([404, 400]);
		const video = await call('/v1/videos/video_2/content');
		const portrait = readFileSync(join(__dirname, '..', 'sandbox', 'fixtures', 'portrait.mp4'));
		expect(Buffer.from(await video.arrayBuffer()).equals(portrait)).toBe(true);
	});

	test('the sandbox takes an upload: presigned, put without the key, served again', async () => {
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

	test('faults of the sandbox strike the nth request, before or after it is carried out', async () => {
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

	test('the sandbox lets a request hang without an answer', async () => {
		sandbox.faults.add({ on: 'models', answer: 'hang' });
		const gaveUp = new AbortController();
		const hanging = call('/v1/models', { signal: gaveUp.signal });
		while (sandbox.hanging === 0) await new Promise((resolve) => setImmediate(resolve));
		gaveUp.abort();
		await expect(hanging).rejects.toThrow();
	});
});

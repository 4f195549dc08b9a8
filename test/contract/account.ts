import type { Target } from './target';

const USAGE = '/api/usage/token/';

/** Units of quota that the key has used. The API lets an address ask for it 20 times in 20 minutes. */
export async function usedSoFar(target: Target): Promise<number> {
	const { status, body } = await target.get(USAGE);
	if (status !== 200) throw new Error(`${USAGE} answered with HTTP ${status}`);
	return (body as { data: { total_used: number } }).data.total_used;
}

/** What a key may use and has used, and the addresses that there are not. */
export function testAccount(target: Target): void {
	test('the list of models names those of the node, and says that all is well', async () => {
		const { status, headers, body } = await target.get('/v1/models');
		expect(status).toBe(200);
		expect(headers.get('x-oneapi-request-id')).toBeTruthy();
		expect(body).toMatchObject({ success: true, object: 'list' });
		const { data } = body as { data: Array<Record<string, unknown>> };
		expect(data.map(({ id }) => id)).toEqual(
			expect.arrayContaining(['omni-fast', 'omni-fast-v2v']),
		);
		for (const model of data) {
			expect(model).toMatchObject({ object: 'model', supported_endpoint_types: expect.any(Array) });
		}
	});

	test.each(['sk-wrong', ''])('the list of models is refused to the key "%s"', async (key) => {
		const { status, headers, body } = await target.get('/v1/models', key);
		const requestId = headers.get('x-oneapi-request-id');
		const message = expect.stringMatching(RegExp(`\\(request id: ${requestId}\\)`));
		expect([status, body]).toEqual([401, { error: { code: '', type: 'new_api_error', message } }]);
	});

	test('usage tells what the key has left', async () => {
		const { status, body } = await target.get(USAGE);
		expect([status, body]).toEqual([
			200,
			{
				code: true,
				message: 'ok',
				data: {
					object: 'token_usage',
					name: expect.any(String),
					total_granted: expect.any(Number),
					total_used: expect.any(Number),
					total_available: expect.any(Number),
					unlimited_quota: expect.any(Boolean),
					expires_at: expect.any(Number),
					model_limits: expect.any(Object),
					model_limits_enabled: expect.any(Boolean),
				},
			},
		]);
	});

	test.each([
		['sk-wrong', 'Invalid token'],
		['', 'Token not provided'],
	])('usage is refused to the key "%s" in the words of the console', async (key, message) => {
		const { status, body } = await target.get(USAGE, key);
		expect([status, body]).toEqual([401, { success: false, message }]);
	});

	test('an unknown address below /v1 is told to be one', async () => {
		const { status, body } = await target.get('/v1/v1/models');
		const message = 'Invalid URL (GET /v1/v1/models)';
		expect([status, body]).toEqual([
			404,
			{ error: { message, type: 'invalid_request_error', param: '', code: '' } },
		]);
	});

	test.each(['/console', '//v1/models'])('at %s there is a page for people', async (path) => {
		const { status, headers } = await target.get(path);
		expect([status, headers.get('content-type')]).toEqual([
			200,
			expect.stringMatching(/^text\/html/),
		]);
	});

	test('a submission to an address that is none brings a page, and no task', async () => {
		const { status, body } = await target.post('//v1/videos', {});
		expect([status, body]).toEqual([200, expect.stringMatching(/^\s*<!doctype html>/i)]);
	});
}

/** What OctopusX has added to the gateway: addresses that run the gateway alone do not have it. */
export function testUploads(target: Target): void {
	test('a file is put to a presigned address without the key, and is public then', async () => {
		const request = { file_name: 'a.png', content_type: 'image/png', expires_in: 60 };
		const { status, body } = await target.post('/api/upload/presign', request);
		expect([status, body]).toEqual([
			200,
			{
				success: true,
				message: '',
				data: {
					method: 'PUT',
					upload_url: expect.stringMatching(/^https?:/),
					object_key: expect.any(String),
					public_url: expect.stringMatching(/^https?:/),
					expires_in: 60,
					content_type: 'image/png',
				},
			},
		]);
		const { data } = body as { data: Record<string, string> };
		const headers = { 'content-type': 'image/png' };
		const put = await fetch(data.upload_url ?? '', { method: 'PUT', body: 'bytes', headers });
		expect(put.status).toBe(200);
		expect(await (await fetch(data.public_url ?? '')).text()).toBe('bytes');
	});

	test('a presigned address needs a name and a type', async () => {
		const { body } = await target.post('/api/upload/presign', {});
		expect(body).toEqual({ success: false, message: expect.any(String) });
	});
}

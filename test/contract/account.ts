import {
	addUp,
	parseBill,
	parseStatus,
	parseUsage,
	type Bill,
} from '../../nodes/OctopusXVideo/api/records';
import type { Target } from './target';

const USAGE = '/api/usage/token/';

/**
 * Returns the units of quota that the key has used. The API allows 20 such requests per IP address
 * in 20 minutes.
 */
export async function usedQuota(target: Target): Promise<number> {
	const { status, body } = await target.get(USAGE);
	if (status !== 200) throw new Error(`${USAGE} answered with HTTP ${status}`);
	return (body as { data: { total_used: number } }).data.total_used;
}

/** Tests the models and the usage of a key, and the responses to unknown paths. */
export function testAccount(target: Target): void {
	test('GET /v1/models returns the models of the node, with success: true', async () => {
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

	test.each(['sk-wrong', ''])('GET /v1/models returns HTTP 401 for the key "%s"', async (key) => {
		const { status, headers, body } = await target.get('/v1/models', key);
		const requestId = headers.get('x-oneapi-request-id');
		const message = expect.stringMatching(RegExp(`\\(request id: ${requestId}\\)`));
		expect([status, body]).toEqual([401, { error: { code: '', type: 'new_api_error', message } }]);
	});

	test('GET /api/usage/token/ returns how much quota the key has used and has left', async () => {
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
	])(
		'GET /api/usage/token/ returns HTTP 401 for the key "%s", in the envelope of the console',
		async (key, message) => {
			const { status, body } = await target.get(USAGE, key);
			expect([status, body]).toEqual([401, { success: false, message }]);
		},
	);

	test('an unknown path below /v1 returns HTTP 404 with the message "Invalid URL"', async () => {
		const { status, body } = await target.get('/v1/v1/models');
		const message = 'Invalid URL (GET /v1/v1/models)';
		expect([status, body]).toEqual([
			404,
			{ error: { message, type: 'invalid_request_error', param: '', code: '' } },
		]);
	});

	test.each(['/console', '//v1/models'])(
		'GET %s returns an HTML page with HTTP 200',
		async (path) => {
			const { status, headers } = await target.get(path);
			expect([status, headers.get('content-type')]).toEqual([
				200,
				expect.stringMatching(/^text\/html/),
			]);
		},
	);

	test('a submission to //v1/videos returns an HTML page with HTTP 200 instead of a task', async () => {
		const { status, body } = await target.post('//v1/videos', {});
		expect([status, body]).toEqual([200, expect.stringMatching(/^\s*<!doctype html>/i)]);
	});
}

/** Tests the records that tell whether a submission was charged. Other tests have made videos before. */
export function testRecords(target: Target): void {
	const read = async (path: string) => {
		const { status, headers, body } = await target.get(path);
		return { statusCode: status, headers: Object.fromEntries(headers), body };
	};

	test('the bill of the key names the request of each charge, and its counters agree with it', async () => {
		const before = parseUsage(await read(USAGE));
		const bill = parseBill(await read('/api/log/token')) as Bill;
		const after = parseUsage(await read(USAGE));
		expect(bill.charges.length).toBeGreaterThan(0);
		expect(bill.charges.map(({ requestId }) => requestId)).not.toContain('');
		expect(addUp(before, bill, after)).toBe(true);
	});

	test('GET /api/status tells the value of a unit of quota, and that charges are counted at once', async () => {
		const { currency, isExact } = parseStatus(await read('/api/status'));
		expect(currency).toEqual({ name: expect.any(String), perQuota: expect.any(Number) });
		expect(isExact).toBe(true);
	});
}

/** Tests uploads, which OctopusX has added to the gateway. An API without these additions lacks them. */
export function testUploads(target: Target): void {
	test('a file can be PUT to a presigned URL without the key, and is public afterwards', async () => {
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

	test('a request for a presigned URL without a file name and a type fails', async () => {
		const { body } = await target.post('/api/upload/presign', {});
		expect(body).toEqual({ success: false, message: expect.any(String) });
	});
}

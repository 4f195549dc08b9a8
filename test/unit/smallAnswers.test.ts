import { Readable } from 'node:stream';
import { cleanKey } from '../../nodes/OctopusXVideo/api/apiKey';
import { asOctopusXError, attempt, OctopusXError } from '../../nodes/OctopusXVideo/api/errors';
import { readKeyState } from '../../nodes/OctopusXVideo/api/keyState';
import { parseUploadTarget } from '../../nodes/OctopusXVideo/api/presign';
import { createRedact } from '../../nodes/OctopusXVideo/api/redact';
import { guarded } from '../../nodes/OctopusXVideo/api/transport';
import { readVerdict } from '../../nodes/OctopusXVideo/api/verdict';

/** The answers of the smaller endpoints, and the small helpers beside them. */

describe('the state of a key', () => {
	const DISABLED = /the key or its account is disabled/;
	const UNKNOWN = /does not know this key/;
	const EXPIRED = /the key has expired/;
	const USED_UP = /quota is used up/;
	const GOOD = /it has quota left/;
	/** As seconds: long ago, and in the year 2100. */
	const PAST = 1_000_000_000;
	const FUTURE = 4_102_444_800;

	test.each<[number, unknown, RegExp]>([
		[401, { message: 'token status is not available' }, DISABLED],
		[403, { message: 'user is Banned' }, DISABLED],
		[401, { message: 'Invalid TOKEN' }, UNKNOWN],
		[403, { message: 'no token' }, UNKNOWN],
		[401, { message: 'no' }, /^$/],
		[401, { message: 7 }, /^$/],
		[401, {}, /^$/],
		[401, { message: ['token'] }, /^$/],
		[401, 'token', /^$/],
		[401, null, /^$/],
		[500, { data: { total_available: 0 } }, /^$/],
		[404, { message: 'token' }, /^$/],
		[200, { data: 'none' }, /^$/],
		[200, { message: 'token' }, /^$/],
		[200, { data: { expires_at: PAST } }, EXPIRED],
		[200, { data: { expires_at: FUTURE, total_available: 1 } }, GOOD],
		[200, { data: { expires_at: 0 } }, GOOD],
		[200, { data: { expires_at: -1 } }, GOOD],
		[200, { data: { expires_at: String(PAST) } }, GOOD],
		[200, { data: { total_available: 0 } }, USED_UP],
		[200, { data: { total_available: -1, unlimited_quota: false } }, USED_UP],
		[200, { data: { total_available: 1 } }, GOOD],
		[200, { data: { total_available: '0' } }, GOOD],
		[200, { data: { total_available: -1, unlimited_quota: true } }, GOOD],
		[200, { data: {} }, GOOD],
	])('HTTP %p with %j: %p', (statusCode, body, words) => {
		expect(readKeyState({ statusCode, headers: {}, body })).toMatch(words);
	});
});

test('a key is good until its last second is over', () => {
	jest.useFakeTimers({ now: 2_000_000_000_000 });
	const body = { data: { expires_at: 2_000_000_000 } };
	expect(readKeyState({ statusCode: 200, headers: {}, body })).toContain('it has quota left');
	jest.advanceTimersByTime(1);
	expect(readKeyState({ statusCode: 200, headers: {}, body })).toContain('has expired');
	jest.useRealTimers();
});

describe('where a file is to be put', () => {
	const data = { upload_url: 'https://up.test/a', public_url: 'HTTP://public.test/a' };
	const target = {
		uploadUrl: data.upload_url,
		publicUrl: data.public_url,
		contentType: 'image/asked',
		expiresInMs: 900_000,
	};

	test.each<[object, object]>([
		[{}, {}],
		[{ expires_in: 60 }, { expiresInMs: 60_000 }],
		[{ expires_in: '60' }, { expiresInMs: 60_000 }],
		[{ expires_in: 0 }, {}],
		[{ expires_in: 'soon' }, {}],
		[{ content_type: 'image/svg+xml' }, { contentType: 'image/svg+xml' }],
		[{ content_type: 'application/vnd.a-b.c' }, { contentType: 'application/vnd.a-b.c' }],
		[{ content_type: 'image/' }, {}],
		[{ content_type: ' image/png' }, {}],
		[{ content_type: 'image/png\r\nx: y' }, {}],
		[{ content_type: 7 }, {}],
		[{ content_type: ['image/png'] }, {}],
	])('is read from an answer with %j', (more, expected) => {
		expect(parseUploadTarget({ data: { ...data, ...more } }, 'image/asked')).toEqual({
			...target,
			...expected,
		});
	});

	test.each([
		[undefined],
		['text'],
		[{}],
		[{ data: 'text' }],
		[{ data: { ...data, upload_url: undefined } }],
		[{ data: { ...data, public_url: 7 } }],
		[{ data: { ...data, upload_url: ['https://up.test'] } }],
		[{ data: { ...data, upload_url: 'ftp://up.test' } }],
		[{ data: { ...data, upload_url: 'ftp://up.test/https://up.test' } }],
		[{ data: { ...data, public_url: 'see https://up.test' } }],
		[{ data: { ...data, upload_url: 'https://' } }],
	])('is not read from %j', (answer) => {
		expect(parseUploadTarget(answer, 'image/asked')).toBeUndefined();
	});
});

describe('the gateway’s own verdict', () => {
	test.each<[unknown, unknown]>([
		['text', 'text'],
		[
			{ status: 'completed', url: 'u' },
			{ status: 'completed', url: 'u', video_url: 'u' },
		],
		[
			{ data: { status: 'SUCCESS', progress: '100%', result_url: 'u' } },
			{ status: 'SUCCESS', progress: '100%', video_url: 'u' },
		],
		[
			{ data: { status: 'SUCCESS', result_url: 'u', data: { video_url: 'v', error: 'e', id: 1 } } },
			{ status: 'SUCCESS', video_url: 'v', error: 'e', id: 1 },
		],
		[
			{ data: { status: 'FAILURE', fail_reason: 'r', quota: 0, data: { error: 'e' } } },
			{ status: 'FAILURE', error: { code: '', message: 'r', refunded: true } },
		],
		[
			{ data: { status: 'FAILURE', fail_reason: 'r', quota: 5, data: 'text' } },
			{ status: 'FAILURE', error: { code: '', message: 'r', refunded: false } },
		],
	])('is read from %j', (body, expected) => {
		expect(readVerdict(body)).toEqual(expected);
	});
});

test.each<[unknown, string]>([
	['sk-1', 'sk-1'],
	[' s\u200bk-\u00e91\n!~\x7f', 'sk-1!~'],
	[7, ''],
	[undefined, ''],
])('the key %j is sent as %j', (typed, key) => {
	expect(cleanKey(typed)).toBe(key);
});

describe('what is hidden', () => {
	const KEY = '12345678';
	const redact = createRedact(KEY);

	test.each([
		[`a ${KEY} b`, 'a *** b'],
		['BEARER  abc def', 'Bearer *** def'],
		['bearer', 'bearer'],
		["'DATA:a,b' c", "'data:***' c"],
		['"data:a,b" c', '"data:***" c'],
		['data: a,b', 'data: a,b'],
		['data:image/png', 'data:image/png'],
		['data:,b', 'data:***'],
		['data:a,', 'data:***'],
		['data:a,b,c d', 'data:*** d'],
		[`${'x'.repeat(499)}y`, `${'x'.repeat(499)}y`],
		[`${'x'.repeat(500)}y`, `${'x'.repeat(500)}…`],
		// what is replaced makes room for what was behind it
		[`data:a,${'x'.repeat(1_900)} end`, 'data:*** end'],
		[`data:a,${'x'.repeat(1_993)}`, 'data:***'],
		[`data:a,${'x'.repeat(3_000)} end`, 'data:***'],
		[`a ${'x'.repeat(1_998)}`, `a ${'x'.repeat(498)}…`],
		// a cut text loses as much as a key is long, which may be a part of one
		[`${' '.repeat(1_990)}${KEY}123`, ' '.repeat(500) + '…'],
	])('in %.30s…', (text, shown) => {
		expect(redact(text)).toBe(shown);
	});

	test('a length of one’s own bounds both what is read and what is shown', () => {
		expect(redact('abc de', 3)).toBe('abc…');
		expect(redact('abc', 3)).toBe('abc');
		expect(redact('ab cdefghijklmn', 3)).toBe('ab …');
	});

	test('a key of seven characters hides nothing', () => {
		expect(createRedact('1234567')('1234567')).toBe('1234567');
	});
});

test('a body that fails while nobody reads it does no harm', () => {
	const body = guarded(new Readable());
	expect(() => body.emit('error', new Error('late'))).not.toThrow();
});

describe('errors', () => {
	const fault = new OctopusXError('m', 'd');

	test('have a name, and no details unless told', () => {
		expect(fault).toMatchObject({ name: 'OctopusXError', message: 'm', description: 'd' });
		expect(fault.details).toEqual({});
	});

	test('of the node’s own are asked to be reported, and may have cost money', () => {
		expect(asOctopusXError(fault)).toBe(fault);
		const own = asOctopusXError(new Error('boom'));
		expect(own.message).toBe('Something unexpected happened in the node');
		expect(own.description).toBe('Please report it with these words: boom');
		expect(own.details).toEqual({ maybeAccepted: true });
	});

	test('come as values from an attempt', async () => {
		expect(await attempt(Promise.resolve(1))).toEqual({ value: 1 });
		expect(await attempt(Promise.reject(fault))).toEqual({ fault });
	});
});

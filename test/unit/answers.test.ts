import {
	parseUploadTarget,
	parseVideoModels,
	readKeyState,
} from '../../nodes/OctopusXVideo/api/answers';

describe('readKeyState()', () => {
	const DISABLED = /the key or its account is disabled/;
	const UNKNOWN = /does not know this key/;
	const EXPIRED = /the key has expired/;
	const USED_UP = /quota is used up/;
	const GOOD = /it has quota left/;
	/** Times in seconds since 1970, in the years 2001 and 2100. */
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
	])('readKeyState() explains HTTP %p with the body %j as %p', (statusCode, body, words) => {
		expect(readKeyState({ statusCode, body })).toMatch(words);
	});

	test('readKeyState() reports a key as expired only after the second of expires_at', () => {
		jest.useFakeTimers({ now: 2_000_000_000_000 });
		const body = { data: { expires_at: 2_000_000_000 } };
		expect(readKeyState({ statusCode: 200, body })).toContain('it has quota left');
		jest.advanceTimersByTime(1);
		expect(readKeyState({ statusCode: 200, body })).toContain('has expired');
		jest.useRealTimers();
	});
});

describe('parseUploadTarget()', () => {
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
	])(
		'parseUploadTarget() fills in defaults for missing or invalid fields of a response with %j',
		(more, expected) => {
			expect(parseUploadTarget({ data: { ...data, ...more } }, 'image/asked')).toEqual({
				...target,
				...expected,
			});
		},
	);

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
	])('parseUploadTarget() returns undefined for the response %j', (answer) => {
		expect(parseUploadTarget(answer, 'image/asked')).toBeUndefined();
	});
});

test.each<[unknown, string[] | undefined]>([
	[{ data: [{ id: 'a' }, { id: 'b', supported_endpoint_types: [] }] }, ['a', 'b']],
	[{ data: [{ id: 'a', supported_endpoint_types: ['openai', 'openai-video'] }] }, ['a']],
	[{ data: [{ id: 'a', supported_endpoint_types: ['openai'] }] }, []],
	[{ data: [{ id: 'a' }, { id: 'a' }, { id: ' ' }, { id: 7 }, 'b', null] }, ['a']],
	[{ data: {} }, undefined],
	[[{ id: 'a' }], undefined],
	['text', undefined],
])('parseVideoModels() reads the models of the response %j as %j', (answer, models) => {
	expect(parseVideoModels(answer)).toEqual(models);
});

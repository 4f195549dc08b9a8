import type { IHttpRequestOptions } from 'n8n-workflow';
import { OctopusXApi } from '../../credentials/OctopusXApi.credentials';
import {
	cleanKey,
	createHideKey,
	isSameOrigin,
	normalizeBaseUrl,
} from '../../nodes/OctopusXVideo/api/credential';

test.each([
	['https://octopusx.ai', 'https://octopusx.ai'],
	['https://octopusx.ai/', 'https://octopusx.ai'],
	['', 'https://octopusx.ai'],
	[' / ', 'https://octopusx.ai'],
	['octopusx.ai', 'https://octopusx.ai'],
	['octopusx.ai/v1/', 'https://octopusx.ai'],
	['127.0.0.1:8787', 'https://127.0.0.1:8787'],
	['https://octopusx.ai/v1', 'https://octopusx.ai'],
	['https://octopusx.ai/v1/', 'https://octopusx.ai'],
	['https://octopusx.ai//v1//', 'https://octopusx.ai'],
	['https://octopusx.ai/v1/v1', 'https://octopusx.ai/v1'],
	['https://octopusx.ai/V1', 'https://octopusx.ai/V1'],
	['https://octopusx.ai/v10', 'https://octopusx.ai/v10'],
	['https://octopusx.ai/v1/a', 'https://octopusx.ai/v1/a'],
	[' https://octopusx.ai ', 'https://octopusx.ai'],
	['HTTPS://octopusx.ai', 'HTTPS://octopusx.ai'],
	['http://127.0.0.1:8787', 'http://127.0.0.1:8787'],
	['https://proxy.example/octopus/v1', 'https://proxy.example/octopus'],
])('the Base URL %p in the credential becomes %p', (baseUrl, expected) => {
	expect(normalizeBaseUrl(baseUrl)).toBe(expected);
});

test.each([
	['https://user:password@octopusx.ai'],
	['https://:password@octopusx.ai'],
	['https://key@octopusx.ai'],
	['https://octopusx.ai?key='],
	['https://octopusx.ai/#'],
	['https://octopusx.ai/a b#c'],
	['https://[octopusx.ai'],
	['octopusx'],
	['see octopusx.ai'],
	['name.of@octopusx.ai'],
	['see https://octopusx.ai'],
	['ftp://octopusx.ai'],
	['ftp://octopusx.ai/https://octopusx.ai'],
	['https://'],
	[undefined],
	[7],
])('the Base URL %p in the credential is refused', (baseUrl) => {
	expect(normalizeBaseUrl(baseUrl)).toBeUndefined();
});

test.each([
	['https://octopusx.ai/a?b', true],
	['https://octopusx.ai:443/', true],
	['https://OCTOPUSX.ai/', true],
	['http://octopusx.ai/', false],
	['https://octopusx.ai:8443/', false],
	['https://files.octopusx.ai/', false],
	['https://octopusx.ai.example/', false],
	['https://octopusx.ai@example.com/', false],
])('the URL %s has the same origin as https://octopusx.ai: %p', (url, isSame) => {
	expect(isSameOrigin(url, 'https://octopusx.ai')).toBe(isSame);
});

test('two hosts with the same path have different origins', () => {
	expect(isSameOrigin('https://a.test/x', 'https://b.test/x')).toBe(false);
});

test.each<[unknown, string]>([
	['sk-1', 'sk-1'],
	[' s\u200bk-\u00e91\n!~\x7f', 'sk-1!~'],
	['Bearer sk-1', 'sk-1'],
	['bearer: sk-1', 'sk-1'],
	['Authorization: BEARER sk-1', 'sk-1'],
	["'sk-1',", 'sk-1'],
	['Bearer ', ''],
	['bearersk-1', 'bearersk-1'],
	[7, ''],
	[undefined, ''],
])('the API key typed as %j is sent as %j', (typed, key) => {
	expect(cleanKey(typed)).toBe(key);
});

test.each([
	['nothing to hide', 'nothing to hide'],
	['Invalid token sk-secret!', 'Invalid token ***!'],
	['sk-secretsk-secret', '******'],
])('createHideKey() for the key sk-secret turns "%s" into "%s"', (text, shown) => {
	expect(createHideKey('sk-secret')(text)).toBe(shown);
});

test('createHideKey() hides a key of eight characters', () => {
	expect(createHideKey('12345678')('a 12345678 b')).toBe('a *** b');
});

test.each(['', 'k', '1234567'])(
	'createHideKey() hides nothing for the key "%s", which is too short',
	(key) => {
		const text = `"task_id" ${key}`;
		expect(createHideKey(key)(text)).toBe(text);
	},
);

test('the credential adds the key to a request of the HTTP Request node, which has a `uri` in place of a `url`', async () => {
	const request = { uri: 'https://octopusx.ai/v1/models', headers: { accept: '*/*' } };
	const credential = { apiKey: 'sk-sandbox', baseUrl: 'https://elsewhere.example' };
	const sent = await new OctopusXApi().authenticate(
		credential,
		request as unknown as IHttpRequestOptions,
	);
	const headers = { accept: '*/*', Authorization: 'Bearer sk-sandbox' };
	expect(sent).toEqual({ ...request, headers });
});

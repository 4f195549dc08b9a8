import { isSameOrigin, normalizeBaseUrl } from '../../nodes/OctopusXVideo/api/baseUrl';

test.each([
	['https://octopusx.ai', 'https://octopusx.ai'],
	['https://octopusx.ai/', 'https://octopusx.ai'],
	['https://octopusx.ai/v1', 'https://octopusx.ai'],
	['https://octopusx.ai/v1/', 'https://octopusx.ai'],
	['https://octopusx.ai//v1//', 'https://octopusx.ai'],
	[' https://octopusx.ai ', 'https://octopusx.ai'],
	['http://127.0.0.1:8787', 'http://127.0.0.1:8787'],
	['https://proxy.example/octopus/v1', 'https://proxy.example/octopus'],
	['https://octopusx.ai/v10', 'https://octopusx.ai/v10'],
	['https://user:password@octopusx.ai', undefined],
	['https://key@octopusx.ai', undefined],
	['https://octopusx.ai?key=', undefined],
	['https://octopusx.ai/#', undefined],
	['octopusx.ai', undefined],
	['ftp://octopusx.ai', undefined],
	['https://', undefined],
	['', undefined],
	[undefined, undefined],
	[7, undefined],
])('the Base URL %p is read as %p', (baseUrl, expected) => {
	expect(normalizeBaseUrl(baseUrl)).toBe(expected);
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
])('whether the key for https://octopusx.ai may go to %s: %p', (url, isSame) => {
	expect(isSameOrigin(url, 'https://octopusx.ai')).toBe(isSame);
});

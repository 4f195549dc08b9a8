import { createRedact } from '../../nodes/OctopusXVideo/api/redact';

const redact = createRedact('sk-secret');

test.each([
	['nothing to hide', 'nothing to hide'],
	['Invalid token sk-secret!', 'Invalid token ***!'],
	['sk-secretsk-secret', '******'],
	['authorization: bearer abc.def', 'authorization: Bearer ***'],
	['got data:image/png;base64,AAAA== here', 'got data:*** here'],
])('the server’s words "%s" are shown as "%s"', (text, shown) => {
	expect(redact(text)).toBe(shown);
});

test('long words of the server are cut, and never in the middle of the key', () => {
	const lengths = Array.from({ length: 12 }, (_, n) => 1_985 + n);
	for (const length of lengths) {
		const text = `data:x,${'y'.repeat(length - 8)} sk-secret and more`;
		expect(redact(text)).not.toMatch(/sk|secret/);
	}
	expect(redact('word '.repeat(1_000))).toHaveLength(501);
});

test.each(['', 'k'])('a key of "%s" is too short to hide anything', (key) => {
	expect(createRedact(key)('"task_id"')).toBe('"task_id"');
});

test('megabytes of what looks like data URIs are hidden without delay', () => {
	expect(redact('data:'.repeat(1_000_000)).length).toBeLessThanOrEqual(501);
});

import {
	isPlainObject,
	quote,
	quoteWhole,
	readEnvelope,
	shorten,
} from '../../nodes/OctopusXVideo/api/envelope';

const TASK = 'fail_to_fetch_task';
const answer = (body: unknown, headers = {}) => ({ statusCode: 400, headers, body });

/** A refusal of the model service behind this many gateways. */
const nest = (refusal: unknown, times: number): unknown =>
	times === 0 ? refusal : { code: TASK, message: textOf(nest(refusal, times - 1)), data: null };
const textOf = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));

test('a refusal that is nested ten times is read in bounded depth', () => {
	let text = 'reason';
	for (let n = 0; n < 10; n++) text = JSON.stringify({ message: text });
	expect(readEnvelope({ code: TASK, message: text, data: null }).message).toContain('reason');
});

test.each<[unknown, string, string, boolean]>([
	[{ error: { code: 'c', message: 'm', type: 'new_api_error' } }, 'c', 'm', true],
	[{ error: { message: 'm', type: 'new_api_error' } }, '', 'm', true],
	[{ code: 'c', message: 'm', data: null }, 'c', 'm', true],
	[{ code: 'c', data: null }, 'c', '', true],
	// as something between the node and the gateway words it
	[{ error: { code: 'c', message: 'm' } }, 'c', 'm', false],
	[{ error: { type: 'server_error', message: 'm' } }, '', 'm', false],
	[{ error: { type: 'new_api_panic', message: 'm' } }, '', 'm', false],
	[{ status: 502, code: 'c', message: 'm' }, 'c', 'm', false],
	[{ type: 'new_api_error', message: 'm' }, '', 'm', false],
	[{ code: 'c', message: 'm' }, 'c', 'm', false],
	[{ code: 'c', message: 'm', data: {} }, 'c', 'm', false],
	[{ code: '', message: 'm', data: null }, '', 'm', false],
	[{ message: 'm', data: null }, '', 'm', false],
	[{ code: 'success', message: 'm', data: null }, 'success', 'm', false],
	[{ error: { type: 'insufficient_quota', message: 'm' } }, 'insufficient_quota', 'm', false],
	[{ code: 7, message: { deep: 1 } }, '7', '', false],
	[{ error: 'text', code: 'c', message: 'm' }, 'c', 'm', false],
	['text', '', '', false],
	[null, '', '', false],
	[[{ code: 'c', message: 'm' }], '', '', false],
	[{ data: null, code: TASK }, TASK, '', true],
	[{ data: null, code: TASK, message: 'plain' }, TASK, 'plain', true],
	...['<html>x', ' <html>x', '\n\n<html>x'].map((page): [unknown, string, string, boolean] => [
		{ data: null, code: TASK, message: page },
		TASK,
		'a page instead of an answer came from the model service',
		true,
	]),
	[{ data: null, code: TASK, message: 'a < b' }, TASK, 'a < b', true],
	[
		{ data: null, code: TASK, message: '{"error":{"message":"r","code":"c"}}' },
		TASK,
		'r (c)',
		true,
	],
	[{ data: null, code: TASK, message: '{"error":{"message":"r"}}' }, TASK, 'r', true],
	[{ data: null, code: TASK, message: '{"error":"r"}' }, TASK, 'r', true],
	[{ data: null, code: TASK, message: '{"detail":"r"}' }, TASK, 'r', true],
	[{ data: null, code: TASK, message: '{"code":"c"}' }, TASK, '{"code":"c"} (c)', true],
	[{ data: null, code: TASK, message: '["r"]' }, TASK, 'r', true],
	// a chain of gateways
	...[1, 2, 3].map((times): [unknown, string, string, boolean] => [
		nest({ error: { message: 'r', code: 'c' } }, times),
		TASK,
		'r (c)',
		true,
	]),
	[nest('<html>x', 2), TASK, 'a page instead of an answer came from the model service', true],
	[{ data: null, code: TASK, message: 'null' }, TASK, 'null', true],
	[{ data: null, code: TASK, message: '{"error":7,"detail":8}' }, TASK, '8', true],
])(
	'readEnvelope() finds in %j the code %p and the message %p, and a refusal: %p',
	(body, code, message, isRefusal) => {
		expect(readEnvelope(body)).toEqual({ code, message, isRefusal });
	},
);

const ID = { 'x-oneapi-request-id': 'r1' };

test.each<[unknown, object, string]>([
	[{ code: 'c', message: 'm' }, {}, 'OctopusX said: "m" (HTTP 400, c)'],
	[{ message: 'm' }, ID, 'OctopusX said: "m" (HTTP 400, request ID r1)'],
	[{ message: 'm r1' }, ID, 'OctopusX said: "m r1" (HTTP 400)'],
	[{ message: 'm' }, { 'x-oneapi-request-id': ['r1'] }, 'OctopusX said: "m" (HTTP 400)'],
	[
		{ code: 'Bearer abc', message: 'Bearer abc' },
		{},
		'OctopusX said: "Bearer ***" (HTTP 400, Bearer ***)',
	],
	[
		{ message: '当前分组上游负载已饱和' },
		{},
		'OctopusX said: "当前分组上游负载已饱和" (in English: the model is overloaded, try again later) (HTTP 400)',
	],
	[
		{ message: '额度不足' },
		{},
		'OctopusX said: "额度不足" (in English: the balance of the account is too low) (HTTP 400)',
	],
	[
		{ message: '预扣额度失败' },
		{},
		'OctopusX said: "预扣额度失败" (in English: the balance of the account is too low) (HTTP 400)',
	],
	[
		{ message: '不在令牌允许' },
		{},
		'OctopusX said: "不在令牌允许" (in English: this API key may not be used from this IP address) (HTTP 400)',
	],
	[
		{ message: '任务超时' },
		{},
		'OctopusX said: "任务超时" (in English: it took too long, try again later) (HTTP 400)',
	],
	[
		{ message: '请求过多' },
		{},
		'OctopusX said: "请求过多" (in English: too many requests, try again later) (HTTP 400)',
	],
	[{ data: 'data:a,b' }, ID, 'OctopusX sent: {"data":"data:***"} (HTTP 400, request ID r1)'],
	['', {}, '(HTTP 400)'],
])('quote() turns the response %j with the headers %j into %s', (body, headers, text) => {
	expect(quote(answer(body, headers))).toBe(text);
});

const deep = (() => {
	let value: object = {};
	for (let n = 0; n < 100_000; n++) value = { value };
	return value;
})();

test.each<[string, unknown, string]>([
	['an object', { a: 1 }, 'OctopusX sent: {"a":1} (HTTP 400)'],
	['a list', [1, 2], 'OctopusX sent: [1,2] (HTTP 400)'],
	['a number', 7, '(HTTP 400)'],
	['no body', undefined, '(HTTP 400)'],
	['an object that is too deep', deep, 'OctopusX sent: something too deep to show (HTTP 400)'],
	['text', ' a \n b ', 'OctopusX sent: a b (HTTP 400)'],
	[
		'a page',
		'<html><STYLE>b{}</STYLE><script>x < y\n</script><h1 a="b">Bad</h1> \n<p>Gateway</html>',
		'OctopusX sent: Bad Gateway (HTTP 400)',
	],
])('quoteWhole() turns %s into readable text', (_what, body, text) => {
	expect(quoteWhole(answer(body))).toBe(text);
});

test('quoteWhole() quotes only the first 4,000 characters of a response', () => {
	const text = (length: number) => quoteWhole(answer('x'.repeat(length)));
	expect(text(4_000)).toBe(`OctopusX sent: ${'x'.repeat(4_000)} (HTTP 400)`);
	expect(text(4_001)).toBe(`OctopusX sent: ${'x'.repeat(4_000)}… (HTTP 400)`);
});

test('quoteWhole() reads only the first 20,000 characters of a page', () => {
	const page = (markup: number) => quoteWhole(answer(`${'<br>'.repeat(markup)}reason`));
	expect(page(4_990)).toBe('OctopusX sent: reason (HTTP 400)');
	expect(page(5_000)).toBe('(HTTP 400)');
});

test.each([
	['nothing to hide', 'nothing to hide'],
	['authorization: bearer abc.def', 'authorization: Bearer ***'],
	['BEARER  abc def', 'Bearer *** def'],
	['bearer', 'bearer'],
	['got data:image/png;base64,AAAA== here', 'got data:*** here'],
	["'DATA:a,b' c", "'data:***' c"],
	['"data:a,b" c', '"data:***" c'],
	['data: a,b', 'data: a,b'],
	['data:image/png', 'data:image/png'],
	['data:,b', 'data:***'],
	['data:a,', 'data:***'],
	['data:a,b,c d', 'data:*** d'],
	[`${'x'.repeat(499)}y`, `${'x'.repeat(499)}y`],
	[`${'x'.repeat(500)}y`, `${'x'.repeat(500)}…`],
	// The shortened data URI leaves room for the text after it.
	[`data:a,${'x'.repeat(1_900)} end`, 'data:*** end'],
	[`data:a,${'x'.repeat(1_993)}`, 'data:***'],
	[`data:a,${'x'.repeat(3_000)} end`, 'data:***'],
	[`a ${'x'.repeat(1_998)}`, `a ${'x'.repeat(498)}…`],
	[`${' '.repeat(1_990)}12345678123`, '12345678123'],
	['a\tb\r\nc\u001b[31md', 'a b c [31md'],
	['a <b>bold</b> a < b', 'a bold a < b'],
	['word '.repeat(1_000), `${'word '.repeat(100)}…`],
])('shorten() turns %.30j into %.30j', (text, shown) => {
	expect(shorten(text)).toBe(shown);
});

test('shorten() accepts another maximum length', () => {
	expect(shorten('abc de', 3)).toBe('abc…');
	expect(shorten('abc', 3)).toBe('abc');
	expect(shorten('ab cdefghijklmn', 3)).toBe('ab …');
});

test('shorten() hides 5 MB of data URIs in less than 2 s', () => {
	const start = performance.now();
	expect(shorten('data:'.repeat(1_000_000)).length).toBeLessThanOrEqual(501);
	expect(performance.now() - start).toBeLessThan(2_000);
});

test.each<[unknown, boolean]>([
	[{}, true],
	[[], false],
	[null, false],
	['a', false],
	[undefined, false],
])('isPlainObject(%p) returns %p', (value, isPlain) => {
	expect(isPlainObject(value)).toBe(isPlain);
});

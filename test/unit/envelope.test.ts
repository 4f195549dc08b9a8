import { quote, quoteWhole, readEnvelope } from '../../nodes/OctopusXVideo/api/envelope';

const TASK = 'fail_to_fetch_task';
const redact = (text: string) => text.replaceAll('sk-secret', '***');
const answer = (body: unknown, headers = {}) => ({ statusCode: 400, headers, body });

test.each<[unknown, string, string, boolean]>([
	[{ error: { code: 'c', message: 'm' } }, 'c', 'm', true],
	[{ code: 'c', message: 'm' }, 'c', 'm', true],
	[{ type: 't', message: 'm' }, '', 'm', true],
	[{ error: { type: 't', message: 'm' } }, '', 'm', true],
	[{ code: 'c' }, 'c', '', false],
	[{ message: 'm' }, '', 'm', false],
	[{ code: 7, message: { deep: 1 } }, '', '', false],
	[{ code: 'success', message: 'm' }, 'success', 'm', false],
	[{ code: 'new_api_panic', message: 'm' }, 'new_api_panic', 'm', false],
	[{ code: 'c', type: 'success', message: 'm' }, 'c', 'm', true],
	[{ error: 'text', code: 'c', message: 'm' }, 'c', 'm', true],
	['text', '', '', false],
	[null, '', '', false],
	[[{ code: 'c', message: 'm' }], '', '', false],
	[{ code: TASK }, TASK, '', true],
	[{ code: TASK, message: 'plain' }, TASK, 'plain', true],
	...['<html>x', ' <html>x', '\n\n<html>x'].map((page): [unknown, string, string, boolean] => [
		{ code: TASK, message: page },
		TASK,
		'a page instead of an answer came from the model service',
		true,
	]),
	[{ code: TASK, message: 'a < b' }, TASK, 'a < b', true],
	[{ code: TASK, message: '{"error":{"message":"r","code":"c"}}' }, TASK, 'r (c)', true],
	[{ code: TASK, message: '{"error":{"message":"r"}}' }, TASK, 'r', true],
	[{ code: TASK, message: '{"error":"r"}' }, TASK, 'r', true],
	[{ code: TASK, message: '{"detail":"r"}' }, TASK, 'r', true],
	[{ code: TASK, message: '{"code":"c"}' }, TASK, '{"code":"c"} (c)', true],
	[{ code: TASK, message: '["r"]' }, TASK, 'r', true],
	[{ code: TASK, message: 'null' }, TASK, 'null', true],
	[{ code: TASK, message: '{"error":7,"detail":8}' }, TASK, '8', true],
])('%j says %p, %p; a refusal: %p', (body, code, message, isRefusal) => {
	expect(readEnvelope(body)).toEqual({ code, message, isRefusal });
});

const ID = { 'x-oneapi-request-id': 'r1' };

test.each<[unknown, object, string]>([
	[{ code: 'c', message: 'm' }, {}, 'OctopusX said: "m" (HTTP 400, c)'],
	[{ message: 'm' }, ID, 'OctopusX said: "m" (HTTP 400, request ID r1)'],
	[{ message: 'm r1' }, ID, 'OctopusX said: "m r1" (HTTP 400)'],
	[{ message: 'm' }, { 'x-oneapi-request-id': ['r1'] }, 'OctopusX said: "m" (HTTP 400)'],
	[{ code: 'sk-secret', message: 'sk-secret' }, {}, 'OctopusX said: "***" (HTTP 400, ***)'],
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
	[{ data: 'sk-secret' }, ID, 'OctopusX sent: {"data":"***"} (HTTP 400, request ID r1)'],
	['', {}, '(HTTP 400)'],
])('%j with the headers %j is quoted as %s', (body, headers, text) => {
	expect(quote(answer(body, headers), redact)).toBe(text);
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
	['nothing', undefined, '(HTTP 400)'],
	['what is too deep', deep, 'OctopusX sent: something too deep to show (HTTP 400)'],
	['text', ' a \n b ', 'OctopusX sent: a b (HTTP 400)'],
	[
		'a page',
		'<html><STYLE>b{}</STYLE><script>x < y\n</script><h1 a="b">Bad</h1> \n<p>Gateway</html>',
		'OctopusX sent: Bad Gateway (HTTP 400)',
	],
])('of an answer that is %s all is quoted that can be shown', (_what, body, text) => {
	expect(quoteWhole(answer(body), redact)).toBe(text);
});

test('a page is read for its first 20,000 characters, an answer quoted for 4,000', () => {
	const lengths: unknown[] = [];
	const noting = (text: string, max?: number) => {
		lengths.push(text.length, max);
		return text;
	};
	quoteWhole(answer('x'.repeat(20_001)), noting);
	expect(lengths.slice(0, 2)).toEqual([20_000, 4_000]);
});

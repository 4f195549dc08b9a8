import type { Answer } from '../../nodes/OctopusXVideo/api/envelope';
import {
	addUp,
	costOf,
	costText,
	parseBill,
	parseStatus,
	parseUsage,
} from '../../nodes/OctopusXVideo/api/records';

const DATE = 'Sat, 28 Nov 2026 12:00:00 GMT';
const answerOf = (body: unknown, headers: Answer['headers'] = { date: DATE }): Answer => ({
	statusCode: 200,
	headers,
	body,
});
const statusOf = (data: object) => answerOf({ success: true, data });

test.each<[string, object, string]>([
	['USD', { quota_per_unit: 500_000, quota_display_type: 'USD' }, '0.08 USD'],
	[
		'CNY',
		{ quota_per_unit: 500_000, quota_display_type: 'CNY', usd_exchange_rate: 7.3 },
		'0.584 CNY',
	],
	[
		'a custom currency',
		{
			quota_per_unit: 500_000,
			quota_display_type: 'CUSTOM',
			custom_currency_symbol: '¤',
			custom_currency_exchange_rate: 2,
		},
		'0.16 ¤',
	],
	['tokens', { quota_per_unit: 500_000, quota_display_type: 'TOKENS' }, '40000 units of quota'],
	['an unknown unit', { quota_per_unit: 500_000, quota_display_type: 'x' }, '40000 units of quota'],
	['no unit', { quota_display_type: 'USD' }, '40000 units of quota'],
	['a unit of 0', { quota_per_unit: 0, quota_display_type: 'USD' }, '40000 units of quota'],
	['no rate', { quota_per_unit: 500_000, quota_display_type: 'CNY' }, '40000 units of quota'],
	[
		'a currency without a name',
		{
			quota_per_unit: 500_000,
			quota_display_type: 'CUSTOM',
			custom_currency_symbol: '',
			custom_currency_exchange_rate: 2,
		},
		'40000 units of quota',
	],
	[
		'an inherited name',
		{ quota_per_unit: 1, quota_display_type: 'toString' },
		'40000 units of quota',
	],
])('a charge is shown as money if the API shows %s', (_what, data, expected) => {
	expect(costText(costOf(40_000, parseStatus(statusOf(data))))).toBe(expected);
});

test('an amount of money is rounded to 6 decimals', () => {
	const status = parseStatus(statusOf({ quota_per_unit: 3, quota_display_type: 'USD' }));
	expect(costOf(1, status)).toEqual({ amount: 0.333333, currency: 'USD' });
});

test('the name of a currency is a short text without markup', () => {
	const data = {
		quota_per_unit: 1,
		quota_display_type: 'CUSTOM',
		custom_currency_symbol: `<b>${'x'.repeat(100)}`,
		custom_currency_exchange_rate: 1,
	};
	expect(parseStatus(statusOf(data)).currency?.name).toBe(`${'x'.repeat(20)}…`);
});

test.each<[boolean, unknown]>([
	[true, false],
	[false, true],
	[false, undefined],
	[false, 'false'],
])('charges are counted at once (%s) if enable_batch_update is %s', (expected, value) => {
	expect(parseStatus(statusOf({ enable_batch_update: value })).isExact).toBe(expected);
	expect(parseStatus().isExact).toBe(false);
});

test('a bill adds up charges and refunds, and ignores other lines', () => {
	const data = [
		{ type: 6, quota: 3, created_at: 30 },
		{ type: 2, quota: 5, created_at: 20, request_id: 'a' },
		{ type: 1, quota: 100, created_at: 10 },
	];
	expect(parseBill(answerOf({ success: true, data }))).toEqual({
		charges: [{ requestId: 'a', quota: 5, at: 20, isVideo: true }],
		total: 2,
		sentAt: Date.parse(DATE) / 1_000,
	});
});

test('a bill counts the correction of a known task, but lists it with no charge', () => {
	const correction = { type: 2, quota: 5, created_at: 20, request_id: 'a' };
	const others = ['{"task_id":"task_1","actual_quota":5}', '{"is_task":true}', '{"', undefined];
	const data = others.map((other) => ({ ...correction, other }));
	const bill = parseBill(answerOf({ success: true, data }));
	expect([bill?.charges.length, bill?.total]).toEqual([3, 20]);
});

test('a bill that a proxy only passes on, with an age of 0, is used', () => {
	expect(parseBill(answerOf({ success: true, data: [] }, { date: DATE, age: '0' }))).toBeDefined();
});

test.each([
	['/v1/videos', true],
	['/v1/video/generations', true],
	['/v1/chat/completions', false],
	[7, true],
])('a charge for %s can be for a video: %s', (request_path, expected) => {
	const line = { type: 2, quota: 5, created_at: 20, other: JSON.stringify({ request_path }) };
	const bill = parseBill(answerOf({ success: true, data: [line] }));
	expect(bill?.charges[0]?.isVideo).toBe(expected);
});

test.each<[string, Partial<Answer>]>([
	['without a date', { headers: {} }],
	['with an odd date', { headers: { date: 'soon' } }],
	['from a cache', { headers: { date: DATE, age: '1' } }],
	['with an odd age', { headers: { date: DATE, age: 'x' } }],
	['with HTTP 206', { statusCode: 206 }],
	['that is a page', { body: '<html>' }],
])('a bill %s is not used', (_what, change) => {
	const answer = { ...answerOf({ success: true, data: [] }), ...change };
	expect(parseBill(answer)).toBeUndefined();
	expect(parseBill(answerOf({ success: true, data: [] }))?.total).toBe(0);
});

test.each<[string, object, boolean]>([
	['the same', {}, true],
	['another use', { total_used: 6 }, false],
	['another rest', { total_available: 6 }, false],
	['another grant', { total_granted: 6 }, false],
	['no rest', { total_available: undefined }, false],
])('counters agree with the bill only if the second reading has %s', (_what, change, expected) => {
	const counters = { total_used: 5, total_available: 5, total_granted: 10 };
	const bill = { charges: [], total: 5, sentAt: 0 };
	const before = parseUsage(answerOf({ data: counters }));
	const after = parseUsage(answerOf({ data: { ...counters, ...change } }));
	expect(addUp(before, bill, after)).toBe(expected);
	expect(addUp(after, bill, before)).toBe(expected);
});

test('counters from a cache are not used', () => {
	const data = { total_used: 5, total_available: 5, total_granted: 10 };
	expect(parseUsage(answerOf({ data }, { age: '1' }))).toBeUndefined();
});

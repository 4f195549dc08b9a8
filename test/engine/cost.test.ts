import type { IDataObject, INodeParameters } from 'n8n-workflow';
import type { AnswerFault } from '../sandbox/faults';
import { CONTINUE, GENERATE, GENERATE_EACH, inputOf, numberedItems } from './support/inputs';
import { loggingNode } from './support/nodeWithContext';
import { NODE, runNodeVirtually, type NodeSetup } from './support/runNode';
import { lastRunOf } from './support/runWorkflow';
import { describeIfCanSuspend, suspendingOn } from './support/suspending';
import { useSandbox } from './support/useSandbox';

const sandbox = useSandbox();

const COST = { amount: 0.08, currency: 'USD' };

async function costsOf(parameters: INodeParameters = {}, setup: NodeSetup = {}) {
	const { items } = await runNodeVirtually(sandbox, { ...GENERATE, ...parameters }, setup);
	return items.map(({ json }) => ((json.error as IDataObject) ?? json).cost);
}

/** The API answers like this, and else nothing. */
function answer(on: 'verdict' | 'status', data: object) {
	const body = { code: 'success', data };
	sandbox.faults.add({ on, times: Infinity, answer: { status: 200, body } });
}

/** A display of amounts in `GET /api/status`. */
const unit = (type: string, more = {}) => ({
	quota_per_unit: 500_000,
	quota_display_type: type,
	usd_exchange_rate: 7.3,
	custom_currency_symbol: '◎',
	custom_currency_exchange_rate: 100,
	...more,
});

test.each<[string, object, object]>([
	['USD', unit('USD'), COST],
	['CNY', unit('CNY'), { amount: 0.584, currency: 'CNY' }],
	['a custom currency', unit('CUSTOM'), { amount: 8, currency: '◎' }],
	['tokens', unit('TOKENS'), { quota: 40_000 }],
	['an unknown display', unit('SHELLS'), { quota: 40_000 }],
	['a unit of 0', unit('USD', { quota_per_unit: 0 }), { quota: 40_000 }],
	['a rate that is not a number', unit('CNY', { usd_exchange_rate: 'high' }), { quota: 40_000 }],
	[
		'amounts that need rounding',
		unit('USD', { quota_per_unit: 3 }),
		{ amount: 13_333.333333, currency: 'USD' },
	],
])('with %s, `cost` is in its unit', async (_unit, status, cost) => {
	answer('status', status);
	expect(await costsOf()).toEqual([cost]);
});

test.each<[string, AnswerFault['answer']]>([
	['is not known', { status: 404, body: {} }],
	['never comes', 'hang'],
])('if the unit %s, `cost` is in quota', async (_what, fault) => {
	sandbox.faults.add({ on: 'status', times: Infinity, answer: fault });
	expect(await costsOf()).toEqual([{ quota: 40_000 }]);
});

test.each<[string, AnswerFault['answer']]>([
	['fails', { status: 502, body: 'Bad Gateway' }],
	['never comes', 'hang'],
	['has no quota', { status: 200, body: { code: 'success', data: { status: 'SUCCESS' } } }],
	['has a negative quota', { status: 200, body: { code: 'success', data: { quota: -1 } } }],
	[
		'has a quota that is not a number',
		{ status: 200, body: { code: 'success', data: { quota: '5' } } },
	],
	['is a list', { status: 200, body: [] }],
])('if the verdict %s, there is no `cost`, and no item fails', async (_what, fault) => {
	sandbox.faults.add({ on: 'verdict', times: Infinity, answer: fault });
	const { items, elapsedMs } = await runNodeVirtually(sandbox, GENERATE);
	expect(items[0]?.json.status).toBe('completed');
	expect(items[0]?.json).not.toHaveProperty('cost');
	expect(sandbox.requestsTo('verdict')).toHaveLength(1);
	// 30 s for the video, 3 s for what it cost
	expect(elapsedMs).toBeLessThanOrEqual(33_000);
});

test.each<[string, INodeParameters, object]>([
	['a running task', { waitForCompletion: false }, COST],
	['a task that was not ready in time', { prompt: 'one [never]', options: { timeout: 1 } }, COST],
	['a failed task', { prompt: 'one [failed]' }, { amount: 0, currency: 'USD', refunded: true }],
	['a sample of Test Mode', { options: { testMode: 'sample' } }, { amount: 0, currency: 'USD' }],
])('%s has `cost`', async (_what, parameters, cost) => {
	expect(await costsOf(parameters, { settings: CONTINUE })).toEqual([cost]);
});

test('a task in Get Status has `cost`', async () => {
	await costsOf({ waitForCompletion: false });
	for (const waitForCompletion of [false, true]) {
		const getStatus = { operation: 'getStatus', taskId: 'video_1', waitForCompletion };
		expect(await costsOf(getStatus)).toEqual([COST]);
	}
});

test('a video that could not be downloaded has `cost`', async () => {
	for (const on of ['file', 'content'] as const) {
		sandbox.faults.add({ on, times: Infinity, answer: { status: 404, body: '' } });
	}
	expect(await costsOf({ downloadVideo: true }, { settings: CONTINUE })).toEqual([COST]);
});

describeIfCanSuspend('in a suspended execution', () => {
	const suspend = suspendingOn(sandbox, {}, inputOf('one', 'two [failed]'));

	test('each item has `cost`', async () => {
		sandbox.durationMs = 5 * 60_000;
		const { items } = await suspend({}, { settings: CONTINUE });
		const refunded = { amount: 0, currency: 'USD', refunded: true };
		expect(items.map(({ json }) => ((json.error as IDataObject) ?? json).cost)).toEqual([
			COST,
			refunded,
		]);
	});
});

test('the unit is asked once per run, and what a task cost once per task', async () => {
	const { items } = await runNodeVirtually(sandbox, GENERATE_EACH, { input: numberedItems(25) });
	expect(items.map(({ json }) => json.cost)).toEqual(Array(25).fill(COST));
	expect(sandbox.requestsTo('status')).toHaveLength(1);
	expect(sandbox.requestsTo('verdict')).toHaveLength(25);
});

describe('the total of a run', () => {
	const totalOf = async (prompts: string[], parameters = {}, setup: NodeSetup = {}) => {
		const lines: string[] = [];
		const input = inputOf(...prompts);
		const { run, error } = await runNodeVirtually(
			sandbox,
			{ ...GENERATE_EACH, options: { timeout: 1 }, ...parameters },
			{ input, node: loggingNode(lines), ...setup },
		);
		const log = lines
			.filter((line) => /\d videos?, /.test(line))
			.map((line) => line.replace(' {}', ''));
		const hints = lastRunOf(run, NODE).hints ?? [];
		const texts = hints.map(({ message }) => message.replace(/ Download Video is off: .*/, ''));
		return { log, hints: texts, error };
	};

	test('is in the log, and in the hint of a manual run', async () => {
		const { log, hints } = await totalOf(['one', 'two', 'three']);
		expect(log).toEqual(['OctopusX: 3 videos, 0.24 USD.']);
		expect(hints).toEqual(['3 videos, 0.24 USD.']);
		expect((await totalOf(['one'], {}, { mode: 'trigger' })).hints).toEqual([]);
	});

	test('is summed in quota, before it is rounded', async () => {
		answer('status', unit('USD', { quota_per_unit: 30_000_000_000 }));
		// one costs 0.00000133 USD, which is rounded to 0.000001
		expect(await costsOf()).toEqual([{ amount: 0.000001, currency: 'USD' }]);
		expect((await totalOf(['one', 'two', 'three'])).log).toEqual([
			'OctopusX: 3 videos, 0.000004 USD.',
		]);
	});

	test('counts what is still running, but not what was refunded', async () => {
		const { log, error } = await totalOf(['one', 'two [failed]', 'three [never]']);
		expect(error?.message).toBe('2 of 3 videos failed');
		expect(log).toEqual(['OctopusX: 2 videos, 0.16 USD.']);
	});

	test('says how many costs are not known', async () => {
		sandbox.faults.add({ on: 'verdict', answer: { status: 502, body: '' } });
		const { hints } = await totalOf(['one', 'two', 'three']);
		expect(hints).toEqual(['2 videos, 0.16 USD, without 1 whose cost is not known.']);
	});

	test('does not include samples, and tasks of Get Status', async () => {
		const sample = { options: { testMode: 'sample' } };
		expect((await totalOf(['one'], sample)).log).toEqual([]);
		await costsOf();
		const getStatus = { operation: 'getStatus', taskId: 'video_1' };
		expect((await totalOf(['one'], getStatus)).log).toEqual([]);
	});

	test('needs a known cost', async () => {
		sandbox.faults.add({ on: 'verdict', times: Infinity, answer: { status: 502, body: '' } });
		expect((await totalOf(['one', 'two'])).log).toEqual([]);
	});
});

test('the error of an item says what its task cost, for people and for error workflows', async () => {
	const { error } = await runNodeVirtually(sandbox, {
		...GENERATE,
		prompt: 'one [never]',
		options: { timeout: 1 },
	});
	expect(error?.description).toMatch(/^Task video_1 was charged \(0\.08 USD\): fetch its video/);
	expect(error?.context.cost).toEqual(COST);
});

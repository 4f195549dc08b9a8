import type { IDataObject, INode, INodeParameters, IRun } from 'n8n-workflow';
import type { Fault } from '../sandbox/faults';
import { Sandbox } from '../sandbox/sandbox';
import { endTask } from '../sandbox/tasks';
import { taskErrorBody } from './support/errorBodies';
import { CONTINUE, GENERATE_EACH, inputOf, numberedItems } from './support/inputs';
import { loggingNode } from './support/nodeWithContext';
import { runNodeVirtually, type NodeSetup } from './support/runNode';
import { describeIfCanSuspend, errorOf, MINUTE, suspendingOn } from './support/suspending';
import { useSandbox } from './support/useSandbox';

const RETRY: Partial<INode> = { retryOnFail: true, maxTries: 2, waitBetweenTries: 1_000 };
const HOUR = 60 * MINUTE;
/** The price of a video in units of quota: 8 seconds at 5,000. */
const PRICE = 40_000;

const NO_CHARGE = "OctopusX's records show no charge for this request: run it again.";
const CHARGED =
	/^OctopusX's records show a charge that fits this request: 0\.08 USD at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC, request ID [\w-]+\./;
const MAYBE = /^It may have been charged/;
const WARNING = 'submitting it again may be charged twice';

const NEVER_SENT: Fault = { on: 'submit', answer: 'reset' };
const ANSWER_LOST: Fault = { on: 'submit', accept: true, answer: 'reset' };

const sandbox = useSandbox({ durationMs: 20_000 });
let lines: string[];
beforeEach(() => {
	lines = [];
	sandbox.quirks.records = 'exact';
});
afterEach(() => {
	jest.restoreAllMocks();
	sandbox.cut();
});

async function run(setup: NodeSetup = {}, parameters: INodeParameters = {}, on = sandbox) {
	const input = inputOf('one');
	const all = { ...GENERATE_EACH, ...parameters };
	const result = await runNodeVirtually(on, all, { node: loggingNode(lines), input, ...setup });
	const { context, description = '' } = result.error ?? {};
	return { ...result, charge: context?.charge as unknown, description };
}
/** Counts the requests for records. The status is also asked for the costs. */
const asked = () => sandbox.log.filter(({ path }) => /^\/api\/(?!status)/.test(path)).length;

describe('a submission in doubt', () => {
	test('is not charged if it was never sent', async () => {
		sandbox.faults.add(NEVER_SENT);
		const { charge, description, elapsedMs } = await run();
		expect(charge).toBe('none');
		expect(description).toContain(`Nothing was charged. ${NO_CHARGE}`);
		expect(description).not.toContain('Submissions without an answer');
		expect(elapsedMs).toBe(75_000);
		expect(sandbox.requestsTo('submit')).toHaveLength(1);
	});

	test('is charged if its answer was lost', async () => {
		sandbox.faults.add(ANSWER_LOST);
		const { charge, description, elapsedMs } = await run();
		const { requestId } = sandbox.requestsTo('submit')[0]!;
		expect(charge).toMatchObject({
			billed: [{ requestId, cost: { amount: 0.08, currency: 'USD' } }],
			count: 1,
			doubts: 1,
		});
		expect(description).toMatch(CHARGED);
		expect(description).toContain(`request ID ${requestId}.`);
		expect(description).toContain('Another user of the API key may have made such a charge.');
		// the first look at the bill shows it
		expect(elapsedMs).toBe(0);
	});

	test.each([HOUR, -HOUR])(
		"is judged by the API's clock if that of n8n deviates by %i ms",
		async (deviation) => {
			const other = new Sandbox({ now: () => Date.now() + deviation });
			await other.listen();
			other.quirks.records = 'exact';
			// an earlier video is nobody's doubt
			other.key.chargeOther(PRICE, other.now() - MINUTE);
			const outcomes = [];
			for (const fault of [NEVER_SENT, ANSWER_LOST]) {
				other.faults.add(fault);
				outcomes.push((await run({}, {}, other)).charge);
			}
			await other.close();
			expect(outcomes).toEqual(['none', expect.objectContaining({ doubts: 1 })]);
		},
	);

	test.each<[string, Fault, unknown]>([
		['not charged', { on: 'submit', answer: 'hang' }, 'none'],
		[
			'charged',
			{ on: 'submit', accept: true, answer: 'hang' },
			{ billed: [{ cost: { amount: 0.08 } }] },
		],
	])('is found %s after a Timeout without an answer', async (_outcome, fault, expected) => {
		sandbox.faults.add(fault);
		const { charge, elapsedMs } = await run({}, { options: { timeout: 1 } });
		if (expected === 'none') expect(charge).toBe('none');
		else expect(charge).toMatchObject(expected as object);
		// a minute of Timeout, 75 seconds for a late answer, and 75 after the connection was closed
		expect(elapsedMs).toBe(MINUTE + 150_000);
		expect(sandbox.hanging).toBe(0);
	});

	test('gets its task ID if the answer comes late, and the wait ends then', async () => {
		sandbox.faults.add({ on: 'submit', answer: 'hang' });
		const onStart = () => void setTimeout(() => sandbox.release(), 1.5 * MINUTE);
		const { charge, elapsedMs } = await run({ onStart }, { options: { timeout: 1 } });
		expect(charge).toEqual({ taskId: 'video_1' });
		expect(elapsedMs).toBeLessThanOrEqual(1.5 * MINUTE + 5_000);
	});

	test('is found charged although the machine of n8n slept during the wait', async () => {
		sandbox.key.billLagMs = MINUTE;
		sandbox.faults.add(ANSWER_LOST);
		const sleep = () => void jest.setSystemTime(Date.now() + 40_000);
		const { description } = await run({ onStart: () => void setTimeout(sleep, 12_000) });
		expect(description).toMatch(CHARGED);
	});

	test('may have been charged if the only charge is shortly before the run', async () => {
		sandbox.key.chargeOther(PRICE, Date.now() - 20_000);
		sandbox.faults.add(NEVER_SENT);
		const { charge, description } = await run();
		expect(charge).toBe('maybe');
		expect(description).toMatch(MAYBE);
	});

	test('may have been charged if the only charge is for something else', async () => {
		const line = { type: 2, quota: PRICE, request_id: 'x', other: '{"request_path":"/v1/chat"}' };
		const answer = {
			status: 200,
			get body() {
				const created_at = Math.floor(Date.now() / 1_000);
				return { success: true, data: [{ ...line, created_at }] };
			},
		};
		sandbox.faults.add({ on: 'bill', times: Infinity, answer });
		sandbox.faults.add(NEVER_SENT);
		expect((await run()).charge).toBe('maybe');
	});

	test('is not charged if a refusal comes late', async () => {
		sandbox.faults.add({ on: 'submit', answer: 'hang' });
		const onStart = () => void setTimeout(() => sandbox.release(), 2 * MINUTE);
		const options = { timeout: 1, additionalFields: '{"images": [1]}' };
		const { charge, error } = await run({ onStart }, { options });
		expect(charge).toBe('none');
		expect(error?.message).not.toContain('did not answer');
		expect(asked()).toBe(1);
	});

	test('is charged if the counters and the bill lag behind by a minute', async () => {
		Object.assign(sandbox.key, { usageLagMs: MINUTE, billLagMs: MINUTE });
		sandbox.faults.add(ANSWER_LOST);
		expect((await run()).description).toMatch(CHARGED);
	});

	test('is not charged if it was never sent, beside an item in Test Mode', async () => {
		sandbox.faults.add(NEVER_SENT);
		const input = ['off', 'sample'].map((mode) => ({ json: { prompt: mode, mode } }));
		const options = { testMode: '={{ $json.mode }}' };
		const { items } = await run({ input, settings: CONTINUE }, { options });
		expect(errorOf(items[0]!).description).toContain(NO_CHARGE);
		expect(items[1]?.json.test).toBe(true);
	});

	test('is not charged if another user of the key was charged before the run', async () => {
		sandbox.key.chargeOther(PRICE, Date.now() - MINUTE);
		sandbox.faults.add(NEVER_SENT);
		expect((await run()).charge).toBe('none');
	});

	test('may have been charged if another user of the key was charged during the run', async () => {
		sandbox.faults.add(NEVER_SENT);
		const onStart = () => void setTimeout(() => sandbox.key.chargeOther(PRICE, Date.now()), MINUTE);
		expect((await run({ onStart })).description).toMatch(CHARGED);
	});

	test.each([
		[3, true],
		[8, false],
	])(
		"is compared with the API's times, which are whole seconds: %i s before the run is a match (%s)",
		async (secondsBefore, isMatch) => {
			const startedAt = Math.floor(Date.now() / 1_000);
			const at = startedAt - secondsBefore;
			const answer = {
				status: 200,
				get headers() {
					return { date: new Date().toUTCString() };
				},
				body: { success: true, data: [{ type: 2, quota: PRICE, created_at: at, request_id: 'x' }] },
			};
			sandbox.faults.add({ on: 'bill', times: Infinity, answer });
			sandbox.faults.add(NEVER_SENT);
			const { description } = await run();
			expect(description.startsWith("OctopusX's records show a charge")).toBe(isMatch);
		},
	);

	test('is found charged when it used up the key', async () => {
		sandbox.key.quota = PRICE;
		sandbox.faults.add(ANSWER_LOST);
		expect((await run()).description).toMatch(CHARGED);
	});

	test('is found not charged with an unlimited key', async () => {
		sandbox.key.isUnlimited = true;
		sandbox.faults.add(NEVER_SENT);
		expect((await run()).charge).toBe('none');
	});
});

describe('a doubt that the records cannot settle', () => {
	const bill = (change: (body: { data: IDataObject[] }) => unknown, headers = {}): Fault => ({
		on: 'bill',
		times: Infinity,
		answer: {
			status: 200,
			headers,
			body: change({ success: true, data: [{ type: 2, quota: 0, created_at: 0 }] } as never),
		},
	});

	test.each<[string, Fault['answer'] | undefined, () => void]>([
		['the charge is not in the bill yet', undefined, () => (sandbox.key.billLagMs = HOUR)],
		['the gateway counts in batches', 'reset', () => (sandbox.quirks.records = 'batched')],
		[
			'the bill has 1,000 lines',
			'reset',
			() => {
				for (let n = 1; n <= 1_000; n++) sandbox.key.chargeOther(0, Date.now() - HOUR);
			},
		],
		[
			'the counters change while the bill is read',
			'reset',
			() => {
				const { key } = sandbox;
				const usage = key.usage.bind(key);
				jest
					.spyOn(key, 'usage')
					.mockImplementationOnce(usage)
					.mockImplementationOnce((spent, now) => usage(spent + 1, now));
			},
		],
		[
			'the counters include more than the bill',
			'reset',
			() => {
				const { key } = sandbox;
				const usage = key.usage.bind(key);
				jest.spyOn(key, 'usage').mockImplementation((spent, now) => usage(spent + 1, now));
			},
		],
		[
			'the limit of 20 calls is used up',
			'reset',
			() => {
				for (let n = 0; n < 18; n++) sandbox.key.refuse(undefined, Date.now());
			},
		],
		[
			'the status cannot be read',
			'reset',
			() => sandbox.faults.add({ on: 'status', answer: { status: 500 } }),
		],
		[
			'the second reading of the bill fails',
			'reset',
			() => sandbox.faults.add({ on: 'bill', nth: 2, answer: 'reset' }),
		],
		[
			'the bill comes from a cache',
			'reset',
			() => sandbox.faults.add(bill((body) => body, { age: '3' })),
		],
		[
			'a line of the bill has no request ID',
			'reset',
			() =>
				sandbox.faults.add(
					bill(({ data }) => ({
						success: true,
						data: [{ ...data[0], created_at: Math.floor(Date.now() / 1_000) }],
					})),
				),
		],
	])('may have been charged if %s', async (_reason, answer, prepare) => {
		prepare();
		sandbox.faults.add(answer ? { on: 'submit', answer } : ANSWER_LOST);
		const { charge, description } = await run();
		expect(charge).toBe('maybe');
		expect(description).toMatch(MAYBE);
	});

	test.each<[string, (body: { data: IDataObject[] }) => unknown]>([
		['is a refusal', ({ data }) => ({ success: false, message: 'no', data })],
		['has no lines', () => ({ success: true })],
		['has an odd line', () => ({ success: true, data: ['x'] })],
		[
			'has a negative amount',
			() => ({ success: true, data: [{ type: 2, quota: -1, created_at: 0 }] }),
		],
		[
			'has an amount in words',
			() => ({ success: true, data: [{ type: 2, quota: '1', created_at: 0 }] }),
		],
		[
			'has an odd time',
			() => ({ success: true, data: [{ type: 2, quota: 1, created_at: 1e15, request_id: 'x' }] }),
		],
	])('may have been charged if the bill %s', async (_oddity, change) => {
		sandbox.faults.add(bill(change));
		sandbox.faults.add(NEVER_SENT);
		const { charge, elapsedMs } = await run();
		expect(charge).toBe('maybe');
		expect(elapsedMs).toBe(0);
	});

	test('a gateway without a bill costs no time', async () => {
		sandbox.quirks.records = 'none';
		sandbox.faults.add(NEVER_SENT);
		const { charge, elapsedMs } = await run();
		expect([charge, elapsedMs, asked()]).toEqual(['maybe', 0, 1]);
	});

	test('a refund of the same price during the check does not hide a charge', async () => {
		sandbox.key.billLagMs = HOUR;
		const { key } = sandbox;
		const usage = key.usage.bind(key);
		sandbox.faults.add({ ...ANSWER_LOST, prompt: 'two' });
		jest.spyOn(key, 'usage').mockImplementationOnce((_spent, now) => {
			endTask(sandbox.tasks[0]!, 'failed', now - 1);
			return usage(PRICE, now);
		});
		const { items } = await run(
			{ input: inputOf('one', 'two'), settings: CONTINUE },
			{ waitForCompletion: false },
		);
		expect(errorOf(items[1]!).description).toMatch(MAYBE);
	});

	test('a known task without a request ID leaves the doubt', async () => {
		const answer = { status: 200, byProxy: true, bodyFor: (id: string) => ({ id }) };
		sandbox.faults.add({ on: 'submit', prompt: 'one', accept: true, answer });
		sandbox.faults.add({ ...NEVER_SENT, prompt: 'two' });
		const { items } = await run({ input: inputOf('one', 'two'), settings: CONTINUE });
		expect(errorOf(items[1]!).description).toMatch(MAYBE);
		expect(asked()).toBe(0);
	});
});

describe('a batch', () => {
	const batch = async (faults: Fault[]) => {
		for (const fault of faults) sandbox.faults.add(fault);
		const result = await run({ input: numberedItems(20), settings: CONTINUE });
		const texts = result.items.flatMap(({ json }) =>
			json.error ? [String((json.error as IDataObject).description)] : [],
		);
		return { ...result, texts };
	};

	test('asks nothing without a doubt', async () => {
		const { texts } = await batch([{ on: 'submit', nth: 3, answer: { status: 429 } }]);
		expect([texts, asked()]).toEqual([[], 0]);
		// for the costs
		expect(sandbox.requestsTo('status')).toHaveLength(1);
	});

	test('asks once for all doubts, after its last item', async () => {
		const { texts } = await batch([{ ...NEVER_SENT, nth: 3, times: 4 }]);
		expect(texts).toEqual(Array(4).fill(expect.stringContaining(NO_CHARGE)));
		expect(sandbox.requestsTo('usage')).toHaveLength(2);
		expect(sandbox.requestsTo('bill')).toHaveLength(2);
		const checks = sandbox.log.filter(({ route }) => route === 'check').map(({ at }) => at);
		expect(sandbox.requestsTo('bill')[0]?.at).toBeGreaterThanOrEqual(Math.max(...checks));
	});

	test('names the charges if all doubts were charged', async () => {
		const { texts } = await batch([{ ...ANSWER_LOST, nth: 3, times: 2 }]);
		const ids = sandbox.requestsTo('submit').map(({ requestId }) => requestId);
		// which of them belongs to which item is not known
		const text =
			/^OctopusX's records show 2 charges that fit the 2 requests of this run without an answer:/;
		expect(texts).toEqual(Array(2).fill(expect.stringMatching(text)));
		for (const one of texts) {
			expect(one).toMatch(new RegExp(`request ID ${ids[2]};.*request ID ${ids[3]}\\.`));
		}
	});

	test('names the charges, and leaves the doubt, if only some were charged', async () => {
		const { texts } = await batch([
			{ ...ANSWER_LOST, nth: 3 },
			{ ...NEVER_SENT, nth: 5 },
		]);
		expect(texts).toEqual(Array(2).fill(expect.stringMatching(MAYBE)));
		const text =
			"OctopusX's records show a charge that fits some of the 2 requests of this run without an answer: 0.08 USD at ";
		for (const one of texts) expect(one).toContain(text);
	});

	test('lists the first 10 charges', async () => {
		const { texts } = await batch([{ ...ANSWER_LOST, nth: 3, times: 12 }]);
		expect(texts).toHaveLength(12);
		expect(texts[0]).toMatch(/^OctopusX's records show 12 charges that fit the 12 requests/);
		expect(texts[0]).toContain('; and 2 more. Another user');
		expect(texts[0]?.match(/request ID 2026/g)).toHaveLength(10);
	});

	test('is not fooled by the tasks of another run with the same key', async () => {
		sandbox.faults.add({ ...NEVER_SENT, prompt: 'one' });
		const onStart = () => void setTimeout(() => sandbox.key.chargeOther(PRICE, Date.now()), 30_000);
		const { description } = await run({ onStart });
		expect(description).not.toContain('Nothing was charged');
	});
});

describe('a retry', () => {
	const submissions = () => sandbox.requestsTo('submit').length;

	test('of what was not charged submits it again without a warning', async () => {
		sandbox.faults.add(NEVER_SENT);
		const { items } = await run({ settings: RETRY });
		expect(items[0]?.json.task_id).toBe('video_1');
		expect(lines.join('\n')).not.toContain(WARNING);
		expect([submissions(), sandbox.tasks.length]).toEqual([2, 1]);
	});

	test('knows the tasks of the earlier try', async () => {
		sandbox.faults.add({ ...NEVER_SENT, prompt: 'two', times: 2 });
		const { charge } = await run({ settings: RETRY, input: inputOf('one', 'two') });
		expect(charge).toBe('none');
		expect(sandbox.tasks).toHaveLength(1);
		expect(lines.join('\n')).not.toContain(WARNING);
	});

	test('of what was charged warns', async () => {
		sandbox.faults.add(ANSWER_LOST);
		await run({ settings: RETRY });
		expect(lines.join('\n')).toContain(WARNING);
		expect(lines.join('\n')).toMatch(/item 0: OctopusX's records show a charge/);
	});

	test.each<[string, boolean, () => void]>([
		['submits again if the records still show no charge', false, () => {}],
		[
			'warns if a charge has appeared',
			true,
			() => sandbox.key.chargeOther(PRICE, Date.now() + HOUR),
		],
		['warns if the records cannot be read', true, () => (sandbox.quirks.records = 'none')],
		['warns if the records are not exact', true, () => (sandbox.quirks.records = 'batched')],
	])('by hand %s', async (_outcome, warns, prepare) => {
		sandbox.faults.add(NEVER_SENT);
		const first = await run();
		prepare();
		const { items } = await run({ retryOf: first.run as IRun });
		expect(items[0]?.json.task_id).toBe('video_1');
		expect(lines.join('\n').includes(WARNING)).toBe(warns);
	});

	test('by hand with another prompt says nothing about what was not charged', async () => {
		sandbox.faults.add(NEVER_SENT);
		const first = await run();
		lines = [];
		await run({ retryOf: first.run as IRun }, { prompt: 'another' });
		expect(sandbox.tasks).toHaveLength(1);
		expect(lines.join('\n')).not.toContain('may have been charged');
	});

	test('by hand asks again only while it submits', async () => {
		sandbox.faults.add(NEVER_SENT);
		const first = await run();
		const second = await run({ retryOf: first.run as IRun });
		expect(second.items).toHaveLength(1);
		expect(sandbox.requestsTo('bill')).toHaveLength(3);
	});
});

test.each<[string, Fault, number, number]>([
	['after a broken connection', NEVER_SENT, 30_000, 0],
	['while a late answer may come', { on: 'submit', answer: 'hang' }, 90_000, 1],
	['after the connection was closed', { on: 'submit', answer: 'hang' }, 150_000, 0],
])(
	'a Stop ends the check %s at once, and the doubt stays',
	async (_when, fault, stopsAt, openConnections) => {
		sandbox.faults.add(fault);
		const onStart = (execution: { cancel: () => void }) =>
			void setTimeout(() => execution.cancel(), stopsAt);
		const { charge, elapsedMs } = await run({ onStart }, { options: { timeout: 1 } });
		expect([charge, elapsedMs]).toEqual(['maybe', stopsAt]);
		expect(sandbox.requestsTo('usage')).toEqual([]);
		expect(sandbox.hanging).toBe(openConnections);
		expect(lines.join('\n')).not.toContain(NO_CHARGE);
	},
);

test('after a Stop, nothing is asked', async () => {
	sandbox.faults.add({ ...NEVER_SENT, prompt: 'one' });
	const onStart = (execution: { cancel: () => void }) =>
		void setTimeout(() => execution.cancel(), 5_000);
	await run({ onStart, input: inputOf('one', 'two') });
	expect(asked()).toBe(0);
});

test('a rejected submission asks nothing', async () => {
	sandbox.faults.add({ on: 'submit', answer: { status: 400, body: taskErrorBody('invalid') } });
	await run();
	expect(asked()).toBe(0);
});

describeIfCanSuspend('a suspended execution', () => {
	test('is checked before it is suspended', async () => {
		sandbox.faults.add({ ...NEVER_SENT, prompt: 'one' });
		const runSuspending = suspendingOn(sandbox);
		const { items } = await runSuspending(
			{},
			{ input: inputOf('one', 'two'), settings: CONTINUE, node: loggingNode(lines) },
		);
		expect(errorOf(items[0]!).description).toContain(NO_CHARGE);
		expect(items[1]?.json.status).toBe('completed');
		expect(sandbox.requestsTo('usage')).toHaveLength(2);
	});
});

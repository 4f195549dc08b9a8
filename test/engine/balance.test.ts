import { CONTINUE, inputOf } from './support/inputs';
import { runNodeVirtually, type NodeSetup } from './support/runNode';
import { useSandbox } from './support/useSandbox';

const sandbox = useSandbox();
beforeEach(() => void (sandbox.quirks.records = 'exact'));

const generate = async () =>
	await runNodeVirtually(sandbox, { operation: 'generate', prompt: 'a boat' });

async function balance(setup: NodeSetup = {}, options = {}) {
	const parameters = { resource: 'account', operation: 'getBalance', options };
	return await runNodeVirtually(sandbox, parameters, setup);
}

test('Get Balance returns what the key has used and has left, in the currency of the account', async () => {
	await generate();
	sandbox.key.quota = 1_000_000;
	const { items, error } = await balance();
	expect(error).toBeUndefined();
	expect(items[0]?.json).toEqual({
		key_name: 'sandbox',
		unlimited: false,
		used: 0.08,
		left: 1.92,
		limit: 2,
		unit: 'USD',
		balance: 1.92,
		balance_unit: 'USD',
	});
});

test('Get Balance asks once, and its one item belongs to all input items', async () => {
	const { items } = await balance({ input: inputOf('one', 'two', 'three') });
	expect(items.map(({ pairedItem }) => pairedItem)).toEqual([
		[{ item: 0 }, { item: 1 }, { item: 2 }],
	]);
	expect(sandbox.requestsTo('usage')).toHaveLength(1);
});

test('Get Balance says that it does not know the unit if the API does not tell it', async () => {
	sandbox.faults.add({ on: 'status', answer: { status: 404, body: {} } });
	const { items } = await balance();
	expect(items[0]?.json).toMatchObject({
		left: 1_000_000_000,
		unit: 'quota',
		balance: 2_000,
		balance_unit: 'unknown',
	});
});

test('Get Balance works with a key that is used up, which the other endpoints refuse', async () => {
	sandbox.key.quota = 40_000;
	await generate();
	expect(sandbox.key.state).toBe('usedUp');
	const { items } = await balance();
	expect(items[0]?.json).toMatchObject({ used: 0.08, left: 0, limit: 0.08 });
	expect(items[0]?.json).not.toHaveProperty('balance');
});

test('Get Balance names no limit for an unlimited key', async () => {
	sandbox.key.isUnlimited = true;
	await generate();
	const { items } = await balance();
	expect(items[0]?.json).toEqual({ key_name: 'sandbox', unlimited: true, used: 0.08, unit: 'USD' });
});

test('Get Balance names the time at which the key expires', async () => {
	sandbox.key.state = 'expired';
	const { items } = await balance();
	expect(items[0]?.json.expires_at).toEqual(expect.any(Number));
});

test.each<[string, () => { apiKey: string } | void, string]>([
	['the key is wrong', () => ({ apiKey: 'sk-wrong' }), 'OctopusX did not accept the API key'],
	[
		'the API is asked too often',
		() => {
			for (let n = 0; n < 20; n++) sandbox.key.refuse(undefined, Date.now());
		},
		'OctopusX received too many requests',
	],
	[
		'the answer is odd',
		() => sandbox.faults.add({ on: 'usage', times: 99, answer: { status: 200, body: {} } }),
		'OctopusX sent an answer that the node does not understand',
	],
	[
		'the answer is null',
		() => sandbox.faults.add({ on: 'usage', times: 99, answer: { status: 200, body: null } }),
		'OctopusX sent an answer that the node does not understand',
	],
])('Get Balance fails when %s', async (_reason, prepare, message) => {
	const credential = prepare() ?? {};
	const { error } = await balance({ credential });
	expect(error?.message).toContain(message);
	const input = inputOf('one', 'two');
	const { items } = await balance({ credential, settings: CONTINUE, input });
	expect(items.map(({ json }) => json.error)).toEqual([
		expect.objectContaining({ message: error?.message }),
	]);
});

test('in Test Mode, Get Balance sends nothing', async () => {
	const { items } = await balance({}, { testMode: 'sample' });
	expect(items[0]?.json).toMatchObject({ left: 10, unit: 'USD', test: true });
	expect(sandbox.log).toEqual([]);
});

test('a balance shows a name of the key that is long or has markup as short text', async () => {
	const counters = { total_used: 1, total_available: 1, total_granted: 2 };
	const data = { ...counters, name: `<b>${'x'.repeat(10_000)}` };
	sandbox.faults.add({ on: 'usage', answer: { status: 200, body: { data } } });
	const { items } = await balance();
	expect(items[0]?.json.key_name).toBe(`${'x'.repeat(500)}…`);
});

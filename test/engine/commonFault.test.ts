import type { INodeExecutionData } from 'n8n-workflow';
import { apiErrorBody, taskErrorBody } from './support/errorBodies';
import { CONTINUE, GENERATE_EACH, numbered } from './support/inputs';
import { runNodeVirtually } from './support/runNode';
import { useSandbox } from './support/useSandbox';

/** Faults that every item of a run would meet again. */

const MINUTE = 60_000;
const OUT_OF_REACH = { baseUrl: 'http://127.0.0.1:9' };

const sandbox = useSandbox({ durationMs: 60_000 });

const errorOf = ({ json }: INodeExecutionData) =>
	json.error as { message: string; description: string };

async function run(count: number, options: object = {}, credential = {}) {
	return await runNodeVirtually(
		sandbox,
		{ ...GENERATE_EACH, options: { timeout: 5, ...options } },
		{ settings: CONTINUE, input: numbered(count), credential },
	);
}

describe('an API that is out of reach', () => {
	test('an API that cannot be reached ends a batch after one Timeout, not after one per item', async () => {
		const { items, elapsedMs } = await run(25, { maxConcurrency: 5 }, OUT_OF_REACH);
		expect(items.map((item) => errorOf(item).message)).toEqual(
			Array(25).fill('OctopusX cannot be reached'),
		);
		expect(errorOf(items[24] as INodeExecutionData).description).toContain(
			'Nothing was submitted. The items before this one have met the same',
		);
		expect(elapsedMs).toBeGreaterThan(4 * MINUTE);
		expect(elapsedMs).toBeLessThan(6 * MINUTE);
	});

	test('Get Status of many tasks ends after one Timeout, too', async () => {
		const { items, elapsedMs } = await runNodeVirtually(
			sandbox,
			{ operation: 'getStatus', taskId: '={{ $json.prompt }}', options: { timeout: 5 } },
			{ settings: CONTINUE, input: numbered(40), credential: OUT_OF_REACH },
		);
		expect(items.map((item) => errorOf(item).message)).toEqual(
			Array(40).fill('OctopusX cannot be reached'),
		);
		expect(elapsedMs).toBeLessThan(6 * MINUTE);
	});

	test('a model that stays saturated for one Timeout ends the submissions of a batch', async () => {
		sandbox.faults.add({ on: 'submit', times: Infinity, answer: { status: 429 } });
		const { elapsedMs } = await run(25, { maxConcurrency: 5 });
		expect(elapsedMs).toBeLessThan(6 * MINUTE);
	});

	test('items with a longer Timeout than the first outlast an API that is away for longer than its', async () => {
		sandbox.faults.add({ on: 'submit', times: 8, answer: { status: 429 } });
		const timeout = '={{ $itemIndex === 0 ? 0.02 : 5 }}';
		const { items } = await run(6, { timeout, maxConcurrency: 2 });
		expect(errorOf(items[0] as INodeExecutionData).message).toContain('too many requests');
		expect(items.slice(1).map(({ json }) => json.status)).toEqual(Array(5).fill('completed'));
	});

	test('uploads do not begin anew what is known to be out of reach', async () => {
		const binary = { data: { data: 'AAAA', mimeType: 'image/png' } };
		const { elapsedMs } = await runNodeVirtually(
			sandbox,
			{
				...GENERATE_EACH,
				mode: 'firstFrame',
				firstFrameSource: 'binary',
				options: { sendBinaryAs: 'upload', timeout: 5, maxConcurrency: 5 },
			},
			{
				settings: CONTINUE,
				input: numbered(25).map((item) => ({ ...item, binary })),
				credential: OUT_OF_REACH,
			},
		);
		expect(elapsedMs).toBeLessThan(6 * MINUTE);
	});

	test('an API that comes back within the Timeout loses no item', async () => {
		sandbox.faults.add({ on: 'submit', times: 40, answer: { status: 429 } });
		const { items } = await run(10, { maxConcurrency: 5 });
		expect(items.map(({ json }) => json.status)).toEqual(Array(10).fill('completed'));
		expect(sandbox.tasks).toHaveLength(10);
	});
});

describe('a refusal that every item would meet', () => {
	test.each([
		['a wrong key', { status: 401, body: apiErrorBody('Invalid token') }],
		['an empty balance', { status: 403, body: taskErrorBody('insufficient_user_quota') }],
		['a used-up key', { status: 403, body: taskErrorBody('pre_consume_token_quota_failed') }],
		['a disabled account', { status: 403, body: apiErrorBody('User has been banned') }],
		['a wrong address', { status: 404, body: apiErrorBody('Invalid URL') }],
		['a page with status 200', { status: 200, body: '<html>Console</html>' }],
	])('%s ends the submissions after three, with the same error', async (_what, answer) => {
		sandbox.faults.add({ on: 'submit', times: Infinity, answer });
		const { items } = await run(100, { maxConcurrency: 1 });
		expect(sandbox.requestsTo('submit')).toHaveLength(3);
		expect(items).toHaveLength(100);
		expect(new Set(items.map((item) => errorOf(item).message)).size).toBe(1);
		expect(errorOf(items[99] as INodeExecutionData).description).toContain(
			'Nothing was submitted.',
		);
	});

	test('ten at a time, a wrong key costs a dozen submissions instead of a hundred', async () => {
		const { items } = await run(100, {}, { apiKey: 'wrong' });
		expect(items).toHaveLength(100);
		expect(sandbox.requestsTo('submit').length).toBeLessThanOrEqual(12);
		expect(sandbox.requestsTo('usage')).toHaveLength(1);
	});

	test('items that are paid for go on when the balance is empty', async () => {
		const answer = { status: 403, body: taskErrorBody('insufficient_user_quota') };
		sandbox.faults.add({ on: 'submit', nth: 6, times: Infinity, answer });
		const { items } = await run(30);
		expect(items.slice(0, 5).map(({ json }) => json.status)).toEqual(Array(5).fill('completed'));
		expect(sandbox.tasks).toHaveLength(5);
		expect(sandbox.requestsTo('submit').length).toBeLessThanOrEqual(5 + 12);
	});

	test('two refusals in a row are no reason to stop', async () => {
		const answer = { status: 403, body: taskErrorBody('insufficient_user_quota') };
		for (const nth of [1, 4, 7]) sandbox.faults.add({ on: 'submit', nth, times: 2, answer });
		const { items } = await run(9, { maxConcurrency: 1 });
		expect(items.filter(({ json }) => json.status === 'completed')).toHaveLength(3);
		expect(sandbox.requestsTo('submit')).toHaveLength(9);
	});

	test('a prompt that is refused says nothing about the next', async () => {
		const message = JSON.stringify({ error: { message: 'no', code: 'moderation_blocked' } });
		const body = { code: 'fail_to_fetch_task', message, data: null };
		sandbox.faults.add({ on: 'submit', times: Infinity, answer: { status: 400, body } });
		await run(10, { maxConcurrency: 1 });
		expect(sandbox.requestsTo('submit')).toHaveLength(10);
	});
});

import type { INodeExecutionData } from 'n8n-workflow';
import { chargeSentence } from '../../nodes/OctopusXVideo/api/errors';
import { startingWith } from './support/charges';
import { apiErrorBody, taskErrorBody } from './support/errorBodies';
import { CONTINUE, GENERATE_EACH, numberedItems } from './support/inputs';
import { runNodeVirtually } from './support/runNode';
import { useSandbox } from './support/useSandbox';

/**
 * Tests of the circuit breaker, which stops further requests after failures that would recur for
 * every item.
 */

const MINUTE = 60_000;
const UNREACHABLE = { baseUrl: 'http://127.0.0.1:9' };

const sandbox = useSandbox({ durationMs: 60_000 });

const errorOf = ({ json }: INodeExecutionData) =>
	json.error as { message: string; description: string };

async function generate(itemCount: number, options: object = {}, credential = {}) {
	return await runNodeVirtually(
		sandbox,
		{ ...GENERATE_EACH, options: { timeout: 5, ...options } },
		{ settings: CONTINUE, input: numberedItems(itemCount), credential },
	);
}

describe('an unreachable or overloaded API', () => {
	test('a batch on an unreachable API ends after one Timeout (Minutes), not after one per item', async () => {
		const { items, elapsedMs } = await generate(25, { maxConcurrency: 5 }, UNREACHABLE);
		expect(items.map((item) => errorOf(item).message)).toEqual(
			Array(25).fill('OctopusX cannot be reached'),
		);
		expect(errorOf(items[24] as INodeExecutionData).description).toBe(
			`${chargeSentence('none')} The items before this one failed in the same way, so this one was not tried.`,
		);
		expect(elapsedMs).toBeGreaterThan(4 * MINUTE);
		expect(elapsedMs).toBeLessThan(6 * MINUTE);
	});

	test('Get Status of 40 tasks on an unreachable API ends after one Timeout (Minutes)', async () => {
		const { items, elapsedMs } = await runNodeVirtually(
			sandbox,
			{ operation: 'getStatus', taskId: '={{ $json.prompt }}', options: { timeout: 5 } },
			{ settings: CONTINUE, input: numberedItems(40), credential: UNREACHABLE },
		);
		expect(items.map((item) => errorOf(item).message)).toEqual(
			Array(40).fill('OctopusX cannot be reached'),
		);
		expect(elapsedMs).toBeLessThan(6 * MINUTE);
	});

	test('HTTP 429 that lasts as long as Timeout (Minutes) ends the submissions of a batch', async () => {
		sandbox.faults.add({ on: 'submit', times: Infinity, answer: { status: 429 } });
		const { elapsedMs } = await generate(25, { maxConcurrency: 5 });
		expect(elapsedMs).toBeLessThan(6 * MINUTE);
	});

	test('HTTP 429 beyond the Timeout (Minutes) of the first item does not fail items with a longer Timeout', async () => {
		sandbox.faults.add({ on: 'submit', times: 8, answer: { status: 429 } });
		const timeout = '={{ $itemIndex === 0 ? 0.02 : 5 }}';
		const { items } = await generate(6, { timeout, maxConcurrency: 2 });
		expect(errorOf(items[0] as INodeExecutionData).message).toContain('too many requests');
		expect(items.slice(1).map(({ json }) => json.status)).toEqual(Array(5).fill('completed'));
	});

	test('uploads to an unreachable API end after one Timeout (Minutes), not after one per item', async () => {
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
				input: numberedItems(25).map((item) => ({ ...item, binary })),
				credential: UNREACHABLE,
			},
		);
		expect(elapsedMs).toBeLessThan(6 * MINUTE);
	});

	test('no item fails if HTTP 429 stops within Timeout (Minutes)', async () => {
		sandbox.faults.add({ on: 'submit', times: 40, answer: { status: 429 } });
		const { items } = await generate(10, { maxConcurrency: 5 });
		expect(items.map(({ json }) => json.status)).toEqual(Array(10).fill('completed'));
		expect(sandbox.tasks).toHaveLength(10);
	});
});

describe('a rejection that every item would get', () => {
	test.each([
		['HTTP 401, Invalid token,', { status: 401, body: apiErrorBody('Invalid token') }],
		[
			'HTTP 403, insufficient_user_quota,',
			{ status: 403, body: taskErrorBody('insufficient_user_quota') },
		],
		[
			'HTTP 403, pre_consume_token_quota_failed,',
			{ status: 403, body: taskErrorBody('pre_consume_token_quota_failed') },
		],
		['HTTP 403 for a banned user', { status: 403, body: apiErrorBody('User has been banned') }],
		['HTTP 404, Invalid URL,', { status: 404, body: apiErrorBody('Invalid URL') }],
		['a web page with HTTP 200', { status: 200, body: '<html>Console</html>' }],
	])(
		'%s stops a batch after three submissions, and every item gets the same error',
		async (_rejection, answer) => {
			sandbox.faults.add({ on: 'submit', times: Infinity, answer });
			const { items } = await generate(100, { maxConcurrency: 1 });
			expect(sandbox.requestsTo('submit')).toHaveLength(3);
			expect(items).toHaveLength(100);
			expect(new Set(items.map((item) => errorOf(item).message)).size).toBe(1);
			expect(errorOf(items[99] as INodeExecutionData).description).toEqual(startingWith('none'));
		},
	);

	test('HTTP 401 with the default Max Concurrency stops a batch of 100 after at most 12 submissions', async () => {
		const { items } = await generate(100, {}, { apiKey: 'wrong' });
		expect(items).toHaveLength(100);
		expect(sandbox.requestsTo('submit').length).toBeLessThanOrEqual(12);
		expect(sandbox.requestsTo('usage')).toHaveLength(1);
	});

	test('running tasks are finished when HTTP 403, insufficient_user_quota, stops further submissions', async () => {
		const answer = { status: 403, body: taskErrorBody('insufficient_user_quota') };
		sandbox.faults.add({ on: 'submit', nth: 6, times: Infinity, answer });
		const { items } = await generate(30);
		expect(items.slice(0, 5).map(({ json }) => json.status)).toEqual(Array(5).fill('completed'));
		expect(sandbox.tasks).toHaveLength(5);
		expect(sandbox.requestsTo('submit').length).toBeLessThanOrEqual(5 + 12);
	});

	test('HTTP 403 for two submissions in a row does not stop a batch', async () => {
		const answer = { status: 403, body: taskErrorBody('insufficient_user_quota') };
		for (const nth of [1, 4, 7]) sandbox.faults.add({ on: 'submit', nth, times: 2, answer });
		const { items } = await generate(9, { maxConcurrency: 1 });
		expect(items.filter(({ json }) => json.status === 'completed')).toHaveLength(3);
		expect(sandbox.requestsTo('submit')).toHaveLength(9);
	});

	test('HTTP 400 for a rejected Prompt does not stop a batch', async () => {
		const message = JSON.stringify({ error: { message: 'no', code: 'moderation_blocked' } });
		const body = { code: 'fail_to_fetch_task', message, data: null };
		sandbox.faults.add({ on: 'submit', times: Infinity, answer: { status: 400, body } });
		await generate(10, { maxConcurrency: 1 });
		expect(sandbox.requestsTo('submit')).toHaveLength(10);
	});
});

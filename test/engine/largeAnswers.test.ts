import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';
import { gzipSync } from 'node:zlib';
import { GENERATE, GENERATE_EACH, numbered } from './support/inputs';
import { runNode, runNodeVirtually } from './support/runNode';
import { useSandbox } from './support/useSandbox';

const sandbox = useSandbox();

const MB = 1_000_000;
const TOO_LARGE = 'OctopusX sent an answer that is too large';
const done = { id: 'video_1', status: 'completed' };
const large = (bytes: number) => ({ status: 200, body: { ...done, extra: 'x'.repeat(bytes) } });
/** 30 kB that become 30 MB. */
const bomb = {
	status: 200,
	headers: { 'content-encoding': 'gzip' },
	body: gzipSync(JSON.stringify(large(30 * MB).body)),
};
const ONE_MINUTE = { ...GENERATE, options: { timeout: 1, pollInterval: 1 } };
const ALL_FIELDS = { ...ONE_MINUTE, simplify: false };

/** What arrived in answer to each request that `work` sends, in bytes. */
async function bytesReceivedBy(work: () => Promise<unknown>): Promise<number[]> {
	const requests: ClientRequest[] = [];
	const onStart = (message: unknown) => {
		requests.push((message as { request: ClientRequest }).request);
	};
	subscribe('http.client.request.start', onStart);
	await work().finally(() => unsubscribe('http.client.request.start', onStart));
	return requests.map(({ socket }) => socket?.bytesRead ?? 0);
}

describe('an answer that no task needs is refused', () => {
	test.each([
		['5 MB', large(5 * MB)],
		['30 kB of gzip that are 30 MB', bomb],
	])('a look that is answered with %s is sat out like any other fault', async (_what, answer) => {
		sandbox.faults.add({ on: 'poll', answer });
		const { items, error } = await runNode(sandbox, ALL_FIELDS);
		expect(error).toBeUndefined();
		expect(items[0]?.json).toMatchObject({ task_id: 'video_1', status: 'completed' });
		expect(items[0]?.json.extra).toBeUndefined();
		expect(sandbox.requestsTo('poll')).toHaveLength(2);
	});

	test.each([
		[0, 1],
		[1, 2],
	])('2 MB and %p bytes take %p looks', async (more, looks) => {
		const frame = JSON.stringify(large(0).body).length;
		sandbox.faults.add({ on: 'poll', answer: large(2 * 1024 * 1024 - frame + more) });
		const { items } = await runNodeVirtually(sandbox, ALL_FIELDS);
		expect(items[0]?.json.status).toBe('completed');
		expect(sandbox.requestsTo('poll')).toHaveLength(looks);
	});

	test('the rest of an answer that is too large is not received', async () => {
		sandbox.faults.add({ on: 'poll', answer: large(50 * MB) });
		const received = await bytesReceivedBy(async () => await runNode(sandbox, ONE_MINUTE));
		expect(received).toHaveLength(3);
		expect(Math.max(...received)).toBeLessThan(5 * MB);
	});

	test('looks that are all too large are named as the reason of the timeout', async () => {
		sandbox.faults.add({ on: 'poll', times: Infinity, answer: large(3 * MB) });
		const { error } = await runNodeVirtually(sandbox, ONE_MINUTE);
		expect(error?.message).toBe('The video was not ready in time');
		expect(error?.description).toContain(TOO_LARGE);
		expect(error?.description).toContain('video_1');
		expect(error?.description?.length).toBeLessThan(10_000);
	});

	test('a submission that is answered so may have been charged, and is not sent again', async () => {
		sandbox.faults.add({ on: 'submit', accept: true, answer: large(3 * MB) });
		const { error } = await runNodeVirtually(sandbox, ONE_MINUTE);
		expect(error?.message).toBe(TOO_LARGE);
		expect(error?.description).toContain('It may have been charged');
		// where the ID may be
		expect(error?.description).toContain('"id":"video_1"');
		expect(sandbox.requestsTo('submit')).toHaveLength(1);
	});

	test('a refusal of any size is a refusal', async () => {
		const body = `<html>${'x'.repeat(3 * MB)}</html>`;
		sandbox.faults.add({ on: 'submit', answer: { status: 413, body } });
		const { error } = await runNodeVirtually(sandbox, ONE_MINUTE);
		expect(error?.message).toBe('The request is too large for OctopusX');
		expect(error?.description).toContain('Nothing was charged');
	});

	test('a server that answers everything so gets three submissions of a batch, no more', async () => {
		sandbox.faults.add({ on: 'submit', times: Infinity, answer: large(3 * MB) });
		const parameters = { ...GENERATE_EACH, options: { maxConcurrency: 1 } };
		await runNodeVirtually(sandbox, parameters, { input: numbered(10) });
		expect(sandbox.requestsTo('submit')).toHaveLength(3);
	});
});

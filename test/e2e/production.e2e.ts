import { until } from './support/until';
import { useN8n } from './support/useN8n';
import { HOUR_MS } from './support/sandboxInN8n';
import { chain, node, itemsOf, videoNode, webhookNode } from './support/workflows';

/** A response that ends a wait at once. */
const FORBIDDEN = { status: 403, body: {} };

const setup = useN8n();

test('one webhook call creates one video and downloads it', async () => {
	setup.sandbox.durationMs = 1_500;
	const workflow = await setup.api.createActive(
		chain('Webhook', [webhookNode('one'), videoNode(setup.credentialId, { downloadVideo: true })]),
	);
	await setup.api.callWebhook('one');
	const { data, status } = await setup.api.onlyEnded(workflow);
	expect(status).toBe('success');
	const [item] = itemsOf(data);
	expect(item?.json).toMatchObject({ task_id: 'video_1', status: 'completed' });
	const file = await setup.api.binary(item?.binary?.data?.id as string);
	expect(file.subarray(4, 8).toString()).toBe('ftyp');
	expect(setup.sandbox.tasks).toHaveLength(1);
});

test('two simultaneous executions create one video each', async () => {
	setup.sandbox.durationMs = 2_000;
	const workflow = await setup.api.createActive(
		chain('Twice', [
			webhookNode('twice'),
			videoNode(setup.credentialId, { prompt: '={{ $json.body.prompt }}' }),
		]),
	);
	await Promise.all([
		setup.api.callWebhook('twice', { prompt: 'first' }),
		setup.api.callWebhook('twice', { prompt: 'second' }),
	]);
	const ended = await setup.api.endedOf(workflow, 2);
	expect(ended.map(({ status }) => status)).toEqual(['success', 'success']);
	expect(setup.sandbox.tasks.map(({ request }) => request.prompt).sort()).toEqual([
		'first',
		'second',
	]);
});

test('the node runs on a schedule', async () => {
	const everySecond = node(
		'Schedule',
		'n8n-nodes-base.scheduleTrigger',
		{ rule: { interval: [{ field: 'seconds', secondsInterval: 1 }] } },
		1.2,
	);
	const workflow = await setup.api.createActive(
		chain('Schedule', [everySecond, videoNode(setup.credentialId)]),
	);
	await until('two tasks', () => setup.sandbox.tasks.length >= 2);
	await setup.api.deactivate(workflow);
	const ended = await setup.api.endedOf(workflow);
	expect(new Set(ended.map(({ status, mode }) => `${mode} ${status}`))).toEqual(
		new Set(['trigger success']),
	);
	expect(setup.sandbox.tasks).toHaveLength(ended.length);
});

test('Retry On Fail continues with the same task and is not charged again', async () => {
	setup.sandbox.faults.add({ on: 'check', answer: FORBIDDEN });
	const workflow = await setup.api.createActive(
		chain('Retry On Fail', [
			webhookNode('again'),
			videoNode(setup.credentialId, {}, { retryOnFail: true, maxTries: 2, waitBetweenTries: 100 }),
		]),
	);
	await setup.api.callWebhook('again');
	const { data, status } = await setup.api.onlyEnded(workflow);
	expect(status).toBe('success');
	expect(setup.n8n.program.output).toContain('OctopusX: item 0 continues with task video_1');
	expect(itemsOf(data)[0]?.json).toMatchObject({ task_id: 'video_1', status: 'completed' });
	expect(setup.sandbox.tasks).toHaveLength(1);
});

test('Retry of a failed execution continues with the same task and is not charged again', async () => {
	setup.sandbox.faults.add({ on: 'check', answer: FORBIDDEN });
	const workflow = await setup.api.createActive(
		chain('Retry execution', [webhookNode('later'), videoNode(setup.credentialId)]),
	);
	await setup.api.callWebhook('later');
	const failed = await setup.api.onlyEnded(workflow);
	expect(failed.status).toBe('error');
	expect(failed.data.resultData.error?.description).toContain('video_1');

	const retried = await setup.api.ended(await setup.api.retry(failed.id));
	expect(retried.status).toBe('success');
	expect(itemsOf(retried.data)[0]?.json).toMatchObject({ task_id: 'video_1' });
	expect(setup.sandbox.tasks).toHaveLength(1);
});

test('Stop ends the execution, and Get Status can still fetch the task named in the log', async () => {
	setup.sandbox.durationMs = HOUR_MS;
	const workflow = await setup.api.createActive(
		chain('Stop', [webhookNode('stop'), videoNode(setup.credentialId)]),
	);
	await setup.api.callWebhook('stop');
	await until('a check', () => setup.sandbox.requestsTo('check').length > 0);
	const [execution] = await setup.api.executionsOf(workflow);
	await setup.api.stop(execution?.id as string);
	// n8n 2.x does not save the error, the task IDs or the ledger of a stopped execution.
	expect((await setup.api.ended(execution as { id: string })).status).toBe('canceled');
	await until('the IDs in the log', () =>
		/execution was canceled\. Tasks of this run: video 1: video_1/.test(setup.n8n.program.output),
	);
	const checks = setup.sandbox.requestsTo('check').length;

	setup.sandbox.tasks.forEach((task) => (task.durationMs = 0));
	const fetching = await setup.api.createActive(
		chain('Fetch', [
			webhookNode('fetch'),
			videoNode(setup.credentialId, {
				operation: 'getStatus',
				taskId: '={{ $json.body.id }}',
				downloadVideo: true,
			}),
		]),
	);
	await setup.api.callWebhook('fetch', { id: 'video_1' });
	const { data } = await setup.api.onlyEnded(fetching);
	expect(itemsOf(data)[0]?.binary?.data?.mimeType).toBe('video/mp4');
	expect(setup.sandbox.requestsTo('check')).toHaveLength(checks + 1);
	expect(setup.sandbox.tasks).toHaveLength(1);
});

test('Retry of an execution that reached its time limit continues with the same task', async () => {
	setup.sandbox.durationMs = HOUR_MS;
	const workflow = await setup.api.createActive(
		chain('Limit', [webhookNode('limit'), videoNode(setup.credentialId)], { executionTimeout: 2 }),
	);
	await setup.api.callWebhook('limit');
	const ended = await setup.api.onlyEnded(workflow);
	expect(ended.status).toBe('canceled');

	setup.sandbox.tasks.forEach((task) => (task.durationMs = 0));
	const { status, data } = await setup.api.ended(await setup.api.retry(ended.id));
	expect(status).toBe('success');
	expect(itemsOf(data)[0]?.json).toMatchObject({ task_id: 'video_1', status: 'completed' });
	expect(setup.sandbox.tasks).toHaveLength(1);
});

test('the log of n8n contains the task IDs, but never the API key', () => {
	const { output } = setup.n8n.program;
	expect(output).toContain('OctopusX task video_1 created');
	expect(output).not.toContain(setup.sandbox.apiKey);
});

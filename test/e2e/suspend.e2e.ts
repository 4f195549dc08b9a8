import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { INode } from 'n8n-workflow';
import { ROOT } from '../package/tarball';
import { N8n } from './support/n8n';
import {
	RESUME_TIMEOUT_S,
	type EndedExecution,
	type SavedWorkflow,
	type WorkflowDraft,
} from './support/n8nApi';
import { until } from './support/until';
import { useN8n } from './support/useN8n';
import { HOUR_MS } from './support/sandboxInN8n';
import { chain, itemsOf, node, VIDEO_NODE, videoNode, webhookNode } from './support/workflows';

const setup = useN8n();

const splitOut = () =>
	node('Split Out', 'n8n-nodes-base.splitOut', { fieldToSplitOut: 'body.videos' });

const suspendingNode = (settings: Partial<INode> = {}) =>
	videoNode(
		setup.credentialId,
		{
			prompt: '={{ $json.prompt }}',
			options: { pollInterval: 1, waitStrategy: 'suspend' },
			downloadVideo: true,
		},
		settings,
	);

/** Creates a node that finds the prompt of each video through paired items. */
const prompts = () =>
	node(
		'Prompts',
		'n8n-nodes-base.set',
		{
			mode: 'raw',
			jsonOutput: "={{ { prompt: $('Split Out').item.json.prompt, task_id: $json.task_id } }}",
		},
		3.4,
	);

const after = () => node('After', 'n8n-nodes-base.noOp');

/** Creates the example with our credential. Its last node is called "Videos". */
async function example(): Promise<SavedWorkflow> {
	const path = join(ROOT, 'examples', 'long-videos-suspended.json');
	const draft = JSON.parse(readFileSync(path, 'utf8')) as WorkflowDraft;
	const ours = draft.nodes.find(({ credentials }) => credentials)?.credentials?.octopusXApi;
	if (ours) ours.id = setup.credentialId;
	return await setup.api.createActive(draft);
}

/** Creates a workflow that makes a video for each entry of a list. */
async function batch(
	path: string,
	settings?: Partial<INode>,
	ofWorkflow?: WorkflowDraft['settings'],
): Promise<SavedWorkflow> {
	const nodes = [webhookNode(path), splitOut(), suspendingNode(settings), after(), prompts()];
	return await setup.api.createActive(chain(path, nodes, ofWorkflow));
}

/** Creates a loop in which the node is executed once per item. */
async function loop(path: string): Promise<SavedWorkflow> {
	const draft = chain(path, [
		webhookNode(path),
		splitOut(),
		node('Loop', 'n8n-nodes-base.splitInBatches', { options: {} }, 3),
		after(),
		suspendingNode(),
	]);
	draft.connections.Loop = {
		main: [
			[{ node: 'After', type: 'main', index: 0 }],
			[{ node: VIDEO_NODE, type: 'main', index: 0 }],
		],
	};
	draft.connections.After = {};
	draft.connections[VIDEO_NODE] = { main: [[{ node: 'Loop', type: 'main', index: 0 }]] };
	return await setup.api.createActive(draft);
}

/** Creates a workflow that executes another one, which contains the node. */
async function inside(path: string): Promise<SavedWorkflow> {
	const trigger = node(
		'Start',
		'n8n-nodes-base.executeWorkflowTrigger',
		{ inputSource: 'passthrough' },
		1.1,
	);
	const called = await setup.api.createActive(chain(`${path} called`, [trigger, suspendingNode()]));
	const workflowId = { __rl: true, mode: 'id', value: called.id };
	return await setup.api.createActive(
		chain(path, [
			webhookNode(path),
			splitOut(),
			node('Execute', 'n8n-nodes-base.executeWorkflow', { workflowId, options: {} }, 1.2),
			after(),
		]),
	);
}

/** Returns the ID of a workflow's execution, once it is suspended. */
async function suspended(workflow: SavedWorkflow): Promise<string> {
	const parent = await until(`a suspended execution of ${workflow.name}`, async () => {
		const found = await setup.api.executionsOf(workflow);
		return found.find(({ mode, status }) => mode === 'webhook' && status === 'waiting');
	});
	return parent.id;
}

/**
 * Returns the items that the node after ours got. It is called "Videos" in the example, "After" in
 * other workflows.
 */
const arrived = ({ data }: EndedExecution) => [
	...itemsOf(data, 'Videos'),
	...itemsOf(data, 'After'),
];

const taskFor = (prompt: string) =>
	setup.sandbox.tasks.find(({ request }) => request.prompt === prompt)?.id as string;

const ALL = ['long-videos', 'failing', 'continuing', 'stopped', 'deleted', 'looping', 'inside'];
type Ended = Record<string, EndedExecution>;

test('suspended executions survive a kill of n8n, and each video is charged once', async () => {
	setup.sandbox.durationMs = HOUR_MS;
	const workflows = await Promise.all([
		example(),
		batch('failing'),
		batch('continuing', { onError: 'continueErrorOutput' }),
		batch('stopped'),
		batch('deleted'),
		loop('looping'),
		inside('inside'),
	]);
	for (const path of ALL) {
		const last = path === 'failing' || path === 'continuing' ? '1 [failed]' : '1';
		const videos = ['0', last].map((name) => ({ prompt: `${path} ${name}` }));
		await setup.api.callWebhook(path, { videos });
	}
	const ids = await Promise.all(workflows.map(suspended));
	const bill = setup.sandbox.tasks.length;
	expect(bill).toBe(2 * ALL.length - 1);

	const { userFolder, program } = setup.n8n;
	await program.kill();
	setup.n8n = await N8n.start({ userFolder });
	setup.api = setup.n8n.api;
	await setup.api.stop(ids[3] as string);
	await setup.api.deleteExecution(ids[4] as string);
	setup.sandbox.durationMs = 15_000;
	for (const task of setup.sandbox.tasks) task.durationMs = 0;

	const ended: Ended = {};
	for (const [index, path] of ALL.entries()) {
		if (path === 'deleted') continue;
		ended[path] = await setup.api.ended({ id: ids[index] as string }, RESUME_TIMEOUT_S);
	}

	// All items arrive in order, with their files.
	for (const path of ['long-videos', 'looping', 'inside']) {
		const execution = ended[path] as EndedExecution;
		expect([path, execution.status]).toEqual([path, 'success']);
		const items = arrived(execution);
		expect(items.map(({ json }) => [json.task_id, json.status])).toEqual([
			[taskFor(`${path} 0`), 'completed'],
			[taskFor(`${path} 1`), 'completed'],
		]);
		for (const { binary } of items) {
			const file = await setup.api.binary(binary?.data?.id as string);
			expect(file.subarray(4, 8).toString()).toBe('ftyp');
		}
	}
	const pairs = arrived(ended['long-videos'] as EndedExecution).map(({ pairedItem }) => pairedItem);
	expect(pairs).toEqual([{ item: 0 }, { item: 1 }]);

	// With On Error set to Stop, the execution fails with our message, and Retry is not charged.
	const [one, two] = [taskFor('failing 0'), taskFor('failing 1 [failed]')];
	expect(ended.failing?.status).toBe('error');
	expect(ended.failing?.data.resultData.error).toMatchObject({
		message: '1 of 2 videos could not be generated',
		description: expect.stringMatching(
			new RegExp(`Task ${two} was .* Other tasks of this run: video 1: ${one} \\(completed\\)`),
		),
	});
	await setup.api.retry(ended.failing?.id as string);

	// With Continue (error output), only the failed item is in the error output.
	const outputs = ended.continuing?.data.resultData.runData[VIDEO_NODE]?.at(-1)?.data?.main ?? [];
	expect(outputs[0]?.map(({ json }) => json.task_id)).toEqual([taskFor('continuing 0')]);
	expect(
		itemsOf((ended.continuing as EndedExecution).data, 'Prompts').map(({ json }) => json),
	).toEqual([{ prompt: 'continuing 0', task_id: taskFor('continuing 0') }]);
	expect(outputs[1]?.map(({ json }) => json.error)).toEqual([
		expect.objectContaining({
			task_id: taskFor('continuing 1 [failed]'),
			status: 'failed',
			prompt: 'continuing 1 [failed]',
		}),
	]);

	// The tasks of stopped and deleted executions are no longer checked.
	expect(ended.stopped?.status).toBe('canceled');
	for (const path of ['stopped', 'deleted']) {
		const tasks = [0, 1].map((index) => taskFor(`${path} ${index}`)).sort();
		const line = () => /no execution waits for (.*?) any more/g;
		await until(`the end of ${path}`, () =>
			[...setup.n8n.program.output.matchAll(line())].some(
				([, list = '']) => list.split(', ').sort().join() === tasks.join(),
			),
		);
		expect(
			(await setup.api.executionsOf(workflows[ALL.indexOf(path)] as SavedWorkflow)).map(
				({ status }) => status,
			),
		).not.toContain('waiting');
	}
	// Retry of the stopped execution does not run the node again, and must not output its input as videos.
	const retried = await setup.api.ended(await setup.api.retry(ended.stopped?.id as string));
	expect(arrived(retried).map(({ json }) => json.error)).toEqual([
		expect.objectContaining({ task_id: taskFor('stopped 0') }),
		expect.objectContaining({ task_id: taskFor('stopped 1') }),
	]);
	// Only the second item of the loop was submitted after the kill.
	expect(setup.sandbox.tasks).toHaveLength(bill + 1);
}, 400_000);

test('after a kill of n8n during a check, the error items of the suspended execution contain their task IDs', async () => {
	setup.sandbox.durationMs = HOUR_MS;
	const workflow = await batch(
		'dying',
		{ onError: 'continueErrorOutput' },
		{ executionOrder: 'v1', saveExecutionProgress: true },
	);
	const videos = ['dying 0', 'dying 1'].map((prompt) => ({ prompt }));
	await setup.api.callWebhook('dying', { videos });
	const id = await suspended(workflow);
	setup.sandbox.faults.add({ on: 'check', times: Infinity, answer: 'hang' });
	await until('a check', () => setup.sandbox.hanging > 0, 120);

	const { userFolder, program } = setup.n8n;
	await program.kill();
	setup.sandbox.faults.clear();
	setup.n8n = await N8n.start({ userFolder });
	setup.api = setup.n8n.api;

	const { data } = await setup.api.ended({ id }, RESUME_TIMEOUT_S);
	const [good, bad] = data.resultData.runData[VIDEO_NODE]?.at(-1)?.data?.main ?? [];
	expect(good).toEqual([]);
	expect(bad?.map(({ json }) => json.error)).toEqual([
		expect.objectContaining({ task_id: taskFor('dying 0') }),
		expect.objectContaining({ task_id: taskFor('dying 1') }),
	]);
	expect(setup.sandbox.tasks).toHaveLength(2);
}, 400_000);

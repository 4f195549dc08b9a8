import { useEditor } from './support/editor';
import { eventually } from './support/eventually';
import { HOUR_MS } from './support/sandboxInN8n';
import { until } from './support/until';
import { useN8n } from './support/useN8n';
import { chain, node, VIDEO_NODE, videoNode, webhookNode } from './support/workflows';

const setup = useN8n();
const opened = useEditor(setup);

const CHECKING = `${VIDEO_NODE}: checking, do not stop`;

/** A workflow of one suspending node, executed once: the execution that waits, and the checking one. */
async function suspend(path: string, prompt: string) {
	setup.sandbox.durationMs = HOUR_MS;
	const suspending = videoNode(setup.credentialId, {
		prompt,
		waitStrategy: 'suspend',
		options: {},
	});
	const workflow = await setup.api.createActive(
		chain(path, [webhookNode(path), suspending, node('After', 'n8n-nodes-base.noOp')]),
	);
	await setup.api.callWebhook(path);
	return await until('two executions that wait', async () => {
		const found = await setup.api.executionsOf(workflow);
		const own = found.find(({ mode, status }) => mode === 'webhook' && status === 'waiting');
		const checking = found.find(
			({ mode, status }) => mode === 'integrated' && status === 'waiting',
		);
		return own && checking && { workflow, own, checking };
	});
}

test('a person who opens the checking execution is told what it is and what not to do', async () => {
	const { editor } = opened;
	const { workflow, own, checking } = await suspend('told', 'A paper boat');
	await editor.page.setViewportSize({ width: 1280, height: 800 });
	// the newest one is opened by itself: the one to leave alone
	await editor.openExecutions(workflow);
	await eventually(async () => {
		expect(await editor.find('sticky').innerText()).toContain(
			`Videos of execution ${own.id}: checking, do not stop`,
		);
	});
	await editor.nodeOnCanvas(`Videos of execution ${own.id}`).waitFor();

	const panel = await editor.openNode(CHECKING);
	await eventually(async () => {
		expect(await panel.notice()).toContain('stop the suspended one');
	});
	expect(await panel.labels()).toEqual(expect.arrayContaining(['Operation', 'Task ID']));
	expect(await panel.issues()).toBe(0);
	await panel.close();

	// tried so, it was stopped and retried
	await setup.api.stop(checking.id);
	const { id } = await setup.api.retry(checking.id);
	const retried = await setup.api.ended({ id });
	expect(retried.status).toBe('error');
	await editor.openExecution(workflow, retried);
	const { output } = await editor.openNode(CHECKING);
	await eventually(async () => {
		expect(await output.innerText()).toContain('A checking execution cannot be retried');
		expect(await output.innerText()).toContain(`Fetch the videos of execution ${own.id}`);
	});
});

test('after a failed video the suspended execution says that Retry is of no use, and what is', async () => {
	const { editor } = opened;
	const { workflow, own } = await suspend('failing', 'A paper boat [failed]');
	for (const task of setup.sandbox.tasks) task.durationMs = 0;
	await setup.api.ended(own, 240);
	await editor.openExecution(workflow, own);
	const panel = await editor.openNode(VIDEO_NODE);
	await eventually(async () => {
		expect(await panel.output.innerText()).toContain("n8n's Retry is of no use here");
	});
}, 300_000);

import { useEditor } from './support/editor';
import { eventually } from './support/eventually';
import { RESUME_TIMEOUT_S } from './support/n8nApi';
import { HOUR_MS } from './support/sandboxInN8n';
import { until } from './support/until';
import { useN8n } from './support/useN8n';
import {
	chain,
	CHECKING_NODE,
	node,
	VIDEO_NODE,
	videoNode,
	webhookNode,
} from './support/workflows';

const setup = useN8n();
const opened = useEditor(setup);

/** Runs a workflow with a suspending node. Returns the suspended execution and the checking execution. */
async function suspend(path: string, prompt: string) {
	setup.sandbox.durationMs = HOUR_MS;
	const suspending = videoNode(setup.credentialId, {
		prompt,
		options: { waitStrategy: 'suspend' },
	});
	const workflow = await setup.api.createActive(
		chain(path, [webhookNode(path), suspending, node('After', 'n8n-nodes-base.noOp')]),
	);
	await setup.api.callWebhook(path);
	return await until('a suspended execution and its checking execution', async () => {
		const found = await setup.api.executionsOf(workflow);
		const suspended = found.find(({ mode, status }) => mode === 'webhook' && status === 'waiting');
		const checking = found.find(
			({ mode, status }) => mode === 'integrated' && status === 'waiting',
		);
		return suspended && checking && { workflow, suspended, checking };
	});
}

test('the checking execution says what it is for, and that users must not stop or retry it', async () => {
	const { editor } = opened;
	const { workflow, suspended, checking } = await suspend('opened', 'A paper boat');
	await editor.page.setViewportSize({ width: 1280, height: 800 });
	// n8n shows the newest execution first, which is the checking one.
	await editor.openExecutions(workflow);
	await eventually(async () => {
		expect(await editor.find('sticky').innerText()).toContain(
			`Videos of execution ${suspended.id}: checking, do not stop`,
		);
	});
	await editor.nodeOnCanvas(`Videos of execution ${suspended.id}`).waitFor();

	const panel = await editor.openNode(CHECKING_NODE);
	await eventually(async () => {
		expect(await panel.notice()).toContain('stop the suspended one');
	});
	expect(await panel.labels()).toEqual(expect.arrayContaining(['Operation', 'Task ID']));
	expect(await panel.issues()).toBe(0);
	await panel.close();

	// A user may stop and retry the checking execution anyway.
	await setup.api.stop(checking.id);
	const { id } = await setup.api.retry(checking.id);
	const retried = await setup.api.ended({ id });
	expect(retried.status).toBe('error');
	await editor.openExecution(workflow, retried);
	const { output } = await editor.openNode(CHECKING_NODE);
	await eventually(async () => {
		expect(await output.innerText()).toContain('A checking execution cannot be retried');
		expect(await output.innerText()).toContain(`Fetch the videos of execution ${suspended.id}`);
	});
});

test('after a failed video, the error of the suspended execution says that Retry does not help', async () => {
	const { editor } = opened;
	const { workflow, suspended } = await suspend('failing', 'A paper boat [failed]');
	for (const task of setup.sandbox.tasks) task.durationMs = 0;
	await setup.api.ended(suspended, RESUME_TIMEOUT_S);
	await editor.openExecution(workflow, suspended);
	const panel = await editor.openNode(VIDEO_NODE);
	await eventually(async () => {
		expect(await panel.output.innerText()).toContain("n8n's Retry does not help here");
	});
}, 300_000);

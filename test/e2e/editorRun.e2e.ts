import type { INodeParameters } from 'n8n-workflow';
import { CredentialForm } from './support/credentialForm';
import { useEditor } from './support/editor';
import { eventually } from './support/eventually';
import type { NodePanel } from './support/nodePanel';
import { until } from './support/until';
import { useN8n } from './support/useN8n';
import { HOUR_MS } from './support/sandboxInN8n';
import { chain, manualTrigger, VIDEO_NODE, videoNode, webhookNode } from './support/workflows';

const setup = useN8n();
const opened = useEditor(setup);

/** Opens a workflow with a manual trigger and our node in the editor. */
async function openManual(parameters?: INodeParameters) {
	const workflow = await setup.api.createWorkflow(
		chain('Manual', [manualTrigger(), videoNode(setup.credentialId, parameters)]),
	);
	await opened.editor.openWorkflow(workflow);
	return workflow;
}

async function openPanel(parameters?: INodeParameters): Promise<NodePanel> {
	await openManual(parameters);
	return await opened.editor.openNode(VIDEO_NODE);
}

/** Creates an active workflow with a webhook and our node, and calls it once. */
async function callOnce(path: string) {
	const workflow = await setup.api.createActive(
		chain('Production', [webhookNode(path), videoNode(setup.credentialId)]),
	);
	await setup.api.callWebhook(path);
	return workflow;
}

test('a manual run logs its progress to the browser console, outputs its task, and the video plays', async () => {
	const { editor } = opened;
	setup.sandbox.durationMs = 2_000;
	const panel = await openPanel({ downloadVideo: true });
	const earlier = editor.console.length;
	await panel.execute();
	await panel.find('ndv-view-binary-data').waitFor();
	const messages = editor.console.slice(earlier).join('\n');
	expect(messages).toMatch(/item 0: video_1 in_progress \d\d %/);
	expect(messages).toMatch(/item 0: video_1 completed 100 %/);
	await panel.showOutputAs('table');
	const task = { task_id: 'video_1', model: 'omni-fast', status: 'completed', progress: '100' };
	await eventually(async () => expect(await panel.firstRow()).toMatchObject(task));
	expect(await panel.playVideo()).toEqual({ duration: 2, width: 320, height: 180 });
	expect(setup.sandbox.tasks).toHaveLength(1);
});

test('the error of a failed task contains the reason and the task ID', async () => {
	const panel = await openPanel({ prompt: 'A paper boat [failed]' });
	await panel.execute();
	const { message, description } = await panel.error();
	expect(message).toBe('The video could not be generated');
	expect(description).toContain('"The sandbox let this task end failed" (task_failed)');
	expect(description).toContain('Task video_1');
});

test('a hint sums up the items that have no video', async () => {
	const workflow = await setup.api.createWorkflow(
		chain('Hint', [
			manualTrigger(),
			videoNode(
				setup.credentialId,
				{ prompt: 'A paper boat [failed]' },
				{ onError: 'continueRegularOutput' },
			),
		]),
	);
	await opened.editor.openWorkflow(workflow);
	const panel = await opened.editor.openNode(VIDEO_NODE);
	await panel.execute();
	await opened.editor.page
		.getByText('1 of 1 video failed: the video could not be generated (1).')
		.waitFor();
});

describe('Stop', () => {
	beforeEach(() => (setup.sandbox.durationMs = HOUR_MS));

	/** From the first check on, the task exists and the node waits for it. */
	const firstCheck = async () =>
		await until('a check', () => setup.sandbox.requestsTo('check').length > 0);

	/** Calls `stop` and expects that the execution ends and the node sends no more requests. */
	async function expectStop(workflow: { id: string }, stop: () => Promise<void>) {
		const { program } = setup.n8n;
		const printed = program.output.length;
		await stop();
		const line = 'the execution was canceled. Tasks of this run: video 1: video_1';
		await until('the IDs in the log', () => program.output.slice(printed).includes(line), 3);
		expect((await setup.api.onlyEnded(workflow)).status).toBe('canceled');
		// Waits for two and a half check intervals, in which no check may follow.
		const checks = setup.sandbox.requestsTo('check').length;
		const stoppedAt = Date.now();
		await until('the time of further checks', () => Date.now() - stoppedAt > 2_500);
		expect(setup.sandbox.requestsTo('check')).toHaveLength(checks);
		expect(setup.sandbox.tasks).toHaveLength(1);
	}

	test('Stop in the panel of the node ends the execution, and no check follows', async () => {
		const workflow = await openManual();
		const panel = await opened.editor.openNode(VIDEO_NODE);
		await panel.execute();
		await firstCheck();
		await expectStop(workflow, async () => await panel.stop());
	});

	test('Stop on the canvas ends the execution, and no check follows', async () => {
		const workflow = await openManual();
		await opened.editor.executeWorkflow();
		await firstCheck();
		await expectStop(
			workflow,
			async () => await opened.editor.find('stop-execution-button').click(),
		);
	});

	test('Stop in the list of executions ends the execution, and no check follows', async () => {
		const workflow = await callOnce('stop');
		await firstCheck();
		const executions = await opened.editor.openExecutions(workflow);
		await expectStop(workflow, async () => await executions.stop());
		await eventually(async () => expect(await executions.list()).toContain('Canceled'));
	});
});

test.each(['original', 'currently saved'] as const)(
	'Retry with the %s workflow continues with the same task and is not charged again',
	async (version) => {
		setup.sandbox.faults.add({ on: 'check', answer: { status: 403, body: {} } });
		const workflow = await callOnce(`retry-${version.replace(' ', '-')}`);
		const failed = await setup.api.onlyEnded(workflow);
		expect(failed.status).toBe('error');
		const executions = await opened.editor.openExecutions(workflow);
		await executions.retry(version);
		await eventually(async () => {
			const list = await executions.list();
			expect(list).toContain('Succeeded');
			expect(list).toContain(`Retry of execution #${failed.id}`);
		});
		expect(setup.sandbox.tasks).toHaveLength(1);
	},
);

describe('credential', () => {
	let panel: NodePanel;
	let form: CredentialForm | undefined;

	beforeAll(async () => {
		const withoutCredential = { ...videoNode(''), credentials: undefined };
		await opened.editor.openWorkflow(
			await setup.api.createWorkflow(chain('Credential', [withoutCredential])),
		);
		panel = await opened.editor.openNode(VIDEO_NODE);
	});
	afterEach(async () => await form?.close());

	test('a credential that is created in the panel of the node passes the credential test', async () => {
		const { editor } = opened;
		form = await CredentialForm.create(editor.page, panel);
		await form.input('apiKey').fill(setup.sandbox.apiKey);
		await form.input('baseUrl').fill(`${setup.sandbox.url}/v1/`);
		// n8n tests a credential when it is saved, and closes the form if the test passes.
		await form.save();
		await form.dialog.waitFor({ state: 'detached' });
		form = await CredentialForm.edit(editor.page, panel);
		expect(await form.success.innerText()).toContain('Connection tested successfully');
		const keys = setup.sandbox.requestsTo('models').map(({ headers }) => headers.authorization);
		expect(new Set(keys)).toEqual(new Set([`Bearer ${setup.sandbox.apiKey}`]));
	});

	test.each([
		['a wrong key', 'apiKey', 'OctopusX did not accept the API key. Check'],
		['a URL without the API', 'baseUrl', 'A web page answered instead of the OctopusX API. Check'],
	])('the credential form explains %s with our message', async (_what, wrong, message) => {
		const { apiKey, url } = setup.sandbox;
		form = await CredentialForm.create(opened.editor.page, panel);
		await form.input('apiKey').fill(wrong === 'apiKey' ? 'wrong' : apiKey);
		await form.input('baseUrl').fill(wrong === 'baseUrl' ? `${url}/somewhere` : url);
		await form.save();
		expect(await form.failure()).toContain(message);
	});
});

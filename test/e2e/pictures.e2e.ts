import type { INodeParameters } from 'n8n-workflow';
import { CredentialForm } from './support/credentialForm';
import { useEditor } from './support/editor';
import { eventually } from './support/eventually';
import type { NodePanel } from './support/nodePanel';
import { until } from './support/until';
import { useN8n } from './support/useN8n';
import { HOUR_MS } from './support/sandboxInN8n';
import {
	chain,
	CHECKING_NODE,
	manualTrigger,
	node,
	VIDEO_NODE,
	videoNode,
	webhookNode,
} from './support/workflows';

const PROMPT = 'A paper boat drifts down a rainy street, slow tracking shot';

const setup = useN8n();
const opened = useEditor(setup);

async function openWorkflow(parameters: INodeParameters, settings?: object) {
	await opened.editor.openWorkflow(
		await setup.api.createWorkflow(
			chain('Paper boat', [
				manualTrigger(),
				videoNode(setup.credentialId, { options: {}, ...parameters }, settings),
			]),
		),
	);
}

const onDemand = process.env.UPDATE_SCREENSHOTS ? describe : describe.skip;

// Run these with `UPDATE_SCREENSHOTS=1 npm run test:e2e -- pictures`. Without the variable, not
// even n8n is started.
onDemand('screenshots for README and docs', () => {
	test('the screenshot search.png is taken', async () => {
		const { editor } = opened;
		await editor.openWorkflow(
			await setup.api.createWorkflow(chain('Paper boat', [manualTrigger()])),
		);
		const names = await editor.searchNodes('octopus');
		await eventually(async () => expect(await names.allInnerTexts()).toEqual([VIDEO_NODE]));
		await editor.picture('search', [
			editor.find('nodes-list-header'),
			editor.find('item-iterator-item'),
		]);
		await names.click();
		// The list of nodes and the list of actions are both there while one slides away.
		const headers = editor.find('nodes-list-header');
		await eventually(async () => expect(await headers.count()).toBe(1));
		await names.filter({ hasText: 'Get video status' }).waitFor();
		await editor.picture('actions', [
			editor.find('nodes-list-header'),
			...(await editor.find('item-iterator-item').all()),
		]);
	});

	test.each([
		['panel-generate', { prompt: PROMPT }],
		[
			'panel-edit',
			{
				operation: 'edit',
				prompt: 'Keep the motion and the camera, turn the scene into a watercolor',
				videoUrl: 'https://example.com/street.mp4',
			},
		],
		['panel-get-status', { operation: 'getStatus', taskId: 'video_abc123', downloadVideo: true }],
	])('the screenshot %s.png is taken', async (name, parameters) => {
		const { editor } = opened;
		await editor.page.setViewportSize({ width: 1280, height: 1300 });
		await openWorkflow(parameters);
		const panel = await editor.openNode(VIDEO_NODE);
		const ends = ['node-credentials-slot', 'node-execute-button', 'collection-parameter-add'];
		await editor.picture(
			name,
			ends.map((id) => panel.find(id)),
			6,
		);
	});

	/** Runs the node, and waits for n8n's notification that the run has ended. */
	async function run(parameters: INodeParameters): Promise<NodePanel> {
		await openWorkflow(parameters);
		return await runPanel();
	}

	async function runPanel(): Promise<NodePanel> {
		const { editor } = opened;
		const panel = await editor.openNode(VIDEO_NODE);
		await panel.execute();
		await editor.messages.first().waitFor();
		// Waits until the button's animation has ended.
		await editor.page.waitForTimeout(1_000);
		return panel;
	}

	/** Takes a screenshot of the parameters and the output in a panel. */
	async function pictureOfRun(name: string, panel: NodePanel): Promise<void> {
		await opened.editor.picture(name, [panel.find('node-parameters').first(), panel.output]);
	}

	test('the screenshot run-finished.png is taken', async () => {
		await opened.editor.page.setViewportSize({ width: 1440, height: 540 });
		const panel = await run({ prompt: PROMPT, downloadVideo: true });
		await panel.playVideo();
		await pictureOfRun('run-finished', panel);
	});

	test('the screenshot run-get-balance.png is taken', async () => {
		await opened.editor.page.setViewportSize({ width: 1440, height: 540 });
		setup.sandbox.quirks.records = 'exact';
		setup.sandbox.key.quota = 10_000_000;
		setup.sandbox.key.chargeOther(1_240_000, Date.now());
		const panel = await run({ resource: 'account', operation: 'getBalance' });
		await panel.showOutputAs('schema');
		await pictureOfRun('run-get-balance', panel);
	});

	test('the screenshot run-upload.png is taken', async () => {
		const { editor } = opened;
		await editor.page.setViewportSize({ width: 1440, height: 540 });
		const photo =
			"{ data: 'iVBORw0KGgoA' + 'A'.repeat(240_000), mimeType: 'image/png', fileName: 'shoe.png' }";
		const jsCode = `return [{ json: {}, binary: { data: ${photo} } }]`;
		const parameters = { resource: 'file', operation: 'upload', options: {} };
		await editor.openWorkflow(
			await setup.api.createWorkflow(
				chain('Shoe', [
					manualTrigger(),
					node('Photo', 'n8n-nodes-base.code', { jsCode }, 2),
					videoNode(setup.credentialId, parameters),
				]),
			),
		);
		const panel = await runPanel();
		await panel.showOutputAs('schema');
		await pictureOfRun('run-upload', panel);
	});

	test('the screenshot test-mode.png is taken', async () => {
		await opened.editor.page.setViewportSize({ width: 1440, height: 540 });
		const options = { testMode: 'sample' };
		await pictureOfRun('test-mode', await run({ prompt: PROMPT, downloadVideo: true, options }));
	});

	test('the screenshot run-error.png is taken', async () => {
		await opened.editor.page.setViewportSize({ width: 1440, height: 540 });
		const error = {
			code: 'content_policy',
			message: 'The prompt was refused by the content filter',
		};
		const task = { id: 'video_1', task_id: 'video_1', object: 'video', model: 'omni-fast' };
		setup.sandbox.faults.add({
			on: 'check',
			answer: { status: 200, body: { ...task, status: 'failed', progress: 40, error } },
		});
		const panel = await run({ prompt: PROMPT });
		await pictureOfRun('run-error', panel);
	});

	test('the screenshot file-error.png is taken', async () => {
		const { editor } = opened;
		await editor.page.setViewportSize({ width: 1280, height: 740 });
		const fields = ['Start_image', 'End_image'].map(
			(name) => `${name}: { data: '', mimeType: 'image/png', fileName: '${name}.png' }`,
		);
		const jsCode = `return [{ json: {}, binary: { ${fields.join(', ')} } }]`;
		const parameters = {
			mode: 'firstFrame',
			prompt: PROMPT,
			firstFrameSource: 'binary',
			firstFrameBinaryField: 'start',
			options: {},
		};
		await editor.openWorkflow(
			await setup.api.createWorkflow(
				chain('Paper boat', [
					manualTrigger(),
					node('Files', 'n8n-nodes-base.code', { jsCode }, 2),
					videoNode(setup.credentialId, parameters),
				]),
			),
		);
		const panel = await editor.openNode(VIDEO_NODE);
		await panel.execute();
		await eventually(async () => expect(await panel.output.innerText()).toContain('Start_image'));
		// Waits until the button's animation has ended.
		await editor.page.waitForTimeout(1_000);
		await editor.browser.picture('file-error');
	});

	test('the screenshot model-list.png is taken', async () => {
		const { editor } = opened;
		await editor.page.setViewportSize({ width: 1280, height: 560 });
		await openWorkflow({ prompt: PROMPT });
		const panel = await editor.openNode(VIDEO_NODE);
		await panel.find('rlc-input').click();
		await editor.find('rlc-item').first().waitFor();
		await editor.browser.picture('model-list');
	});

	test('the screenshot field-mapping.png is taken', async () => {
		const { editor } = opened;
		await editor.page.setViewportSize({ width: 1280, height: 560 });
		const next = node('Edit Fields', 'n8n-nodes-base.set', {}, 3.4);
		await editor.openWorkflow(
			await setup.api.createWorkflow(
				chain('Paper boat', [manualTrigger(), videoNode(setup.credentialId, {}), next]),
			),
		);
		const panel = await editor.openNode('Edit Fields');
		await panel.mapInput('video_url', panel.find('assignment-collection-drop-area'));
		await panel.find('assignment-value').first().waitFor();
		await editor.browser.picture('field-mapping');
	});

	// examples.e2e.ts and approval.e2e.ts take the screenshots of the other examples.
	test.each(['every-operation', 'long-videos-suspended'])(
		'the screenshot example-%s.png is taken',
		async (name) => {
			const { editor } = opened;
			await editor.importExample(setup.api, `${name}.json`);
			await editor.pictureWorkflow(`example-${name}`);
		},
	);

	test('the screenshot suspended.png is taken', async () => {
		setup.sandbox.durationMs = HOUR_MS;
		const workflow = await setup.api.createActive(
			chain('Paper boat', [
				webhookNode('suspended'),
				videoNode(setup.credentialId, { prompt: PROMPT, options: { waitStrategy: 'suspend' } }),
			]),
		);
		await setup.api.callWebhook('suspended');
		await until('the suspended execution', async () => {
			const found = await setup.api.executionsOf(workflow);
			return found.some(({ mode, status }) => mode === 'webhook' && status === 'waiting');
		});
		const { editor } = opened;
		await editor.page.setViewportSize({ width: 1280, height: 760 });
		const executions = await editor.openExecutions(workflow);
		await eventually(async () => expect(await executions.list()).toContain('Waiting'));
		// n8n's suggestions for a first workflow cover the list.
		await editor.find('suggested-actions-close').click();
		// Waits until n8n has opened the newest execution and the canvas stops moving.
		await editor.find('sticky').waitFor();
		await editor.page.waitForTimeout(1_000);
		await editor.browser.picture('suspended');
		await editor.page.setViewportSize({ width: 1280, height: 600 });
		await editor.openNode(CHECKING_NODE);
		await editor.page.waitForTimeout(1_000);
		await editor.browser.picture('suspended-checking');
	});

	test('the screenshot credential.png is taken', async () => {
		const { editor } = opened;
		await editor.page.setViewportSize({ width: 1280, height: 800 });
		// Without other credentials, n8n gives the new one its default name.
		await setup.api.request('DELETE', `/rest/credentials/${setup.credentialId}`);
		await openWorkflow({}, { credentials: undefined });
		const panel = await editor.openNode(VIDEO_NODE);
		const form = await CredentialForm.create(editor.page, panel);
		await form.input('apiKey').fill('the-key-from-the-console');
		const first = form.dialog.getByText('Connection', { exact: true });
		const ends = ['Save', 'More info'].map((text) => form.dialog.getByText(text, { exact: true }));
		await editor.picture('credential', [first, form.input('apiKey'), ...ends], 24);
	});
});

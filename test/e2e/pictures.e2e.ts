import type { INodeParameters } from 'n8n-workflow';
import { CredentialForm } from './support/credentialForm';
import { useEditor } from './support/editor';
import { eventually } from './support/eventually';
import { useN8n } from './support/useN8n';
import { chain, manualTrigger, VIDEO_NODE, videoNode } from './support/workflows';

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

// the pictures of README, on demand: UPDATE_SCREENSHOTS=1 npm run test:e2e -- pictures
describe.each(process.env.UPDATE_SCREENSHOTS ? ['docs/images'] : [])('%s', () => {
	test('search', async () => {
		const { editor } = opened;
		await editor.page.setViewportSize({ width: 1000, height: 440 });
		await editor.openWorkflow(
			await setup.api.createWorkflow(chain('Paper boat', [manualTrigger()])),
		);
		const names = await editor.searchNodes('octopus');
		await eventually(async () => expect(await names.allInnerTexts()).toEqual([VIDEO_NODE]));
		await editor.picture('search', [editor.find('node-creator'), editor.find('canvas-node')], 24);
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
	])('%s', async (name, parameters) => {
		const { editor } = opened;
		await editor.page.setViewportSize({ width: 1280, height: 1300 });
		await openWorkflow(parameters);
		const panel = await editor.openNode(VIDEO_NODE);
		const ends = ['tab-params', 'node-execute-button', 'collection-parameter-add'];
		await editor.picture(
			name,
			ends.map((id) => panel.find(id)),
			8,
		);
	});

	test('credential', async () => {
		const { editor } = opened;
		await openWorkflow({}, { credentials: undefined });
		const form = await CredentialForm.create(editor.page, await editor.openNode(VIDEO_NODE));
		await form.input('apiKey').fill('the-key-from-the-console');
		const ends = [form.dialog.getByText('Connection'), form.dialog.getByText('More info')];
		await editor.picture('credential', [form.dialog.getByText('Save'), ...ends], 24);
	});

	test('run-finished', async () => {
		const { editor } = opened;
		await editor.page.setViewportSize({ width: 1440, height: 700 });
		await openWorkflow({ prompt: PROMPT, downloadVideo: true });
		const panel = await editor.openNode(VIDEO_NODE);
		await panel.execute();
		await panel.find('ndv-view-binary-data').waitFor();
		await panel.playVideo();
		await editor.picture('run-finished', [editor.find('ndv')], -6);
	});

	test('run-error', async () => {
		const { editor } = opened;
		await editor.page.setViewportSize({ width: 1440, height: 560 });
		const error = {
			code: 'content_policy',
			message: 'The prompt was refused by the content filter',
		};
		const task = { id: 'video_1', task_id: 'video_1', object: 'video', model: 'omni-fast' };
		setup.sandbox.faults.add({
			on: 'poll',
			answer: { status: 200, body: { ...task, status: 'failed', progress: 40, error } },
		});
		await openWorkflow({ prompt: PROMPT });
		const panel = await editor.openNode(VIDEO_NODE);
		await panel.execute();
		await panel.error();
		await editor.picture('run-error', [editor.find('ndv')], -6);
	});
});

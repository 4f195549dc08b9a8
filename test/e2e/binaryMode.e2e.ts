import { RESUME_TIMEOUT_S } from './support/n8nApi';
import { useN8n } from './support/useN8n';
import { chain, itemsOf, videoNode, webhookNode } from './support/workflows';

const setup = useN8n();

const EDIT = 'Edit it';

/** Generates a video and edits its file, in a workflow that keeps files in the JSON of items. */
async function generateThenEdit(path: string, waitStrategy: string) {
	const generate = videoNode(setup.credentialId, { options: { pollInterval: 1, waitStrategy } });
	const edit = videoNode(
		setup.credentialId,
		{ operation: 'edit', videoSource: 'binary', videoBinaryField: '_files.data' },
		{ id: EDIT, name: EDIT },
	);
	const workflow = await setup.api.createActive(
		chain(path, [webhookNode(path), generate, edit], {
			executionOrder: 'v1',
			binaryMode: 'combined',
		} as never),
	);
	await setup.api.callWebhook(path);
	const [execution] = await setup.api.executionsOf(workflow);
	return await setup.api.ended(execution as { id: string }, RESUME_TIMEOUT_S);
}

test.each(['poll', 'suspend'])(
	'with Binary Data Mode set to combined, a video can be generated, downloaded and edited (While Waiting: %s)',
	async (waitStrategy) => {
		const { status, data } = await generateThenEdit(`combined-${waitStrategy}`, waitStrategy);
		expect(data.resultData.error).toBeUndefined();
		expect(status).toBe('success');
		expect(itemsOf(data)[0]?.json).toMatchObject({
			task_id: 'video_1',
			_files: { data: { mimeType: 'video/mp4' } },
		});
		expect(itemsOf(data, EDIT)[0]?.json).toMatchObject({ task_id: 'video_2', status: 'completed' });
		expect(setup.sandbox.tasks).toHaveLength(2);
	},
	300_000,
);

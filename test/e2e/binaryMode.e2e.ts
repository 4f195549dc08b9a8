import { useN8n } from './support/useN8n';
import { chain, itemsOf, videoNode, webhookNode } from './support/workflows';

const setup = useN8n();

const EDIT = 'Edit it';

/** A video, and the file of it as the source of the next one. */
async function videoOfVideo(path: string, waitStrategy: string) {
	const generate = videoNode(setup.credentialId, { waitStrategy, downloadVideo: true });
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
	const [own] = await setup.api.executionsOf(workflow);
	return await setup.api.ended(own as { id: string }, 240);
}

test.each(['poll', 'suspend'])(
	'in a workflow that keeps files in the JSON of items, a video is made, downloaded and sent on (%s)',
	async (waitStrategy) => {
		const { status, data } = await videoOfVideo(`combined-${waitStrategy}`, waitStrategy);
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

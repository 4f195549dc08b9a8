import { setTimeout as sleep } from 'node:timers/promises';
import type { IConnections } from 'n8n-workflow';
import type { N8nMajor } from './support/install';
import { useN8n } from './support/useN8n';
import { chain, itemsOf, node, VIDEO_NODE, videoNode, webhookNode } from './support/workflows';

/** A PNG image of one pixel. */
const PNG = Buffer.from(
	'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGD4DwABBAEAX+XDSwAAAABJRU5ErkJggg==',
	'base64',
);
const FORBIDDEN = { status: 403, body: { error: { message: 'no', type: 'new_api_error' } } };

/** Tests how n8n's own templates retry, with files that n8n moves when the execution ends. */
describe.each<N8nMajor>([2, 1])('n8n %d', (major) => {
	const setup = useN8n({ major, env: { N8N_DEFAULT_BINARY_DATA_MODE: 'filesystem' } });

	const withPhoto = (parameters = {}) =>
		videoNode(setup.credentialId, {
			mode: 'firstFrame',
			firstFrameSource: 'binary',
			firstFrameBinaryField: 'photo',
			...parameters,
		});

	async function uploadTo(path: string): Promise<void> {
		const form = new FormData();
		form.append('photo', new Blob([PNG], { type: 'image/png' }), 'photo.png');
		const response = await fetch(`${setup.api.url}/webhook/${path}`, {
			method: 'POST',
			body: form,
		});
		expect(response.status).toBe(200);
	}

	test.each(['original', 'upload'])(
		`n8n ${major}: Retry after a failed check continues with the video of an uploaded photo (%s)`,
		async (way) => {
			const options = { pollInterval: 1, ...(way === 'upload' && { sendBinaryAs: 'upload' }) };
			const path = `photo-${way}`;
			const workflow = await setup.api.createActive(
				chain(path, [webhookNode(path), withPhoto({ options })]),
			);
			setup.sandbox.faults.add({ on: 'check', answer: FORBIDDEN });
			await uploadTo(path);
			const failed = await setup.api.onlyEnded(workflow);
			expect(failed.status).toBe('error');
			const { data } = await setup.api.ended(await setup.api.retry(failed.id));
			expect(itemsOf(data)[0]?.json).toMatchObject({ task_id: 'video_1', status: 'completed' });
			expect(setup.sandbox.tasks).toHaveLength(1);
		},
	);

	test(`n8n ${major}: a loop over the error output and Wait continues with the same video`, async () => {
		setup.sandbox.durationMs = 6_000;
		const path = 'loop';
		const draft = chain(path, [
			webhookNode(path),
			withPhoto({ options: { pollInterval: 1, timeout: 0.04 } }),
		]);
		const to = (name: string) => [{ node: name, type: 'main' as const, index: 0 }];
		const connections: IConnections = {
			...draft.connections,
			[VIDEO_NODE]: { main: [to('Done'), to('Wait')] },
			Wait: { main: [to(VIDEO_NODE)] },
		};
		const nodes = [
			...draft.nodes.map((one) =>
				one.name === VIDEO_NODE ? { ...one, onError: 'continueErrorOutput' as const } : one,
			),
			node('Wait', 'n8n-nodes-base.wait', { amount: 1, unit: 'seconds' }, 1.1),
			node('Done', 'n8n-nodes-base.noOp'),
		];
		const workflow = await setup.api.createActive({ ...draft, nodes, connections });
		await uploadTo(path);
		await sleep(1_000);
		const { data, status } = await setup.api.onlyEnded(workflow);
		expect(status).toBe('success');
		expect(data.resultData.runData[VIDEO_NODE]?.length).toBeGreaterThan(1);
		expect(itemsOf(data, 'Done')[0]?.json).toMatchObject({ task_id: 'video_1' });
		expect(setup.sandbox.tasks).toHaveLength(1);
	});
});

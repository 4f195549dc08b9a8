import type { N8nMajor } from './support/install';
import { until } from './support/until';
import { useN8n } from './support/useN8n';
import { HOUR_MS } from './support/sandboxInN8n';
import { chain, itemsOf, videoNode, webhookNode } from './support/workflows';

/** Tests what must work with the oldest supported major version of n8n as well as with the current one. */
describe.each<N8nMajor>([1, 2])('n8n %d', (major) => {
	const setup = useN8n({ major });

	test(`n8n ${major} loads the node with its name and icons`, async () => {
		const types = await setup.api.nodeTypes();
		const node = types.find(({ name }) => name === 'n8n-nodes-octopusx.octopusXVideo');
		expect(node).toMatchObject({ displayName: 'OctopusX Video' });
		expect(Object.keys(node?.iconUrl ?? {})).toEqual(['light', 'dark']);
	});

	test.each<[string, object, string, string]>([
		['the right key', {}, 'OK', 'Connection successful!'],
		['a wrong key', { apiKey: 'wrong' }, 'Error', 'OctopusX did not accept the API key. Check'],
		[
			'a host that does not exist',
			{ baseUrl: 'http://octopusx.invalid' },
			'Error',
			'OctopusX cannot be reached. No connection to octopusx.invalid was made. Check',
		],
		[
			'an address that refuses connections',
			{ baseUrl: 'http://127.0.0.1:9' },
			'Error',
			'OctopusX cannot be reached. No connection to 127.0.0.1:9 was made. Check',
		],
		[
			'text that is not an address',
			{ baseUrl: 'octopus x' },
			'Error',
			"The 'Base URL' in the credential is not a web address. It looks like",
		],
		[
			'a key that only another host may get',
			{ allowedHttpRequestDomains: 'domains', allowedDomains: 'example.com' },
			// n8n 1 does not know these fields
			...(major === 1 ? (['OK', 'Connection'] as const) : (['Error', 'Domain not'] as const)),
		],
	])(
		`n8n ${major} reports the right result when it tests a credential with %s`,
		async (_what, data, status, message) => {
			const { apiKey, url: baseUrl } = setup.sandbox;
			const answer = await setup.api.testCredential(setup.credentialId, 'octopusXApi', {
				apiKey,
				baseUrl,
				...data,
			});
			expect(answer).toEqual({ status, message: expect.stringContaining(message) });
		},
	);

	test(`n8n ${major} lists the models, and serves the schema of the node's output`, async () => {
		const node = 'n8n-nodes-octopusx.octopusXVideo';
		for (const name of [node, `${node}Tool`]) {
			const { results } = await setup.api.request<{ results: Array<{ value: string }> }>(
				'POST',
				'/rest/dynamic-node-parameters/resource-locator-results',
				{
					methodName: 'searchModels',
					path: 'parameters.model',
					nodeTypeAndVersion: { name, version: 1 },
					currentNodeParameters: { operation: 'edit' },
					credentials: { octopusXApi: { id: setup.credentialId, name: 'OctopusX account' } },
				},
			);
			expect(results.map(({ value }) => value)).toEqual([
				...['omni-fast-v2v', 'Kling-2.6', 'Kling-3.0-Omni'],
			]);

			const answer = await fetch(`${setup.n8n.url}/schemas/${name}/1.0.0/video/generate.json`);
			expect(await answer.json()).toHaveProperty('properties.video_url', { type: 'string' });
		}
	});

	test(`n8n ${major} generates a video and downloads it`, async () => {
		const parameters = { downloadVideo: true };
		const workflow = await setup.api.createActive(
			chain('Generate', [webhookNode('generate'), videoNode(setup.credentialId, parameters)]),
		);
		await setup.api.callWebhook('generate');
		const { status, data } = await setup.api.onlyEnded(workflow);
		expect(status).toBe('success');
		// a run does not test the credential
		expect(setup.sandbox.requestsTo('models')).toEqual([]);
		const [item] = itemsOf(data);
		expect(item?.json).toMatchObject({ task_id: 'video_1', status: 'completed' });
		expect(item?.binary?.data).toMatchObject({ mimeType: 'video/mp4', fileName: 'video_1.mp4' });
	});

	test(`n8n ${major}: Retry continues with the same task and is not charged again`, async () => {
		setup.sandbox.faults.add({ on: 'check', answer: { status: 403, body: {} } });
		const workflow = await setup.api.createActive(
			chain('Retry', [webhookNode('retry'), videoNode(setup.credentialId)]),
		);
		await setup.api.callWebhook('retry');
		const failed = await setup.api.onlyEnded(workflow);
		expect(failed.status).toBe('error');
		const { id } = await setup.api.retry(failed.id);
		const { status, data } = await setup.api.ended({ id });
		expect(status).toBe('success');
		expect(itemsOf(data)[0]?.json).toMatchObject({ task_id: 'video_1' });
		expect(setup.sandbox.tasks).toHaveLength(1);
	});

	test(`n8n ${major} suspends an execution, or the node refuses this before any charge`, async () => {
		setup.sandbox.durationMs = HOUR_MS;
		const parameters = { options: { waitStrategy: 'suspend' } };
		const workflow = await setup.api.createActive(
			chain('Suspend', [webhookNode('suspend'), videoNode(setup.credentialId, parameters)]),
		);
		await setup.api.callWebhook('suspend');
		if (major === 1) {
			const { data } = await setup.api.onlyEnded(workflow);
			expect(data.resultData.error?.message).toBe('The execution cannot be suspended');
			expect(setup.sandbox.tasks).toEqual([]);
			return;
		}
		await until('a suspended execution', async () => {
			const found = await setup.api.executionsOf(workflow);
			return found.length === 2 && found.every(({ status }) => status === 'waiting');
		});
		expect(setup.sandbox.tasks).toHaveLength(1);
	});
});

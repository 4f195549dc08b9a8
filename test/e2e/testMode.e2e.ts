import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { INodeParameters } from 'n8n-workflow';
import { ROOT } from '../package/tarball';
import { ChatModel } from './support/chatModel';
import { useEditor } from './support/editor';
import {
	RESUME_TIMEOUT_S,
	type EndedExecution,
	type SavedWorkflow,
	type WorkflowDraft,
} from './support/n8nApi';
import { until } from './support/until';
import { useN8n } from './support/useN8n';
import { chain, manualTrigger, VIDEO_NODE, videoNode, webhookNode } from './support/workflows';

const EXAMPLES = join(ROOT, 'examples');

const setup = useN8n();
const opened = useEditor(setup);
const model = new ChatModel();
let chatCredential: string;

beforeAll(async () => {
	await model.listen();
	const data = { apiKey: 'x', url: model.url };
	chatCredential = await setup.api.createCredential('openAiApi', 'OpenAI account', data);
	await setup.api.updateCredential({
		id: setup.credentialId,
		type: 'octopusXApi',
		name: 'Invalid',
		data: { apiKey: '', baseUrl: 'nowhere' },
	});
});
afterAll(async () => await model.close());
afterEach(() => expect([setup.sandbox.log, setup.sandbox.tasks]).toEqual([[], []]));

const isOurs = ({ type }: { type: string }) => type.startsWith('n8n-nodes-octopusx.');

/** Loads an example with Test Mode on. `shorter` replaces times that are too long for a test, by node. */
function example(name: string, shorter: Record<string, INodeParameters> = {}): WorkflowDraft {
	const draft = JSON.parse(readFileSync(join(EXAMPLES, `${name}.json`), 'utf8')) as WorkflowDraft;
	for (const node of draft.nodes) {
		node.parameters = { ...node.parameters, ...shorter[node.name] };
		if (node.credentials?.openAiApi) node.credentials.openAiApi.id = chatCredential;
		if (!isOurs(node)) continue;
		const options = node.parameters.options as INodeParameters;
		node.parameters.options = { ...options, testMode: 'sample' };
		const [ours] = Object.values(node.credentials ?? {});
		if (ours) ours.id = setup.credentialId;
	}
	return draft;
}

/** Functions that start an example through its trigger and return the execution once it has ended. */
const START: Record<string, (name: string) => Promise<EndedExecution>> = {
	'agent-with-approval': async (name) => {
		const toolParameters = { prompt: 'A paper boat', seconds: 6, aspect_ratio: '9:16' };
		model.script = [
			{ tool: 'Generate_video', callTool: { toolParameters, hitlParameters: {} } },
			{
				tool: 'Get_video_status',
				get callTool() {
					const [result = ''] = model.requests.at(-1)?.toolResults ?? [];
					const [{ task_id }] = JSON.parse(result) as [{ task_id: string }];
					return { task_id };
				},
			},
			{ say: 'Here is your video' },
		];
		const workflow = await setup.api.createWorkflow(example(name));
		await opened.editor.openWorkflow(workflow);
		await opened.editor.sendToChat('Make me a clip of a paper boat');
		const chat = opened.editor.find('canvas-chat');
		await chat.getByRole('button', { name: 'Approve' }).click();
		await chat.getByText('Here is your video').waitFor();
		const ended = await setup.api.onlyEnded(workflow);
		const results = model.requests.at(-1)?.toolResults;
		expect(results?.map((result) => result.includes('"test":true'))).toEqual([true, true]);
		return ended;
	},
	'ai-agent-tool': async (name) => {
		model.script = [
			{ callTool: { prompt: 'A paper boat', seconds: 6, aspect_ratio: '9:16' } },
			{ say: 'Here is your video' },
		];
		const workflow = await setup.api.createWorkflow(example(name));
		await opened.editor.openWorkflow(workflow);
		await opened.editor.sendToChat('Make me a clip of a paper boat');
		const ended = await setup.api.onlyEnded(workflow);
		const answer = model.requests.at(-1)?.toolResults.join();
		expect(answer).toContain('"test":true');
		return ended;
	},
	'batch-from-a-list': async (name) => await runManually(example(name)),
	'budget-guard': async (name) => await runManually(example(name)),
	'every-operation': async (name) => await runManually(example(name)),
	'generate-then-edit': async (name) => await runManually(example(name)),
	'long-videos-suspended': async (name) => {
		const workflow = await setup.api.createActive(example(name));
		await setup.api.callWebhook('long-videos', { videos: [{ prompt: 'One' }, { prompt: 'Two' }] });
		const suspended = await until('the execution', async () =>
			(await setup.api.executionsOf(workflow)).find(({ mode }) => mode === 'webhook'),
		);
		return await setup.api.ended(suspended, RESUME_TIMEOUT_S);
	},
	'once-per-order': async (name) => {
		const workflow = await setup.api.createActive(example(name));
		await setup.api.callWebhook('once-per-order', { order_id: 'A-1', prompt: 'One' });
		return await setup.api.onlyEnded(workflow);
	},
	'product-photos-from-a-webhook': async (name) => {
		const workflow = await setup.api.createActive(example(name));
		const form = new FormData();
		form.append('front', new Blob(['a photo'], { type: 'image/png' }), 'front.png');
		const url = `${setup.n8n.url}/webhook/product-photos`;
		const answer = await (await fetch(url, { method: 'POST', body: form })).json();
		expect(answer).toEqual([expect.objectContaining({ photo: 'front.png', test: true })]);
		return await setup.api.onlyEnded(workflow);
	},
	'status-check-loop': async (name) => await runManually(example(name, { Wait: { amount: 1 } })),
	'submit-then-fetch': async (name) => await runManually(example(name)),
	'text-to-video-on-a-schedule': async (name) => {
		const rule = { interval: [{ field: 'seconds', secondsInterval: 1 }] };
		const workflow = await setup.api.createActive(example(name, { 'Every morning': { rule } }));
		await until('an execution', async () => (await setup.api.executionsOf(workflow)).length > 0);
		await setup.api.deactivate(workflow);
		const [first] = await setup.api.endedOf(workflow);
		return first as EndedExecution;
	},
};

/** Runs a workflow manually. This needs no credential, unlike publishing. */
async function runManually(draft: WorkflowDraft): Promise<EndedExecution> {
	for (const node of draft.nodes.filter(isOurs)) delete node.credentials;
	const workflow: SavedWorkflow = await setup.api.createWorkflow(draft);
	await opened.editor.openWorkflow(workflow);
	await opened.editor.executeWorkflow();
	return await setup.api.onlyEnded(workflow);
}

const names = readdirSync(EXAMPLES).map((file) => file.replace('.json', ''));

test.each(names)(
	'the example %s works with Test Mode on, without requests and charges',
	async (name) => {
		const { status, data } = (await START[name]?.(name)) as EndedExecution;
		expect(status).toBe('success');
		const { runData } = data.resultData;
		const ours = Object.values(example(name).nodes).filter(isOurs);
		for (const node of ours) {
			const { data: output } = runData[node.name]?.at(-1) ?? {};
			const [items = []] = output?.main ?? output?.ai_tool ?? [];
			expect(items?.length).toBeGreaterThan(0);
			// A tool returns its items to the model as text.
			if (output?.main) expect(items?.map(({ json }) => json.test)).toEqual(items?.map(() => true));
		}
	},
);

test('with Test Mode on, a sample video plays in the editor, and a hint says that nothing was generated', async () => {
	const { editor } = opened;
	const options = { testMode: 'sampleInEditor' };
	const node = videoNode(setup.credentialId, { downloadVideo: true, options });
	await editor.openWorkflow(
		await setup.api.createWorkflow(chain('Test Mode', [manualTrigger(), node])),
	);
	const panel = await editor.openNode(VIDEO_NODE);
	await panel.execute();
	// n8n 2.41 shows the output a second time in its log view.
	await editor.page.getByText('Test Mode: 1 item, nothing generated').first().waitFor();
	expect(await panel.playVideo()).toEqual({ duration: 3, width: 320, height: 180 });
});

test('a production run with Test Mode on needs no valid credential, and its log says that nothing was generated', async () => {
	const path = 'test-mode';
	const node = videoNode(setup.credentialId, { options: { testMode: 'sample' } });
	const workflow = await setup.api.createActive(chain('Production', [webhookNode(path), node]));
	const printed = setup.n8n.program.output.length;
	await setup.api.callWebhook(path);
	expect((await setup.api.onlyEnded(workflow)).status).toBe('success');
	const line = 'OctopusX: Test Mode: 1 item, nothing generated';
	await until('the line in the log', () => setup.n8n.program.output.slice(printed).includes(line));
});

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { INodeParameters } from 'n8n-workflow';
import { ROOT } from '../package/tarball';
import { ChatModel } from './support/chatModel';
import { useEditor } from './support/editor';
import { FormPage } from './support/formPage';
import { MailServer } from './support/mailServer';
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
const mail = new MailServer();
/** The credentials of other services, by type. */
const others: Record<string, string> = {};

beforeAll(async () => {
	await model.listen();
	await mail.listen();
	const data = { apiKey: 'x', url: model.url };
	others.openAiApi = await setup.api.createCredential('openAiApi', 'OpenAI account', data);
	others.smtp = await setup.api.createCredential('smtp', 'SMTP account', mail.credential);
	await setup.api.updateCredential({
		id: setup.credentialId,
		type: 'octopusXApi',
		name: 'Invalid',
		data: { apiKey: '', baseUrl: 'nowhere' },
	});
});
afterAll(async () => {
	await model.close();
	await mail.close();
});
afterEach(() => expect([setup.sandbox.log, setup.sandbox.tasks]).toEqual([[], []]));

const isOurs = ({ type }: { type: string }) => type.startsWith('n8n-nodes-octopusx.');

/** Loads an example with Test Mode on. `shorter` replaces times that are too long for a test, by node. */
function example(name: string, shorter: Record<string, INodeParameters> = {}): WorkflowDraft {
	const draft = JSON.parse(readFileSync(join(EXAMPLES, `${name}.json`), 'utf8')) as WorkflowDraft;
	for (const node of draft.nodes) {
		node.parameters = { ...node.parameters, ...shorter[node.name] };
		for (const [type, credential] of Object.entries(node.credentials ?? {})) {
			credential.id = others[type] ?? setup.credentialId;
		}
		if (!isOurs(node)) continue;
		const options = node.parameters.options as INodeParameters;
		node.parameters.options = { ...options, testMode: 'sample' };
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
	'budget-guard': async (name) => await runManually(example(name)),
	'content-calendar': async (name) => {
		const workflow = await openManually(example(name));
		await run(workflow);
		const prompt = 'A paper boat';
		await setup.api.addRows('OctopusX content calendar', [{ date: '2020-01-01', prompt }]);
		const ended = await run(workflow, 2);
		const rows = await setup.api.rowsOf('OctopusX content calendar');
		expect(rows).toMatchObject([{ prompt, status: 'test', cost: 0, currency: 'USD' }]);
		return ended;
	},
	'costs-of-the-month': async (name) => {
		const rule = { interval: [{ field: 'seconds', secondsInterval: 1 }] };
		const workflow = await setup.api.createActive(example(name, { 'Every morning': { rule } }));
		await until('an execution', async () => (await setup.api.executionsOf(workflow)).length > 0);
		await setup.api.deactivate(workflow);
		const ended = await setup.api.endedOf(workflow);
		const [row] = await setup.api.rowsOf('OctopusX costs');
		expect(row).toMatchObject({ status: 'test', cost: 0, currency: 'USD' });
		return ended[0] as EndedExecution;
	},
	'error-workflow': async (name) => {
		const { id } = await setup.api.createActive(example(name));
		const node = videoNode(setup.credentialId, { options: { testMode: 'failure' } });
		const failing = chain('Failing', [webhookNode('failing'), node]);
		await setup.api.createActive({ ...failing, settings: { errorWorkflow: id } });
		await setup.api.callWebhook('failing');
		const ended = await setup.api.onlyEnded({ id });
		expect(mail.messages.join()).toMatch(/Charged: no\s/);
		return ended;
	},
	'every-operation': async (name) => await runManually(example(name)),
	'fetch-later': async (name) => {
		await (START['submit-now'] as (name: string) => Promise<unknown>)('submit-now');
		const ended = await runManually(example(name));
		const rows = await setup.api.rowsOf('OctopusX orders');
		expect(rows).toMatchObject([{ status: 'test', cost: 0, currency: 'USD' }]);
		await setup.api.deleteRow('OctopusX orders', rows[0] ?? {});
		return ended;
	},
	'form-to-video': async (name) => {
		const { workflow, page } = await sendForm(name, 'Steam rises from the cup');
		await page.getByText('Test Mode: nothing was made').waitFor();
		await page.close();
		return await setup.api.onlyEnded(workflow);
	},
	'generate-then-edit': async (name) => await runManually(example(name)),
	'long-videos-suspended': async (name) => {
		const workflow = await setup.api.createActive(example(name));
		await setup.api.callWebhook('long-videos', { videos: [{ prompt: 'One' }, { prompt: 'Two' }] });
		const suspended = await until('the execution', async () =>
			(await setup.api.executionsOf(workflow)).find(({ mode }) => mode === 'webhook'),
		);
		return await setup.api.ended(suspended, RESUME_TIMEOUT_S);
	},
	'one-photo-many-clips': async (name) => {
		const { workflow, page } = await sendForm(name);
		const ended = await setup.api.onlyEnded(workflow);
		await page.close();
		return ended;
	},
	'submit-now': async (name) => {
		const workflow = await setup.api.createActive(example(name));
		await setup.api.callWebhook('octopusx-order', { order_id: 'A-1', prompt: 'One' });
		const ended = await setup.api.onlyEnded(workflow);
		await setup.api.deactivate(workflow);
		return ended;
	},
};

/** Sends the form of an example, and returns the page that comes next. */
async function sendForm(name: string, text?: string) {
	const workflow = await setup.api.createActive(example(name));
	const { context } = opened.editor.browser;
	const form = await FormPage.open(context, setup.n8n.url, workflow);
	await form.send(Buffer.from('\0a photo'), text);
	return { workflow, page: form.page };
}

/** Opens a workflow in the editor, without our credential: a manual run needs none, unlike publishing. */
async function openManually(draft: WorkflowDraft): Promise<SavedWorkflow> {
	for (const node of draft.nodes.filter(isOurs)) delete node.credentials;
	const workflow = await setup.api.createWorkflow(draft);
	await opened.editor.openWorkflow(workflow);
	return workflow;
}

/** Executes the open workflow, and returns its latest execution once there are `count`. */
async function run(workflow: SavedWorkflow, count = 1): Promise<EndedExecution> {
	await opened.editor.executeWorkflow();
	const [latest] = await setup.api.endedOf(workflow, count);
	return latest as EndedExecution;
}

const runManually = async (draft: WorkflowDraft) => await run(await openManually(draft));

const names = readdirSync(EXAMPLES)
	.filter((file) => file.endsWith('.json'))
	.map((file) => file.replace('.json', ''));

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

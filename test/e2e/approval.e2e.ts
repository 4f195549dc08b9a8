import { ChatModel } from './support/chatModel';
import { useEditor } from './support/editor';
import type { EndedExecution, SavedWorkflow } from './support/n8nApi';
import { useN8n } from './support/useN8n';

const PROMPT = 'A paper boat drifts down a rainy street, slow tracking shot';

const setup = useN8n();
const opened = useEditor(setup);
const model = new ChatModel();
let workflow: SavedWorkflow;
let executions = 0;

beforeAll(async () => {
	await model.listen();
	await setup.api.createCredential('openAiApi', 'OpenAI account', { apiKey: 'x', url: model.url });
	workflow = await opened.editor.importExample(setup.api, 'agent-with-approval.json');
	await opened.editor.pictureWorkflow('example-agent-with-approval');
	await opened.editor.page.setViewportSize({ width: 1280, height: 1000 });
});
beforeEach(async () => {
	model.reset();
	await opened.editor.openWorkflow(workflow);
});
afterAll(async () => await model.close());

/** A call of the paid tool, as the model plans it for a tool with an approval. */
const generate = (seconds: number) => ({
	tool: 'Generate_video',
	callTool: {
		toolParameters: { prompt: PROMPT, seconds, aspect_ratio: '9:16' },
		hitlParameters: {},
	},
});
const question = (seconds: number) => `The agent wants a video of ${seconds} s (9:16):`;

const chat = () => opened.editor.find('canvas-chat');

/** Drags the upper edge of the chat, so that the question and its buttons fit into a picture. */
async function enlargeChat(): Promise<void> {
	const { mouse } = opened.editor.page;
	const { x, y, width } = (await chat().boundingBox()) as { x: number; y: number; width: number };
	await mouse.move(x + width / 2, y);
	await mouse.down();
	await mouse.move(x + width / 2, y - 260, { steps: 5 });
	await mouse.up();
}

/** Waits until the chat asks for approval. Nothing has been paid for then. */
async function expectQuestion(seconds: number): Promise<void> {
	await chat().getByText(question(seconds)).waitFor();
	expect(setup.sandbox.log).toEqual([]);
}

/** Waits for the answer in the chat, and returns the execution. */
async function end(answer: string): Promise<EndedExecution> {
	await chat().getByText(answer).waitFor();
	executions += 1;
	const [latest] = await setup.api.endedOf(workflow, executions);
	return latest as EndedExecution;
}

const toolResult = () => model.requests.at(-1)?.toolResults.at(-1);

test('example "agent with approval": Approve makes one paid video, and its status can be asked for without approval', async () => {
	model.script = [generate(6), { say: 'The video has been started' }];
	await opened.editor.sendToChat('Make me a clip of a paper boat, upright, 6 seconds');
	await expectQuestion(6);
	await enlargeChat();
	await opened.editor.picture('approval', [chat()]);
	await chat().getByRole('button', { name: 'Approve' }).click();
	expect((await end('The video has been started')).status).toBe('success');
	expect(setup.sandbox.tasks.map(({ request }) => request)).toEqual([
		expect.objectContaining({ prompt: PROMPT, seconds: '6', aspect_ratio: '9:16' }),
	]);
	expect(toolResult()).toContain('"task_id":"video_1"');

	model.script = [
		{ tool: 'Get_video_status', callTool: { task_id: 'video_1' } },
		{ say: 'Here is the video' },
	];
	await opened.editor.say('Is it done?');
	expect((await end('Here is the video')).status).toBe('success');
	expect(toolResult()).toMatch(/"status":"completed".+"video_url":"http/);
	expect(JSON.stringify(model.requests.at(-1)?.body)).toContain('The video has been started');
	expect(setup.sandbox.tasks).toHaveLength(1);
});

test('example "agent with approval": Decline costs nothing, and n8n asks the model to stop', async () => {
	model.script = [generate(6), { say: 'All right, no video' }];
	await opened.editor.sendToChat('Make me a clip of a paper boat, upright, 6 seconds');
	await expectQuestion(6);
	await chat().getByRole('button', { name: 'Decline' }).click();
	expect((await end('All right, no video')).status).toBe('success');
	expect(toolResult()).toContain('User rejected the tool call to Generate video');
	expect(setup.sandbox.log).toEqual([]);
});

test('example "agent with approval": an answer in words goes to the model, and its new plan needs a new approval', async () => {
	model.script = [generate(30), generate(4), { say: 'The shorter video has been started' }];
	await opened.editor.sendToChat('Make me a clip of a paper boat, upright');
	await expectQuestion(30);
	await opened.editor.say('4 seconds, please');
	await expectQuestion(4);
	expect(toolResult()).toMatch(/provided feedback: .+4 seconds, please/);
	await chat().getByRole('button', { name: 'Approve' }).last().click();
	expect((await end('The shorter video has been started')).status).toBe('success');
	expect(setup.sandbox.tasks.map(({ request }) => request.seconds)).toEqual(['4']);
});

test('if nobody approves within Limit Wait Time, there is no video', async () => {
	const limitWaitTime = {
		limitType: 'afterTimeInterval',
		resumeAmount: 0.05,
		resumeUnit: 'minutes',
	};
	const options = { limitWaitTime: { values: limitWaitTime } };
	const nodes = workflow.nodes.map((node) =>
		node.name === 'Ask for approval'
			? { ...node, parameters: { ...node.parameters, options } }
			: node,
	);
	const limited = await setup.api.createWorkflow({
		name: 'Limited',
		nodes,
		connections: workflow.connections,
	});
	await opened.editor.openWorkflow(limited);
	model.script = [generate(6), { say: 'Nobody has answered' }];
	await opened.editor.sendToChat('Make me a clip of a paper boat, upright, 6 seconds');
	await expectQuestion(6);
	expect((await setup.api.onlyEnded(limited)).status).toBe('success');
	// n8n passes on the first message of the chat as if it were an answer to the question.
	expect(toolResult()).toMatch(/provided feedback: .+Make me a clip/);
	expect(setup.sandbox.log).toEqual([]);
});

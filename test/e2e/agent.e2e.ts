import type { INode, INodeParameters } from 'n8n-workflow';
import { ChatModel, type Turn } from './support/chatModel';
import { useN8n } from './support/useN8n';
import { node, webhookNode } from './support/workflows';

const LANGCHAIN = '@n8n/n8n-nodes-langchain';
const TOOL = 'OctopusX Video Tool';

/** Agents since version 3 let n8n's engine run a tool; older ones run it themselves. */
const AGENTS = [2.2, 3.1];

/** With this setting, the model gets all details of a failure. */
const CONTINUE: Partial<INode> = { onError: 'continueRegularOutput' };

const ARGUMENTS = { prompt: 'A paper boat on a lake', seconds: 6, aspect_ratio: '9:16' };

const setup = useN8n();
const model = new ChatModel();
let openAiId: string;
let count = 0;

beforeAll(async () => {
	await model.listen();
	const data = { apiKey: 'x', url: model.url };
	openAiId = await setup.api.createCredential('openAiApi', 'OpenAI account', data);
});
beforeEach(() => model.reset());
afterAll(async () => await model.close());

const fromAi = (name: string, description: string, type: string) =>
	`={{ $fromAI('${name}', '${description}', '${type}') }}`;

/** Creates a workflow of a webhook and an AI Agent whose only tool is our node. */
function agentWorkflow(
	agentVersion: number,
	path: string,
	parameters: INodeParameters,
	settings: Partial<INode>,
) {
	const toAgent = (type: string) => [[{ node: 'AI Agent', type, index: 0 }]];
	return {
		name: `Agent ${path}`,
		nodes: [
			webhookNode(path),
			node(
				'AI Agent',
				`${LANGCHAIN}.agent`,
				{ promptType: 'define', text: 'Make a video', options: {} },
				agentVersion,
			),
			{
				...node(
					'Model',
					`${LANGCHAIN}.lmChatOpenAi`,
					{ model: { __rl: true, mode: 'id', value: 'scripted' }, options: { maxRetries: 0 } },
					1.2,
				),
				credentials: { openAiApi: { id: openAiId, name: 'OpenAI account' } },
			},
			{
				...node(TOOL, 'n8n-nodes-octopusx.octopusXVideoTool', {
					prompt: fromAi('prompt', 'What the video shows', 'string'),
					seconds: fromAi('seconds', 'Length in seconds', 'number'),
					aspectRatio: fromAi('aspect_ratio', '16:9 or 9:16', 'string'),
					options: { pollInterval: 1 },
					...parameters,
				}),
				credentials: { octopusXApi: { id: setup.credentialId, name: 'OctopusX account' } },
				...settings,
			},
		],
		connections: {
			Webhook: { main: toAgent('main') },
			Model: { ai_languageModel: toAgent('ai_languageModel') },
			[TOOL]: { ai_tool: toAgent('ai_tool') },
		} as never,
	};
}

/** Runs an agent whose model follows the script. `said` is the last message of the model. */
async function runAgent(
	version: number,
	script: Turn[],
	parameters: INodeParameters = {},
	settings: Partial<INode> = {},
) {
	const path = `agent-${++count}`;
	const workflow = await setup.api.createActive(agentWorkflow(version, path, parameters, settings));
	model.script = [...script, { say: 'That was it' }];
	await setup.api.callWebhook(path);
	const { status, data } = await setup.api.onlyEnded(workflow);
	const [said] = data.resultData.runData['AI Agent']?.at(-1)?.data?.main?.[0] ?? [];
	return { status, said: said?.json.output, results: model.requests.at(-1)?.toolResults ?? [] };
}

describe.each(AGENTS)('AI Agent %s', (version) => {
	test(`the model of AI Agent ${version} gets only the selected fields with Output set to Selected Fields`, async () => {
		const { results } = await runAgent(version, [{ callTool: ARGUMENTS }], {
			output: 'selectedFields',
			fields: ['status'],
		});
		expect(results.map((result) => JSON.parse(result) as unknown)).toEqual([
			[{ task_id: 'video_1', status: 'completed' }],
		]);
	});

	test.each([false, true])(
		`the model of AI Agent ${version} gets the URL of the finished video, with Download Video set to %s`,
		async (on) => {
			const { status, said, results } = await runAgent(version, [{ callTool: ARGUMENTS }], {
				downloadVideo: on,
			});
			expect([status, said]).toEqual(['success', 'That was it']);
			expect(model.requests[0]?.tools).toEqual([
				expect.objectContaining({
					description: expect.stringContaining('video'),
					parameters: expect.objectContaining({
						properties: {
							prompt: { type: 'string', description: 'What the video shows' },
							seconds: { type: 'number', description: 'Length in seconds' },
							aspect_ratio: { type: 'string', description: '16:9 or 9:16' },
						},
					}),
				}),
			]);
			expect(setup.sandbox.tasks.map(({ request }) => request)).toEqual([
				expect.objectContaining({
					prompt: ARGUMENTS.prompt,
					seconds: '6',
					aspect_ratio: '9:16',
				}),
			]);
			expect(results).toHaveLength(1);
			const [result = ''] = results;
			expect(JSON.parse(result)).toEqual([
				expect.objectContaining({
					task_id: 'video_1',
					status: 'completed',
					video_url: expect.stringMatching(/^http.+\.mp4/),
				}),
			]);
			expect(result.length).toBeLessThan(1_000);
		},
	);

	test(`the model of AI Agent ${version} gets the ID of a failed task and the reason, with On Error set to Continue`, async () => {
		const failing = { ...ARGUMENTS, prompt: 'A boat [failed]' };
		const { status, results } = await runAgent(version, [{ callTool: failing }], {}, CONTINUE);
		expect(status).toBe('success');
		expect(results.map((result) => JSON.parse(result))).toMatchObject([
			[
				{
					task_id: 'video_1',
					status: 'failed',
					error: {
						message: 'The video could not be generated',
						description: expect.stringContaining('The sandbox let this task end failed'),
						task_id: 'video_1',
						cost: { amount: 0, currency: 'USD', refunded: true },
					},
				},
			],
		]);
		expect(results[0]?.length).toBeLessThan(1_000);
		expect(setup.sandbox.tasks).toHaveLength(1);
	});

	test(`an invalid argument from AI Agent ${version} costs nothing, and its model can correct it`, async () => {
		const calls = [{ callTool: { ...ARGUMENTS, seconds: 99 } }, { callTool: ARGUMENTS }];
		const { status, results } = await runAgent(version, calls, {}, CONTINUE);
		expect(status).toBe('success');
		expect(results[0]).toContain("'Duration (Seconds)' must be a whole number from 4 to 30");
		expect(results[1]).toContain('"video_url"');
		expect(setup.sandbox.tasks).toHaveLength(1);
	});

	test(`each tool call of AI Agent ${version} creates a new video, even with the same arguments`, async () => {
		const { results } = await runAgent(version, [{ callTool: ARGUMENTS }, { callTool: ARGUMENTS }]);
		expect(results.map((result) => JSON.parse(result)[0].task_id)).toEqual(['video_1', 'video_2']);
		expect(setup.sandbox.tasks).toHaveLength(2);
	});
});

test('with On Error set to Stop, n8n passes only the error message to an AI Agent’s model', async () => {
	const { results } = await runAgent(3.1, [{ callTool: { ...ARGUMENTS, prompt: '[failed]' } }]);
	expect(results).toEqual(['[{"error":"The video could not be generated"}]']);
	expect(setup.n8n.program.output).toContain('OctopusX task video_1 created');
});

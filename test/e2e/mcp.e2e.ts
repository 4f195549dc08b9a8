import type { INode, INodeParameters, OnError } from 'n8n-workflow';
import { endTask } from '../sandbox/tasks';
import { eventually } from './support/eventually';
import type { N8nMajor } from './support/install';
import { connectMcp, type McpClient } from './support/mcpClient';
import type { Execution, SavedWorkflow } from './support/n8nApi';
import { HOUR_MS } from './support/sandboxInN8n';
import { until } from './support/until';
import { useN8n } from './support/useN8n';
import { node } from './support/workflows';

const TRIGGER = 'MCP Server Trigger';
const PROMPT = { prompt: 'A paper boat on a lake' };

const GENERATE_TEXT = 'Starts a paid video and returns its task ID';
const GET_STATUS_TEXT = 'Checks a task, free of charge';

describe.each<N8nMajor>([2, 1])('MCP on n8n %d', (major) => {
	const setup = useN8n({ major });
	let workflow: SavedWorkflow;
	let client: McpClient;
	let count = 0;

	afterEach(async () => await client?.close());

	const tool = (name: string, parameters: INodeParameters, settings: Partial<INode> = {}) => ({
		...node(name, 'n8n-nodes-octopusx.octopusXVideoTool', {
			descriptionType: 'manual',
			options: { pollInterval: 1 },
			...parameters,
		}),
		credentials: { octopusXApi: { id: setup.credentialId, name: 'OctopusX account' } },
		...settings,
	});

	/** Connects a client to a new workflow that offers Generate and Get Status. */
	async function connect(parameters: INodeParameters = {}, settings: Partial<INode> = {}) {
		const path = `video-${++count}`;
		const toTrigger = { ai_tool: [[{ node: TRIGGER, type: 'ai_tool', index: 0 }]] };
		workflow = await setup.api.createActive({
			name: `MCP ${path}`,
			nodes: [
				{
					...node(TRIGGER, '@n8n/n8n-nodes-langchain.mcpTrigger', { path }, 2),
					webhookId: path,
				},
				tool(
					'Generate',
					{
						toolDescription: GENERATE_TEXT,
						prompt: "={{ $fromAI('prompt', 'What the video shows', 'string') }}",
						...parameters,
					},
					settings,
				),
				tool('Get Status', {
					toolDescription: GET_STATUS_TEXT,
					operation: 'getStatus',
					taskId: "={{ $fromAI('task_id', 'The task ID', 'string') }}",
				}),
			],
			connections: { Generate: toTrigger, 'Get Status': toTrigger } as never,
		});
		client = await connectMcp(`${setup.n8n.url}/mcp/${path}`);
	}

	async function call(name: string, input: Record<string, unknown>) {
		const { isError = false, content } = await client.callTool({ name, arguments: input });
		return { isError, text: content.map(({ text }) => text).join() };
	}

	/** Returns the items of a call that succeeds. */
	async function itemsOf(name: string, input: Record<string, unknown>) {
		const { isError, text } = await call(name, input);
		expect([isError, text]).toEqual([false, expect.stringMatching(/^\[/)]);
		return JSON.parse(text) as Array<Record<string, unknown>>;
	}

	const endFirstTask = () => {
		const [first] = setup.sandbox.tasks;
		if (first) endTask(first, 'completed', setup.sandbox.now());
	};

	const statusesOf = (executions: Execution[]) => executions.map(({ status }) => status);

	test(`an MCP client of n8n ${major} sees both tools, and the fields that the model fills in`, async () => {
		await connect({ waitForCompletion: false });
		const { tools } = await client.listTools();
		const seen = tools.map(({ name, description, inputSchema: { properties } }) => [
			name,
			description,
			properties,
		]);
		expect(seen.sort()).toEqual([
			['Generate', GENERATE_TEXT, { prompt: expect.objectContaining({ type: 'string' }) }],
			['Get_Status', GET_STATUS_TEXT, { task_id: expect.objectContaining({ type: 'string' }) }],
		]);
	});

	test(`over MCP on n8n ${major}, Generate returns the task ID, and Get Status checks it until it is completed, for one charge`, async () => {
		setup.sandbox.durationMs = HOUR_MS;
		await connect({ waitForCompletion: false });
		const [created] = await itemsOf('Generate', PROMPT);
		expect(created).toMatchObject({ task_id: 'video_1', status: 'queued' });
		const check = async () => await itemsOf('Get_Status', { task_id: created?.task_id });
		expect(await check()).toEqual([expect.objectContaining({ status: 'queued' })]);
		endFirstTask();
		expect(await check()).toEqual([
			expect.objectContaining({
				task_id: 'video_1',
				status: 'completed',
				video_url: expect.stringMatching(/^http.+\.mp4/),
			}),
		]);
		expect(setup.sandbox.requestsTo('submit')).toHaveLength(1);
		expect(setup.sandbox.charged).toHaveLength(1);
		expect(statusesOf(await setup.api.endedOf(workflow, 3))).toEqual(
			Array.from({ length: 3 }, () => 'success'),
		);
	});

	test(`n8n ${major} logs the task of a call over MCP, which belongs to no execution`, async () => {
		await connect({ waitForCompletion: false });
		const before = setup.n8n.program.output.length;
		await itemsOf('Generate', PROMPT);
		const line =
			'OctopusX task video_1 created for item 0. After a Stop or a crash, fetch it with Get Status before you run it again';
		await eventually(() => expect(setup.n8n.program.output.slice(before)).toContain(line));
	});

	test(`two calls over MCP on n8n ${major} with the same words are two paid videos`, async () => {
		await connect({ waitForCompletion: false });
		expect(await itemsOf('Generate', PROMPT)).toMatchObject([{ task_id: 'video_1' }]);
		expect(await itemsOf('Generate', PROMPT)).toMatchObject([{ task_id: 'video_2' }]);
		expect(setup.sandbox.charged).toHaveLength(2);
		expect(await setup.api.endedOf(workflow, 2)).toHaveLength(2);
	});

	test(`an MCP client that gives up on n8n ${major} and calls again pays twice, and the first call goes on`, async () => {
		setup.sandbox.durationMs = HOUR_MS;
		await connect();
		const impatient = client.callTool({ name: 'Generate', arguments: PROMPT }, undefined, {
			timeout: 2_000,
		});
		await expect(impatient).rejects.toThrow('Request timed out');
		await until('the first task', () => setup.sandbox.tasks.length === 1);
		// n8n shows a call only when it has ended
		expect(await setup.api.executionsOf(workflow)).toEqual([]);

		setup.sandbox.durationMs = 0;
		expect(await itemsOf('Generate', PROMPT)).toMatchObject([{ task_id: 'video_2' }]);
		expect(setup.sandbox.charged).toHaveLength(2);
		endFirstTask();
		const ended = await setup.api.endedOf(workflow, 2);
		const results = ended.map(({ data }) => JSON.stringify(data.resultData.runData.Generate));
		expect(results.join()).toMatch(/video_1\.mp4.*video_2\.mp4|video_2\.mp4.*video_1\.mp4/);
	});

	test.each<[string, OnError, boolean]>([
		['Stop', 'stopWorkflow', true],
		['Continue', 'continueRegularOutput', false],
	])(
		`with On Error set to %s, a failed call over MCP on n8n ${major} returns the reason and the task ID, and the next call is a new, paid video`,
		async (_label, onError, isError) => {
			setup.sandbox.faults.add({ on: 'check', answer: { status: 403, body: {} } });
			await connect({}, { onError });
			const failed = await call('Generate', PROMPT);
			expect(failed.isError).toBe(isError);
			expect(failed.text).toContain('The account or the API key does not allow this');
			expect(failed.text).toContain('Task video_1 was charged: fetch its video with Get Status');
			if (!isError) expect(failed.text).toContain('"task_id":"video_1"');
			// n8n has no execution that failed, so there is nothing to retry
			expect(failed.text).not.toContain('Retry');

			expect(await itemsOf('Generate', PROMPT)).toMatchObject([{ task_id: 'video_2' }]);
			expect(setup.sandbox.charged).toHaveLength(2);
			// n8n 1 has no execution at all of a call that ended with an error
			const expected = isError && major === 1 ? 1 : 2;
			const ended = await setup.api.endedOf(workflow, expected);
			expect(statusesOf(ended)).toEqual(Array.from({ length: expected }, () => 'success'));
		},
	);

	test(`with Retry On Fail, a call over MCP on n8n ${major} goes on with its own task`, async () => {
		setup.sandbox.faults.add({ on: 'check', answer: { status: 403, body: {} } });
		await connect({}, { retryOnFail: true, maxTries: 2, waitBetweenTries: 100 });
		expect(await itemsOf('Generate', PROMPT)).toMatchObject([{ task_id: 'video_1' }]);
		expect(setup.sandbox.tasks).toHaveLength(1);
	});
});

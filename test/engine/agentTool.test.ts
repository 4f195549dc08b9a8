import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ExecutionLifecycleHooks, SupplyDataContext } from 'n8n-core';
import { getSchema } from 'n8n-core/dist/execution-engine/node-execution-context/utils/create-node-as-tool';
import { makeHandleToolInvocation } from 'n8n-core/dist/execution-engine/node-execution-context/utils/get-input-connection-data';
import {
	NodeConnectionTypes,
	Workflow,
	type IDataObject,
	type IExecuteData,
	type INode,
	type INodeParameters,
	type IRunExecutionData,
	type IWorkflowBase,
	type IWorkflowExecuteAdditionalData,
} from 'n8n-workflow';
import { chargeSentence } from '../../nodes/OctopusXVideo/api/errors';
import { OctopusXVideo } from '../../nodes/OctopusXVideo/OctopusXVideo.node';
import { CredentialsHelper } from './support/credentialsHelper';
import { apiErrorBody } from './support/errorBodies';
import { asTool, NodeTypes, TOOL_TYPE } from './support/nodeTypes';
import { useSandbox } from './support/useSandbox';
import { onVirtualTime } from './support/virtualTime';

const sandbox = useSandbox();

const ARGUMENTS = { prompt: 'A paper boat', seconds: 6 };

/**
 * Creates the node as an agent's tool. A call returns the string for the model; `args` are the
 * values for `$fromAI`.
 */
function createTool(
	args: IDataObject,
	parameters: INodeParameters = {},
	settings: Partial<INode> = {},
	surroundings: Partial<IWorkflowExecuteAdditionalData> = {},
) {
	const node: INode = {
		id: 'tool',
		name: 'Video Tool',
		type: TOOL_TYPE,
		typeVersion: 1,
		position: [0, 0],
		parameters: {
			prompt: "={{ $fromAI('prompt', 'What the video shows', 'string') }}",
			seconds: "={{ $fromAI('seconds', 'Length in seconds', 'number') }}",
			...parameters,
		},
		credentials: { octopusXApi: { id: '1', name: 'OctopusX' } },
		...settings,
	};
	const tool = asTool(new OctopusXVideo());
	const workflowData = { id: 'test', name: 'Test', active: false, nodes: [node], connections: {} };
	const workflow = new Workflow({ ...workflowData, nodeTypes: new NodeTypes(tool) });
	const additionalData = {
		credentialsHelper: new CredentialsHelper({ apiKey: sandbox.apiKey, baseUrl: sandbox.url }),
		hooks: new ExecutionLifecycleHooks('manual', '1', workflowData as unknown as IWorkflowBase),
		executionId: '1',
		currentNodeExecutionIndex: 0,
		variables: {},
		webhookWaitingBaseUrl: 'http://localhost/webhook-waiting',
		formWaitingBaseUrl: 'http://localhost/form-waiting',
		...surroundings,
	} as unknown as IWorkflowExecuteAdditionalData;
	const runData = {
		resultData: { runData: {} },
		executionData: { contextData: {} },
	} as unknown as IRunExecutionData;
	const { AiTool } = NodeConnectionTypes;
	const executeData: IExecuteData = { node, data: { main: [[{ json: {} }]] }, source: null };
	const contextOfRun = (runIndex: number) =>
		new SupplyDataContext(
			workflow,
			node,
			additionalData,
			'manual',
			runData,
			runIndex,
			[{ json: {} }],
			{},
			AiTool,
			executeData,
			[],
		);
	const invoke = makeHandleToolInvocation(contextOfRun, node, tool, runData);
	// After an exception, the agent gives the model the message of the error.
	const answerOf = async (given = args) =>
		await invoke(given).catch(({ message }: Error) => message);
	const call = async () => (await onVirtualTime(sandbox, answerOf)).result;
	/** Makes several calls at the same time, as agents do. */
	const callTogether = async (...all: IDataObject[]) =>
		(await onVirtualTime(sandbox, async () => await Promise.all(all.map(answerOf)))).result;
	return Object.assign(call, { together: callTogether });
}

async function callTool(...tool: Parameters<typeof createTool>): Promise<string> {
	return await createTool(...tool)();
}

test.each([false, true])(
	'an AI agent gets the completed task as a string (Download Video: %s)',
	async (downloadVideo) => {
		const text = await callTool(ARGUMENTS, { downloadVideo });
		expect(JSON.parse(text)).toEqual([
			expect.objectContaining({
				task_id: 'video_1',
				status: 'completed',
				video_url: expect.stringMatching(/^http.+\.mp4/),
			}),
		]);
		expect(text.length).toBeLessThan(1_000);
		expect(sandbox.tasks.map(({ request }) => request)).toEqual([
			expect.objectContaining({ prompt: 'A paper boat', seconds: '6' }),
		]);
		// a tool does not have the field
		expect(sandbox.requestsTo('file')).toEqual([]);
	},
);

test('an AI agent gets the reason and the ID of a failed task', async () => {
	const text = await callTool({ ...ARGUMENTS, prompt: 'A boat [failed]' });
	const charge = chargeSentence({ taskId: 'video_1', refund: 'given' });
	const start = `The video could not be generated\n\nDetails: ${charge} OctopusX said: `;
	expect(text.slice(0, start.length)).toBe(start);
	expect(text).toContain('task_failed');
	expect(sandbox.tasks).toHaveLength(1);
});

test('the error of a tool call mentions Retry, but not outside an execution, where n8n runs calls over MCP', async () => {
	const forbidden = { status: 403, body: apiErrorBody('no') };
	sandbox.faults.add({ on: 'check', times: Infinity, answer: forbidden });
	const inExecution = await callTool(ARGUMENTS);
	const overMcp = await callTool(ARGUMENTS, {}, {}, { executionId: undefined });
	expect(inExecution).toContain("use Retry in n8n's list of executions");
	expect(overMcp).toContain(chargeSentence({ taskId: 'video_2' }));
	expect(overMcp).not.toContain('Retry');
});

test('over MCP, the error of a Get Status that waited too long says that it can be called again', async () => {
	sandbox.durationMs = 3_600_000;
	await callTool(ARGUMENTS, { waitForCompletion: false });
	const parameters = {
		operation: 'getStatus',
		taskId: 'video_1',
		waitForCompletion: true,
		options: { timeout: 1 },
	};
	const check = await callTool(ARGUMENTS, parameters, {}, { executionId: undefined });
	expect(check).toContain('Run the node again to check them, which is not charged.');
});

test('an AI agent gets an error for an invalid argument, without any request', async () => {
	expect(await callTool({ ...ARGUMENTS, seconds: 99 })).toMatch(
		/^'Duration \(Seconds\)' must be a whole number from 4 to 30 \[item 0\]\n\nDetails: .* 99\.$/,
	);
	expect(sandbox.log).toHaveLength(0);
});

test('an AI agent without Wait Until Completed gets a task ID that it can use with Get Status', async () => {
	const [task] = JSON.parse(await callTool(ARGUMENTS, { waitForCompletion: false }));
	expect(task).toMatchObject({ task_id: 'video_1', status: 'queued' });
	const status = { operation: 'getStatus', taskId: "={{ $fromAI('task_id', 'The task') }}" };
	const [later] = JSON.parse(await callTool({ task_id: task.task_id }, status));
	expect(later).toMatchObject({ task_id: 'video_1', status: 'completed' });
});

test('an AI agent gets what the key has left, with Get Balance', async () => {
	sandbox.quirks.records = 'exact';
	sandbox.key.quota = 1_000_000;
	const [balance] = JSON.parse(
		await callTool({}, { resource: 'account', operation: 'getBalance' }),
	);
	expect(balance).toMatchObject({ left: 2, unit: 'USD' });
});

test('an AI agent in Test Mode gets a sample, without any request', async () => {
	const text = await callTool(ARGUMENTS, { options: { testMode: 'sample' } });
	const [task] = JSON.parse(text);
	expect(task).toMatchObject({ status: 'completed', seconds: '6', test: true });
	expect(text.length).toBeLessThan(4_000);
	expect(sandbox.log).toHaveLength(0);
});

test.each([
	[{}, ['task_id', 'status', 'progress', 'video_url', 'prompt', 'model', 'seconds']],
	[{ output: 'raw' }, ['id', 'task_id', 'status', 'progress', 'video_url', 'object']],
])(
	'an AI agent with the parameters %j gets an item that begins with these fields of the task: %j',
	async (parameters, fields) => {
		const [task] = JSON.parse(await callTool(ARGUMENTS, parameters));
		expect(Object.keys(task).slice(0, fields.length)).toEqual(fields);
	},
);

test('an AI agent with Selected Fields gets the task ID and the selected fields, in their usual order', async () => {
	const fields = ['video_url', 'status', 'failure'];
	const [task] = JSON.parse(await callTool(ARGUMENTS, { output: 'selectedFields', fields }));
	expect(Object.keys(task)).toEqual(['task_id', 'status', 'video_url']);
	const [asText] = JSON.parse(
		await callTool(ARGUMENTS, { output: 'selectedFields', fields: '={{ "status, model" }}' }),
	);
	expect(Object.keys(asText)).toEqual(['task_id', 'status', 'model']);
	const [idOnly] = JSON.parse(await callTool(ARGUMENTS, { output: 'selectedFields' }));
	expect(idOnly).toEqual({ task_id: 'video_3' });
});

test('a value for Simplify has no effect on a tool', async () => {
	const [task] = JSON.parse(await callTool(ARGUMENTS, { simplify: false }));
	expect(task).not.toHaveProperty('object');
});

describe('the texts of docs/AI-AGENT.md', () => {
	const page = readFileSync(join(__dirname, '..', '..', 'docs', 'AI-AGENT.md'), 'utf8');
	const texts: Record<string, string> = Object.fromEntries(
		[...page.matchAll(/^\| ([^|]+?) +\| `(\{\{.+\}\})` +\|$/gm)].map(([, field, text]) => [
			field,
			`=${text}`,
		]),
	);
	const IMAGE = 'https://example.com/1.png';
	const VIDEO = 'https://example.com/1.mp4';
	const frames = (mode: string) => ({ mode, firstFrameUrl: IMAGE, lastFrameUrl: VIDEO });
	const images = (url?: string) => ({
		mode: 'referenceImages',
		referenceImages: { image: [{ source: 'url', url }] },
	});

	const CASES: Array<[string, IDataObject, (text?: string) => INodeParameters, IDataObject]> = [
		['Prompt', { prompt: 'A bird' }, (prompt) => ({ prompt }), { prompt: 'A bird' }],
		['Duration (Seconds)', { seconds: 6 }, (seconds) => ({ seconds }), { seconds: '6' }],
		['Duration (Seconds)', { seconds: 30 }, (seconds) => ({ seconds }), { seconds: '10' }],
		[
			'Aspect Ratio',
			{ aspect_ratio: '9:16' },
			(aspectRatio) => ({ aspectRatio }),
			{ aspect_ratio: '9:16' },
		],
		...['720p', '1080p', '4k'].map((asked): (typeof CASES)[number] => [
			'Resolution',
			{ resolution: asked },
			(resolution) => ({ resolution }),
			{ resolution: asked === '1080p' ? '1080p' : '720p' },
		]),
		[
			'First Frame URL',
			{ first_frame_url: IMAGE },
			(firstFrameUrl) => ({ ...frames('firstFrame'), firstFrameUrl }),
			{ first_image_url: IMAGE },
		],
		[
			'Last Frame URL',
			{ last_frame_url: IMAGE },
			(lastFrameUrl) => ({ ...frames('firstLastFrame'), lastFrameUrl }),
			{ last_image_url: IMAGE },
		],
		['URL', { images: `${IMAGE}, ${IMAGE}?2` }, images, { images: [IMAGE, `${IMAGE}?2`] }],
		[
			'Video URL',
			{ video_url: VIDEO },
			(videoUrl) => ({ operation: 'edit', videoUrl }),
			{ video: VIDEO },
		],
	];

	test.each(CASES)(
		'the text for %s turns the argument %j into the value of the request',
		async (field, args, parameters, request) => {
			await callTool({ ...ARGUMENTS, ...args }, parameters(texts[field]));
			expect(sandbox.tasks.map((task) => task.request)).toEqual([expect.objectContaining(request)]);
		},
	);

	test('the text for Task ID turns the argument into the task to check', async () => {
		await callTool(ARGUMENTS, { waitForCompletion: false });
		const status = { operation: 'getStatus', taskId: texts['Task ID'] };
		const [task] = JSON.parse(await callTool({ task_id: 'video_1' }, status));
		expect(task).toMatchObject({ task_id: 'video_1', status: 'completed' });
	});

	// n8n 1.121 does not export it
	const testIfKnown = typeof getSchema === 'function' ? test : test.skip;
	testIfKnown.each(Object.entries(texts))(
		'the model gets the argument of the text for %s with its description',
		(_field, text) => {
			const [, name = '', description] = /\$fromAI\('(\w+)', '([^']+)'/.exec(text) ?? [];
			const { shape } = getSchema({ parameters: { text } } as unknown as INode);
			expect(Object.keys(shape)).toEqual([name]);
			expect(shape[name]?.description).toBe(description);
		},
	);

	test('every text has a case', () => {
		expect(Object.keys(texts).sort()).toEqual(
			[...new Set([...CASES.map(([field]) => field), 'Task ID'])].sort(),
		);
	});
});

describe('Retry On Fail of a tool', () => {
	const RETRY_ON_FAIL = { retryOnFail: true, maxTries: 3, waitBetweenTries: 1_000 };
	const forbidden = { status: 403, body: apiErrorBody('no') };

	test('Retry On Fail of a tool call continues with the video that a failed attempt was charged for', async () => {
		sandbox.faults.add({ on: 'check', times: 2, answer: forbidden });
		const text = await callTool(ARGUMENTS, {}, RETRY_ON_FAIL);
		expect(JSON.parse(text)).toMatchObject([{ task_id: 'video_1', status: 'completed' }]);
		expect(sandbox.tasks).toHaveLength(1);
	});

	test('a tool call whose attempts with Retry On Fail all fail is charged once, and its error names the video', async () => {
		sandbox.faults.add({ on: 'check', times: Infinity, answer: forbidden });
		expect(await callTool(ARGUMENTS, {}, RETRY_ON_FAIL)).toContain('video_1');
		expect(sandbox.tasks).toHaveLength(1);
	});

	test.each([
		['different prompts', 'A boat', 'A bird'],
		['the same prompt', 'A boat', 'A boat'],
	])('simultaneous tool calls with %s are charged once each', async (_prompts, one, other) => {
		sandbox.faults.add({ on: 'check', prompt: one, times: 2, answer: forbidden });
		const calls = [one, other].map((prompt) => ({ ...ARGUMENTS, prompt }));
		const answers = await createTool(ARGUMENTS, {}, RETRY_ON_FAIL).together(...calls);
		const ids = answers.map((text) => JSON.parse(text)[0].task_id);
		expect(ids.sort()).toEqual(['video_1', 'video_2']);
		expect(sandbox.tasks).toHaveLength(2);
	});

	test('a tool call after a successful one makes a new video, even with the same prompt', async () => {
		const call = createTool(ARGUMENTS, {}, RETRY_ON_FAIL);
		const ids = [JSON.parse(await call())[0].task_id, JSON.parse(await call())[0].task_id];
		expect(ids).toEqual(['video_1', 'video_2']);
	});
});

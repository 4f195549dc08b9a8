import { Container } from '@n8n/di';
import { BinaryDataService, ExecutionLifecycleHooks, WorkflowExecute } from 'n8n-core';
import {
	Workflow,
	type IBinaryData,
	type IDataObject,
	type INodeExecutionData,
	type INodeType,
	type IRun,
	type IRunExecutionData,
	type ITaskData,
	type IWorkflowBase,
	type IWorkflowExecuteAdditionalData,
	type WorkflowExecuteMode,
} from 'n8n-workflow';
import { CredentialsHelper } from './credentialsHelper';
import { NodeTypes, type NodeTypeMap } from './nodeTypes';

export interface RunOptions {
	workflow: Pick<IWorkflowBase, 'nodes' | 'connections'> & Partial<IWorkflowBase>;
	/** The items that the trigger outputs. */
	input?: INodeExecutionData[];
	credential: { apiKey: string; baseUrl: string };
	/** A failed run to retry from its failed node, as n8n's Retry does. */
	retryOf?: IRun;
	/** What our node remembers from earlier runs of this execution. */
	memory?: IDataObject;
	/** A suspended run to resume. */
	resumeOf?: IRun;
	/** n8n's ID of the execution. */
	executionId?: string;
	/** Called when a node starts another workflow. */
	executeWorkflow?: IWorkflowExecuteAdditionalData['executeWorkflow'];
	/** Reads an execution from n8n's database. */
	getRunExecutionData?: IWorkflowExecuteAdditionalData['getRunExecutionData'];
	/** Replaces our node, for instance with one from nodeWithContext.ts. */
	node?: INodeType;
	/** Node types of other packages. */
	otherNodes?: NodeTypeMap;
	mode?: WorkflowExecuteMode;
	/** Called with each message that a node sends to the editor during a manual run; `source` names the node. */
	onMessage?: (text: string, source: string) => void;
	/** Called with the run as soon as it has started. */
	onStart?: (run: { cancel: () => void }) => void;
	/** Called with the run when n8n saves it: at its end, or at the moment of a Stop. */
	onSave?: (run: IRun) => Promise<void>;
}

/** Prepares n8n's file storage. Call it once per process, before the first run that stores a file. */
export async function initBinaryData(): Promise<void> {
	await Container.get(BinaryDataService).init();
}

/** Runs `work` while n8n keeps files in memory, the default of n8n 1.x. */
export async function keepingFilesInMemory<T>(work: () => Promise<T>): Promise<T> {
	const service = Container.get(BinaryDataService) as unknown as { mode: string };
	const { mode } = service;
	service.mode = 'default';
	try {
		return await work();
	} finally {
		service.mode = mode;
	}
}

export async function readBinary(binary: { id?: string; data: string }): Promise<Buffer> {
	return await Container.get(BinaryDataService).getAsBuffer({ ...binary, mimeType: '' });
}

/** Stores a file with n8n, as an earlier node of the workflow would. */
export async function storeBinary(bytes: Buffer, mimeType: string, executionId = '1') {
	const location = { type: 'execution', workflowId: 'test', executionId } as const;
	return await Container.get(BinaryDataService).store(location, bytes, { data: '', mimeType });
}

/**
 * Moves a file to another execution. n8n does this with the files of webhooks, which it stores
 * under `temp` until the execution ends.
 *
 * @returns the new ID of the file
 */
export async function moveBinary({ id = '' }: IBinaryData, executionId: string): Promise<string> {
	const movedTo = id.replace(/\/executions\/[^/]+\//, `/executions/${executionId}/`);
	// n8n's storage knows the ID without the mode before the colon.
	const [from = '', to = ''] = [id, movedTo].map((one) => one.slice(one.indexOf(':') + 1));
	await Container.get(BinaryDataService).rename(from, to);
	return movedTo;
}

/** Runs a workflow in n8n's engine to its end. */
export async function runWorkflow(options: RunOptions): Promise<IRun> {
	const {
		mode = 'manual',
		credential,
		node,
		otherNodes,
		onMessage,
		executionId = '1',
		executeWorkflow,
		getRunExecutionData,
	} = options;
	const workflowData = {
		id: 'test',
		name: 'Test',
		active: false,
		settings: { executionOrder: 'v1' },
		...options.workflow,
	} as IWorkflowBase;
	const workflow = new Workflow({ ...workflowData, nodeTypes: new NodeTypes(node, otherNodes) });

	const hooks = new ExecutionLifecycleHooks(mode, executionId, workflowData);
	if (options.onSave) hooks.addHandler('workflowExecuteAfter', options.onSave);
	const additionalData = {
		credentialsHelper: new CredentialsHelper(credential),
		hooks,
		executionId,
		executeWorkflow,
		getRunExecutionData,
		currentNodeExecutionIndex: 0,
		variables: {},
		restApiUrl: 'http://localhost/rest',
		instanceBaseUrl: 'http://localhost/',
		webhookBaseUrl: 'http://localhost/webhook',
		webhookWaitingBaseUrl: 'http://localhost/webhook-waiting',
		webhookTestBaseUrl: 'http://localhost/webhook-test',
		formWaitingBaseUrl: 'http://localhost/form-waiting',
		sendDataToUI: (_type: string, data: unknown) => {
			const { messages, source } = data as { messages: unknown[]; source: string };
			onMessage?.(messages.join(' '), source);
		},
	} as unknown as IWorkflowExecuteAdditionalData;

	const { retryOf, resumeOf } = options;
	const runData =
		(retryOf && retryData(retryOf, workflow)) ?? resumeOf?.data ?? freshData(workflow, options);
	const run = new WorkflowExecute(additionalData, mode, runData).processRunExecutionData(workflow);
	options.onStart?.(run);
	return await run;
}

function freshData(
	workflow: Workflow,
	{ input = [{ json: {} }], memory }: RunOptions,
): IRunExecutionData {
	const start = workflow.getStartNode();
	if (!start) throw new Error('The workflow has no first node');
	return {
		resultData: { runData: {} },
		executionData: {
			contextData: memory ? { 'node:OctopusX Video': memory } : {},
			nodeExecutionStack: [{ node: start, data: { main: [input] }, source: null }],
			metadata: {},
			waitingExecution: {},
			waitingExecutionSource: {},
		},
	} as unknown as IRunExecutionData;
}

/**
 * Prepares a saved execution for a retry with the currently saved workflow, as n8n's
 * ExecutionService.retry does.
 */
function retryData({ data }: IRun, workflow: Workflow): IRunExecutionData {
	const copy = JSON.parse(JSON.stringify(data)) as IRunExecutionData;
	const { resultData } = copy;
	delete resultData.error;
	resultData.runData[resultData.lastNodeExecuted as string]?.pop();
	for (const entry of copy.executionData?.nodeExecutionStack ?? []) {
		entry.node = workflow.getNode(entry.node.name) ?? entry.node;
	}
	return copy;
}

/** Returns the last run of a node, with its outputs, error and hints. */
export function lastRunOf(run: IRun, nodeName: string): ITaskData {
	const runs = run.data.resultData.runData[nodeName];
	if (!runs) throw new Error(`${nodeName} was not reached: ${run.data.resultData.error?.message}`);
	return runs.at(-1) as ITaskData;
}

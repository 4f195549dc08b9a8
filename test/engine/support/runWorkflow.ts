import { Container } from '@n8n/di';
import { BinaryDataService, ExecutionLifecycleHooks, WorkflowExecute } from 'n8n-core';
import {
	Workflow,
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
	/** The items that the trigger hands on. */
	input?: INodeExecutionData[];
	credential: { apiKey: string; baseUrl: string };
	/** An earlier run that failed: its failed node is executed again, as by "Retry execution" in n8n. */
	retryOf?: IRun;
	/** A run that n8n has suspended: it is resumed. */
	resumeOf?: IRun;
	/** n8n's id of the execution. */
	executionId?: string;
	/** What n8n does for a node that starts another workflow. */
	executeWorkflow?: IWorkflowExecuteAdditionalData['executeWorkflow'];
	/** Reads an execution from n8n's database. */
	getRunExecutionData?: IWorkflowExecuteAdditionalData['getRunExecutionData'];
	/** Our node unless told, for instance wrapped to be watched. */
	node?: INodeType;
	/** Node types of other packages that the workflow uses. */
	otherNodes?: NodeTypeMap;
	mode?: WorkflowExecuteMode;
	/** What a node sends to the editor of a manual run; `source` names the node. */
	onMessage?: (text: string, source: string) => void;
	/** Gets the run as soon as it has started. */
	onStart?: (run: { cancel: () => void }) => void;
	/** Gets the run when n8n writes it to its database: at its end, or the moment that it is cancelled. */
	onSave?: (run: IRun) => Promise<void>;
}

/** n8n's file storage; once per process, before the first run that keeps a file. */
export async function initBinaryData(): Promise<void> {
	await Container.get(BinaryDataService).init();
}

/** Runs `work` with n8n set to keep files in memory, as n8n 1.x does unless told otherwise. */
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

/** Puts a file into n8n's storage, as an earlier node of the workflow would. */
export async function storeBinary(bytes: Buffer, mimeType: string) {
	const location = { type: 'execution', workflowId: 'test', executionId: '1' } as const;
	return await Container.get(BinaryDataService).store(location, bytes, { data: '', mimeType });
}

/** Executes a workflow in n8n's engine, from its first node to its end. */
export async function runWorkflow(options: RunOptions): Promise<IRun> {
	const {
		input = [{ json: {} }],
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
		(retryOf && retryData(retryOf, workflow)) ?? resumeOf?.data ?? freshData(workflow, input);
	const run = new WorkflowExecute(additionalData, mode, runData).processRunExecutionData(workflow);
	options.onStart?.(run);
	return await run;
}

function freshData(workflow: Workflow, input: INodeExecutionData[]): IRunExecutionData {
	const start = workflow.getStartNode();
	if (!start) throw new Error('The workflow has no first node');
	return {
		resultData: { runData: {} },
		executionData: {
			contextData: {},
			nodeExecutionStack: [{ node: start, data: { main: [input] }, source: null }],
			metadata: {},
			waitingExecution: {},
			waitingExecutionSource: {},
		},
	} as unknown as IRunExecutionData;
}

/**
 * What n8n's ExecutionService.retry does with an execution that it has read from its database, with
 * the currently saved workflow.
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

/** The last run of a node: its outputs, error and hints. */
export function lastRunOf(run: IRun, nodeName: string): ITaskData {
	const runs = run.data.resultData.runData[nodeName];
	if (!runs) throw new Error(`${nodeName} was not reached: ${run.data.resultData.error?.message}`);
	return runs.at(-1) as ITaskData;
}

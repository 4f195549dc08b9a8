import * as n8nWorkflow from 'n8n-workflow';
import type {
	IDataObject,
	INodeExecutionData,
	INodeParameters,
	INodeType,
	IRun,
	IWorkflowBase,
	IWorkflowExecuteAdditionalData,
	RelatedExecution,
} from 'n8n-workflow';
import type { Sandbox } from '../../sandbox/sandbox';
import { parse, stringify } from 'flatted';
import { GENERATE_EACH } from './inputs';
import { NODE, runNode, type NodeRun, type NodeSetup } from './runNode';
import { lastRunOf, runWorkflow, type RunOptions } from './runWorkflow';
import { onVirtualTime } from './virtualTime';

/** The loop of the checking workflow never needs this many rounds without a wait. */
const MAX_ROUNDS = 100;
let rounds = 0;
let lastRoundAt = 0;

/**
 * Counts rounds of the loop in which no time passes.
 *
 * @throws if there are too many: such a loop would block even the timeout of the test
 */
function countRound(): void {
	rounds = Date.now() === lastRoundAt ? rounds + 1 : 0;
	lastRoundAt = Date.now();
	if (rounds > MAX_ROUNDS) throw new Error('The checking workflow loops without waiting');
}

/** A stand-in for version 1 of n8n's IF node, with the one condition that our checking workflow has. */
const ifNode = {
	description: {
		displayName: 'If',
		name: 'if',
		group: ['transform'],
		version: 1,
		description: '',
		defaults: { name: 'If' },
		inputs: ['main'],
		outputs: ['main', 'main'],
		properties: [
			{
				displayName: 'Conditions',
				name: 'conditions',
				type: 'fixedCollection',
				typeOptions: { multipleValues: true },
				default: {},
				options: [
					{
						name: 'boolean',
						displayName: 'Boolean',
						values: [
							{ displayName: 'A', name: 'value1', type: 'boolean', default: false },
							{ displayName: 'B', name: 'value2', type: 'boolean', default: false },
						],
					},
				],
			},
		],
	},
	async execute(this: {
		getInputData: () => INodeExecutionData[];
		getNodeParameter: (name: string, item: number) => IDataObject[];
	}) {
		countRound();
		const outputs: INodeExecutionData[][] = [[], []];
		for (const [item, data] of this.getInputData().entries()) {
			const [condition] = this.getNodeParameter('conditions.boolean', item);
			const isTrue = condition?.value1 === condition?.value2;
			outputs[isTrue ? 0 : 1]?.push({ ...data, pairedItem: { item } });
		}
		return outputs;
	},
} as unknown as INodeType;

export const MINUTE = 60_000;
/** The node of the checking workflow that checks the tasks. */
export const CHECKING = `${NODE}: checking, do not stop`;
export const errorOf = ({ json }: INodeExecutionData) => json.error as IDataObject;

/** True if this n8n can suspend executions with every setting of On Error. */
export const canSuspend = 'CRASHABLE_EXECUTION_STATUSES' in n8nWorkflow;
export const describeIfCanSuspend = canSuspend ? describe : describe.skip;

export interface SuspendedRun extends NodeRun {
	elapsedMs: number;
	/** The checking workflow that the node has started, with its items. */
	started?: {
		workflow: IWorkflowBase;
		items: INodeExecutionData[];
		parentExecution?: RelatedExecution;
	};
	/** The run of the node that ended in the suspension, if there was one. */
	suspended?: NodeRun;
	/** How often the checking execution was resumed. */
	resumed: number;
	/** The last run of the checking execution. */
	child?: IRun;
}

export interface SuspendingSetup extends NodeSetup {
	/** Called while the execution is suspended, each time before the checking execution is resumed. */
	whileSuspended?: (times: number, child: IRun) => void;
	/** Returns the suspended execution as read from n8n's database. Default: unchanged. */
	parent?: () => IRun['data'] | undefined;
}

/** Runs the checking workflow that the node starts. */
export async function runCheckingExecution(options: RunOptions): Promise<IRun> {
	const otherNodes = { 'n8n-nodes-base.if': ifNode };
	return await runWorkflow({ mode: 'integrated', ...options, otherNodes });
}

/**
 * Runs our node and suspends the execution as n8n 2.x does. The checking execution is resumed
 * whenever its time has come, from a copy such as n8n's database would return. When it ends, the
 * suspended execution is resumed. This part of n8n is not published; the code follows its
 * WaitTracker and `updateParentExecutionWithChildResults`.
 */
export async function runSuspending(
	sandbox: Sandbox,
	parameters: INodeParameters,
	{ whileSuspended, parent, ...setup }: SuspendingSetup = {},
): Promise<SuspendedRun> {
	const { result, elapsedMs } = await onVirtualTime(sandbox, async () => {
		const credential = { apiKey: sandbox.apiKey, baseUrl: sandbox.url, ...setup.credential };
		let started: SuspendedRun['started'];
		let child: IRun | undefined;
		let resumed = 0;
		let parentRun: IRun | undefined = undefined;

		const runChild = async (resumeOf?: IRun) =>
			await runCheckingExecution({
				credential,
				node: setup.node,
				workflow: started?.workflow as IWorkflowBase,
				input: started?.items,
				executionId: '2',
				resumeOf,
				getRunExecutionData: async () => (parent ? parent() : parentRun?.data),
			});
		const executeWorkflow: IWorkflowExecuteAdditionalData['executeWorkflow'] = async (
			{ code },
			_additionalData,
			{ inputData = [], parentExecution },
		) => {
			started = copyOf({ workflow: code as IWorkflowBase, items: inputData, parentExecution });
			child = await runChild();
			return { executionId: '2', data: [null], waitTill: child.waitTill };
		};

		const first = await runNode(sandbox, parameters, { executeWorkflow, ...setup });
		if (first.run.status !== 'waiting') return { ...first, started, child, resumed };
		parentRun = first.run;
		while (child?.waitTill) {
			const { waitTill } = child;
			whileSuspended?.(resumed, child);
			await new Promise((resolve) => setTimeout(resolve, waitTill.getTime() - Date.now()));
			child = await runChild(copyOf(child));
			resumed++;
		}
		const resumeOf = withChildResult(copyOf(parentRun), child as IRun);
		const last = await runNode(sandbox, parameters, { ...setup, resumeOf });
		return { ...last, suspended: first, started, child, resumed };
	});
	return { ...result, elapsedMs };
}

/** Creates a `runSuspending` with parameters and default items that the tests of a file share. */
export function suspendingOn(
	sandbox: Sandbox,
	shared: INodeParameters = {},
	input?: INodeExecutionData[],
) {
	return async (parameters: INodeParameters = {}, setup: SuspendingSetup = {}) => {
		const all: INodeParameters = { ...GENERATE_EACH, ...shared, ...parameters };
		const options = { waitStrategy: 'suspend', ...(all.options as INodeParameters) };
		return await runSuspending(sandbox, { ...all, options }, { input, ...setup });
	};
}

/** Copies a value as n8n's database does: shared references stay shared. */
function copyOf<T>(value: T): T {
	return parse(stringify(value)) as T;
}

/** Adds the result of the checking execution to the suspended one. */
function withChildResult(parent: IRun, child: IRun): IRun {
	const entry = parent.data.executionData?.nodeExecutionStack[0];
	if (!entry) throw new Error('The execution is not suspended');
	const { error, lastNodeExecuted } = child.data.resultData;
	if (error) entry.metadata = { ...entry.metadata, resumeError: copyOf(error) };
	else entry.data = lastRunOf(child, lastNodeExecuted as string).data ?? entry.data;
	return parent;
}

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

/** More turns of the sub-workflow's loop than any look needs, without time passing. */
const MAX_TURNS = 100;
let turns = 0;
let turnedAt = 0;

/** Ends a loop in which nobody waits: it would not even let the test time out. */
function noteTurn(): void {
	turns = Date.now() === turnedAt ? turns + 1 : 0;
	turnedAt = Date.now();
	if (turns > MAX_TURNS) throw new Error('The sub-workflow goes round without waiting');
}

/** n8n's IF, version 1, with the one condition that our sub-workflow has. */
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
		noteTurn();
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
/** The node of the sub-workflow that looks at the tasks. */
export const CHECKING = `${NODE}: checking, do not stop`;
export const errorOf = ({ json }: INodeExecutionData) => json.error as IDataObject;

/** Whether the engine at hand is of an n8n that can suspend under any setting of On Error. */
export const canSuspend = 'CRASHABLE_EXECUTION_STATUSES' in n8nWorkflow;
export const onNewEngine = canSuspend ? describe : describe.skip;

export interface SuspendedRun extends NodeRun {
	elapsedMs: number;
	/** What the node hands to n8n, if it does: the sub-workflow and its items. */
	started?: {
		workflow: IWorkflowBase;
		items: INodeExecutionData[];
		parentExecution?: RelatedExecution;
	};
	/** The node's run that ended in the suspension, if it did. */
	suspended?: NodeRun;
	/** How often the sub-workflow was resumed. */
	resumed: number;
	/** The sub-workflow's own run. */
	child?: IRun;
}

export interface SuspendingSetup extends NodeSetup {
	/** Called while the execution is suspended, each time before it is resumed. */
	whileSuspended?: (times: number, child: IRun) => void;
	/** What n8n finds in its database for the execution that waits; it as it is unless told. */
	parent?: () => IRun['data'] | undefined;
}

/** Runs the sub-workflow that the node hands to n8n. */
export async function runChecking(options: RunOptions): Promise<IRun> {
	const otherNodes = { 'n8n-nodes-base.if': ifNode };
	return await runWorkflow({ mode: 'integrated', ...options, otherNodes });
}

/**
 * Runs our node as n8n 2.x does when it suspends the execution: the sub-workflow is resumed when its
 * time has come, each time from what n8n's database would hold, and then the execution that waits
 * for it. That part of n8n is in its application; this follows WaitTracker and
 * `updateParentExecutionWithChildResults` there.
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
		let waiting: IRun | undefined = undefined;

		const runChild = async (resumeOf?: IRun) =>
			await runChecking({
				credential,
				node: setup.node,
				workflow: started?.workflow as IWorkflowBase,
				input: started?.items,
				executionId: '2',
				resumeOf,
				getRunExecutionData: async () => (parent ? parent() : waiting?.data),
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
		waiting = first.run;
		while (child?.waitTill) {
			const { waitTill } = child;
			whileSuspended?.(resumed, child);
			await new Promise((resolve) => setTimeout(resolve, waitTill.getTime() - Date.now()));
			child = await runChild(copyOf(child));
			resumed++;
		}
		const resumeOf = patched(copyOf(waiting), child as IRun);
		const last = await runNode(sandbox, parameters, { ...setup, resumeOf });
		return { ...last, suspended: first, started, child, resumed };
	});
	return { ...result, elapsedMs };
}

/** `runSuspending` with the parameters that a file's tests share, and items where a test has none. */
export function suspendingOn(
	sandbox: Sandbox,
	shared: INodeParameters = {},
	input?: INodeExecutionData[],
) {
	const all = { ...GENERATE_EACH, waitStrategy: 'suspend', ...shared };
	return async (parameters: INodeParameters = {}, setup: SuspendingSetup = {}) =>
		await runSuspending(sandbox, { ...all, ...parameters }, { input, ...setup });
}

/** What the database gives back: what was the same object still is. */
function copyOf<T>(value: T): T {
	return parse(stringify(value)) as T;
}

/** The parent with what became of its child. */
function patched(parent: IRun, child: IRun): IRun {
	const entry = parent.data.executionData?.nodeExecutionStack[0];
	if (!entry) throw new Error('Nothing waits');
	const { error, lastNodeExecuted } = child.data.resultData;
	if (error) entry.metadata = { ...entry.metadata, resumeError: copyOf(error) };
	else entry.data = lastRunOf(child, lastNodeExecuted as string).data ?? entry.data;
	return parent;
}

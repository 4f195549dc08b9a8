import * as n8nWorkflow from 'n8n-workflow';
import {
	NodeOperationError,
	type IDataObject,
	type IExecuteFunctions,
	type INode,
	type INodeExecutionData,
	type IWorkflowBase,
} from 'n8n-workflow';
import { OctopusXError } from '../api/errors';
import { hasEnded, type Task } from '../api/task';
import type { Job, PlannedJob } from './job';
import { toItem, wordsOf, type Outcome } from './outcome';

/** The operation of the node inside of the sub-workflow; not in the editor's list. */
export const RESUME = 'resume';

/** What n8n's editor calls a workflow that was not saved yet. */
const UNSAVED = '__EMPTY__';

const KEY = 'octopusXSuspended';

/** What remains to be done where a wait came to no end of its own. */
export const NOT_WAITED =
	'Nobody waited for the task to the end: use Get Status with this Task ID.';

/**
 * What the sub-workflow is told about one item: ids and settings, no key, no prompt and no file.
 */
export interface Suspended {
	parentExecutionId: string;
	/** Absent for an item that has no task. */
	job?: Job;
	/** In ms since the epoch. */
	startedAt: number;
	deadline: number;
	/** What ended the item before the execution was suspended. */
	error?: { message: string; description?: string; statusCode?: number };
	taskId?: string;
	/** Of a task that has ended, or is not waited for. */
	task?: Task;
	isInDoubt?: boolean;
	isResumed?: boolean;
}

/**
 * Why an execution cannot be suspended, before anything is paid for.
 *
 * Two abilities are needed: n8n 1.x resumes a parent with its own input in place of the videos, and
 * n8n before 2.27 does the same once the sub-workflow has failed. Nothing that a node can see shows
 * them; the functions that are looked for came with the same releases of n8n-workflow.
 */
export function refuseSuspension(context: IExecuteFunctions): NodeOperationError | undefined {
	const refuse = (reason: string) =>
		new NodeOperationError(context.getNode(), 'The execution cannot be suspended', {
			description: `${reason} Set 'While Waiting' to Keep the Execution Running. Nothing was submitted.`,
		});
	if (!('calculateWorkflowChecksum' in n8nWorkflow)) return refuse('It takes n8n 2.0 or later.');
	if (!context.continueOnFail() && !('CRASHABLE_EXECUTION_STATUSES' in n8nWorkflow)) {
		return refuse("It takes n8n 2.27 or later unless 'On Error' is set to Continue.");
	}
	// agents of n8n 2.x run a tool as a node of its own type, in a context that does not tell
	if (context.isToolExecution?.() || context.getNode().type.endsWith('Tool')) {
		return refuse('An AI agent waits for its tools.');
	}
	const { id = UNSAVED } = context.getWorkflow();
	if (!context.getExecutionId() || id === UNSAVED) {
		return refuse('n8n does not save this execution.');
	}
	return undefined;
}

/**
 * Hands the wait for all items to a sub-workflow that n8n suspends, and this execution with it.
 * n8n resumes this execution with the items that the sub-workflow ends with, after a restart too.
 *
 * @returns whether that worked; otherwise the wait must go on here
 */
export async function suspend(
	context: IExecuteFunctions,
	jobs: PlannedJob[],
	outcomes: Outcome[],
): Promise<boolean> {
	const parentExecutionId = context.getExecutionId();
	const workflowId = context.getWorkflow().id as string;
	const items = outcomes.map((outcome, item): INodeExecutionData => {
		const job = jobs.find((planned) => planned.item === item)?.job;
		const state = stateOf(parentExecutionId, outcome, job);
		return { json: { [KEY]: state as unknown as IDataObject }, pairedItem: { item } };
	});
	try {
		const { waitTill } = await context.executeWorkflow(
			{ code: waitingWorkflow(context) },
			items,
			undefined,
			{ parentExecution: { executionId: parentExecutionId, workflowId, shouldResume: true } },
		);
		if (waitTill) {
			leave(context, outcomes);
			return true;
		}
	} catch (error) {
		context.logger.warn(`OctopusX: ${(error as Error).message}`);
	}
	context.logger.warn('OctopusX: n8n did not suspend the execution, so it waits by itself');
	return false;
}

/**
 * What n8n keeps of this run of the node until it resumes the execution. It then disables the node,
 * and with it every other run that waits for its turn, so this one gets a node of its own. Its input
 * is handed on in place of the videos if a person stops the execution and clicks Retry.
 */
function leave(context: IExecuteFunctions, outcomes: Outcome[]): void {
	const entry = context.getExecuteData();
	entry.node = { ...entry.node };
	entry.data = {
		...entry.data,
		main: [outcomes.map((one, item) => toItem(withoutWait(one), item))],
	};
}

function withoutWait({ task, error }: Outcome): Outcome {
	const gone = new OctopusXError('The execution was stopped while it was suspended', NOT_WAITED);
	return { task, error: error ?? gone };
}

function stateOf(parentExecutionId: string, outcome: Outcome, job?: Job): Suspended {
	const { task, error, pending, isInDoubt, isResumed } = outcome;
	const now = Date.now();
	const { statusCode } = error instanceof OctopusXError ? error.details : {};
	return {
		parentExecutionId,
		startedAt: pending?.startedAt ?? now,
		deadline: pending?.deadline ?? now,
		...(task && { taskId: task.task_id }),
		// done with: an API that is down at the last look must not spoil it
		...(task && (!job?.wait || hasEnded(task)) && { task }),
		...(task && job && { job: { ...job, source: { taskId: task.task_id } } }),
		...(error && {
			error: { ...wordsOf(error), ...(statusCode !== undefined && { statusCode }) },
		}),
		...(isInDoubt && { isInDoubt }),
		...(isResumed && { isResumed }),
	};
}

/** The items of the sub-workflow, as `suspend` has made them. */
export function readSuspended(context: IExecuteFunctions): Suspended[] {
	return context.getInputData().map(({ json }) => json[KEY] as unknown as Suspended);
}

/**
 * Trigger → look → are there videos? If not, n8n comes here again: a node that suspends its
 * execution hands on its input when it resumes, and is run again only if a connection leads back.
 */
function waitingWorkflow(context: IExecuteFunctions): IWorkflowBase {
	const { type, typeVersion, credentials } = context.getNode();
	const { name, id } = context.getWorkflow();
	const at = (x: number): Pick<INode, 'position'> => ({ position: [x, 0] });
	const nodes: INode[] = [
		{
			...at(0),
			id: 'start',
			name: 'Start',
			type: 'n8n-nodes-base.executeWorkflowTrigger',
			typeVersion: 1,
			parameters: {},
		},
		{
			...at(220),
			id: 'look',
			name: 'Look',
			type,
			typeVersion,
			credentials,
			parameters: { operation: RESUME },
			...(context.continueOnFail() && { onError: 'continueRegularOutput' }),
		},
		{
			...at(440),
			id: 'done',
			name: 'Done?',
			type: 'n8n-nodes-base.if',
			typeVersion: 1,
			parameters: { conditions: { boolean: [{ value1: `={{ !$json.${KEY} }}`, value2: true }] } },
		},
	];
	const to = (node: string) => [{ node, type: 'main' as const, index: 0 }];
	return {
		id,
		name: `${name}: waiting for videos`,
		nodes,
		connections: {
			// with a run of every node before the first wait, n8n's recovery after a crash invents none
			Start: { main: [to('Done?')] },
			Look: { main: [to('Done?')] },
			'Done?': { main: [[], to('Look')] },
		},
		settings: {
			...context.getWorkflowSettings?.(),
			// the workflow that waits has its own, and what it waits for must outlive this one's
			errorWorkflow: undefined,
			executionTimeout: -1,
			callerPolicy: 'any',
			saveDataSuccessExecution: 'all',
			saveDataErrorExecution: 'all',
		},
	} as unknown as IWorkflowBase;
}

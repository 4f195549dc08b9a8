import * as n8nWorkflow from 'n8n-workflow';
import type { IExecuteFunctions, INode, IWorkflowBase } from 'n8n-workflow';
import { OctopusXError } from '../../api/errors';
import { CHECKED_EXECUTION, isToolCall } from '../../job';
import { chargeOf, failed, type Failed } from '../state/item';
import { toOutput } from '../state/output';
import { HANDOVER, writeHandover, type Pending } from './handover';

/** The ID that n8n's editor gives a workflow before it is saved. */
const UNSAVED = '__EMPTY__';

/** Returns why the execution cannot be suspended, if so. Called before anything is charged. */
export function refuseSuspension(context: IExecuteFunctions): OctopusXError | undefined {
	const refuse = (reason: string) =>
		new OctopusXError(
			'The execution cannot be suspended',
			`${reason} Set 'While Waiting' to Keep the Execution Running.`,
		);
	// n8n 1.x resumes an execution with its own input, so prompts would continue as if they were videos. Before
	// 2.27, n8n also does so after a checking execution that has failed. A node cannot read n8n's version, so
	// this looks for exports of n8n-workflow that came with 2.0 and 2.27.
	if (!('calculateWorkflowChecksum' in n8nWorkflow)) return refuse('This takes n8n 2.0 or later.');
	if (!context.continueOnFail() && !('CRASHABLE_EXECUTION_STATUSES' in n8nWorkflow)) {
		return refuse("This takes n8n 2.27 or later, unless 'On Error' is set to Continue.");
	}
	if (isToolCall(context)) return refuse('An AI agent waits for its tools.');
	const { id = UNSAVED } = context.getWorkflow();
	const isSaved = context.getExecutionId() && id !== UNSAVED;
	return isSaved ? undefined : refuse('n8n does not save this execution.');
}

/**
 * Hands the wait for all items to a checking execution, which n8n suspends together with this one. n8n
 * resumes this execution with the items that the checking one returns, even after a restart. Returns false if
 * n8n did not suspend, so that the wait must go on here.
 */
export async function suspend(context: IExecuteFunctions, items: Pending[]): Promise<boolean> {
	const executionId = context.getExecutionId();
	const workflowId = context.getWorkflow().id as string;
	try {
		const { waitTill } = await context.executeWorkflow(
			{ code: checkingWorkflow(context) },
			writeHandover(executionId, items),
			undefined,
			{ parentExecution: { executionId, workflowId, shouldResume: true } },
		);
		if (waitTill) {
			protectFromRetry(context, items);
			return true;
		}
	} catch (error) {
		context.logger.warn(`OctopusX: ${(error as Error).message}`);
	}
	context.logger.warn('OctopusX: n8n did not suspend the execution, so the node waits itself');
	return false;
}

/** Converts items to failed items that keep their tasks, for a wait that was interrupted. */
export function interrupted(items: Pending[], message: string): Failed[] {
	const reason = 'The wait for the task was interrupted.';
	return items.map((item) => {
		if (item.state === 'failed') return item;
		return failed(item, new OctopusXError(message, reason, { charge: chargeOf(item.task) }));
	});
}

/**
 * Changes what n8n keeps of this run of the node until it resumes the execution. If somebody stops the
 * suspended execution and retries it over n8n's API, n8n passes on the input that it kept, and prompts would
 * continue as if they were videos. So the input becomes error items. n8n also disables the node object of the
 * run that it resumes. Other queued runs share that object and would be skipped, so this run gets a copy.
 */
function protectFromRetry(context: IExecuteFunctions, items: Pending[]): void {
	const entry = context.getExecuteData();
	entry.node = { ...entry.node };
	const stopped = interrupted(items, 'The execution was stopped while it was suspended');
	entry.data = { ...entry.data, main: [stopped.map((item) => toOutput(item))] };
}

/** Returns one of n8n's own nodes. */
function builtIn(
	id: string,
	name: string,
	type: string,
	position: [number, number],
	parameters: INode['parameters'],
): INode {
	return { id, name, type: `n8n-nodes-base.${type}`, typeVersion: 1, position, parameters };
}

/** Returns the text of the sticky note in the checking execution. */
const note = (executionId: string) => `## Videos of execution ${executionId}: checking, do not stop

Execution ${executionId} of this workflow is suspended until its videos are done. This execution checks them, once a minute at first, later less often. When all are done it ends by itself, and execution ${executionId} continues.

- **To stop waiting**, stop execution ${executionId}, not this one. The videos are still made and charged: fetch them with Get Status.
- **Do not stop or delete this one**: execution ${executionId} would not get its videos. Retrying this one does nothing.`;

/**
 * Builds the workflow of the checking execution: trigger → check → are there videos? If not, back to the
 * check. When n8n resumes a node, it passes on the input without running the node, so a connection must lead
 * back to the check. The loop contains one small item, because the check remembers the others. n8n lists this
 * execution under the name of the same workflow, so the names of the nodes and the note say what it is.
 */
function checkingWorkflow(context: IExecuteFunctions): IWorkflowBase {
	const { name: ownName, type, typeVersion, credentials, onError } = context.getNode();
	const { id } = context.getWorkflow();
	const executionId = context.getExecutionId();
	const start = `Videos of execution ${executionId}`;
	// n8n gives this name to an error workflow if the node fails
	const check = `${ownName}: checking, do not stop`;
	const isDone = 'All done?';
	const nodes = [
		builtIn('start', start, 'executeWorkflowTrigger', [0, 0], {}),
		{
			position: [260, 0],
			id: 'check',
			name: check,
			type,
			typeVersion,
			credentials,
			// only the last one is read; the others explain the node to a user who opens it
			parameters: {
				resource: 'video',
				operation: 'getStatus',
				taskId: `={{ $("${start}").all().map(({ json }) => json.${HANDOVER}.item.task?.task_id).join(", ") }}`,
				waitForCompletion: true,
				options: { waitStrategy: 'suspend' },
				[CHECKED_EXECUTION]: executionId,
			},
			// with n8n's old name of Continue, nothing stands beside `error`, as an error output needs it
			...(context.continueOnFail() &&
				(onError === 'continueRegularOutput' ? { onError } : { continueOnFail: true })),
		},
		builtIn('done', isDone, 'if', [520, 0], {
			// compares the ID, because the server's response may have a field of that name
			conditions: {
				boolean: [
					{ value1: `={{ $json.${HANDOVER}?.parent !== "${executionId}" }}`, value2: true },
				],
			},
		}),
		builtIn('note', 'What this is', 'stickyNote', [-40, -290], {
			content: note(executionId),
			width: 700,
			height: 230,
		}),
	];
	const to = (node: string) => [{ node, type: 'main' as const, index: 0 }];
	return {
		id,
		name: `${start}: checking, do not stop`,
		nodes,
		connections: {
			// every node runs before the first wait: n8n makes up an item, after a crash, for one that never ran
			[start]: { main: [to(isDone)] },
			[check]: { main: [to(isDone)] },
			[isDone]: { main: [[], to(check)] },
		},
		settings: {
			...context.getWorkflowSettings?.(),
			// the suspended workflow has its own, and this one must not end earlier
			errorWorkflow: undefined,
			executionTimeout: -1,
			// otherwise, after a crash during a check, n8n would take what it saved before it for the outcome
			saveExecutionProgress: false,
			callerPolicy: 'any',
			saveDataSuccessExecution: 'all',
			saveDataErrorExecution: 'all',
		},
	} as unknown as IWorkflowBase;
}

import * as n8nWorkflow from 'n8n-workflow';
import type { IExecuteFunctions, INode, IWorkflowBase } from 'n8n-workflow';
import { OctopusXError } from '../../api/errors';
import { CHECKED_EXECUTION, isToolCall } from '../../job';
import { chargeOf, failed, type Failed } from '../state/item';
import { toOutput, withCharge } from '../state/output';
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
	// n8n 1.x resumes an execution with its own input: prompts in place of videos. Before 2.27, n8n also does so
	// after a checking execution that has failed. These exports of n8n-workflow came with 2.0 and 2.27.
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
 * Hands the wait to a checking execution, which n8n suspends together with this one, and with whose items it
 * resumes this one, even after a restart. Returns false if n8n did not suspend: the wait must go on here.
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

/** Fails the items that have not failed yet, with the charges of their tasks. */
export function failAll(items: Pending[], error: Error): Failed[] {
	return items.map((item) =>
		item.state === 'failed' ? item : failed(item, withCharge(error, chargeOf(item.task))),
	);
}

export function interrupted(items: Pending[], message: string): Failed[] {
	return failAll(items, new OctopusXError(message, 'The wait for the task was interrupted.'));
}

/**
 * Changes what n8n keeps of this run until it resumes the execution. If somebody stops the suspended execution
 * and retries it over n8n's API, n8n passes on the input that it kept, so that becomes error items in place of
 * prompts. n8n also disables the node object of the run that it resumes. Other queued runs share that object
 * and would be skipped, so this run gets a copy.
 */
function protectFromRetry(context: IExecuteFunctions, items: Pending[]): void {
	const entry = context.getExecuteData();
	entry.node = { ...entry.node };
	const stopped = interrupted(items, 'The execution was stopped while it was suspended');
	entry.data = { ...entry.data, main: [stopped.map((item) => toOutput(item))] };
}

function builtIn(
	id: string,
	name: string,
	type: string,
	position: [number, number],
	parameters: INode['parameters'],
): INode {
	return { id, name, type: `n8n-nodes-base.${type}`, typeVersion: 1, position, parameters };
}

const note = (executionId: string) => `## Videos of execution ${executionId}: checking, do not stop

Execution ${executionId} of this workflow is suspended until its videos are done. This execution checks them, once a minute at first, later less often. When all are done it ends by itself, and execution ${executionId} continues.

- **To stop waiting**, stop execution ${executionId}, not this one. The videos are still made and charged: fetch them with Get Status.
- **Do not stop or delete this one**: execution ${executionId} would not get its videos. Retrying this one does nothing.`;

/**
 * Builds the workflow of the checking execution: trigger → check → all done? If not, back to the check,
 * because n8n resumes a node by passing on its input, without running it. The loop contains one small item:
 * the check remembers the others. n8n lists this execution under the name of the same workflow, so the names
 * of the nodes and the note say what it is.
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

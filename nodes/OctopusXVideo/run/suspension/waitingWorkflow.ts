import type { IExecuteFunctions, INode, IWorkflowBase } from 'n8n-workflow';
import { CHECKED_EXECUTION } from '../../job';
import { HANDOVER } from './handover';

/** The node that only shows in an execution, and says what it is and what not to do. */
const note = (executionId: string) => `## Videos of execution ${executionId}: checking, do not stop

Execution ${executionId} of this workflow is suspended until its videos are done. This execution checks them, once a minute at first, later less often. When all are done it ends by itself, and execution ${executionId} goes on.

- **To give up waiting**, stop execution ${executionId}, not this one. The videos are made and charged all the same: fetch them with Get Status.
- **Do not stop or delete this one**: execution ${executionId} would not get its videos. A retry of this one does nothing.`;

/**
 * The sub-workflow that waits: trigger → check → are there videos? If not, n8n comes to the check again.
 * A node that suspends its execution hands on its input when n8n resumes it; it is run again only
 * where a connection leads back to it. What goes round is one small item: the check keeps the others.
 *
 * n8n shows its execution beside the one that waits, under the name of the same workflow. Only what is
 * inside tells them apart: names that a person understands, and a note.
 */
export function waitingWorkflow(context: IExecuteFunctions): IWorkflowBase {
	const { name: ownName, type, typeVersion, credentials } = context.getNode();
	const { id } = context.getWorkflow();
	const executionId = context.getExecutionId();
	const start = `Videos of execution ${executionId}`;
	// an error workflow is told this name where the node has failed
	const check = `${ownName}: checking, do not stop`;
	const isDone = 'All done?';
	const nodes: INode[] = [
		{
			position: [0, 0],
			id: 'start',
			name: start,
			type: 'n8n-nodes-base.executeWorkflowTrigger',
			typeVersion: 1,
			parameters: {},
		},
		{
			position: [260, 0],
			id: 'check',
			name: check,
			type,
			typeVersion,
			credentials,
			// all but the last shows what the node does, in the words of the editor, to whoever opens it
			parameters: {
				operation: 'getStatus',
				taskId: `={{ $("${start}").all().map(({ json }) => json.${HANDOVER}.item.task?.task_id).join(", ") }}`,
				waitForCompletion: true,
				waitStrategy: 'suspend',
				[CHECKED_EXECUTION]: executionId,
			},
			...(context.continueOnFail() && { onError: 'continueRegularOutput' }),
		},
		{
			position: [520, 0],
			id: 'done',
			name: isDone,
			type: 'n8n-nodes-base.if',
			typeVersion: 1,
			parameters: {
				// by the execution's own id: an answer of the server may have a field of that name
				conditions: {
					boolean: [
						{ value1: `={{ $json.${HANDOVER}?.parent !== "${executionId}" }}`, value2: true },
					],
				},
			},
		},
		{
			position: [-40, -290],
			id: 'note',
			name: 'What this is',
			type: 'n8n-nodes-base.stickyNote',
			typeVersion: 1,
			parameters: { content: note(executionId), width: 700, height: 230 },
		},
	];
	const to = (node: string) => [{ node, type: 'main' as const, index: 0 }];
	return {
		id,
		name: `Videos of execution ${executionId}: checking, do not stop`,
		nodes,
		connections: {
			// every node has a run before the first wait: after a crash, n8n makes up an item for one that has none
			[start]: { main: [to(isDone)] },
			[check]: { main: [to(isDone)] },
			[isDone]: { main: [[], to(check)] },
		},
		settings: {
			...context.getWorkflowSettings?.(),
			// the workflow that waits has its own, and what it waits for must outlive this one's
			errorWorkflow: undefined,
			executionTimeout: -1,
			// what n8n takes for the outcome if it dies in the middle of a look is what it saved before that
			saveExecutionProgress: false,
			callerPolicy: 'any',
			saveDataSuccessExecution: 'all',
			saveDataErrorExecution: 'all',
		},
	} as unknown as IWorkflowBase;
}

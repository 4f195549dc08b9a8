import {
	NodeApiError,
	NodeOperationError,
	type IBinaryData,
	type IDataObject,
	type IExecuteFunctions,
	type INodeExecutionData,
} from 'n8n-workflow';
import { OctopusXError } from '../api/errors';
import type { Task } from '../api/task';

/** What became of one item. A task is named wherever one exists, also beside an error. */
export interface Outcome {
	task?: Task;
	binary?: Record<string, IBinaryData>;
	error?: Error;
	/** Whether the task was paid for by an earlier try of the node. */
	isResumed?: boolean;
	/** Whether a submission of the item may have been accepted without an answer. */
	isInDoubt?: boolean;
	/** The wait for the task is to go on while the execution is suspended. */
	pending?: { startedAt: number; deadline: number };
	/** Whether the execution was stopped before the item was done. */
	isStopped?: boolean;
}

/** n8n shows an execution as canceled when its error says so in these words. */
export const STOPPED = 'The execution was canceled';

/** The output item of an outcome: the task, or under `json.error` what kept it from being there. */
export function toItem({ task, binary, error }: Outcome, item: number): INodeExecutionData {
	const pairedItem = { item };
	if (!error) return { json: task as Task, binary, pairedItem };
	// `error` must stay the only key, or n8n 1.x keeps the item from the error output
	return { json: { error: { ...wordsOf(error), ...idsOf(task) } }, pairedItem };
}

/**
 * The error that ends the node: that of the first item that has one, or that the execution was
 * stopped. Every task of the run is in its description, so that none is lost.
 */
export function toNodeError(
	context: IExecuteFunctions,
	outcomes: Outcome[],
	advice?: string,
): NodeApiError | NodeOperationError | undefined {
	const node = context.getNode();
	const tasks = listTasks(outcomes, advice);
	if (outcomes.some(({ isStopped }) => isStopped)) {
		return new NodeOperationError(node, STOPPED, { description: tasks });
	}
	const itemIndex = outcomes.findIndex(({ error }) => error);
	const error = outcomes[itemIndex]?.error;
	if (!error) return undefined;

	const { message, description } = wordsOf(error);
	const options = { itemIndex, description: [description, tasks].join(' ').trim() };
	const { statusCode } = error instanceof OctopusXError ? error.details : {};
	return statusCode === undefined
		? new NodeOperationError(node, message, options)
		: new NodeApiError(node, { message }, { ...options, message, httpCode: String(statusCode) });
}

/** What an error says, in the words for the user. */
export function wordsOf(error: Error): { message: string; description?: string } {
	const { message } = error;
	const { description } = error as { description?: string | null };
	return { message, ...(description && { description }) };
}

function idsOf(task: Task | undefined): IDataObject {
	if (!task) return {};
	const { task_id, status, video_url } = task;
	return { task_id, status, ...(video_url && { video_url }) };
}

const RETRY_GOES_ON =
	"Fetch them with Get Status, or use Retry in n8n's list of executions, which goes on with those that are running or done.";

/**
 * Every task of the run, and every item whose submission nobody answered.
 *
 * @param advice what to do with the tasks
 */
export function listTasks(outcomes: Outcome[], advice = RETRY_GOES_ON): string {
	const tasks = outcomes.flatMap(({ task }, item) =>
		task ? [`item ${item}: ${task.task_id} (${task.status})`] : [],
	);
	// n8n saves what the node knows when it fails or runs into n8n's time limit, but not after a Stop
	const next = outcomes.some(({ isStopped }) => isStopped)
		? "Fetch them with Get Status: after a Stop by hand, n8n's Retry starts from the beginning and pays again."
		: advice;
	const isFetchable = outcomes.some(
		({ task }) => task && task.status !== 'failed' && task.status !== 'cancelled',
	);
	const unanswered = outcomes.flatMap(({ isInDoubt }, item) => (isInDoubt ? [item] : []));
	return [
		...(tasks.length > 0 ? [`Tasks of this run: ${tasks.join(', ')}.`] : []),
		...(isFetchable ? [next] : []),
		...(unanswered.length > 0
			? [`Submissions without an answer, perhaps paid for: item ${unanswered.join(', item ')}.`]
			: []),
	].join(' ');
}

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
}

/** The output item of an outcome: the task, or under `json.error` what kept it from being there. */
export function toItem({ task, binary, error }: Outcome, item: number): INodeExecutionData {
	const pairedItem = { item };
	if (!error) return { json: task as Task, binary, pairedItem };
	// `error` must stay the only key, or n8n 1.x keeps the item from the error output
	return { json: { error: { ...wordsOf(error), ...idsOf(task) } }, pairedItem };
}

/**
 * The error that stops the workflow: that of the first item that has one, with every task of the
 * run in its description, so that none is lost.
 */
export function toNodeError(
	context: IExecuteFunctions,
	outcomes: Outcome[],
): NodeApiError | NodeOperationError | undefined {
	const itemIndex = outcomes.findIndex(({ error }) => error);
	const error = outcomes[itemIndex]?.error;
	if (!error) return undefined;

	const { message, description } = wordsOf(error);
	const options = { itemIndex, description: [description, listTasks(outcomes)].join(' ').trim() };
	const statusCode = error instanceof OctopusXError ? error.details.statusCode : undefined;
	return statusCode === undefined
		? new NodeOperationError(context.getNode(), message, options)
		: new NodeApiError(
				context.getNode(),
				{ message },
				{ ...options, message, httpCode: String(statusCode) },
			);
}

function wordsOf(error: Error): { message: string; description?: string } {
	const { message } = error;
	const { description } = error as { description?: string | null };
	return { message, ...(description && { description }) };
}

function idsOf(task: Task | undefined): IDataObject {
	if (!task) return {};
	const { task_id, status, video_url } = task;
	return { task_id, status, ...(video_url && { video_url }) };
}

function listTasks(outcomes: Outcome[]): string {
	const tasks = outcomes.flatMap(({ task }, item) =>
		task ? [`item ${item}: ${task.task_id} (${task.status})`] : [],
	);
	if (tasks.length === 0) return '';
	return `Tasks of this run, to be fetched with Get Status: ${tasks.join(', ')}.`;
}

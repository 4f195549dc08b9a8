import {
	NodeApiError,
	NodeOperationError,
	type IDataObject,
	type IExecuteFunctions,
	type INodeExecutionData,
} from 'n8n-workflow';
import { OctopusXError } from '../../api/errors';
import { hasEnded, isSpent, type Task } from '../../api/task';
import { addHint } from './hint';
import {
	isInDoubt,
	isStopped,
	isTest,
	STOPPED,
	taskOf,
	type Failed,
	type InDoubt,
	type Item,
	type Settled,
} from './item';
import { markTest, tellTestMode } from './testNotes';

const RETRY_GOES_ON =
	"Fetch the videos with Get Status, or use Retry in n8n's list of executions: it goes on with the tasks that are running or done.";

/** Where the text before has told of the only task, and of Get Status. */
const RETRY_GOES_ON_WITH_IT =
	"Or use Retry in n8n's list of executions: it goes on with this task.";

/**
 * The node cannot tell a Stop by hand from n8n's own time limit, and n8n 2.x keeps what it saves at the
 * second only: at a Stop it writes over that what it had at the start.
 */
const AFTER_STOP =
	"Fetch the videos with Get Status, which is not charged. Use n8n's Retry only after n8n's own time limit: after a Stop by hand it is charged again.";

/** How many tasks of a kind an error lists. */
const MAX_OF_A_KIND = 10;

/** What needs action comes first in a list that is not whole. */
const KINDS: ReadonlyArray<(task: Task) => boolean> = [
	(task) => !hasEnded(task),
	({ status }) => status === 'completed',
	isSpent,
];

/**
 * What n8n is told of items for which nothing more is done: the items, or the error that ends the node.
 *
 * @param advice what to do after an error, where n8n's Retry does not go on with the tasks
 */
export function conclude(
	context: IExecuteFunctions,
	items: Settled[],
	advice?: string,
): INodeExecutionData[] {
	tellTestMode(context, items);
	const error = context.continueOnFail() ? undefined : toNodeError(context, items, advice);
	// what an error has no room for is in the log
	if (items.some(isStopped) || (error && items.length > MAX_OF_A_KIND)) {
		const reason = items.some(isStopped) ? `${STOPPED.toLowerCase()}. ` : '';
		context.logger.warn(`OctopusX: ${reason}${listTasks(items, advice, Infinity)}`);
	}
	if (error) throw error;
	addHint(context, items);
	return items.map(toOutput);
}

/** The output item: the task, or under `json.error` what kept it from being there. */
export function toOutput(item: Settled): INodeExecutionData {
	const pairedItem = { item: item.index };
	if (item.state === 'delivered') return { json: jsonOf(item), binary: item.binary, pairedItem };
	// `error` must stay the only key, or n8n 1.x keeps the item from the error output
	const test = isTest(item) && { test: true };
	return { json: { error: { ...wordsOf(item.error), ...idsOf(item), ...test } }, pairedItem };
}

/** The task of an item as far as its output item tells it; empty where it has none. */
export function jsonOf(item: Item): IDataObject {
	const task: IDataObject = taskOf(item) ?? {};
	const { outputFields = Object.keys(task) } = 'job' in item ? item.job : {};
	const fields = outputFields.filter((name) => Object.hasOwn(task, name));
	return Object.fromEntries(fields.map((name) => [name, task[name]]));
}

/** What an error says, in the words for the user. */
export function wordsOf(error: Error): { message: string; description?: string } {
	const { message } = error;
	const { description } = error as { description?: string | null };
	return { message, ...(description && { description }) };
}

/**
 * The error that ends the node: that of the first item that has one, or that the execution was
 * stopped. Every task of the run is in its description, so that none is lost.
 */
function toNodeError(
	context: IExecuteFunctions,
	items: Settled[],
	advice: string | undefined,
): NodeApiError | NodeOperationError | undefined {
	const node = context.getNode();
	if (items.some(isStopped)) {
		return new NodeOperationError(node, STOPPED, { description: listTasks(items, advice) });
	}
	const first = items.find((item) => item.state !== 'delivered');
	if (!first) return undefined;

	const { index: itemIndex, error } = first;
	const { message, description } = wordsOf(error);
	const tasks = listTasks(items, advice, MAX_OF_A_KIND, description);
	const options = { itemIndex, description: [description, tasks].join(' ').trim() };
	const { statusCode } = error instanceof OctopusXError ? error.details : {};
	const nodeError =
		statusCode === undefined
			? new NodeOperationError(node, message, options)
			: new NodeApiError(node, { message }, { ...options, message, httpCode: String(statusCode) });
	return isTest(first) ? markTest(nodeError) : nodeError;
}

function idsOf({ task, unseenId }: Failed | InDoubt): IDataObject {
	if (!task) return unseenId === undefined ? {} : { task_id: unseenId, status: 'unknown' };
	const { task_id, status, video_url } = task;
	return { task_id, status, ...(video_url && { video_url }) };
}

/**
 * The tasks of the run, and the items whose submission nobody answered: at most `limit` of a kind.
 *
 * @param said what the text says before this: the only task of the run is not named twice
 */
function listTasks(
	items: Item[],
	advice: string | undefined,
	limit = MAX_OF_A_KIND,
	said = '',
): string {
	const all = items.flatMap((item) => {
		const task = taskOf(item);
		return task ? [{ task, text: `item ${item.index}: ${task.task_id} (${task.status})` }] : [];
	});
	const isSaid = all.length === 1 && said.includes(String(all[0]?.task.task_id));
	const kinds = all.length > limit ? KINDS : [() => true];
	const tasks = kinds
		.map((isKind) => all.filter(({ task }) => isKind(task)).map(({ text }) => text))
		.filter((kind) => kind.length > 0)
		.map((kind) => shortened(kind, limit));
	const isFetchable = all.some(({ task }) => !isSpent(task));
	const goesOn = isSaid ? RETRY_GOES_ON_WITH_IT : RETRY_GOES_ON;
	const next = items.some(isStopped) ? AFTER_STOP : (advice ?? goesOn);
	const unanswered = items.filter(isInDoubt).map(({ index }) => `item ${index}`);
	const sentAgain = advice === undefined ? ' and which a retry sends again' : '';
	return [
		...(tasks.length > 0 && !isSaid ? [`Tasks of this run: ${tasks.join(', ')}.`] : []),
		...(isFetchable || next === advice ? [next] : []),
		...(unanswered.length > 0
			? [
					`Submissions without an answer, which may have been charged${sentAgain}: ${shortened(unanswered, limit)}.`,
				]
			: []),
	].join(' ');
}

/** The first entries of a list, and how many more there are. */
export function shortened(list: string[], limit: number): string {
	const more = list.length - limit;
	const shown = list.slice(0, limit).join(', ');
	return more > 0 ? `${shown} and ${more} more (all are in n8n's log)` : shown;
}

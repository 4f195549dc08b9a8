import { NodeApiError, NodeOperationError } from 'n8n-workflow';
import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { shorten } from '../../api/envelope';
import { chargeSentence, OctopusXError, type Charge } from '../../api/errors';
import { costOf, costText } from '../../api/records';
import { hasFailed, isFinal, type Task } from '../../api/task';
import type { VideoFacts } from '../../files/mp4';
import { isTest, requestedId, STOPPED, StoppedError, taskOf } from './item';
import type { Failed, Item, Settled } from './item';

const RETRY_CONTINUES =
	"Fetch the videos with Get Status, or use Retry in n8n's list of executions: it continues with the tasks that are running or done.";

/** For an error that already names the only task and Get Status. */
const RETRY_CONTINUES_WITH_TASK =
	"Or use Retry in n8n's list of executions: it continues with this task.";

/** After a Stop or n8n's own time limit, which the node cannot tell apart. n8n's editor offers no Retry then. */
const AFTER_STOP =
	'Fetch the videos with Get Status, which is not charged. A new run is charged again.';

/** For errors of Get Status itself. */
const CHECK_AGAIN = 'Run the node again to check them, which is not charged.';

/** How many tasks of each kind an error lists. */
const MAX_OF_A_KIND = 10;

/** How many kinds of errors a hint names. */
const MAX_KINDS = 5;

/** Kinds of tasks in a truncated list. Those that need action come first. */
const KINDS: ReadonlyArray<(task: Task) => boolean> = [
	(task) => !isFinal(task),
	({ status }) => status === 'completed',
	hasFailed,
];

/**
 * Returns the output of a run or, unless the node continues on errors, throws the error that ends it. `advice`
 * says what to do after an error if n8n's Retry does not continue with the tasks; it may be empty.
 */
export function conclude(
	context: IExecuteFunctions,
	items: Settled[],
	// outside an execution, where n8n usually runs a call over MCP, there is nothing to retry
	advice = context.getExecutionId() ? undefined : '',
): INodeExecutionData[] {
	const failures = items.filter((item) => item.state === 'failed');
	const isStopped = failures.some(({ error }) => error instanceof StoppedError);
	const ending = context.continueOnFail() ? undefined : failures[0];
	const error = ending && toNodeError(context, items, ending, advice, isStopped);
	// the log lists all tasks, because the error may not have room for them
	if (isStopped || (error && items.length > MAX_OF_A_KIND)) {
		const reason = isStopped ? `${STOPPED.toLowerCase()}. ` : '';
		context.logger.warn(`OctopusX: ${reason}${listTasks(items, advice, isStopped, Infinity)}`);
	}
	const extra = listExtraTasks(items, Infinity);
	if (extra) context.logger.warn(`OctopusX: ${extra}`);
	const total = totalText(items);
	if (total) context.logger.info(`OctopusX: ${total}`);
	const differing = differenceText(items);
	if (differing) context.logger.warn(`OctopusX: ${differing}`);
	addHints(context, items, failures, [total, differing]);
	if (error) throw error;
	// n8n adds only the JSON of the input to an item of the error output, so a loop would lose the files
	const hasErrorOutput = context.getNode().onError === 'continueErrorOutput';
	const input = hasErrorOutput ? context.getInputData() : [];
	return items.map((item) => toOutput(item, input[item.index]?.binary));
}

/** Converts an item to an output item: the task, or the error under `json.error` and the given files. */
export function toOutput(item: Settled, files?: INodeExecutionData['binary']): INodeExecutionData {
	const pairedItem = { item: item.index };
	if (item.state === 'delivered') return { json: jsonOf(item), binary: item.binary, pairedItem };
	const { task, uncheckedId } = item;
	const { task_id, status, video_url } = task ?? { task_id: uncheckedId, status: 'unknown' };
	const ids = task_id && { task_id, status, ...(video_url && { video_url }) };
	// `error` must be the only key, or n8n 1.x does not send the item to the error output
	const test = isTest(item) && { test: true };
	const error = { ...textsOf(item.error, task), ...ids, ...costFields(task), ...test };
	return { json: { error }, ...(files && { binary: files }), pairedItem };
}

/** Returns the fields of an item's task that its output item contains; none without a task. */
export function jsonOf(item: Item): IDataObject {
	if ('json' in item && item.json) return item.json;
	const { price, ...task }: Partial<Task> = taskOf(item) ?? {};
	const known: IDataObject = { ...task, ...costFields({ price }) };
	const { outputFields = Object.keys(known) } = 'job' in item ? item.job : {};
	const fields = outputFields.filter((name) => Object.hasOwn(known, name));
	return Object.fromEntries(fields.map((name) => [name, known[name]]));
}

/** Returns `cost`, if it is known. */
function costFields({ price }: Pick<Task, 'price'> = {}): IDataObject {
	if (!price) return {};
	const { quota, refunded } = price;
	return { cost: { ...costOf(quota, price), ...(refunded && { refunded }) } };
}

/** Returns an error's message and description for the user. The description begins with the charge. */
export function textsOf(error: Error, task?: Task): { message: string; description?: string } {
	const { message } = error;
	const { description } = error as { description?: string | null };
	const { charge } = error instanceof OctopusXError ? error.details : {};
	const sentences = [charge && chargeSentence(charge, task?.price), description]
		.filter(Boolean)
		.join(' ');
	return { message, ...(sentences && { description: sentences }) };
}

/** Returns the error with its charge. An n8n error, such as a failed expression, keeps its texts. */
export function withCharge(error: Error, charge: Charge): OctopusXError {
	if (error instanceof OctopusXError) return error.withCharge(charge);
	const { message, description = '' } = textsOf(error);
	return new OctopusXError(message, description, { charge });
}

/** Lists the first `limit` entries, and says how many more there are. */
export function shortenList(list: string[], limit: number): string {
	const more = list.length - limit;
	const shown = list.slice(0, limit).join(', ');
	return more > 0 ? `${shown} and ${more} more (all are in n8n's log)` : shown;
}

/**
 * Builds the error that ends the node: the first failure, or that the execution was stopped. Its description
 * lists the tasks of the run, so that none is lost.
 */
function toNodeError(
	context: IExecuteFunctions,
	items: Settled[],
	first: Failed,
	advice: string | undefined,
	isStopped: boolean,
): NodeApiError | NodeOperationError {
	const node = context.getNode();
	if (isStopped) {
		const description = listTasks(items, advice, isStopped);
		return new NodeOperationError(node, STOPPED, { description });
	}
	const { index: itemIndex, error, task, uncheckedId } = first;
	const { message, description } = textsOf(error, task);
	const { charge, statusCode } = error instanceof OctopusXError ? error.details : {};
	const named = typeof charge === 'object' && 'taskId' in charge ? charge.taskId : undefined;
	const tasks = listTasks(items, advice, isStopped, MAX_OF_A_KIND, named);
	const testMode = isTest(first) && 'This item is in Test Mode: nothing was sent for it.';
	const taskId = task?.task_id ?? uncheckedId;
	// not repeated if the message already contains the ID, as it does when the ID itself is wrong
	const checked =
		!task && uncheckedId && !message.includes(uncheckedId) && `Task: ${shorten(uncheckedId)}.`;
	const options = {
		itemIndex,
		description: [testMode, description, checked, tasks].filter(Boolean).join(' '),
	};
	const nodeError =
		statusCode === undefined
			? new NodeOperationError(node, message, options)
			: new NodeApiError(node, { message }, { ...options, message, httpCode: String(statusCode) });
	// for error workflows
	Object.assign(nodeError.context, {
		...(charge && { charge }),
		...costFields(task),
		...(taskId !== undefined && { task_id: taskId }),
		...(testMode && { test: true }),
	});
	return nodeError;
}

/**
 * Lists the tasks of the run, and the items with an unanswered submission: at most `limit` of each kind. Leaves
 * out the only task if it is `named`, the one that the error already names.
 */
function listTasks(
	items: Settled[],
	advice: string | undefined,
	isStopped: boolean,
	limit = MAX_OF_A_KIND,
	named?: string,
): string {
	const all = items.flatMap((item) => {
		const task = taskOf(item);
		return task ? [{ task, text: `item ${item.index}: ${task.task_id} (${task.status})` }] : [];
	});
	const isNamed = all.length === 1 && all[0]?.task.task_id === named;
	const kinds = all.length > limit ? KINDS : [() => true];
	const tasks = kinds
		.map((isKind) => all.filter(({ task }) => isKind(task)).map(({ text }) => text))
		.filter((kind) => kind.length > 0)
		.map((kind) => shortenList(kind, limit));
	const isGetStatus = items.some((item) => requestedId(item) !== undefined);
	const retryContinues = isNamed ? RETRY_CONTINUES_WITH_TASK : RETRY_CONTINUES;
	const afterError = isStopped ? AFTER_STOP : (advice ?? retryContinues);
	const next = isGetStatus && (isStopped || !advice) ? CHECK_AGAIN : afterError;
	const canFetch = all.some(({ task }) => !hasFailed(task));
	const inDoubt = items.filter(({ isInDoubt }) => isInDoubt).map(({ index }) => `item ${index}`);
	const sentAgain = advice === undefined ? ' and which a retry sends again' : '';
	const sentences = [
		tasks.length > 0 && !isNamed && `Tasks of this run: ${tasks.join(', ')}.`,
		(canFetch || next === advice) && next,
		inDoubt.length > 0 &&
			`Submissions without an answer, which may have been charged${sentAgain}: ${shortenList(inDoubt, limit)}.`,
	];
	return sentences.filter(Boolean).join(' ');
}

/** Lists the tasks that were charged in addition to those of the output; empty if there are none. */
function listExtraTasks(items: Settled[], limit: number): string {
	const extra = items.flatMap(({ index, extraTaskIds = [] }) =>
		extraTaskIds.map((taskId) => `${taskId} (item ${index})`),
	);
	return extra.length > 0
		? `Charged in addition, because an answer came late: ${shortenList(extra, limit)}. Get Status fetches such a video.`
		: '';
}

/** Says what the videos of the run cost, if it is known: "3 videos, 0.48 USD". */
function totalText(items: Settled[]): string {
	const tasks = items.flatMap((item) =>
		isTest(item) || requestedId(item) !== undefined ? [] : (taskOf(item) ?? []),
	);
	const prices = tasks.flatMap(({ price }) => (price && !price.refunded ? price : []));
	if (prices.length === 0) return '';
	const quota = prices.reduce((sum, price) => sum + price.quota, 0);
	const unknown = tasks.filter(({ price }) => !price).length;
	const without = unknown > 0 ? `, without ${unknown} whose cost is not known` : '';
	const videos = prices.length === 1 ? 'video' : 'videos';
	return `${prices.length} ${videos}, ${costText(costOf(quota, prices[0] ?? {}))}${without}.`;
}

/** Says which files are not as asked; empty if all are. */
function differenceText(items: Settled[]): string {
	const list = items.flatMap((item) => {
		const { differs, width, height, duration } = (taskOf(item)?.file ?? {}) as Partial<VideoFacts>;
		if (!differs || item.state === 'failed') return [];
		const { resolution, aspect_ratio, seconds } = item.job.asked ?? {};
		const texts: Record<string, string> = {
			resolution: `${width}×${height} instead of ${resolution}`,
			aspect_ratio: `${width}×${height} instead of ${aspect_ratio}`,
			duration: `${duration} s instead of ${seconds} s`,
		};
		return `video ${item.index + 1} (${differs.map((name) => texts[name]).join(', ')})`;
	});
	return list.length > 0 ? `Not as asked: ${shortenList(list, MAX_OF_A_KIND)}.` : '';
}

/** In manual runs, adds hints about what the items do not show. In others, only warns about Test Mode. */
function addHints(
	context: IExecuteFunctions,
	items: Settled[],
	failures: Failed[],
	[total, differing]: string[],
): void {
	const isManual = context.getMode() === 'manual';
	const count = items.length;
	const tests = items.filter(isTest).length;
	if (tests > 0) {
		const message = `Test Mode: ${tests} ${tests === 1 ? 'item' : 'items'}, nothing generated`;
		if (!isManual) context.logger.warn(`OctopusX: ${message}`);
		else context.addExecutionHints({ message, type: 'warning', location: 'outputPane' });
	}
	// the error that ends the node says enough
	if (!isManual || (failures.length > 0 && !context.continueOnFail())) return;
	const claimed = items.filter((item) => item.state === 'delivered' && item.isClaimed).length;
	const inDoubt = items.filter(({ isInDoubt }) => isInDoubt).length;
	const counts = new Map<string, number>();
	for (const { message } of failures.map(({ error }) => error)) {
		counts.set(message, (counts.get(message) ?? 0) + 1);
	}
	const kinds = [...counts].sort(([, one], [, other]) => other - one);
	const more = kinds.length - MAX_KINDS;
	const shown = kinds.slice(0, MAX_KINDS).map(([message, count]) => `${message} (${count})`);
	const sentences = [
		claimed > 0 && `${claimed} of ${count} items continued with a task that was already charged.`,
		failures.length > 0 && `${failures.length} of ${count} items failed: ${shown.join('; ')}.`,
		more > 0 && `And ${more} more kinds of errors: see the items.`,
		inDoubt > 0 &&
			`${inDoubt} of ${count} items may have been charged for a submission without an answer: check the usage log of the OctopusX account.`,
		listExtraTasks(items, MAX_OF_A_KIND),
		differing,
		total,
	];
	const message = sentences.filter(Boolean).join(' ');
	const type = failures.length > 0 || differing ? 'warning' : 'info';
	if (message) context.addExecutionHints({ message, type, location: 'outputPane' });
}

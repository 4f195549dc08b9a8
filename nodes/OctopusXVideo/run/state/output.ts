import { NodeApiError, NodeOperationError } from 'n8n-workflow';
import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { shorten } from '../../api/envelope';
import { chargeSentence, OctopusXError, type Charge } from '../../api/errors';
import { costOf, costText } from '../../api/records';
import { hasFailed, isFinal, type Task } from '../../api/task';
import type { VideoFacts } from '../../files/mp4';
import { isToolCall } from '../../job';
import { detailsOf, FIX_AND_RUN, isTest, NO_VIDEO, promptOf, requestedId, STOPPED } from './item';
import { StoppedError, taskOf, type Delivered, type Failed, type Item, type Settled } from './item';

/** For the error of a batch. */
const RESCUE =
	"To go on with the finished videos, set 'On Error' in the Settings of this node to 'Continue (using error output)', save the workflow, and choose 'Retry with currently saved workflow' in the tab Executions: they are not charged again. Items whose task failed are submitted again, as new, paid videos.";

const RETRY_CONTINUES =
	"Fetch the videos with Get Status, or use Retry in n8n's list of executions: it continues with the tasks that are running or done.";

/** For an error that already names the only task and Get Status. */
const RETRY_CONTINUES_WITH_TASK =
	"Or use Retry in n8n's list of executions: it continues with this task.";

/** After a Stop or n8n's own time limit, which the node cannot tell apart. n8n's editor offers no Retry then. */
const AFTER_STOP =
	'Fetch the videos with Get Status, which is not charged. A new run is charged again.';

const IN_MEMORY =
	'n8n keeps files in memory: set N8N_DEFAULT_BINARY_DATA_MODE=filesystem, or switch Download Video off.';

/** True once n8n's log has `IN_MEMORY`. */
let hasLoggedMemory = false;

/** For errors of Get Status itself. */
const CHECK_AGAIN = 'Run the node again to check them, which is not charged.';

/** How many tasks of each kind an error lists. */
const MAX_OF_A_KIND = 10;
/** How many kinds of errors a hint names. */
const MAX_KINDS = 5;
/** How many failed items the context of an error has, for error workflows. */
const MAX_FAILURES = 20;
/** Upper limit for the failed items in a text, in characters. */
const MAX_FAILURES_LENGTH = 1_000;

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
	const log = (text: string, level: 'info' | 'warn' = 'warn') => {
		if (text) context.logger[level](`OctopusX: ${text}`);
	};
	const failures = items.filter((item) => item.state === 'failed');
	const isEnding = failures.length > 0 && !context.continueOnFail();
	const error = isEnding && toNodeError(context, items, failures, advice);
	// the log lists all tasks, because the error may not have room for them
	if (isStopped(items) || (error && items.length > MAX_OF_A_KIND)) {
		const reason = isStopped(items) ? `${STOPPED.toLowerCase()}. ` : '';
		log(`${reason}${listTasks(items, advice, Infinity)}`);
	}
	log(listExtraTasks(items, Infinity));
	const total = totalText(items);
	log(total, 'info');
	const differing = differenceText(items);
	log(differing);
	const inMemory = realVideos(items).some(({ binary = {} }) =>
		Object.values(binary).some(({ id }) => !id),
	);
	if (inMemory && !hasLoggedMemory) log(IN_MEMORY);
	hasLoggedMemory ||= inMemory;
	addHints(context, items, isEnding, [differing, inMemory && IN_MEMORY, total]);
	if (error) throw error;
	const { onError } = context.getNode();
	// n8n adds only the JSON of the input to an item of the error output, so a loop would lose the files
	const input = onError === 'continueErrorOutput' ? context.getInputData() : [];
	return items.map((item) => {
		const output = toOutput(item, input[item.index]?.binary);
		if (onError !== 'continueRegularOutput' || item.state === 'delivered') return output;
		// columns that the finished videos also have
		const { task_id, prompt } = output.json.error as IDataObject;
		return { ...output, json: { ...known({ task_id, status: 'failed', prompt }), ...output.json } };
	});
}

function isStopped(items: Settled[]): boolean {
	return items.some((item) => item.state === 'failed' && item.error instanceof StoppedError);
}

/** Returns the items that were delivered and not made up by Test Mode. */
function realVideos(items: Settled[]): Delivered[] {
	return items.filter((item) => item.state === 'delivered').filter((item) => !isTest(item));
}

/** Converts an item to an output item: the task, or the error under `json.error` and the given files. */
export function toOutput(item: Settled, files?: INodeExecutionData['binary']): INodeExecutionData {
	const pairedItem = { item: item.index };
	if (item.state === 'delivered') return { json: jsonOf(item), binary: item.binary, pairedItem };
	const { task, uncheckedId, prompt } = item;
	const { task_id, status, video_url } = task ?? { task_id: uncheckedId, status: 'unknown' };
	const ids = task_id && { task_id, status, video_url };
	const about = known({ ...ids, prompt, ...costFields(task), test: isTest(item) });
	// `error` must be the only key, or n8n 1.x does not send the item to the error output
	const json = { error: { ...textsOf(item.error, task), ...about } };
	return { json, ...(files && { binary: files }), pairedItem };
}

/** Returns the fields of an item's task that its output item contains; none without a task. */
export function jsonOf(item: Item): IDataObject {
	if ('json' in item && item.json) return item.json;
	const { price, ...task }: Partial<Task> = taskOf(item) ?? {};
	const all: IDataObject = {
		...task,
		...known({ prompt: promptOf(item) }),
		...costFields({ price }),
	};
	const { outputFields = Object.keys(all) } = 'job' in item ? item.job : {};
	const fields = outputFields.filter((name) => Object.hasOwn(all, name));
	return Object.fromEntries(fields.map((name) => [name, all[name]]));
}

function known(fields: object): IDataObject {
	return Object.fromEntries(Object.entries(fields).filter(([, value]) => value));
}

function costFields({ price }: Pick<Task, 'price'> = {}): IDataObject {
	if (!price) return {};
	return { cost: { ...costOf(price.quota, price), ...known({ refunded: price.refunded }) } };
}

export function joined(...sentences: Array<string | false | null | undefined>): string {
	return sentences.filter(Boolean).join(' ');
}

/** The description for the user begins with the charge. */
function textsOf(error: Error, task?: Task): { message: string; description?: string } {
	const { message, description } = error as Error & { description?: string | null };
	const { charge } = detailsOf(error);
	const sentences = joined(charge && chargeSentence(charge, task?.price), description);
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
 * Builds the error that ends the node: the only failure, those of a batch, or that the execution was stopped.
 * Its description lists the tasks of the run, so that none is lost.
 */
function toNodeError(
	context: IExecuteFunctions,
	items: Settled[],
	failures: Failed[],
	advice: string | undefined,
): NodeApiError | NodeOperationError {
	const node = context.getNode();
	const [first] = failures;
	if (!first || isStopped(items)) {
		return new NodeOperationError(node, STOPPED, { description: listTasks(items, advice) });
	}
	// before the first task, one error keeps all items from being submitted
	const isBatch = items.length > 1 && items.some(taskOf);
	const { message, description, named } = isBatch
		? batchTexts(context, failures, items.length)
		: singleTexts(first);
	const tasks = listTasks(items, advice, MAX_OF_A_KIND, named);
	const options = { itemIndex: first.index, description: joined(description, tasks) };
	const { statusCode } = detailsOf(first.error);
	const nodeError =
		statusCode === undefined
			? new NodeOperationError(node, message, options)
			: new NodeApiError(node, { message }, { ...options, message, httpCode: String(statusCode) });
	// for error workflows
	const others = failures.length > 1 && failures.slice(0, MAX_FAILURES).map(contextOf);
	const own = known({ items: others, test: isTest(first) });
	Object.assign(nodeError.context, contextOf(first), own);
	return nodeError;
}

function singleTexts(item: Failed) {
	const { error, task, uncheckedId } = item;
	const { message, description } = textsOf(error, task);
	const { charge } = detailsOf(error);
	const named = typeof charge === 'object' && 'taskId' in charge ? [charge.taskId] : [];
	const testMode = isTest(item) && 'This item is in Test Mode: nothing was sent for it.';
	// not repeated if the message already contains the ID, as it does when the ID itself is wrong
	const isMissing = !task && uncheckedId && !message.includes(uncheckedId);
	const checked = isMissing && `Task: ${shorten(uncheckedId)}.`;
	return { message, description: joined(testMode, description, checked), named };
}

/** Says which items of a batch failed, and why. Logs those that the error has no room for. */
function batchTexts(context: IExecuteFunctions, failures: Failed[], total: number) {
	const all = failures.map((item) => {
		const { message, description, named } = singleTexts(item);
		const prompt = item.prompt ? ` ("${shorten(item.prompt, 200)}")` : '';
		const text = `Video ${item.index + 1} of ${total}${prompt}: ${message}. ${description}`.trim();
		return { text, named };
	});
	let length = 0;
	const shown = all.filter(
		({ text }, n) => (length += text.length) <= MAX_FAILURES_LENGTH || n === 0,
	);
	const rest = all.slice(shown.length);
	for (const { text } of rest) context.logger.warn(`OctopusX: ${text}`);
	const last = shown.map(({ text }) => text.includes(FIX_AND_RUN)).lastIndexOf(true);
	const texts = shown.map(({ text }, n) => (n < last ? text.replace(` ${FIX_AND_RUN}`, '') : text));
	const more = rest.length > 0 && `${rest.length} more failed: n8n's log says why.`;
	const [reason, ...others] = new Set(failures.map(reasonOf));
	const count = `${failures.length} of ${total} videos`;
	const why =
		reason === NO_VIDEO ? `${count} could not be generated` : `${count} failed: ${reason}`;
	return {
		message: others.length > 0 ? `${count} failed` : why,
		description: joined(...texts, more),
		named: shown.flatMap(({ named }) => named),
	};
}

/** The message of an item's error, without the item number that n8n adds to some. */
function reasonOf({ error }: Failed): string {
	return error.message.replace(/ \[item \d+\]$/, '');
}

function contextOf({ error, task, uncheckedId, prompt }: Failed): IDataObject {
	const { charge } = detailsOf(error);
	return known({ charge, ...costFields(task), task_id: task?.task_id ?? uncheckedId, prompt });
}

/**
 * Lists the tasks of the run that are not `named` yet, and the items with an unanswered submission: at most
 * `limit` of each kind.
 */
function listTasks(
	items: Settled[],
	advice: string | undefined,
	limit = MAX_OF_A_KIND,
	named: string[] = [],
): string {
	const all = items.flatMap((item) => taskOf(item) ?? []);
	const listed = items.flatMap((item) => {
		const task = taskOf(item);
		if (!task || named.includes(task.task_id)) return [];
		return { task, text: `video ${item.index + 1}: ${task.task_id} (${task.status})` };
	});
	const kinds = listed.length > limit ? KINDS : [() => true];
	const tasks = kinds
		.map((isKind) => listed.filter(({ task }) => isKind(task)).map(({ text }) => text))
		.filter((kind) => kind.length > 0)
		.map((kind) => shortenList(kind, limit));
	const isGetStatus = items.some((item) => requestedId(item) !== undefined);
	const isNamed = all.length === 1 && named.length === 1;
	const isBatch = items.length > 1 && all.some(({ status }) => status === 'completed');
	const retryContinues = isNamed ? RETRY_CONTINUES_WITH_TASK : isBatch ? RESCUE : RETRY_CONTINUES;
	const afterError = isStopped(items) ? AFTER_STOP : (advice ?? retryContinues);
	const next = isGetStatus && (isStopped(items) || !advice) ? CHECK_AGAIN : afterError;
	const canFetch = all.some((task) => !hasFailed(task));
	const inDoubt = items.flatMap(({ isInDoubt, index }) => (isInDoubt ? `video ${index + 1}` : []));
	const sentAgain = advice === undefined ? ' and which a retry sends again' : '';
	return joined(
		tasks.length > 0 &&
			`${named.length > 0 ? 'Other tasks' : 'Tasks'} of this run: ${tasks.join(', ')}.`,
		(canFetch || next === advice) && next,
		inDoubt.length > 0 &&
			`Submissions without an answer, which may have been charged${sentAgain}: ${shortenList(inDoubt, limit)}.`,
	);
}

/** Lists the tasks that were charged in addition to those of the output; empty if there are none. */
function listExtraTasks(items: Settled[], limit: number): string {
	const extra = items.flatMap(({ index, extraTaskIds = [] }) =>
		extraTaskIds.map((taskId) => `${taskId} (video ${index + 1})`),
	);
	return extra.length > 0
		? `Charged in addition, because an answer came late: ${shortenList(extra, limit)}. Get Status fetches such a video.`
		: '';
}

/** Says what the videos of the run cost, if it is known: "3 videos, 0.48 USD". */
function totalText(items: Settled[]): string {
	const made = items.filter((item) => !isTest(item) && requestedId(item) === undefined);
	const tasks = made.flatMap((item) => taskOf(item) ?? []);
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
	const list = realVideos(items).flatMap(({ index, task, job: { asked = {} } }) => {
		const { differs, width, height, duration } = (task?.file ?? {}) as Partial<VideoFacts>;
		if (!differs) return [];
		const texts: Record<string, string> = {
			resolution: `${width}×${height} instead of ${asked.resolution}`,
			aspect_ratio: `${width}×${height} instead of ${asked.aspect_ratio}`,
			duration: `${duration} s instead of ${asked.seconds} s`,
		};
		return `video ${index + 1} (${differs.map((name) => texts[name]).join(', ')})`;
	});
	return list.length > 0 ? `Not as asked: ${shortenList(list, MAX_OF_A_KIND)}.` : '';
}

/** In manual runs, adds hints about what the items do not show. In others, only warns about Test Mode. */
function addHints(
	context: IExecuteFunctions,
	items: Settled[],
	isEnding: boolean,
	notes: Array<string | false>,
): void {
	const isManual = context.getMode() === 'manual';
	const plural = items.length === 1 ? '' : 's';
	const count = `${items.length} ${items.some(taskOf) ? 'video' : 'item'}${plural}`;
	const tests = items.filter(isTest).length;
	if (tests > 0) {
		const message = `Test Mode: ${tests} ${tests === 1 ? 'item' : 'items'}, nothing generated`;
		if (!isManual) context.logger.warn(`OctopusX: ${message}`);
		else context.addExecutionHints({ message, type: 'warning', location: 'outputPane' });
	}
	// the error that ends the node says enough
	if (!isManual || isEnding) return;
	const claimed = items.filter((item) => item.state === 'delivered' && item.isClaimed).length;
	const inDoubt = items.filter(({ isInDoubt }) => isInDoubt).length;
	const counts = new Map<string, number>();
	// a failed task in Get Status is information, but no video
	const reasons = items.flatMap((item) => {
		if (item.state === 'failed') return reasonOf(item);
		return item.task && hasFailed(item.task) ? 'the task failed' : [];
	});
	for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
	const kinds = [...counts].sort(([, one], [, other]) => other - one);
	const more = kinds.length - MAX_KINDS;
	const shown = kinds
		.slice(0, MAX_KINDS)
		.map(([reason, times]) => `${reason.replace(/^The /, 'the ')} (${times})`);
	const lacksFile = realVideos(items).some(
		(item) =>
			!item.job.download && requestedId(item) === undefined && item.task?.status === 'completed',
	);
	const message = joined(
		claimed > 0 && `${claimed} of ${count} continued with a task that was already charged.`,
		reasons.length > 0 && `${reasons.length} of ${count} failed: ${shown.join('; ')}.`,
		more > 0 && `And ${more} more kinds of errors: see the items.`,
		inDoubt > 0 &&
			`${inDoubt} of ${count} may have been charged for a submission without an answer: check the usage log of the OctopusX account.`,
		listExtraTasks(items, MAX_OF_A_KIND),
		...notes,
		lacksFile &&
			!isToolCall(context) &&
			'Download Video is off: Get Status fetches the file, which is not charged.',
	);
	const type = reasons.length > 0 || notes[0] ? 'warning' : 'info';
	if (message) context.addExecutionHints({ message, type, location: 'outputPane' });
}

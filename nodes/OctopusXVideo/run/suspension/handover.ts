import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { isPlainObject } from '../../api/envelope';
import { OctopusXError, type FaultDetails } from '../../api/errors';
import { uncheckedTask } from '../../api/task';
import { fromWallClock, toWallClock } from '../../timing/time';
import { detailsOf, type Failed, type Ready, type Running } from '../state/item';

/** Key of the items passed to the checking execution. Its loop goes on as long as its item has this key. */
export const HANDOVER = 'octopusXSuspended';

/** Key in the node's execution context for the items of all checks. */
const SAVED = 'octopusXHandover';

export type Pending = Running | Ready | Failed;

/** Data passed to the checking execution for one item: IDs, prompts and settings, no key or file. */
type SavedItem = Running | Ready | (Omit<Failed, 'error'> & { error: SavedError });

type SavedError = FaultDetails & { message: string; description?: string };

/** What the checking execution works on. `parent` is n8n's ID of the suspended execution. */
export interface HandedOver {
	parent: string;
	items: Pending[];
	/** True at the first start, before anything has been checked. */
	isNew: boolean;
}

/** Returns the items that the checking execution starts with. */
export function writeHandover(parent: string, items: Pending[]): INodeExecutionData[] {
	return items.map((item) => ({
		json: { [HANDOVER]: { parent, item: save(item) } as unknown as IDataObject },
		pairedItem: { item: item.index },
	}));
}

/** Reads the items from `writeHandover`, at any check. Returns `undefined` for other input. */
export function readHandover(context: IExecuteFunctions): HandedOver | undefined {
	const memory = context.getContext('node');
	const isNew = !(SAVED in memory);
	const all = isNew ? context.getInputData().map(({ json }) => json[HANDOVER]) : memory[SAVED];
	if (!Array.isArray(all) || !all.every(isHandover)) return undefined;
	memory[SAVED] = all;
	return { parent: all[0]?.parent ?? '', items: all.map(({ item }) => restore(item)), isNew };
}

/** Saves what the next check needs: which items are final, and when the verdict was last requested. */
export function saveItems(context: IExecuteFunctions, items: Pending[]): void {
	const all = context.getContext('node')[SAVED] as Array<{ item: SavedItem }>;
	for (const [n, item] of items.entries()) {
		const saved = save(item);
		if (saved.state === 'running') {
			const { unknownChecks, verdictAt } = saved;
			// in place, because n8n saves an object once that is also in its other data
			Object.assign(all[n]?.item ?? {}, { unknownChecks, verdictAt });
		} else {
			all[n] = { ...all[n], item: saved };
		}
	}
}

/**
 * Replaces the node's input with one small item. n8n passes on the input when it resumes the execution, and
 * would save all items again at every check.
 */
export function shrinkInput(context: IExecuteFunctions, parent: string): void {
	const entry = context.getExecuteData();
	entry.data = { ...entry.data, main: [[{ json: { [HANDOVER]: { parent } } }]] };
}

function isHandover(value: unknown): value is { parent: string; item: SavedItem } {
	if (!isPlainObject(value) || !isPlainObject(value.item)) return false;
	const { index, error = {} } = value.item;
	return typeof index === 'number' && isPlainObject(error);
}

function save(item: Pending): SavedItem {
	if (item.state === 'failed') {
		const { message, description } = item.error as OctopusXError;
		return { ...item, error: { ...detailsOf(item.error), message, description } };
	}
	// the task is checked again, and its request is no longer needed
	const { task_id: taskId, id } = item.task;
	const job = { ...item.job, source: { taskId } };
	if (item.state === 'ready') return { ...item, job };
	const task = uncheckedTask(taskId, id);
	return convertTimes({ ...item, job: { ...job, wait: item.job.wait }, task }, toWallClock);
}

function restore(saved: SavedItem): Pending {
	if (saved.state === 'running') return convertTimes(saved, fromWallClock);
	if (saved.state === 'ready') return saved;
	const { message, description = '', ...details } = saved.error;
	return { ...saved, error: new OctopusXError(message, description, details) };
}

/** The checking execution may run in another process, which shares only the wall clock. */
function convertTimes(item: Running, convert: (time: number) => number): Running {
	return {
		...item,
		startedAt: convert(item.startedAt),
		deadline: convert(item.deadline),
		verdictAt: convert(item.verdictAt),
	};
}

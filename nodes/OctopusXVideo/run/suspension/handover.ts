import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { OctopusXError } from '../../api/errors';
import { isPlainObject, unseenTask } from '../../api/task';
import { fromWallClock, toWallClock } from '../../timing/clock';
import type { Ended, Failed, InDoubt, Paid } from '../state/item';
import { wordsOf } from '../state/output';

/** Under this key items bring what is handed over; the sub-workflow asks for it to see whether to go on. */
export const HANDOVER = 'octopusXSuspended';

/** Where n8n keeps what was handed over, once for all looks, and what has become of it. */
const KEPT = 'octopusXHandover';

/** An item that is handed over. */
export type Pending = Paid | Ended | Failed | InDoubt;

/** What the sub-workflow is told about one item: ids and settings, no key, no prompt and no file. */
type Handover = Paid | Ended | (Omit<Failed | InDoubt, 'error'> & { error: Words });

/** An error as JSON can hold it. */
interface Words {
	message: string;
	description?: string;
	statusCode?: number;
	isKeyRefused?: boolean;
}

/**
 * The items that the sub-workflow starts with.
 *
 * @param parent n8n's id of the execution that waits for them
 */
export function writeHandover(parent: string, items: Pending[]): INodeExecutionData[] {
	return items.map((item) => ({
		json: { [HANDOVER]: { parent, item: write(item) } as unknown as IDataObject },
		pairedItem: { item: item.index },
	}));
}

/** What was handed over, inside of the sub-workflow. */
export interface HandedOver {
	/** n8n's id of the execution that waits. */
	parent: string;
	items: Pending[];
	/** Whether it has only just come, so that nothing was looked at yet. */
	isNew: boolean;
}

/** What `writeHandover` has written, at this look or an earlier one; `undefined` where something else came. */
export function readHandover(context: IExecuteFunctions): HandedOver | undefined {
	const memory = context.getContext('node');
	const isNew = !(KEPT in memory);
	const all = isNew ? context.getInputData().map(({ json }) => json[HANDOVER]) : memory[KEPT];
	if (!Array.isArray(all) || !all.every(isHandover)) return undefined;
	memory[KEPT] = all;
	return { parent: all[0]?.parent ?? '', items: all.map(({ item }) => read(item)), isNew };
}

/**
 * Keeps what items have come to, for the looks that follow: what is over stays so, also when the API is
 * down at the next look or has forgotten it, and is not asked for again.
 */
export function keepOver(context: IExecuteFunctions, items: Pending[]): void {
	const all = context.getContext('node')[KEPT] as Array<{ item: Handover }>;
	for (const [n, item] of items.entries()) {
		if (item.state !== 'paid') all[n] = { ...all[n], item: write(item) };
	}
}

/**
 * Puts one small item in the place of those that the node got. They have been kept: n8n would hand them
 * on when it resumes the execution, and save them anew at every turn of the loop.
 */
export function shrinkInput(context: IExecuteFunctions, parent: string): void {
	const entry = context.getExecuteData();
	entry.data = { ...entry.data, main: [[{ json: { [HANDOVER]: { parent } } }]] };
}

function isHandover(value: unknown): value is { parent: string; item: Handover } {
	if (!isPlainObject(value) || !isPlainObject(value.item)) return false;
	const { index, error = {} } = value.item;
	return typeof index === 'number' && isPlainObject(error);
}

function write(item: Pending): Handover {
	if ('error' in item) {
		const { statusCode, isKeyRefused } =
			item.error instanceof OctopusXError ? item.error.details : {};
		return { ...item, error: { ...wordsOf(item.error), statusCode, isKeyRefused } };
	}
	// the task is looked up again, and what paid for it is not needed any more
	const { task_id: taskId } = item.task;
	const job = { ...item.job, source: { taskId } };
	return item.state === 'paid'
		? {
				...overClocks(item, toWallClock),
				job: { ...job, wait: item.job.wait },
				task: unseenTask(taskId),
			}
		: { ...item, job };
}

function read(handover: Handover): Pending {
	if (handover.state === 'paid') return overClocks(handover, fromWallClock);
	if (!('error' in handover)) return handover;
	const { message, description = '', ...details } = handover.error;
	return { ...handover, error: new OctopusXError(message, description, details) };
}

/** The sub-workflow may run in another process, which has the wall clock in common with this one. */
function overClocks(item: Paid, convert: (time: number) => number): Paid {
	return { ...item, startedAt: convert(item.startedAt), deadline: convert(item.deadline) };
}

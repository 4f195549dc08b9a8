import { OctopusXError } from '../api/errors';
import { uncheckedTask } from '../api/task';
import { tryOnce } from '../timing/retry';
import { chargeOf, detailsOf, failed, StoppedError, taskOf } from './state/item';
import type { Failed, Item, Planned, Ready, Running, Settled } from './state/item';
import type { Claim } from './state/ledger';
import { withCharge } from './state/output';
import type { ItemScope, Scope } from './state/scope';
import { getBalance } from './steps/balance';
import { ANSWER_TIMEOUT_MS, waitForTask } from './steps/check';
import { deliver } from './steps/deliver';
import { obtainTask } from './steps/obtain';
import { uploadItem } from './steps/upload';

/**
 * Takes items from any state to their end, side by side within Max Concurrency, and adds the reason to the
 * errors of a rejected key. The API is asked for it once per run, because it allows 20 calls in 20 minutes
 * per IP address (docs/API.md, "Other endpoints").
 */
export async function carryOutAll(scope: Scope, items: Item[]): Promise<Settled[]> {
	const settled = await Promise.all(items.map(async (item) => await carryOut(scope, item)));
	const isRejected = (item: Settled): item is Failed =>
		item.state === 'failed' && detailsOf(item.error).isKeyRejected === true;
	const { account, signal } = scope;
	if (!settled.some(isRejected) || !account || signal?.aborted) return settled;
	const ask = async (ending: AbortSignal) => await account.getKeyState(ending);
	const reason = await tryOnce(ANSWER_TIMEOUT_MS, ask, signal);
	if (!reason) return settled;
	return settled.map((item) => {
		if (!isRejected(item)) return item;
		const { message, description, details } = item.error as OctopusXError;
		return { ...item, error: new OctopusXError(message, `${reason} ${description}`, details) };
	});
}

/** Only obtains the tasks, for items whose wait a checking execution takes over. */
export async function obtainAll(
	scope: Scope,
	items: Array<Planned | Failed>,
): Promise<Array<Running | Ready | Failed>> {
	return await Promise.all(
		items.map(async (item) => {
			if (item.state === 'failed') return item;
			return await scope.videos.run(async () => await takeStep(scope, item, obtainTask));
		}),
	);
}

async function carryOut(scope: Scope, item: Item): Promise<Settled> {
	if (item.state === 'delivered' || item.state === 'failed') return item;
	if (item.state === 'ready') return await takeStep(scope, item, deliver);
	const waited = await scope.videos.run(async () => {
		const next = item.state === 'planned' ? await takeStep(scope, item, begin) : item;
		return next.state === 'running' ? await takeStep(scope, next, waitForTask) : next;
	});
	return waited.state === 'ready' ? await takeStep(scope, waited, deliver) : waited;
}

async function begin(scope: ItemScope, item: Planned): Promise<Exclude<Item, Planned>> {
	const { source } = item.job;
	if ('upload' in source) return await uploadItem(scope, item, source.upload);
	return 'balance' in source ? await getBalance(scope, item) : await obtainTask(scope, item);
}

/** Runs one step. An exception, or a Stop before delivery, makes the item `failed`. */
async function takeStep<From extends Planned | Running | Ready, To extends Item>(
	scope: Scope,
	item: From,
	step: (scope: ItemScope, item: From) => Promise<To | Failed>,
): Promise<To | Failed> {
	const itemScope = scope.forItem(item);
	const { claim, signal } = itemScope;
	if (signal?.aborted) return stopped(item, claim);
	const next = await step(itemScope, item).catch((error: Error) => failed(item, error));
	return signal?.aborted && next.state !== 'delivered' ? stopped(next, claim) : next;
}

/** Replaces errors that the Stop itself caused, such as a broken connection: they would mislead the user. */
function stopped(item: Item, claim: Claim): Failed {
	const { taskId, isInDoubt } = claim;
	const task = taskOf(item) ?? (taskId === undefined ? undefined : uncheckedTask(taskId));
	const charge = task ? chargeOf(task) : isInDoubt ? 'maybe' : 'none';
	return failed(item, new StoppedError('', charge), task);
}

/** Adds what only the item's claim knows: a task ID that arrived late, or an unanswered submission. */
export function withClaim<T extends Item>(item: T, claim: Claim): T {
	if (item.state === 'planned') return item;
	const { isInDoubt, taskId } = claim;
	if (item.state !== 'failed') {
		return { ...item, isInDoubt, extraTaskIds: claim.extraTaskIds(taskOf(item)?.task_id) };
	}
	const { charge } = detailsOf(item.error);
	// the charge was made in an earlier run, or the ID arrived in the background
	const isCharged = taskId && !isInDoubt && !item.isTest && typeof charge !== 'object';
	const error = isCharged ? withCharge(item.error, { taskId }) : item.error;
	const task = item.task ?? (taskId === undefined ? undefined : uncheckedTask(taskId));
	return { ...item, error, task, isInDoubt, extraTaskIds: claim.extraTaskIds(task?.task_id) };
}

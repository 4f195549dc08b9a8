import { attempt, OctopusXError } from '../api/errors';
import { uncheckedTask, type Task } from '../api/task';
import { withTimeout } from '../timing/time';
import {
	chargeOf,
	failed,
	StoppedError,
	taskOf,
	type Delivered,
	type Failed,
	type Item,
	type Planned,
	type Ready,
	type Running,
	type Settled,
} from './state/item';
import type { Claim } from './state/ledger';
import { withCharge } from './state/output';
import type { ItemScope, Scope } from './state/scope';
import { ANSWER_TIMEOUT_MS, waitForTask } from './steps/check';
import { deliver } from './steps/deliver';
import { obtainTask } from './steps/obtain';

/** Takes items from any state to their end, side by side within Max Concurrency. */
export async function carryOutAll(scope: Scope, items: Item[]): Promise<Settled[]> {
	const settled = await Promise.all(items.map(async (item) => await carryOut(scope, item)));
	return await explainRejectedKey(scope, settled);
}

/** Only obtains the tasks, for items whose wait a checking execution takes over. */
export async function obtainAll(
	scope: Scope,
	items: Array<Planned | Failed>,
): Promise<Array<Running | Ready | Failed>> {
	return await Promise.all(
		items.map(async (item) =>
			item.state === 'planned'
				? await scope.videos.run(async () => await takeStep(scope, item, obtainTask))
				: item,
		),
	);
}

/**
 * Obtains a task, waits for it and delivers it. Until the task is final, the item takes up a place of Max
 * Concurrency.
 */
async function carryOut(scope: Scope, item: Item): Promise<Settled> {
	let current = item;
	if (current.state === 'planned' || current.state === 'running') {
		const started = current;
		current = await scope.videos.run(async () => {
			const next =
				started.state === 'planned' ? await takeStep(scope, started, obtainTask) : started;
			return next.state === 'running' ? await takeStep(scope, next, waitForTask) : next;
		});
	}
	return current.state === 'ready' ? await takeStep(scope, current, deliver) : current;
}

/** Runs one step. An exception, or a Stop before delivery, makes the item `failed`. */
async function takeStep<
	From extends Planned | Running | Ready,
	To extends Running | Ready | Delivered | Failed,
>(
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

/**
 * Replaces errors that the Stop itself caused, such as a broken connection, because they would mislead the
 * user.
 */
function stopped(item: Item, claim: Claim): Failed {
	const task = taskOf(item) ?? claimedTask(claim);
	const charge = task ? chargeOf(task) : claim.isInDoubt ? 'maybe' : 'none';
	return failed(item, new StoppedError('', charge), task);
}

/**
 * Adds what only the item's claim knows: a task ID that arrived too late for its step, and whether a
 * submission was never answered.
 */
export function withClaim<T extends Item>(item: T, claim: Claim): T {
	if (item.state === 'planned') return item;
	const { isInDoubt, taskId } = claim;
	if (item.state !== 'failed') return { ...item, isInDoubt };
	const { charge } = (item.error as Partial<OctopusXError>).details ?? {};
	// the charge was made in an earlier run, or the ID arrived in the background
	const isCharged =
		taskId !== undefined && !isInDoubt && !item.isTest && typeof charge !== 'object';
	const error = isCharged ? withCharge(item.error, { taskId }) : item.error;
	return { ...item, error, task: item.task ?? claimedTask(claim), isInDoubt };
}

function claimedTask({ taskId }: Claim): Task | undefined {
	return taskId === undefined ? undefined : uncheckedTask(taskId);
}

/**
 * Adds the reason to the errors of a rejected key. The API is asked once per run, because it allows 20 calls
 * in 20 minutes per IP address (docs/API.md, "Other endpoints").
 */
async function explainRejectedKey(scope: Scope, items: Settled[]): Promise<Settled[]> {
	const isRejected = ({ error }: Failed) =>
		error instanceof OctopusXError && error.details.isKeyRejected === true;
	const rejected = items.find((item) => item.state === 'failed' && isRejected(item));
	if (!rejected || scope.signal?.aborted) return items;
	const asking = withTimeout(
		ANSWER_TIMEOUT_MS,
		async (signal) => await scope.getKeyState(signal),
		scope.signal,
	);
	const { value: reason } = await attempt(asking);
	if (!reason) return items;
	return items.map((item) => {
		if (item.state !== 'failed' || !isRejected(item)) return item;
		const { message, description, details } = item.error as OctopusXError;
		return { ...item, error: new OctopusXError(message, `${reason} ${description}`, details) };
	});
}

import type { Ended, Failed, InDoubt, Item, Paid, Planned, Settled } from './state/item';
import { failed, stopped } from './state/item';
import { scopeFor, type Scope } from './state/scope';
import { deliver } from './steps/deliver';
import { obtainTask } from './steps/obtain';
import { waitForTask } from './steps/wait';

/** One item from start to end. From the submission until its task has ended it holds a place for videos. */
export async function carryOut(scope: Scope, item: Planned): Promise<Settled> {
	const ended = await scope.videos.run(async () => {
		return await waitIfPaid(scope, await step(scope, item, obtainTask));
	});
	return await deliverIfEnded(scope, ended);
}

/** The first part, for an item whose wait another execution takes over. */
export async function obtain(scope: Scope, item: Planned): Promise<Paid | Ended | Failed> {
	return await scope.videos.run(async () => await step(scope, item, obtainTask));
}

/** The second part, where nobody has taken the wait over. */
export async function finish(scope: Scope, item: Paid | Ended | Failed): Promise<Settled> {
	return await deliverIfEnded(
		scope,
		await scope.videos.run(async () => await waitIfPaid(scope, item)),
	);
}

/** The last part: the task, and its video, of an item whose task has ended. */
export async function deliverIfEnded(
	scope: Scope,
	item: Ended | Failed | InDoubt,
): Promise<Settled> {
	return item.state === 'ended' ? await step(scope, item, deliver) : item;
}

async function waitIfPaid(scope: Scope, item: Paid | Ended | Failed): Promise<Ended | Failed> {
	return item.state === 'paid' ? await step(scope, item, waitForTask) : item;
}

/** Does a step. What it throws fails the item, and so does a Stop before the item is delivered. */
async function step<From extends Item, To extends Item>(
	scope: Scope,
	item: From,
	work: (scope: Scope, item: From) => Promise<To>,
): Promise<To | Failed> {
	const { ledger, signal } = scope;
	if (signal?.aborted) return stopped(item, ledger);
	const next = await work(scopeFor(scope, item), item).catch((error: Error) => failed(item, error));
	return signal?.aborted && next.state !== 'delivered' ? stopped(next, ledger) : next;
}

import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import type { Job } from '../job';
import { carryOutAll, obtainAll, withClaim } from './carryOut';
import { failed, StoppedError, type Failed, type Planned, type Settled } from './state/item';
import { Ledger } from './state/ledger';
import { conclude, jsonOf, withCharge } from './state/output';
import { openScope } from './state/scope';
import { recheckUncharged, verifyDoubts } from './steps/verify';
import { refuseSuspension, suspend } from './suspension';

export interface Planner {
	/** Throws if a parameter is invalid. */
	plan: (index: number) => Promise<Job>;
	/** True if the operation is carried out once, for the first item, and its result belongs to all items. */
	isOncePerRun?: boolean;
	describe: (index: number) => Pick<Failed, 'isTest' | 'uncheckedId' | 'prompt'>;
}

/**
 * Carries out one job per input item, several at a time. Returns one output item per input item, in the order
 * of the input, or one in all if the operation is carried out once.
 *
 * Rules that must not regress:
 * - Every item is planned before the first request is sent. Unless the node continues on errors, one item
 *   that cannot be planned keeps the whole run from spending anything.
 * - All items settle before an error is thrown, so nothing that was charged is abandoned.
 * - Every failure becomes a failed item. If a node that continues on errors threw an exception, n8n would
 *   pass on its input as if it were videos.
 * - After a Stop, promises settle without waiting for a timer, request or file. n8n saves the execution a few
 *   turns of the event loop after its time limit, and Retry runs a node again only if it has thrown by then.
 */
export async function runJobs(
	context: IExecuteFunctions,
	planner: Planner,
): Promise<INodeExecutionData[]> {
	const items = await planAll(context, planner);
	const ledger = new Ledger(context);
	ledger.claim(context, items);
	const end = (settled: Settled[]) => {
		const known = settled.map((item) => withClaim(item, ledger.claimOf(item.index)));
		const output = conclude(context, known);
		const pairedItem = context.getInputData().map((_, item) => ({ item }));
		if (planner.isOncePerRun) return output.map((item) => ({ ...item, pairedItem }));
		for (const item of known) {
			if (item.state !== 'delivered' || !item.task) continue;
			ledger.claimOf(item.index).noteDelivered(item.task.task_id);
		}
		return output;
	};
	const endUncharged = (error: Error) => {
		const fault = withCharge(error, 'none');
		return end(items.map((item) => (item.state === 'failed' ? item : failed(item, fault))));
	};

	try {
		const planned = items.filter((item) => item.state === 'planned');
		const unplanned = items.filter((item) => item.state === 'failed');
		if (unplanned[0] && !context.continueOnFail()) {
			const { error } = unplanned[0];
			// n8n shows the first error, so the unplanned items come first
			return end([...unplanned, ...planned.map((item) => failed(item, error))]);
		}
		tellNotices(context, planned);
		const isSuspending = planned.some(({ job }) => job.wait?.isSuspended);
		const refusal = isSuspending ? refuseSuspension(context) : undefined;
		if (refusal) return endUncharged(refusal);

		const scope = await openScope(context, ledger, planned).catch((error: Error) => ({ error }));
		if ('error' in scope) return endUncharged(scope.error);
		await recheckUncharged(scope);
		if (!isSuspending) return end(await verifyDoubts(scope, await carryOutAll(scope, items)));

		const obtained = await verifyDoubts(scope, await obtainAll(scope, items));
		const isOver = scope.signal?.aborted || obtained.every(({ state }) => state !== 'running');
		const known = obtained.map((item) => withClaim(item, ledger.claimOf(item.index)));
		if (!isOver && (await suspend(context, known))) {
			ledger.noteSuspended();
			// without errors: if the first item has one, n8n's Retry On Fail would repeat the suspended run
			return known.map((item) => ({ json: jsonOf(item), pairedItem: { item: item.index } }));
		}
		return end(await carryOutAll(scope, obtained));
	} finally {
		ledger.release();
	}
}

function tellNotices(context: IExecuteFunctions, planned: Planned[]): void {
	const notices = planned.flatMap(({ job: { notice } }) => notice ?? []);
	for (const message of new Set(notices)) {
		context.logger.warn(`OctopusX: ${message}`);
		if (context.getMode() !== 'manual') continue;
		context.addExecutionHints({ message, type: 'warning', location: 'outputPane' });
	}
}

async function planAll(
	context: IExecuteFunctions,
	{ plan, isOncePerRun, describe }: Planner,
): Promise<Array<Planned | Failed>> {
	const items: Array<Planned | Failed> = [];
	const input = context.getInputData();
	for (const index of (isOncePerRun ? input.slice(0, 1) : input).keys()) {
		try {
			items.push({ state: 'planned', index, job: await plan(index) });
		} catch (error) {
			const isStopped = context.getExecutionCancelSignal()?.aborted;
			const fault = isStopped ? new StoppedError('', 'none') : withCharge(error as Error, 'none');
			items.push({ state: 'failed', index, error: fault, ...describe(index) });
		}
	}
	return items;
}

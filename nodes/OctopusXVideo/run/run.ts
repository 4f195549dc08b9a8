import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { OctopusXError } from '../api/errors';
import type { Job } from '../job';
import { carryOut, finish, obtain } from './carryOut';
import {
	failed,
	stopped,
	unlessFailed,
	withLedger,
	type Failed,
	type Planned,
	type Settled,
} from './state/item';
import { Ledger } from './state/ledger';
import { conclude, jsonOf, wordsOf } from './state/output';
import { openScope, type Scope } from './state/scope';
import { explainRefusedKey } from './steps/refusedKey';
import { refuseSuspension } from './suspension/abilities';
import { suspend } from './suspension/suspend';

/**
 * Carries out one job per input item, several at a time.
 *
 * Rules that must not regress:
 * - Every job is planned before the first request leaves. Unless the node continues on errors,
 *   one item that cannot be planned keeps the whole run from spending anything.
 * - All items settle before an error is thrown: what is paid for is never abandoned.
 * - Whatever goes wrong becomes a failed item. An error thrown past them would make a node that
 *   continues on errors pass its input on as if it were videos.
 * - After a Stop, promises settle and nothing else is waited for, no timer, request or file. n8n saves
 *   the execution a few turns of the event loop after its time limit, and a node that has not thrown by
 *   then is not run again by n8n's Retry.
 *
 * @param plan reads and checks the parameters of one item; throws what is wrong with them
 * @param isTest whether Test Mode is on for an item that cannot be planned
 * @returns one output item per input item, in the input's order
 */
export async function runJobs(
	context: IExecuteFunctions,
	plan: (item: number) => Promise<Job>,
	isTest: (item: number) => boolean,
): Promise<INodeExecutionData[]> {
	const ledger = Ledger.open(context);
	const end = (settled: Settled[]) => {
		const items = settled.map((item) => withLedger(item, ledger));
		if (items.some(({ state }) => state !== 'delivered')) ledger.noteFailure();
		return conclude(context, items);
	};

	const items = await planAll(context, ledger, plan, isTest);
	const planned = items.filter((item) => item.state === 'planned');
	const unplanned = items.filter((item) => item.state === 'failed');
	const endUnsent = (error: Error) => end(items.map((item) => unlessFailed(item, error)));
	if (!context.continueOnFail() && unplanned[0]) {
		const { error } = unplanned[0];
		// this throws, and what n8n then shows is the error of the first of them
		return end([...unplanned, ...planned.map((item) => failed(item, error))]);
	}

	const isSuspending = planned.some(({ job }) => job.wait?.isSuspended);
	const refusal = isSuspending ? refuseSuspension(context) : undefined;
	if (refusal) return endUnsent(refusal);

	let scope: Scope;
	try {
		scope = await openScope(context, ledger, planned);
	} catch (error) {
		return endUnsent(error as Error);
	}
	const each = async <T>(work: (scope: Scope, item: Planned) => Promise<T>) =>
		await Promise.all(
			items.map(async (item) => (item.state === 'planned' ? await work(scope, item) : item)),
		);
	const endRun = async (settled: Settled[]) => end(await explainRefusedKey(scope, settled));
	if (!isSuspending) return await endRun(await each(carryOut));

	const obtained = await each(obtain);
	const isOver = scope.signal?.aborted || obtained.every(({ state }) => state !== 'paid');
	const known = obtained.map((item) => withLedger(item, ledger));
	if (!isOver && (await suspend(context, known))) {
		// tasks only: n8n takes a first item with `error` for a failed node, and Retry On Fail would run
		// this one again although it is suspended
		return known.map((item) => ({ json: jsonOf(item), pairedItem: { item: item.index } }));
	}
	return await endRun(await Promise.all(obtained.map(async (item) => await finish(scope, item))));
}

async function planAll(
	context: IExecuteFunctions,
	ledger: Ledger,
	plan: (item: number) => Promise<Job>,
	isTest: (item: number) => boolean,
): Promise<Array<Planned | Failed>> {
	const items: Array<Planned | Failed> = [];
	for (const index of context.getInputData().keys()) {
		try {
			items.push({ state: 'planned', index, job: await plan(index) });
		} catch (error) {
			const isStopped = context.getExecutionCancelSignal()?.aborted;
			const failure: Failed = {
				state: 'failed',
				index,
				error: unplanned(error as Error),
				isTest: isTest(index),
			};
			items.push(isStopped ? stopped(failure, ledger) : failure);
		}
	}
	return items;
}

/** Adds to the error of an invalid parameter, which is ours or n8n's, that nothing was charged. */
function unplanned(error: Error): Error {
	const { message, description = '' } = wordsOf(error);
	return new OctopusXError(message, `Nothing was charged. ${description}`.trim());
}

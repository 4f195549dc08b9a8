import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { OctopusXClient } from '../api/client';
import { unseenTask } from '../api/task';
import { addHint } from './hint';
import { finishItem, settleItem, waitForPending } from './item';
import type { Job, PlannedJob } from './job';
import { Ledger } from './ledger';
import { Limiter } from './limiter';
import { listTasks, STOPPED, toItem, toNodeError, type Outcome } from './outcome';
import { Poller } from './poller';
import type { Scope } from './scope';
import { refuseSuspension, suspend } from './suspend';

/** How long an execution that is to be suspended first stays for tasks that are done soon. */
const STAY_MS = 5_000;

/**
 * Carries out one job per input item, several at a time.
 *
 * Rules that must not regress:
 * - Every job is planned before the first request leaves. Unless the node continues on errors,
 *   one item that cannot be planned keeps the whole run from spending anything.
 * - All items settle before an error is thrown: what is paid for is never abandoned.
 * - Whatever goes wrong goes into outcomes. An error thrown past them would make a node that
 *   continues on errors pass its input on as if it were videos.
 *
 * @param plan reads and checks the parameters of one item; throws what is wrong with them
 * @returns one output item per input item, in the input's order
 */
export async function runJobs(
	context: IExecuteFunctions,
	plan: (item: number) => Promise<Job>,
): Promise<INodeExecutionData[]> {
	const outcomes: Outcome[] = context.getInputData().map(() => ({}));
	const ledger = Ledger.open(context);
	const end = () => {
		completeFromLedger(outcomes, ledger);
		return conclude(context, outcomes);
	};

	const jobs = await planAll(context, outcomes, plan);
	if (!context.continueOnFail() && jobs.length < outcomes.length) return end();

	const suspending = jobs.filter(({ job }) => job.wait?.isSuspended);
	if (suspending.length > 0) {
		const refusal = refuseSuspension(context);
		for (const outcome of refusal ? outcomes : []) outcome.error ??= refusal;
		if (refusal) return end();
	}

	const scope = await openScope(context, ledger, jobs[0]?.job, outcomes);
	if (!scope) return end();
	await Promise.all(
		jobs.map(async ({ job, item, outcome }) => await settleItem(scope, job, item, outcome)),
	);
	const waitUntil = async (until: number) =>
		await Promise.all(
			suspending.map(async ({ job, item, outcome }) => {
				await scope.videos.run(async () => await waitForPending(scope, job, item, outcome, until));
			}),
		);
	const pending = () => outcomes.filter((outcome) => outcome.pending);
	if (pending().length <= scope.maxConcurrency) await waitUntil(Date.now() + STAY_MS);
	if (pending().length > 0 && !scope.signal?.aborted) {
		completeFromLedger(outcomes, ledger);
		if (await suspend(context, jobs, outcomes)) {
			// with an `error` on the first item, Retry On Fail would run the node again, suspended or not
			return outcomes.map(({ task }, item) => ({ json: { ...task }, pairedItem: { item } }));
		}
		await waitUntil(Infinity);
	}
	await Promise.all(
		suspending.map(async ({ job, item, outcome }) => await finishItem(scope, job, item, outcome)),
	);
	return end();
}

/** The items, or the error that ends the node. */
export function conclude(
	context: IExecuteFunctions,
	outcomes: Outcome[],
	advice?: string,
): INodeExecutionData[] {
	if (outcomes.some(({ isStopped }) => isStopped)) {
		context.logger.warn(`OctopusX: ${STOPPED.toLowerCase()}. ${listTasks(outcomes)}`);
	}
	const error = context.continueOnFail() ? undefined : toNodeError(context, outcomes, advice);
	if (error) throw error;
	addHint(context, outcomes);
	return outcomes.map(toItem);
}

async function planAll(
	context: IExecuteFunctions,
	outcomes: Outcome[],
	plan: (item: number) => Promise<Job>,
): Promise<PlannedJob[]> {
	const planned: PlannedJob[] = [];
	for (const [item, outcome] of outcomes.entries()) {
		try {
			planned.push({ job: await plan(item), item, outcome });
		} catch (error) {
			outcome.error = error as Error;
			outcome.isStopped = context.getExecutionCancelSignal()?.aborted;
		}
	}
	return planned;
}

/** Ids that an item's own code has not seen: of an earlier try, or come too late for this one. */
function completeFromLedger(outcomes: Outcome[], ledger: Ledger): void {
	for (const [item, outcome] of outcomes.entries()) {
		const taskId = ledger.lastTaskId(item);
		if (taskId !== undefined) outcome.task ??= unseenTask(taskId);
		outcome.isInDoubt = ledger.isInDoubt(item);
	}
}

/** What the items share; without it, `outcomes` say why. */
export async function openScope(
	context: IExecuteFunctions,
	ledger: Ledger,
	firstJob: Job | undefined,
	outcomes: Outcome[],
): Promise<Scope | undefined> {
	try {
		const client = await OctopusXClient.connect(context);
		const signal = context.getExecutionCancelSignal();
		// one number for the whole run, so the first item's
		const maxConcurrency = firstJob?.maxConcurrency ?? 1;
		return {
			context,
			client,
			ledger,
			poller: new Poller(client, signal),
			videos: new Limiter(maxConcurrency),
			downloads: new Limiter(maxConcurrency),
			signal,
			maxConcurrency,
		};
	} catch (error) {
		for (const outcome of outcomes) outcome.error ??= error as Error;
		return undefined;
	}
}

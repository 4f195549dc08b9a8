import {
	NodeApiError,
	NodeOperationError,
	type IExecuteFunctions,
	type INodeExecutionData,
} from 'n8n-workflow';
import { asOctopusXError, attempt, OctopusXError } from '../api/errors';
import { hasEnded } from '../api/task';
import { now, toWallClock } from '../timing/clock';
import { nextInterval } from '../timing/interval';
import { deliverIfEnded } from './carryOut';
import {
	failed,
	taskOf,
	unlessFailed,
	withTask,
	type Ended,
	type Failed,
	type Paid,
} from './state/item';
import { Ledger } from './state/ledger';
import { conclude, toOutput } from './state/output';
import { openScope, scopeFor, type Scope } from './state/scope';
import { askVerdict, healsFor, look, lookAgain } from './steps/look';
import { explainRefusedKey } from './steps/refusedKey';
import { endOfWait, timedOut } from './steps/wait';
import { keepOver, shrinkInput, type HandedOver, type Pending } from './suspension/handover';
import { endOfStartUp } from './suspension/startUp';
import { takeOver } from './suspension/takeOver';
import { withoutVideo } from './suspension/suspend';

/** n8n keeps what the sub-workflow ended with, and fails with it again. */
const AFTER_SUSPENSION =
	"n8n's Retry is of no use here: a retry of an execution that was suspended fails with the same error, without asking OctopusX. Fetch finished videos with Get Status and their task IDs, and start the workflow anew for those that failed.";

/** n8n looks for executions to resume once a minute. */
const SHORTEST_INTERVAL_MS = 60_000;
const LONGEST_INTERVAL_MS = 5 * 60_000;

/** How long a round of looks may be repeated; an API that is down is asked again in the next one. */
const ROUND_LIMIT_MS = 30_000;

/**
 * The part of the node that runs inside of the sub-workflow: looks at all tasks once, and suspends
 * the execution again unless all have ended or their time is over. Then it does what would have
 * followed in the execution that waits, and hands that the items, one per item of its input.
 */
export async function resumeJobs(context: IExecuteFunctions): Promise<INodeExecutionData[]> {
	const handedOver = takeOver(context);
	return await resume(context, handedOver).catch((error) => {
		if (error instanceof NodeApiError || error instanceof NodeOperationError) throw error;
		// thrown as it is, it would make n8n hand on this node's input, with On Error set to Continue:
		// the condition behind it would send that back here at once, again and again
		return conclude(
			context,
			handedOver.items.map((item) => unlessFailed(item, asOctopusXError(error))),
			AFTER_SUSPENSION,
		);
	});
}

async function resume(
	context: IExecuteFunctions,
	{ parent, items, isNew }: HandedOver,
): Promise<INodeExecutionData[]> {
	shrinkInput(context, parent);
	if (isNew) return await waitOn(context, items);
	const startedUp = endOfStartUp();
	if (startedUp !== undefined) return await waitOn(context, items, startedUp);
	if (await isAbandoned(context, parent)) {
		const tasks = items.flatMap((item) => taskOf(item)?.task_id ?? []).join(', ');
		context.logger.warn(`OctopusX: no execution waits any more for ${tasks}`);
		return [];
	}

	let scope: Scope;
	try {
		const withJob = items.filter((item) => 'job' in item);
		scope = await openScope(context, Ledger.open(context), withJob);
	} catch (error) {
		// a credential that n8n could not read may be read the next time; one that is wrong stays so
		const isForGood = error instanceof OctopusXError || !items.some(isInTime);
		return isForGood
			? conclude(
					context,
					items.map((item) => unlessFailed(item, error as Error)),
					AFTER_SUSPENSION,
				)
			: await waitOn(context, items);
	}

	const round: Round = { until: now() + ROUND_LIMIT_MS, isDown: false };
	const looked = await Promise.all(
		items.map(async (item) =>
			item.state === 'paid'
				? await scope.videos.run(async () => await lookInRound(scopeFor(scope, item), item, round))
				: item,
		),
	);
	keepOver(context, looked);
	const over = looked.filter((item) => item.state !== 'paid');
	if (over.length < looked.length) return await waitOn(context, looked);
	const settled = await Promise.all(
		over.map(async (item, n) => {
			const isOld = item === items[n] && item.state === 'ended' && item.task.status === 'completed';
			return await deliverIfEnded(scope, isOld ? await refreshed(scope, item, round) : item);
		}),
	);
	return conclude(context, await explainRefusedKey(scope, settled), AFTER_SUSPENSION);
}

/** An item whose task ended some looks ago, with a fresh address of the file; as it is while the API is down. */
async function refreshed(scope: Scope, item: Ended, round: Round): Promise<Ended> {
	return await scope.downloads.run(async () => {
		if (round.isDown) return item;
		const startedAt = now();
		const task = await lookAgain(scopeFor(scope, item), item.task);
		round.isDown ||= task === item.task && now() - startedAt >= ROUND_LIMIT_MS;
		return { ...item, task };
	});
}

/**
 * Suspends the execution until the next look at the tasks that go on.
 *
 * @param next when that is, by `now`; unless told, it follows from how long the tasks have gone on
 * @returns what n8n takes for the outcome if it dies in the middle of that look; when it resumes as it
 * should, it hands on the input instead
 */
async function waitOn(
	context: IExecuteFunctions,
	items: Pending[],
	next = nextLook(items),
): Promise<INodeExecutionData[]> {
	await context.putExecutionToWait(new Date(toWallClock(next)));
	return withoutVideo(items, 'n8n ended while it checked the tasks').map(toOutput);
}

function nextLook(items: Pending[]): number {
	const waiting = items.filter((item) => item.state === 'paid');
	const time = now();
	const waitedMs = time - Math.min(...waiting.map(({ startedAt }) => startedAt));
	const interval = nextInterval(waitedMs, SHORTEST_INTERVAL_MS, LONGEST_INTERVAL_MS);
	const lastLook = Math.max(...waiting.map(({ deadline }) => deadline));
	return Math.max(time, Math.min(time + interval, lastLook));
}

function isInTime(item: Pending): boolean {
	return item.state === 'paid' && item.deadline > now();
}

/** Whether the execution that waits for this one was stopped or deleted. */
async function isAbandoned(context: IExecuteFunctions, parent: string): Promise<boolean> {
	// a database that cannot tell is no reason to give up what is paid for
	const { value: execution, fault } = await attempt(context.getExecutionDataById(parent));
	return !fault && (!execution || execution.resultData.error !== undefined);
}

/** One look at all tasks; once the API has been down for as long as it may take, it is over. */
interface Round {
	until: number;
	isDown: boolean;
}

async function lookInRound(scope: Scope, item: Paid, round: Round): Promise<Paid | Ended | Failed> {
	const isLate = () => now() >= item.deadline;
	if (round.isDown && !isLate()) return item;
	const heals = healsFor(item);
	const { value: seen, fault } = await attempt(
		look(scope, item.task.task_id, { deadline: round.until, heals }),
	);
	if (!fault) {
		// one look in minutes: what it does not tell is asked for at once
		const isClear = seen.status !== 'unknown' && !(isLate() && !hasEnded(seen));
		const task = isClear ? seen : await askVerdict(scope, seen);
		const next = withTask(item, task);
		return next.state === 'paid' && isLate() ? failed(item, timedOut(task), task) : next;
	}
	const isPassing = fault.details.transient || (item.isPaidHere && fault.details.isKeyRefused);
	if (!isPassing) return failed(item, fault);
	round.isDown ||= now() >= round.until;
	return isLate() ? failed(item, endOfWait(item.task, fault)) : item;
}

import { NodeApiError, NodeOperationError } from 'n8n-workflow';
import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { asOctopusXError, attempt, OctopusXError } from '../../api/errors';
import { checkDelay } from '../../timing/retry';
import { now, toWallClock } from '../../timing/time';
import { carryOutAll } from '../carryOut';
import { taskOf } from '../state/item';
import { Ledger } from '../state/ledger';
import { conclude, shortenList, toOutput } from '../state/output';
import { openScope, type Scope } from '../state/scope';
import { checkTask } from '../steps/check';
import { refreshTask } from '../steps/deliver';
import { readHandover, saveItems, shrinkInput, type HandedOver, type Pending } from './handover';
import { failAll, interrupted } from './suspend';

/** n8n keeps the outcome of a checking execution, so a retry fails with it again. */
const AFTER_SUSPENSION =
	"n8n's Retry does not help here: a retry of an execution that was suspended fails with the same error, without asking OctopusX. Fetch finished videos with Get Status and their task IDs, and start the workflow again for those that failed.";

/** How long a round of checks may take if the API is down. The next round tries again. */
const ROUND_LIMIT_MS = 30_000;

/**
 * How long n8n may take to recover from a crash after it loads this package. While it starts, n8n first
 * resumes executions that are due, and then marks all running ones as crashed.
 */
const START_UP_MS = 60_000;

/** When n8n started, in `now()` time: it loads its packages while it starts. */
const loadedAt = now();

/** In a round, all tasks are checked once. It `isDown` if the API did not answer `until` then, in `now()` time. */
type Round = { until: number; isDown: boolean };

/**
 * Runs the node inside the checking execution. Checks all tasks once and suspends again, unless all are final
 * or out of time. Then it delivers them, one item per item of the suspended execution.
 */
export async function resumeJobs(context: IExecuteFunctions): Promise<INodeExecutionData[]> {
	const handedOver = requireHandover(context);
	return await resume(context, handedOver).catch((error) => {
		if (error instanceof NodeApiError || error instanceof NodeOperationError) throw error;
		// not thrown, or with On Error set to Continue, n8n would pass on the input and the loop never end
		return fail(context, handedOver.items, asOctopusXError(error));
	});
}

async function resume(
	context: IExecuteFunctions,
	{ parent, items, isNew }: HandedOver,
): Promise<INodeExecutionData[]> {
	shrinkInput(context, parent);
	if (isNew) return await waitUntil(context, items, nextCheck(items));
	const age = now() - loadedAt;
	if (age >= 0 && age < START_UP_MS) return await waitUntil(context, items, loadedAt + START_UP_MS);
	if (await isAbandoned(context, parent)) {
		const tasks = items.flatMap((item) => taskOf(item)?.task_id ?? []).join(', ');
		context.logger.warn(`OctopusX: no execution waits for ${tasks} any more`);
		return [];
	}

	const withJob = items.filter((item) => item.state !== 'failed');
	const open = async () => await openScope(context, new Ledger(context), withJob);
	const scope = await open().catch((error: Error) => ({ error }));
	if ('error' in scope) {
		// n8n may be able to read the credential next time, but an invalid one stays invalid
		const isLast = !items.some((item) => item.state === 'running' && item.deadline > now());
		return scope.error instanceof OctopusXError || isLast
			? fail(context, items, scope.error)
			: await waitUntil(context, items, nextCheck(items));
	}

	const round: Round = { until: now() + ROUND_LIMIT_MS, isDown: false };
	const checked = await checkAll(scope, items, round);
	saveItems(context, checked);
	if (checked.some(({ state }) => state === 'running')) {
		return await waitUntil(context, checked, nextCheck(checked));
	}
	const fresh = await refreshAll(scope, items, checked, round);
	return conclude(context, await carryOutAll(scope, fresh), AFTER_SUSPENSION);
}

async function checkAll(scope: Scope, items: Pending[], round: Round): Promise<Pending[]> {
	return await Promise.all(
		items.map(async (item) => {
			if (item.state !== 'running') return item;
			return await scope.videos.run(async () => {
				if (round.isDown && now() < item.deadline) return item;
				const next = await checkTask(scope.forItem(item), item, { until: round.until });
				// the same object means that the API did not answer
				round.isDown ||= next === item && now() >= round.until;
				return next;
			});
		}),
	);
}

/** Gets fresh URLs for the files of tasks that were completed at an earlier check. */
async function refreshAll(
	scope: Scope,
	before: Pending[],
	checked: Pending[],
	round: Round,
): Promise<Pending[]> {
	return await Promise.all(
		checked.map(async (item, n) => {
			const isOld = item === before[n] && item.state === 'ready';
			if (!isOld || item.task.status !== 'completed') return item;
			return await scope.downloads.run(async () => {
				if (round.isDown) return item;
				const startedAt = now();
				const task = await refreshTask(scope.forItem(item), item.task);
				round.isDown ||= task === item.task && now() - startedAt >= ROUND_LIMIT_MS;
				return { ...item, task };
			});
		}),
	);
}

/**
 * Suspends the execution until the next check, in `now()` time. The items are used only if n8n crashes during
 * that check; a normal resume passes on the input instead.
 */
async function waitUntil(
	context: IExecuteFunctions,
	items: Pending[],
	time: number,
): Promise<INodeExecutionData[]> {
	await context.putExecutionToWait(new Date(toWallClock(time)));
	const failures = interrupted(items, 'n8n ended while it checked the tasks');
	// without prompts, because n8n saves these items at each check
	return failures.map((item) => toOutput({ ...item, prompt: undefined }));
}

/** Returns when to check again: later in a longer wait, and at the last deadline. In `now()` time. */
function nextCheck(items: Pending[]): number {
	const time = now();
	let startedAt = time;
	let lastDeadline = time;
	for (const item of items) {
		if (item.state !== 'running') continue;
		startedAt = Math.min(startedAt, item.startedAt);
		lastDeadline = Math.max(lastDeadline, item.deadline);
	}
	// n8n looks for executions to resume once a minute
	const delay = checkDelay(time - startedAt, 60_000, 5 * 60_000);
	return Math.min(time + delay, lastDeadline);
}

/** True if the suspended execution was stopped or deleted. */
async function isAbandoned(context: IExecuteFunctions, parent: string): Promise<boolean> {
	// a database error is no reason to give up what was charged
	const { value: execution, fault } = await attempt(context.getExecutionDataById(parent));
	return !fault && (!execution || execution.resultData.error !== undefined);
}

function fail(context: IExecuteFunctions, items: Pending[], error: Error): INodeExecutionData[] {
	return conclude(context, failAll(items, error), AFTER_SUSPENSION);
}

/**
 * Returns the items of the suspended execution. Throws if none waits for them: in n8n's Retry of a checking
 * execution, whose outcome n8n passes to no other execution, and in a workflow that the node was copied into.
 */
function requireHandover(context: IExecuteFunctions): HandedOver {
	const handover = readHandover(context);
	if (handover && context.getMode() !== 'retry') return handover;
	// with On Error set to Continue, n8n would pass on the input, and the loop would run forever
	const entry = context.getExecuteData();
	entry.node = { ...entry.node, continueOnFail: false, onError: 'stopWorkflow' };
	if (!handover) {
		const message = 'This node only works in a checking execution';
		throw new NodeOperationError(context.getNode(), message, {
			description:
				'Delete it and add OctopusX Video again: Get Status fetches a video by its task ID.',
		});
	}
	const { parent, items } = handover;
	const ids = items.flatMap((item) => taskOf(item)?.task_id ?? []);
	throw new NodeOperationError(context.getNode(), 'A checking execution cannot be retried', {
		description: `Fetch the videos of execution ${parent} with Get Status, which is not charged: ${shortenList(ids, 20)}.`,
	});
}

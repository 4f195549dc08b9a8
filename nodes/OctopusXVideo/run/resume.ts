import {
	NodeApiError,
	NodeOperationError,
	type IExecuteFunctions,
	type INodeExecutionData,
} from 'n8n-workflow';
import { asOctopusXError, OctopusXError } from '../api/errors';
import { hasEnded, unseenTask, type Task } from '../api/task';
import { finishItem } from './item';
import { Ledger } from './ledger';
import { toItem, type Outcome } from './outcome';
import { timedOut } from './poller';
import { conclude, openScope } from './run';
import type { Scope } from './scope';
import { NOT_WAITED, readSuspended, type Suspended } from './suspend';

/** n8n's Retry of an execution that was suspended would only fail with the same error again. */
const GET_STATUS = 'Fetch them with Get Status.';

/** Where n8n keeps, from look to look, the tasks that have been seen to end. */
const SEEN = 'octopusXSeen';

/** n8n looks for executions to resume once a minute. */
const MIN_INTERVAL_MS = 60_000;
const MAX_INTERVAL_MS = 300_000;
const GROWTH = 0.1;
/** How long a look may be repeated; an API that is down is asked again at the next one. */
const LOOK_LIMIT_MS = 30_000;

/**
 * The part of the node that runs inside of the sub-workflow: looks at all tasks once, and suspends
 * the execution again unless all have ended or their time is over. Then it does what would have
 * followed in the execution that waits, and hands that the items, one per item of its input.
 */
export async function resumeJobs(context: IExecuteFunctions): Promise<INodeExecutionData[]> {
	const suspended = readSuspended(context);
	return await resume(context, suspended).catch((error) => {
		if (error instanceof NodeApiError || error instanceof NodeOperationError) throw error;
		// without this, n8n would hand on the input of a node that continues: a loop without a pause
		const fault = asOctopusXError(error);
		const outcomes = suspended.map((state) => ({ error: fault, ...outcomeOf(state) }));
		return conclude(context, outcomes, GET_STATUS);
	});
}

async function resume(
	context: IExecuteFunctions,
	suspended: Suspended[],
): Promise<INodeExecutionData[]> {
	const isFirstRun = context.getWorkflowDataProxy(0).$runIndex === 0;
	if (isFirstRun) return await waitFor(context, suspended, suspended);
	if (await isAbandoned(context, suspended)) {
		const tasks = suspended.flatMap(({ taskId }) => taskId ?? []).join(', ');
		context.logger.warn(`OctopusX: no execution waits any more for ${tasks}`);
		return [];
	}

	// n8n keeps it from look to look: what has been seen done stays done when the API is down
	const memory = context.getContext('node');
	const seen = (memory[SEEN] ??= {}) as Record<number, Task>;
	const outcomes = suspended.map((state, item) => outcomeOf({ task: seen[item], ...state }));
	const firstJob = suspended.find(({ job }) => job)?.job;
	const scope = await openScope(context, Ledger.open(context), firstJob, outcomes);
	if (!scope) {
		const waiting = suspended.filter(({ job, error }) => job?.wait && !error);
		const isInTime = waiting.some(({ deadline }) => deadline > Date.now());
		return isInTime && isUnreadable(outcomes, suspended)
			? await waitFor(context, waiting, suspended)
			: conclude(context, outcomes, GET_STATUS);
	}

	const round: Round = { until: Date.now() + LOOK_LIMIT_MS, isDown: false };
	await Promise.all(
		suspended.map(async (state, item) => {
			await scope.videos.run(
				async () => await look(scope, state, outcomes[item] as Outcome, round),
			);
		}),
	);
	for (const [item, { task }] of outcomes.entries()) {
		if (task && hasEnded(task)) seen[item] = task;
	}
	const waiting = suspended.filter((_, item) => outcomes[item]?.pending);
	if (waiting.length > 0) return await waitFor(context, waiting, suspended);

	await Promise.all(
		suspended.map(async ({ job }, item) => {
			if (job) await finishItem(scope, job, item, outcomes[item] as Outcome);
		}),
	);
	return conclude(context, outcomes, GET_STATUS);
}

/** Whether n8n could not hand out the credential this time; the node's own refusals are for good. */
function isUnreadable(outcomes: Outcome[], suspended: Suspended[]): boolean {
	return outcomes.some(
		({ error }, item) => error && !suspended[item]?.error && !(error instanceof OctopusXError),
	);
}

/**
 * Suspends the execution until the next look.
 *
 * @param waiting those that are waited for
 * @returns what n8n takes for the outcome if it dies in the middle of that look; when it resumes as it
 * should, it hands on the input instead
 */
async function waitFor(
	context: IExecuteFunctions,
	waiting: Suspended[],
	all: Suspended[],
): Promise<INodeExecutionData[]> {
	const now = Date.now();
	const waitedMs = now - Math.min(...waiting.map(({ startedAt }) => startedAt));
	const interval = Math.max(MIN_INTERVAL_MS, Math.min(waitedMs * GROWTH, MAX_INTERVAL_MS));
	const lastLook = Math.max(...waiting.map(({ deadline }) => deadline));
	await context.putExecutionToWait(new Date(Math.max(now, Math.min(now + interval, lastLook))));
	return endAll(all, new OctopusXError('n8n ended while it looked at the tasks', NOT_WAITED));
}

/** An error item for each, `error` where nothing else had ended it. */
function endAll(suspended: Suspended[], error: OctopusXError): INodeExecutionData[] {
	return suspended.map((state, item) => toItem({ error, ...outcomeOf(state) }, item));
}

/** Whether the execution that waits for this one was stopped or deleted. */
async function isAbandoned(context: IExecuteFunctions, suspended: Suspended[]): Promise<boolean> {
	try {
		const parent = await context.getExecutionDataById(suspended[0]?.parentExecutionId ?? '');
		return !parent || parent.resultData.error !== undefined;
	} catch {
		// a database that cannot tell is no reason to give up what is paid for
		return false;
	}
}

function outcomeOf({ taskId, task, error, isInDoubt, isResumed }: Suspended): Outcome {
	const { message, description, statusCode } = error ?? {};
	return {
		...(taskId !== undefined && { task: task ?? unseenTask(taskId) }),
		...(message !== undefined && {
			error: new OctopusXError(message, description ?? '', { statusCode }),
		}),
		isInDoubt,
		isResumed,
	};
}

/** One look at all tasks; once the API has been down for as long as it may take, it is over. */
interface Round {
	until: number;
	isDown: boolean;
}

async function look(scope: Scope, state: Suspended, outcome: Outcome, round: Round): Promise<void> {
	const { job, startedAt, deadline } = state;
	// what has ended stays so, and costs no request of those that a rate limit leaves
	if (!job?.wait || !outcome.task || outcome.error || hasEnded(outcome.task)) return;
	const isLate = () => Date.now() >= deadline;
	if (round.isDown && !isLate()) {
		outcome.pending = { startedAt, deadline };
		return;
	}
	try {
		outcome.task = await scope.poller.see(outcome.task, round.until);
		if (hasEnded(outcome.task)) return;
		if (isLate()) outcome.error = timedOut(outcome.task);
		else outcome.pending = { startedAt, deadline };
	} catch (error) {
		const fault = asOctopusXError(error);
		round.isDown ||= fault.details.transient === true && Date.now() >= round.until;
		if (!fault.details.transient) outcome.error = fault;
		else if (isLate()) outcome.error = timedOut(outcome.task, fault);
		else outcome.pending = { startedAt, deadline };
	}
}

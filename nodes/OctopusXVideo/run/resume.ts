import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { asOctopusXError, OctopusXError } from '../api/errors';
import { hasEnded, unseenTask } from '../api/task';
import { finishItem } from './item';
import { Ledger } from './ledger';
import type { Outcome } from './outcome';
import { timedOut } from './poller';
import { conclude, openScope } from './run';
import type { Scope } from './scope';
import { readSuspended, type Suspended } from './suspend';

/** n8n's Retry of an execution that was suspended would only fail with the same error again. */
const GET_STATUS = 'Fetch them with Get Status.';

/** n8n looks for executions to resume once a minute. */
const MIN_INTERVAL_MS = 60_000;
const MAX_INTERVAL_MS = 300_000;
const GROWTH = 0.1;
/** How long all looks together may take; an API that is down is asked again at the next ones. */
const LOOK_LIMIT_MS = 30_000;

/**
 * The part of the node that runs inside of the sub-workflow: looks at all tasks once, and suspends
 * the execution again unless all have ended or their time is over. Then it does what would have
 * followed in the execution that waits, and hands that the items, one per item of its input.
 */
export async function resumeJobs(context: IExecuteFunctions): Promise<INodeExecutionData[]> {
	const items = context.getInputData();
	const suspended = readSuspended(context);
	const isFirstRun = context.getWorkflowDataProxy(0).$runIndex === 0;
	if (isFirstRun) return await waitFor(context, suspended, items);
	if (await isAbandoned(context, suspended)) {
		const tasks = suspended.flatMap(({ taskId }) => taskId ?? []).join(', ');
		context.logger.warn(`OctopusX: no execution waits any more for ${tasks}`);
		return [];
	}

	const outcomes = suspended.map(outcomeOf);
	const firstJob = suspended.find(({ job }) => job)?.job;
	const scope = await openScope(context, Ledger.open(context), firstJob, outcomes);
	if (scope) {
		const until = Date.now() + LOOK_LIMIT_MS;
		await Promise.all(
			suspended.map(async (state, item) => {
				await scope.videos.run(
					async () => await look(scope, state, outcomes[item] as Outcome, until),
				);
			}),
		);
		const waiting = suspended.filter((_, item) => outcomes[item]?.pending);
		if (waiting.length > 0) return await waitFor(context, waiting, items);
		await Promise.all(
			suspended.map(async ({ job }, item) => {
				if (job) await finishItem(scope, job, item, outcomes[item] as Outcome);
			}),
		);
	}
	return conclude(context, outcomes, GET_STATUS);
}

/** @returns the items as they came: n8n hands them on when it resumes the execution */
async function waitFor(
	context: IExecuteFunctions,
	suspended: Suspended[],
	items: INodeExecutionData[],
): Promise<INodeExecutionData[]> {
	const now = Date.now();
	const waitedMs = now - Math.min(...suspended.map(({ startedAt }) => startedAt));
	const interval = Math.max(MIN_INTERVAL_MS, Math.min(waitedMs * GROWTH, MAX_INTERVAL_MS));
	const lastLook = Math.max(...suspended.map(({ deadline }) => deadline));
	await context.putExecutionToWait(new Date(Math.max(now, Math.min(now + interval, lastLook))));
	return items;
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

function outcomeOf({ taskId, error, isInDoubt, isResumed }: Suspended): Outcome {
	const { message, description, statusCode } = error ?? {};
	return {
		...(taskId !== undefined && { task: unseenTask(taskId) }),
		...(message !== undefined && {
			error: new OctopusXError(message, description ?? '', { statusCode }),
		}),
		isInDoubt,
		isResumed,
	};
}

async function look(
	scope: Scope,
	state: Suspended,
	outcome: Outcome,
	until: number,
): Promise<void> {
	const { job, startedAt, deadline } = state;
	if (!job || !outcome.task || outcome.error) return;
	const isLate = () => Date.now() >= deadline;
	try {
		outcome.task = await scope.poller.see(outcome.task, until);
		if (!job.wait || hasEnded(outcome.task)) return;
		if (isLate()) outcome.error = timedOut(outcome.task);
		else outcome.pending = { startedAt, deadline };
	} catch (error) {
		const fault = asOctopusXError(error);
		if (!fault.details.transient) outcome.error = fault;
		else if (isLate()) outcome.error = timedOut(outcome.task, fault);
		else outcome.pending = { startedAt, deadline };
	}
}

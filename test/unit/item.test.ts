import { OctopusXError, type Charge } from '../../nodes/OctopusXVideo/api/errors';
import { uncheckedTask, type TaskStatus } from '../../nodes/OctopusXVideo/api/task';
import type { Job, PaidRequest } from '../../nodes/OctopusXVideo/job';
import { carryOutAll, withClaim } from '../../nodes/OctopusXVideo/run/carryOut';
import {
	failed,
	isTest,
	StoppedError,
	taskOf,
	withTask,
	type Failed,
	type Planned,
	type Ready,
	type Running,
} from '../../nodes/OctopusXVideo/run/state/item';
import { Claim } from '../../nodes/OctopusXVideo/run/state/ledger';
import type { ItemScope, Scope } from '../../nodes/OctopusXVideo/run/state/scope';
import { Limiter } from '../../nodes/OctopusXVideo/timing/limiter';

const task = (status: TaskStatus) => ({ ...uncheckedTask('video_1'), status });
const fault = new OctopusXError('m', 'd');
const request: PaidRequest = {
	path: '/v1/videos',
	fields: {},
	media: {},
	sendBinaryAs: 'dataUri',
	additionalFields: {},
};
const job: Job = { source: { request }, timeoutMs: 1, maxConcurrency: 1 };
const waitingJob = { ...job, wait: { pollIntervalMs: 1, isSuspended: false } };

const planned: Planned = { state: 'planned', index: 3, job };
const running: Running = {
	state: 'running',
	index: 3,
	job: waitingJob,
	task: task('queued'),
	isClaimed: true,
	isInDoubt: true,
	isOwnTask: true,
	startedAt: 1,
	deadline: 2,
	unknownChecks: 1,
	verdictAt: 1,
};
const ready: Ready = {
	state: 'ready',
	index: 3,
	job,
	task: task('completed'),
	isClaimed: true,
	isInDoubt: true,
};
const broken: Failed = { state: 'failed', index: 3, error: fault, task: undefined };

/** A claim with one submission for each of these task IDs; `undefined` for one without an answer. */
function claimOf(...taskIds: Array<string | undefined>): Claim {
	const claim = new Claim({ entries: [] }, 'hash', 0);
	for (const taskId of taskIds) {
		const noteAnswer = claim.noteSubmission();
		if (taskId !== undefined) noteAnswer(uncheckedTask(taskId));
	}
	return claim;
}

test.each<[TaskStatus, string, object]>([
	['queued', 'running', running],
	['in_progress', 'running', running],
	['unknown', 'running', running],
	['completed', 'ready', ready],
	['failed', 'ready', ready],
	['cancelled', 'ready', ready],
])('an item that waits for a task with the status %s is %s', (status, _state, like) => {
	const next = withTask(running, task(status));
	expect(next).toEqual({ ...like, job: waitingJob, task: task(status) });
});

test('an item that does not wait is ready with any status', () => {
	const next = withTask({ ...running, job }, task('queued'));
	expect(next).toEqual({ ...ready, task: task('queued') });
});

test.each<[string, Planned | Running, object]>([
	['without a task', planned, broken],
	['with a task', { ...running, isInDoubt: undefined }, { ...broken, task: running.task }],
])('failed() makes an item %s a failed one', (_what, item, expected) => {
	expect(failed(item, fault)).toEqual(expected);
});

test('failed() takes a later state of the task', () => {
	expect(failed(running, fault, task('failed')).task).toEqual(task('failed'));
});

test('an item that fails in Test Mode is marked and not charged', () => {
	const item: Planned = { ...planned, job: { ...job, testMode: 'sample' } };
	const next = failed(item, fault.withCharge('maybe'));
	expect(next).toMatchObject({ ...broken, error: { message: 'm' }, isTest: true });
	expect((next.error as OctopusXError).details.charge).toBe('none');
});

test('isTest() is true for an item in Test Mode, also after it has failed', () => {
	const tested: Planned = { ...planned, job: { ...job, testMode: 'failure' } };
	expect([planned, tested, broken, { ...broken, isTest: true }].map(isTest)).toEqual([
		false,
		true,
		false,
		true,
	]);
});

test('withClaim() marks a failed item if a submission was never answered', () => {
	expect(withClaim(broken, claimOf())).toEqual({ ...broken, isInDoubt: false });
	expect(withClaim(broken, claimOf(undefined))).toEqual({ ...broken, isInDoubt: true });
	expect(withClaim({ ...broken, isInDoubt: true }, claimOf()).isInDoubt).toBe(false);
});

test('withClaim() adds a task whose ID arrived too late, unless the item has one', () => {
	const late = uncheckedTask('late');
	expect(withClaim(broken, claimOf('late'))).toEqual({ ...broken, task: late, isInDoubt: false });
	const known = { ...broken, task: task('failed') };
	expect(withClaim(known, claimOf('late')).task).toEqual(task('failed'));
});

test('withClaim() marks a running item, and leaves a planned one as it is', () => {
	expect(withClaim(planned, claimOf(undefined))).toBe(planned);
	expect(withClaim({ ...running, isInDoubt: false }, claimOf(undefined))).toEqual(running);
	expect(withClaim(running, claimOf())).toEqual({ ...running, isInDoubt: false });
});

describe('after a Stop', () => {
	/** The scope of a stopped execution. */
	function stoppedScope(claim: Claim): Scope {
		const shared = {
			videos: new Limiter(1),
			downloads: new Limiter(1),
			signal: AbortSignal.abort(),
		};
		const forItem = () => ({ ...shared, claim }) as ItemScope;
		return { ...shared, forItem, getKeyState: async () => '' } as unknown as Scope;
	}

	test.each<[string, Planned | Running | Ready, Claim, Charge]>([
		['that was not submitted is not charged', planned, claimOf(), 'none'],
		['without an answer may have been charged', planned, claimOf(undefined), 'maybe'],
		['with a late answer names the task', planned, claimOf('late'), { taskId: 'late' }],
		['with a running task names it', running, claimOf(), { taskId: 'video_1' }],
		['with a completed task names it', ready, claimOf(), { taskId: 'video_1' }],
	])('an item %s', async (_what, item, claim, charge) => {
		const [settled] = await carryOutAll(stoppedScope(claim), [item]);
		expect(settled).toMatchObject({ state: 'failed', index: 3 });
		const { error, task: known } = settled as Failed;
		expect(error).toBeInstanceOf(StoppedError);
		expect(error.message).toBe('The execution was canceled');
		expect((error as StoppedError).details.charge).toEqual(charge);
		const late = claim.taskId === undefined ? undefined : uncheckedTask(claim.taskId);
		expect(known).toEqual(taskOf(item) ?? late);
	});

	test('an item in Test Mode has the error of a Stop, and is not charged', async () => {
		const item: Planned = { ...planned, job: { ...job, testMode: 'sample' } };
		const [settled] = await carryOutAll(stoppedScope(claimOf('test_1')), [item]);
		const { error, isTest: isTestItem } = settled as Failed;
		expect(error).toBeInstanceOf(StoppedError);
		expect((error as StoppedError).details.charge).toBe('none');
		expect(isTestItem).toBe(true);
	});

	test('an item that had failed before keeps its error', async () => {
		expect(await carryOutAll(stoppedScope(claimOf()), [broken])).toEqual([broken]);
	});
});

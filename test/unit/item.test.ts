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

/** Creates a claim with one submission per task ID; `undefined` stands for an unanswered submission. */
function claimOf(...taskIds: Array<string | undefined>): Claim {
	const claim = new Claim({ entries: [] }, 'hash', 0);
	for (const taskId of taskIds) {
		const submission = claim.noteSubmission();
		if (taskId !== undefined) submission.noteTask(uncheckedTask(taskId), 'request');
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

test('an item that does not wait is ready, whatever the status of its task', () => {
	const next = withTask({ ...running, job }, task('queued'));
	expect(next).toEqual({ ...ready, task: task('queued') });
});

test.each<[string, Planned | Running, object]>([
	['without a task', planned, broken],
	['with a task', { ...running, isInDoubt: undefined }, { ...broken, task: running.task }],
])('failed() turns an item %s into a failed one', (_what, item, expected) => {
	expect(failed(item, fault)).toEqual(expected);
});

test('failed() stores a later state of the task if it is given one', () => {
	expect(failed(running, fault, task('failed')).task).toEqual(task('failed'));
});

test('failed() marks an item in Test Mode as a test that was not charged', () => {
	const item: Planned = { ...planned, job: { ...job, testMode: 'sample' } };
	const next = failed(item, fault.withCharge('maybe'));
	expect(next).toMatchObject({ ...broken, error: { message: 'm' }, isTest: true });
	expect((next.error as OctopusXError).details.charge).toBe('none');
});

test('isTest() is true for an item in Test Mode, even after it has failed', () => {
	const tested: Planned = { ...planned, job: { ...job, testMode: 'failure' } };
	expect([planned, tested, broken, { ...broken, isTest: true }].map(isTest)).toEqual([
		false,
		true,
		false,
		true,
	]);
});

test('withClaim() sets isInDoubt on a failed item if a submission was never answered', () => {
	expect(withClaim(broken, claimOf())).toEqual({ ...broken, isInDoubt: false });
	expect(withClaim(broken, claimOf(undefined))).toEqual({ ...broken, isInDoubt: true });
	expect(withClaim({ ...broken, isInDoubt: true }, claimOf()).isInDoubt).toBe(false);
});

test('withClaim() adds a task whose ID arrived late, unless the item already has a task', () => {
	const late = uncheckedTask('late');
	expect(withClaim(broken, claimOf('late'))).toEqual({ ...broken, task: late, isInDoubt: false });
	const known = { ...broken, task: task('failed') };
	expect(withClaim(known, claimOf('late')).task).toEqual(task('failed'));
});

test('withClaim() sets isInDoubt on a running item but does not change a planned one', () => {
	expect(withClaim(planned, claimOf(undefined))).toBe(planned);
	expect(withClaim({ ...running, isInDoubt: false }, claimOf(undefined))).toEqual(running);
	expect(withClaim(running, claimOf())).toEqual({ ...running, isInDoubt: false });
});

describe('after a Stop', () => {
	/** The scope of an execution that was stopped. */
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
		['that was not submitted is reported as not charged', planned, claimOf(), 'none'],
		[
			'with an unanswered submission is reported as possibly charged',
			planned,
			claimOf(undefined),
			'maybe',
		],
		[
			'whose submission was answered late has an error that names the task',
			planned,
			claimOf('late'),
			{ taskId: 'late' },
		],
		[
			'with a running task has an error that names the task',
			running,
			claimOf(),
			{ taskId: 'video_1' },
		],
		[
			'with a completed task has an error that names the task',
			ready,
			claimOf(),
			{ taskId: 'video_1' },
		],
	])('after a Stop, an item %s', async (_what, item, claim, charge) => {
		const [settled] = await carryOutAll(stoppedScope(claim), [item]);
		expect(settled).toMatchObject({ state: 'failed', index: 3 });
		const { error, task: known } = settled as Failed;
		expect(error).toBeInstanceOf(StoppedError);
		expect(error.message).toBe('The execution was canceled');
		expect((error as StoppedError).details.charge).toEqual(charge);
		const late = claim.taskId === undefined ? undefined : uncheckedTask(claim.taskId);
		expect(known).toEqual(taskOf(item) ?? late);
	});

	test('after a Stop, an item in Test Mode has the error of the Stop and is not charged', async () => {
		const item: Planned = { ...planned, job: { ...job, testMode: 'sample' } };
		const [settled] = await carryOutAll(stoppedScope(claimOf('test_1')), [item]);
		const { error, isTest: isTestItem } = settled as Failed;
		expect(error).toBeInstanceOf(StoppedError);
		expect((error as StoppedError).details.charge).toBe('none');
		expect(isTestItem).toBe(true);
	});

	test('after a Stop, an item that had already failed keeps its error', async () => {
		expect(await carryOutAll(stoppedScope(claimOf()), [broken])).toEqual([broken]);
	});
});

import { OctopusXError, type FaultDetails } from '../../nodes/OctopusXVideo/api/errors';
import { unseenTask, type TaskStatus } from '../../nodes/OctopusXVideo/api/task';
import type { Job, PaidRequest } from '../../nodes/OctopusXVideo/job';
import { CommonFault } from '../../nodes/OctopusXVideo/run/state/commonFault';
import {
	failed,
	isInDoubt,
	isStopped,
	isTest,
	stopped,
	StoppedError,
	taskOf,
	unlessFailed,
	withLedger,
	withTask,
	type Ended,
	type Failed,
	type InDoubt,
	type Paid,
	type Planned,
} from '../../nodes/OctopusXVideo/run/state/item';
import { hashOf, Ledger } from '../../nodes/OctopusXVideo/run/state/ledger';

/** What is known of an item, of the submissions for it, and of what all items of a run meet. */

const task = (status: TaskStatus) => ({ ...unseenTask('video_1'), status });
const fault = new OctopusXError('m', 'd');
const request: PaidRequest = {
	path: '/v1/videos',
	fields: {},
	media: {},
	sendBinaryAs: 'dataUri',
	additionalFields: {},
};
const job: Job = { source: { request }, timeoutMs: 1, maxConcurrency: 1 };
const waiting = { ...job, wait: { pollIntervalMs: 1, isSuspended: false } };
const earlier = { paid: true, inDoubt: false };

const planned: Planned = { state: 'planned', index: 3, job };
const paid: Paid = {
	state: 'paid',
	index: 3,
	job: waiting,
	task: task('queued'),
	earlier,
	isPaidHere: true,
	startedAt: 1,
	deadline: 2,
};
const ended: Ended = { state: 'ended', index: 3, job, task: task('completed'), earlier };
const broken: Failed = { state: 'failed', index: 3, error: fault, task: undefined, isTest: false };
const doubtful: InDoubt = { ...broken, state: 'inDoubt' };

/** A ledger in which item 3 has one submission, with these answers. */
function ledgerWith(...taskIds: string[]): Ledger {
	const ledger = Ledger.unkept();
	const { line } = ledger.lineFor(3, request);
	line.noteSubmission();
	for (const id of taskIds) line.noteTask(id);
	return ledger;
}

describe('an item', () => {
	test.each<[TaskStatus, string, object]>([
		['queued', 'paid', paid],
		['in_progress', 'paid', paid],
		['unknown', 'paid', paid],
		['completed', 'ended', ended],
		['failed', 'ended', ended],
		['cancelled', 'ended', ended],
	])('that waits for a task that is %s is %s', (status, state, like) => {
		const next = withTask(paid, task(status));
		expect(next).toEqual({ ...like, state, job: waiting, task: task(status) });
	});

	test('that does not wait has ended whatever its task does', () => {
		const next = withTask({ ...paid, job }, task('queued'));
		expect(next).toEqual({ ...ended, task: task('queued') });
	});

	test.each<[string, Planned | Paid, object]>([
		['without a task', planned, broken],
		['with a task', paid, { ...broken, task: paid.task }],
		[
			'in Test Mode',
			{ ...planned, job: { ...job, testMode: 'sample' } },
			{ ...broken, isTest: true },
		],
	])('fails %s', (_what, item, expected) => {
		expect(failed(item, fault)).toEqual(expected);
		expect(unlessFailed(item, fault)).toEqual(expected);
	});

	test('that has failed keeps its error, and its task may be told anew', () => {
		expect(unlessFailed(broken, new Error('other'))).toBe(broken);
		expect(unlessFailed(doubtful, new Error('other'))).toBe(doubtful);
		expect(failed(paid, fault, task('failed')).task).toEqual(task('failed'));
	});

	test.each<[string, Planned | Paid | Ended | Failed, Ledger, string]>([
		['before it was sent', planned, Ledger.unkept(), 'Nothing was submitted.'],
		[
			'while its submission was under way',
			planned,
			ledgerWith(),
			'A request was under way and may have been charged. Look into the usage log of the OctopusX account before you run it again.',
		],
		[
			'with an answer that came too late',
			planned,
			ledgerWith('late'),
			'The task goes on and was charged: use Get Status with this Task ID.',
		],
		['while its task goes on', paid, Ledger.unkept(), 'The task goes on and was charged: use'],
		['when its task has ended', ended, Ledger.unkept(), 'The task is done: use Get Status with'],
	])('that is stopped %s says so', (_what, item, ledger, words) => {
		const next = stopped(item, ledger);
		expect(next.error).toBeInstanceOf(StoppedError);
		expect(next.error.message).toBe('The execution was canceled');
		expect((next.error as OctopusXError).description).toMatch(words);
		expect(next.task).toEqual(taskOf(item) ?? ledger.unseenTask(3));
		expect(isStopped(next)).toBe(true);
		expect(isStopped({ ...next, error: fault })).toBe(false);
		expect(isStopped(item)).toBe(false);
	});

	test('learns from the ledger what it did not know', () => {
		const late = unseenTask('late');
		expect(withLedger(broken, Ledger.unkept())).toEqual(broken);
		expect(withLedger(broken, ledgerWith())).toEqual(doubtful);
		expect(withLedger(doubtful, Ledger.unkept())).toEqual(broken);
		expect(withLedger(broken, ledgerWith('late'))).toEqual({ ...broken, task: late });
		const known = { ...broken, task: task('failed') };
		expect(withLedger(known, ledgerWith('late'))).toEqual(known);
		expect(withLedger(planned, ledgerWith())).toBe(planned);
		const inDoubt = { ...paid, earlier: { paid: true, inDoubt: true } };
		expect(withLedger(paid, ledgerWith())).toEqual(inDoubt);
		expect(withLedger(inDoubt, Ledger.unkept())).toEqual(paid);
	});

	test('tells whether it is in doubt, and whether it is in Test Mode', () => {
		const inDoubt = { ...paid, earlier: { paid: true, inDoubt: true } };
		expect([broken, doubtful, planned, paid, inDoubt].map(isInDoubt)).toEqual([
			false,
			true,
			false,
			false,
			true,
		]);
		const tested: Planned = { ...planned, job: { ...job, testMode: 'failure' } };
		const untold = { ...broken, isTest: undefined };
		expect([planned, tested, broken, { ...broken, isTest: true }, untold].map(isTest)).toEqual([
			false,
			true,
			false,
			true,
			false,
		]);
	});
});

describe('the ledger', () => {
	test('knows the last task of an item, and whether a submission was not answered', () => {
		const ledger = Ledger.unkept();
		const { line, replaced } = ledger.lineFor(3, request);
		expect(replaced).toBeUndefined();
		expect([line.isInDoubt, line.lastTaskId]).toEqual([false, undefined]);
		expect([ledger.isInDoubt(3), ledger.unseenTask(3)]).toEqual([false, undefined]);

		line.noteSubmission();
		line.noteSubmission();
		line.noteTask('a');
		expect([line.isInDoubt, ledger.isInDoubt(3), ledger.isInDoubt(4)]).toEqual([true, true, false]);
		line.noteTask('b');
		expect([line.isInDoubt, ledger.isInDoubt(3)]).toEqual([false, false]);
		expect(line.lastTaskId).toBe('b');
		expect(ledger.unseenTask(3)).toEqual(unseenTask('b'));
		expect(ledger.unseenTask(4)).toBeUndefined();

		ledger.noteSpent(3, 'b');
		ledger.noteSpent(4, 'a');
		expect(line.lastTaskId).toBe('a');
		line.noteSubmission();
		line.noteRefusal();
		expect(line.isInDoubt).toBe(false);
	});

	test('has one line for a request, and another for another request of the item', () => {
		const ledger = ledgerWith('a');
		const same = ledger.lineFor(3, { ...request });
		expect([same.line.lastTaskId, same.replaced]).toEqual(['a', undefined]);
		const other = ledger.lineFor(3, { ...request, fields: { prompt: 'other' } });
		expect([other.line.lastTaskId, other.replaced?.lastTaskId]).toEqual([undefined, 'a']);
		expect(ledger.unseenTask(3)).toBeUndefined();
		expect(ledger.lineFor(4, request).line.lastTaskId).toBeUndefined();
	});

	test('tells requests apart by 32 digits', () => {
		expect(hashOf(request)).toMatch(/^[\da-f]{32}$/);
	});
});

describe('the start of n8n', () => {
	const loadedAt = 2_000_000_000_000;

	beforeEach(() => jest.useFakeTimers({ now: loadedAt }));
	afterEach(() => jest.useRealTimers());

	test('is over a minute after the package was loaded, and where the clock was set back', () => {
		jest.isolateModules(() => {
			const { endOfStartUp } = jest.requireActual<
				typeof import('../../nodes/OctopusXVideo/run/suspension/startUp')
			>('../../nodes/OctopusXVideo/run/suspension/startUp');
			expect(endOfStartUp()).toBe(loadedAt + 60_000);
			jest.setSystemTime(loadedAt + 59_999);
			expect(endOfStartUp()).toBe(loadedAt + 60_000);
			jest.setSystemTime(loadedAt + 60_000);
			expect(endOfStartUp()).toBeUndefined();
			jest.setSystemTime(loadedAt - 1);
			expect(endOfStartUp()).toBeUndefined();
		});
	});
});

describe('what all items of a run meet', () => {
	const refusal = new OctopusXError('refused', 'd', { isCommon: true, statusCode: 401 });
	const down = (details: FaultDetails = { transient: true }) =>
		new OctopusXError('down', 'd', details);

	beforeEach(() => jest.useFakeTimers());
	afterEach(() => jest.useRealTimers());

	test('is sure after three refusals in a row', () => {
		const common = new CommonFault(60_000);
		for (const one of [refusal, refusal, undefined, refusal, refusal, fault, refusal, refusal]) {
			common.note(one);
			expect(common.isSure).toBe(false);
		}
		common.note(refusal);
		expect(common.isSure).toBe(true);
		common.note();
		expect(common.isSure).toBe(false);
	});

	test.each([{ transient: true }, { repeatable: true }])(
		'is sure once all that was tried has been in vain for the timeout, with %j',
		(details) => {
			const common = new CommonFault(60_000);
			common.note(down(details));
			jest.advanceTimersByTime(59_999);
			common.note(down(details));
			expect(common.isSure).toBe(false);
			jest.advanceTimersByTime(1);
			expect(common.isSure).toBe(true);
			common.note(fault);
			expect(common.isSure).toBe(false);
			common.note(down(details));
			expect(common.isSure).toBe(false);
		},
	);

	test('is not sure of a timeout before anything was in vain', () => {
		expect(new CommonFault(0).isSure).toBe(false);
	});

	test('keeps the next item from being begun', async () => {
		const common = new CommonFault(60_000);
		let begun = 0;
		const begin = async (error?: Error) =>
			await common.guard(async () => {
				begun++;
				if (error) throw error;
				return 'value';
			});
		expect(await begin()).toBe('value');
		for (let n = 0; n < 3; n++) await expect(begin(refusal)).rejects.toBe(refusal);
		await expect(begin()).rejects.toMatchObject({
			message: 'refused',
			description:
				'Nothing was submitted. The items before this one have met the same, so it was not tried.',
			details: refusal.details,
		});
		expect(begun).toBe(4);
	});
});

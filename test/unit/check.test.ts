import { OctopusXError, type FaultDetails } from '../../nodes/OctopusXVideo/api/errors';
import { uncheckedTask, type Task } from '../../nodes/OctopusXVideo/api/task';
import type { Failed, Running } from '../../nodes/OctopusXVideo/run/state/item';
import type { ItemScope } from '../../nodes/OctopusXVideo/run/state/scope';
import { checkTask } from '../../nodes/OctopusXVideo/run/steps/check';
import { now } from '../../nodes/OctopusXVideo/timing/time';

const task: Task = { ...uncheckedTask('video_1'), status: 'in_progress', progress: 40 };
const faultWith = (details: FaultDetails) => new OctopusXError('It broke', 'Do this.', details);

const LAST_CHECK = 'The task was in_progress at 40 % at the last check';
const RAISE_TIMEOUT = "For the next video, raise the option 'Timeout (Minutes)'.";

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

/** Checks the task of an item whose deadline is `leftMs` from now. */
async function check(
	answer: Task | OctopusXError,
	{ leftMs, isOwnTask = true }: { leftMs: number; isOwnTask?: boolean },
) {
	let attempts = 0;
	const client = {
		getTask: async () => {
			attempts++;
			if (answer instanceof OctopusXError) throw answer;
			return answer;
		},
		getVerdict: async () => {
			throw faultWith({});
		},
	};
	const scope = { client, context: { sendMessageToUI: () => {} } } as unknown as ItemScope;
	const deadline = now() + leftMs;
	const item: Running = {
		state: 'running',
		index: 0,
		job: {
			source: { taskId: 'video_1' },
			timeoutMs: 1,
			maxConcurrency: 1,
			wait: { pollIntervalMs: 1, isSuspended: false },
		},
		task,
		isOwnTask,
		startedAt: now(),
		// The deadline of the item is 1 ms later, so that a fault that is still retryable does not fail it.
		deadline: leftMs > 0 ? deadline + 1 : deadline,
		unknownChecks: 0,
		verdictAt: now(),
	};
	const checking = checkTask(scope, item, { until: deadline });
	await jest.runAllTimersAsync();
	const next = await checking;
	return { next, item, attempts };
}

/** Returns the error of an item whose last check, at its deadline, has this result. */
async function errorAtDeadline(answer: Task | OctopusXError): Promise<OctopusXError> {
	const { next } = await check(answer, { leftMs: 0 });
	expect(next).toMatchObject({ state: 'failed', task });
	return (next as Failed).error as OctopusXError;
}

test('the error of a timeout contains the status and progress of the task', async () => {
	const error = await errorAtDeadline(task);
	expect(error.message).toBe('The video was not ready in time');
	expect(error.description).toBe(`${LAST_CHECK} and is still in progress. ${RAISE_TIMEOUT}`);
	expect(error.details).toEqual({ charge: { taskId: 'video_1' } });
});

test('the error of a timeout after a transient fault names the fault', async () => {
	const error = await errorAtDeadline(faultWith({ transient: true }));
	expect(error.message).toBe('The video was not ready in time');
	expect(error.description).toBe(`${LAST_CHECK}. Then: It broke. Do this. ${RAISE_TIMEOUT}`);
});

test('a fault that is not transient (HTTP 403) ends the wait, and the error says that the task was charged', async () => {
	const error = await errorAtDeadline(faultWith({ statusCode: 403 }));
	expect(error).toMatchObject({ message: 'It broke', description: 'Do this.' });
	expect(error.details).toEqual({ statusCode: 403, charge: { taskId: 'video_1' } });
});

test.each<[FaultDetails]>([[{ isKeyRejected: true }], [{ isKeyRejected: true, transient: true }]])(
	'the error of a wait that ends with %j says that the task was in progress',
	async (details) => {
		const error = await errorAtDeadline(faultWith(details));
		expect(error.message).toBe('It broke');
		expect(error.description).toBe(
			'The task was in progress at the last check. The API key was valid when the task was submitted; since then its quota may have been used up, or it was disabled. Do this.',
		);
		expect(error.details).toEqual({ ...details, charge: { taskId: 'video_1' } });
	},
);

test.each<[boolean, FaultDetails, number]>([
	[true, { transient: true }, 3],
	[false, { transient: true }, 3],
	[true, { isKeyRejected: true }, 3],
	[false, { isKeyRejected: true }, 1],
	[true, { code: 'task_not_exist' }, 2],
	[false, { code: 'task_not_exist' }, 1],
	[true, { code: 'other' }, 1],
	[true, {}, 1],
])(
	'with isOwnTask %p, a check that fails with %j is attempted %p of 3 times',
	async (isOwnTask, details, expected) => {
		const { next, item, attempts } = await check(faultWith(details), { leftMs: 5_000, isOwnTask });
		expect(attempts).toBe(expected);
		if (expected === 3) expect(next).toBe(item);
		else expect(next.state).toBe('failed');
	},
);

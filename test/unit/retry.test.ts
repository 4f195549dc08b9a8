import fc from 'fast-check';
import { OctopusXError, type FaultDetails } from '../../nodes/OctopusXVideo/api/errors';
import {
	checkDelay,
	CircuitBreaker,
	withRetries,
	type RetryPolicy,
	type RetryResult,
} from '../../nodes/OctopusXVideo/timing/retry';
import { now, pause } from '../../nodes/OctopusXVideo/timing/time';

const SECOND = 1_000;

beforeEach(() => jest.useFakeTimers());
afterEach(() => {
	jest.restoreAllMocks();
	jest.useRealTimers();
});

const faultWith = (details: FaultDetails) => new OctopusXError('fault', 'advice', details);
const down = faultWith({ transient: true });
const rejection = faultWith({ affectsAllItems: true, statusCode: 401 });
const otherFault = faultWith({});
const unconnected = faultWith({ transient: true, isUnconnected: true });

describe('withRetries()', () => {
	type Work = (
		attempt: number,
		signal: AbortSignal,
	) => Promise<string | OctopusXError> | string | OctopusXError;

	/** Returns the second at which each attempt started, and the result. */
	async function run(
		policy: Partial<RetryPolicy> = {},
		work: Work = () => down,
	): Promise<{ at: number[]; result: RetryResult<string> }> {
		const start = Date.now();
		const at: number[] = [];
		const running = withRetries<string>(
			async (signal) => {
				at.push((Date.now() - start) / SECOND);
				const outcome = await work(at.length, signal);
				return typeof outcome === 'string' ? { value: outcome } : { fault: outcome };
			},
			{
				shouldRetry: ({ transient }) => transient,
				deadline: now() + 200 * SECOND,
				jitter: 0,
				...policy,
			},
		);
		await jest.runAllTimersAsync();
		return { at, result: await running };
	}

	test.each<[string, Partial<RetryPolicy>, number[]]>([
		['with delays that double from 1 s to a minute', {}, [0, 1, 3, 7, 15, 31, 63, 123, 183]],
		[
			'one last time at the deadline with retryAtDeadline',
			{ retryAtDeadline: true },
			[0, 1, 3, 7, 15, 31, 63, 123, 183, 200],
		],
		[
			'with the given minDelayMs, maxDelayMs and maxAttempts',
			{ minDelayMs: 5_000, maxDelayMs: 8_000, maxAttempts: 4 },
			[0, 5, 13, 21],
		],
		[
			'with minDelayMs if it is above maxDelayMs',
			{ minDelayMs: 9_000, maxDelayMs: 8_000, maxAttempts: 3 },
			[0, 9, 17],
		],
		['never if maxAttempts is 1', { maxAttempts: 1 }, [0]],
		['never if shouldRetry returns false', { shouldRetry: () => false }, [0]],
		['never after the deadline', { deadline: 0, retryAtDeadline: true }, [0]],
		['if the delay ends exactly at the deadline', { minDelayMs: 200_000 }, [0, 200]],
		['never if the delay would end after the deadline', { minDelayMs: 200_001 }, [0]],
	])('withRetries() retries %s', async (_what, policy, expected) => {
		const { at, result } = await run(policy);
		expect(at).toEqual(expected);
		expect(result.fault).toBe(down);
	});

	test('withRetries() adds jitter of at most a quarter of the delay by default', async () => {
		jest.spyOn(Math, 'random').mockReturnValue(0.5);
		expect((await run({ jitter: undefined, maxAttempts: 3 })).at).toEqual([0, 1.125, 3.375]);
		expect((await run({ jitter: 1, maxAttempts: 2 })).at).toEqual([0, 1.5]);
	});

	test.each<[number, Partial<RetryPolicy>, number[]]>([
		[30_000, {}, [0, 30, 60]],
		[500, {}, [0, 1, 3]],
		[30_000, { maxRetryAfterMs: 10_000 }, [0, 10, 20]],
		[90_000, {}, [0, 90, 180]],
	])(
		'withRetries() respects a Retry-After of %p ms with the policy %j',
		async (retryAfterMs, policy, expected) => {
			const work = () => faultWith({ transient: true, retryAfterMs });
			expect((await run({ maxAttempts: 3, ...policy }, work)).at).toEqual(expected);
		},
	);

	test('withRetries() returns the value of a successful retry, and calls onRetry with each fault before it', async () => {
		const reported: string[] = [];
		const onRetry = ({ message }: Error) => void reported.push(message);
		const work = (attempt: number) => (attempt < 3 ? down : 'done');
		expect(await run({ onRetry }, work)).toEqual({ at: [0, 1, 3], result: { value: 'done' } });
		expect(reported).toEqual(['fault', 'fault']);
		expect((await run({ onRetry, maxAttempts: 1 })).result.fault).toBe(down);
		expect(reported).toHaveLength(2);
	});

	test('withRetries() returns the last fault when its signal is aborted', async () => {
		const controller = new AbortController();
		setTimeout(() => controller.abort(), 2_000);
		const { at, result } = await run({ signal: controller.signal });
		expect(at).toEqual([0, 1]);
		expect(result.fault).toBe(down);
	});

	test.each<[string, Partial<RetryPolicy>, OctopusXError, boolean]>([
		['time ran out', { deadline: 0 }, down, true],
		['maxAttempts was reached', { maxAttempts: 2 }, down, true],
		['shouldRetry returned false', {}, otherFault, false],
		['shouldRetry returned nothing', { shouldRetry: () => undefined }, down, false],
	])(
		'withRetries() sets isRetryable correctly when %s',
		async (_what, policy, fault, isRetryable) => {
			expect((await run(policy, () => fault)).result).toEqual({ fault, isRetryable });
		},
	);

	test('withRetries() sets isRetryable to true when its signal is aborted during a delay', async () => {
		const controller = new AbortController();
		setTimeout(() => controller.abort(), 500);
		const { result } = await run({ signal: controller.signal });
		expect(result).toEqual({ fault: down, isRetryable: true });
	});

	test('withRetries() makes no attempt if the circuit breaker is open', async () => {
		const breaker = new CircuitBreaker(60 * SECOND);
		for (let n = 0; n < 3; n++) breaker.record(rejection);
		const { at, result } = await run({ breaker }, () => 'done');
		expect(at).toEqual([]);
		expect(result).toMatchObject({
			isRetryable: false,
			fault: { message: 'fault', details: { statusCode: 401, charge: 'none' } },
		});
	});

	test('withRetries() stops when its own faults open the circuit breaker', async () => {
		const breaker = new CircuitBreaker(60 * SECOND);
		const { at, result } = await run({ breaker });
		expect(at).toEqual([0, 1, 3, 7, 15, 31, 63]);
		expect(result).toEqual({ fault: down, isRetryable: false });
		expect(breaker.isOpen).toBe(true);
	});

	test('withRetries() aborts an attempt after attemptTimeoutMs, and retries with the fault from onTimeout', async () => {
		const late = faultWith({ transient: true });
		const signals: AbortSignal[] = [];
		const work = async (_attempt: number, signal: AbortSignal) => {
			signals.push(signal);
			await pause(10 * SECOND);
			return 'done';
		};
		const policy = { attemptTimeoutMs: 4_000, onTimeout: () => late, maxAttempts: 2 };
		const { at, result } = await run(policy, work);
		expect(at).toEqual([0, 5]);
		expect(result.fault).toBe(late);
		expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
	});

	test('withRetries() without onTimeout returns a transient fault for an attempt that times out', async () => {
		const work = async () => await pause(10 * SECOND).then(() => 'done');
		const { result } = await run({ attemptTimeoutMs: 4_000, maxAttempts: 1 }, work);
		expect(result.fault).toMatchObject({
			message: 'OctopusX did not answer',
			details: { transient: true },
		});
	});

	test('withRetries() returns the value of an attempt that ends within attemptTimeoutMs', async () => {
		const work = async () => await pause(3 * SECOND).then(() => 'done');
		expect((await run({ attemptTimeoutMs: 4_000 }, work)).result).toEqual({ value: 'done' });
	});
});

describe('the circuit breaker', () => {
	test('the circuit breaker opens after three rejections in a row, and a success closes it', () => {
		const breaker = new CircuitBreaker(60 * SECOND);
		const outcomes = [
			rejection,
			rejection,
			undefined,
			rejection,
			rejection,
			otherFault,
			rejection,
			rejection,
		];
		for (const outcome of outcomes) {
			breaker.record(outcome);
			expect(breaker.isOpen).toBe(false);
		}
		breaker.record(rejection);
		expect(breaker.isOpen).toBe(true);
		breaker.record();
		expect(breaker.isOpen).toBe(false);
	});

	test.each([{ transient: true }, { repeatable: true }])(
		'the circuit breaker opens after timeoutMs of faults with %j, and another fault closes it',
		(details) => {
			const breaker = new CircuitBreaker(60 * SECOND);
			const fault = faultWith(details);
			breaker.record(fault);
			jest.advanceTimersByTime(59_999);
			breaker.record(fault);
			expect(breaker.isOpen).toBe(false);
			jest.advanceTimersByTime(1);
			expect(breaker.isOpen).toBe(true);
			breaker.record(otherFault);
			expect(breaker.isOpen).toBe(false);
			breaker.record(fault);
			expect(breaker.isOpen).toBe(false);
		},
	);

	test.each<[string, Array<OctopusXError | undefined>, boolean]>([
		['without a connection', [], true],
		['after one with a connection', [down], false],
		['after an answer', [otherFault], false],
		['after a success', [undefined], false],
	])('the circuit breaker opens after patienceMs of faults %s: %#', (_what, first, isOpen) => {
		const breaker = new CircuitBreaker(60 * SECOND, 10 * SECOND);
		for (const fault of [unconnected, ...first, unconnected]) breaker.record(fault);
		jest.advanceTimersByTime(9_999);
		expect(breaker.isOpen).toBe(false);
		jest.advanceTimersByTime(1);
		expect(breaker.isOpen).toBe(isOpen);
		jest.advanceTimersByTime(50 * SECOND);
		expect(breaker.isOpen).toBe(true);
	});

	test('a success after timeoutMs of faults closes the circuit breaker', () => {
		const breaker = new CircuitBreaker(60 * SECOND);
		breaker.record(down);
		jest.advanceTimersByTime(60 * SECOND);
		expect(breaker.isOpen).toBe(true);
		breaker.record();
		expect(breaker.isOpen).toBe(false);
	});

	test('the circuit breaker is closed before anything has failed, even with a timeout of 0', () => {
		expect(new CircuitBreaker(0).isOpen).toBe(false);
	});

	test('the circuit breaker gives further items a fault that says that they are not charged', () => {
		const breaker = new CircuitBreaker(60 * SECOND);
		breaker.record(faultWith({ ...rejection.details, charge: 'maybe' }));
		expect(breaker.openFault()).toMatchObject({
			message: 'fault',
			description: 'The items before this one failed in the same way, so this one was not tried.',
			details: { ...rejection.details, charge: 'none' },
		});
	});
});

describe('checkDelay()', () => {
	/**
	 * Returns the times of the checks of a video that takes `durationMs`, including the one that
	 * finds it completed.
	 */
	function checks(pollIntervalMs: number, durationMs: number): number[] {
		const times = [pollIntervalMs];
		while ((times.at(-1) ?? 0) < durationMs) {
			const at = times.at(-1) ?? 0;
			times.push(at + checkDelay(at, pollIntervalMs, 60 * SECOND));
		}
		return times;
	}

	test.each([
		[10, 2],
		[60, 12],
		[300, 29],
		[3_600, 87],
	])(
		'with checkDelay(), a video of %p s is checked %p times at a Check Every interval of 5 s',
		(seconds, count) => {
			expect(checks(5 * SECOND, seconds * SECOND)).toHaveLength(count);
		},
	);

	test('with checkDelay(), a completed video is found within the interval, a tenth of its duration, or a minute', () => {
		fc.assert(
			fc.property(
				fc.integer({ min: 1, max: 300 }),
				fc.integer({ min: 1, max: 24 * 3_600 }),
				(intervalSeconds, durationSeconds) => {
					const duration = durationSeconds * SECOND;
					const lateness = (checks(intervalSeconds * SECOND, duration).at(-1) ?? 0) - duration;
					expect(lateness).toBeGreaterThanOrEqual(0);
					expect(lateness).toBeLessThanOrEqual(
						Math.max(intervalSeconds * SECOND, Math.min(duration / 10, 60 * SECOND)),
					);
				},
			),
			{ seed: 1, numRuns: 500 },
		);
	});
});

import type { IExecuteFunctions } from 'n8n-workflow';

const LOADED_AT = 2_000_000_000_000;

/** Loaded at a known time, which an import would not allow. */
let resumeJobs: typeof import('../../nodes/OctopusXVideo/run/suspension').resumeJobs;

beforeAll(() => {
	jest.useFakeTimers({ now: LOADED_AT });
	({ resumeJobs } = jest.requireActual<typeof import('../../nodes/OctopusXVideo/run/suspension')>(
		'../../nodes/OctopusXVideo/run/suspension',
	));
});
afterAll(() => jest.useRealTimers());

test.each<[string, number, boolean]>([
	['as the package is loaded', 0, true],
	['less than a minute after the package was loaded', 59_999, true],
	['a minute after the package was loaded', 60_000, false],
	['when the clock was set back', -1, false],
])('%s, a checking execution waits for n8n to start: %p', async (_when, passedMs, isWaiting) => {
	const putExecutionToWait = jest.fn();
	const warn = jest.fn();
	const error = { message: 'm' };
	const memory = {
		octopusXHandover: [{ parent: '7', item: { state: 'failed', index: 0, error } }],
	};
	const context = {
		getContext: () => memory,
		getMode: () => 'integrated',
		getExecuteData: () => ({ data: {} }),
		putExecutionToWait,
		// the suspended execution was deleted, so the check ends after this call
		getExecutionDataById: async () => undefined,
		logger: { warn },
	} as unknown as IExecuteFunctions;

	jest.setSystemTime(LOADED_AT + passedMs);
	await resumeJobs(context);
	const times = putExecutionToWait.mock.calls.map(([date]) => (date as Date).getTime());
	expect(times).toEqual(isWaiting ? [LOADED_AT + 60_000] : []);
	expect(warn).toHaveBeenCalledTimes(isWaiting ? 0 : 1);
});

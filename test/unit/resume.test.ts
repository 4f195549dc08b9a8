import type { IExecuteFunctions } from 'n8n-workflow';

const loadedAt = 2_000_000_000_000;

beforeEach(() => jest.useFakeTimers({ now: loadedAt }));
afterEach(() => jest.useRealTimers());

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
		// the suspended execution was deleted, so that the check ends after this
		getExecutionDataById: async () => undefined,
		logger: { warn },
	} as unknown as IExecuteFunctions;

	jest.resetModules();
	const { resumeJobs } = jest.requireActual<
		typeof import('../../nodes/OctopusXVideo/run/suspension')
	>('../../nodes/OctopusXVideo/run/suspension');
	jest.setSystemTime(loadedAt + passedMs);
	await resumeJobs(context);
	const starts = putExecutionToWait.mock.calls.map(([date]) => (date as Date).getTime());
	expect(starts).toEqual(isWaiting ? [loadedAt + 60_000] : []);
	expect(warn).toHaveBeenCalledTimes(isWaiting ? 0 : 1);
});

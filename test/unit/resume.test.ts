import type { IExecuteFunctions } from 'n8n-workflow';

const LOADED_AT = 2_000_000_000_000;

/** A hook loads the module again, at a known time, because an import would load it earlier. */
let resumeJobs: typeof import('../../nodes/OctopusXVideo/run/suspension').resumeJobs;

beforeAll(() => {
	jest.useFakeTimers({ now: LOADED_AT });
	jest.isolateModules(() => {
		({ resumeJobs } = jest.requireActual<typeof import('../../nodes/OctopusXVideo/run/suspension')>(
			'../../nodes/OctopusXVideo/run/suspension',
		));
	});
});
afterAll(() => jest.useRealTimers());

test.each<[string, number, boolean]>([
	['at the moment the package is loaded', 0, true],
	['less than a minute after the package was loaded', 59_999, true],
	['a minute after the package was loaded', 60_000, false],
	['after the clock was set back', -1, false],
])(
	'%s, a checking execution waits for n8n to finish starting: %p',
	async (_when, passedMs, isWaiting) => {
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
			// The suspended execution was deleted, so the check ends after this call.
			getExecutionDataById: async () => undefined,
			logger: { warn },
		} as unknown as IExecuteFunctions;

		jest.setSystemTime(LOADED_AT + passedMs);
		await resumeJobs(context);
		const times = putExecutionToWait.mock.calls.map(([date]) => (date as Date).getTime());
		expect(times).toEqual(isWaiting ? [LOADED_AT + 60_000] : []);
		expect(warn).toHaveBeenCalledTimes(isWaiting ? 0 : 1);
	},
);

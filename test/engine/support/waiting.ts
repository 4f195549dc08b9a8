import type { INodeParameters } from 'n8n-workflow';
import type { Sandbox } from '../../sandbox/sandbox';
import { GENERATE } from './inputs';
import { runNodeVirtually, type NodeSetup } from './runNode';
import { useSandbox } from './useSandbox';

interface Waiting {
	sandbox: Sandbox;
	/**
	 * Runs Generate on virtual time and waits for its video. `checkTimes` are the times of the checks, in
	 * ms since the submission.
	 */
	wait(
		parameters?: INodeParameters,
		setup?: NodeSetup,
	): Promise<Awaited<ReturnType<typeof runNodeVirtually>> & { checkTimes: number[] }>;
}

/** Sets up tests of waiting: a sandbox whose tasks take a minute, and a node that waits for them. */
export function useWaiting(): Waiting {
	const sandbox = useSandbox({ durationMs: 60_000 });
	return {
		sandbox,
		wait: async (parameters, setup) => {
			const result = await runNodeVirtually(sandbox, { ...GENERATE, ...parameters }, setup);
			const submittedAt = sandbox.tasks[0]?.createdAt ?? 0;
			const checkTimes = sandbox.requestsTo('check').map(({ at }) => at - submittedAt);
			return { ...result, checkTimes };
		},
	};
}

import type { INodeExecutionData, INodeParameters } from 'n8n-workflow';
import type { Sandbox } from '../../sandbox/sandbox';
import { GENERATE_EACH, inputOf } from './inputs';
import { NODE, runNodeVirtually, type NodeRun, type NodeSetup } from './runNode';
import { lastRunOf } from './runWorkflow';

/** Runs the node in Test Mode, with an invalid credential. */
export async function runTest(
	sandbox: Sandbox,
	parameters: INodeParameters = {},
	setup: NodeSetup = {},
	testMode = 'sample',
): ReturnType<typeof runNodeVirtually> {
	const { options, ...others } = parameters;
	return await runNodeVirtually(
		sandbox,
		{ ...GENERATE_EACH, ...others, options: { testMode, ...(options as INodeParameters) } },
		{ input: inputOf('one'), credential: { apiKey: '', baseUrl: 'nowhere' }, ...setup },
	);
}

export const jsonOf = ({ items }: { items: INodeExecutionData[] }) => items.map(({ json }) => json);

export const hintsOf = ({ run }: Pick<NodeRun, 'run'>) =>
	(lastRunOf(run, NODE).hints ?? []).map(({ message }) => message);

export const hintAbout = (items: string) => `Test Mode: ${items}, nothing generated`;

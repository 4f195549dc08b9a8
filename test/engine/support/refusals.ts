import type { INodeExecutionData, INodeParameters } from 'n8n-workflow';
import type { Sandbox } from '../../sandbox/sandbox';
import { GENERATE } from './inputs';
import { runNode } from './runNode';
import { useSandbox } from './useSandbox';

interface Refusals {
	sandbox: Sandbox;
	/** Returns the error message for refused parameters. Expects that no request was sent. */
	refusal(parameters: INodeParameters, item?: INodeExecutionData): Promise<string>;
}

/** Sets up tests of invalid input. */
export function useRefusals(): Refusals {
	const sandbox = useSandbox();
	return {
		sandbox,
		refusal: async (parameters, item = { json: {} }) => {
			const all = { ...GENERATE, waitForCompletion: false, ...parameters };
			const { error } = await runNode(sandbox, all, { input: [item] });
			expect(sandbox.log).toEqual([]);
			expect(error).toMatchObject({ name: 'NodeOperationError', context: { itemIndex: 0 } });
			return `${error?.message} | ${error?.description}`;
		},
	};
}

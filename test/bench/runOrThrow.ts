import { builtNodeClass } from '../engine/support/builtNode';
import { runWorkflow, type RunOptions } from '../engine/support/runWorkflow';

/**
 * Runs a workflow in n8n's engine, by default with the built node.
 *
 * @throws the error of the run, so that no failed run is measured
 */
export async function runOrThrow(options: Omit<RunOptions, 'mode'>): Promise<void> {
	const node = options.node ?? new (builtNodeClass())();
	const { data } = await runWorkflow({ ...options, node, mode: 'trigger' });
	const { error } = data.resultData;
	if (error) throw new Error(`${error.message} ${error.description ?? ''}`);
}

import { rmSync } from 'node:fs';
import type { Program } from './program';
import { until } from './until';

/** A server that n8n needs. */
export interface Service {
	program: Program;
	/** The environment variables with which n8n finds the server. */
	env: Record<string, string>;
	/** Stops the server and deletes its data. */
	remove: () => Promise<void>;
}

/**
 * Waits until a server prints `ready`.
 *
 * @throws if it does not; the server is then stopped and its folder deleted
 */
export async function serviceOf(
	program: Program,
	folder: string,
	ready: string,
	env: Service['env'],
): Promise<Service> {
	const remove = async () => {
		await program.stop();
		rmSync(folder, { recursive: true, force: true });
	};
	try {
		await until(ready, () => {
			if (program.hasEnded)
				throw new Error(`The server has stopped during its start: ${program.output}`);
			return program.output.includes(ready);
		});
	} catch (error) {
		await remove();
		throw error;
	}
	return { program, env, remove };
}

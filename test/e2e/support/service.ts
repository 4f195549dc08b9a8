import { rmSync } from 'node:fs';
import type { Program } from './program';
import { until } from './until';

/** A server that n8n needs beside it, and the folder with all that it keeps. */
export interface Service {
	program: Program;
	/** What tells n8n where it is. */
	env: Record<string, string>;
	/** Ends it and removes what it kept. */
	remove: () => Promise<void>;
}

/** A server that was just started, once it prints that it is `ready`; one that ends instead leaves nothing. */
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
			if (program.hasEnded) throw new Error(`It has ended while it started: ${program.output}`);
			return program.output.includes(ready);
		});
	} catch (error) {
		await remove();
		throw error;
	}
	return { program, env, remove };
}

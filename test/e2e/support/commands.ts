import { spawn, type SpawnOptions } from 'node:child_process';

/**
 * Runs a command to its end and returns its output.
 *
 * @throws if it fails; the error contains the end of the output
 */
export async function runCommand(
	command: string,
	args: string[],
	options: SpawnOptions = {},
): Promise<string> {
	const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
	let output = '';
	for (const stream of [child.stdout, child.stderr]) {
		stream?.on('data', (chunk: Buffer) => (output += chunk.toString()));
	}
	const code = await new Promise<number | null>((resolve, reject) => {
		child.once('error', reject);
		child.once('close', resolve);
	});
	if (code === 0) return output;
	throw new Error(`${command} ${args.join(' ')} ended with ${code}:\n${output.slice(-4_000)}`);
}

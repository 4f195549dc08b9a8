import { createInterface } from 'node:readline/promises';

/** Asks the user a yes/no question. Returns false if no reply comes, for example because stdin is closed. */
export async function ask(question: string): Promise<boolean> {
	const terminal = createInterface({ input: process.stdin, output: process.stdout });
	const closed = new Promise<string>((resolve) => terminal.once('close', () => resolve('')));
	const answer = await Promise.race([terminal.question(question), closed]);
	terminal.close();
	return /^y(es)?$/i.test(answer.trim());
}

import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The tests of `unit/` and `engine/` in one file: each mutant is a run of its own, and n8n-core, which
 * takes seconds to load, is loaded once in each instead of once per file.
 */

/** What reads the sources, which Stryker has rewritten, or the built package, which holds no mutant. */
const LEFT_OUT = ['docs', 'readme', 'package', 'contractSummary', 'sandbox', 'sandboxRules'];

/** Those that take longest come last: most mutants are dead by then. */
const SLOW = ['faults', 'schedules'];

/** Part of the paths of those to run; for a first look, as one run of all takes a minute. */
const { MUTATION_TESTS = '' } = process.env;

const TESTS = join(__dirname, '..');
const files = ['unit', 'engine']
	.flatMap((folder) => readdirSync(join(TESTS, folder)).map((file) => join(folder, file)))
	.filter((file) => file.endsWith('.test.ts') && !isOneOf(LEFT_OUT, file))
	.filter((file) => new RegExp(MUTATION_TESTS).test(file));

for (const file of [
	...files.filter((one) => !isOneOf(SLOW, one)),
	...files.filter((one) => isOneOf(SLOW, one)),
]) {
	describe(file, () => {
		jest.requireActual(join(TESTS, file));
	});
}

function isOneOf(names: string[], file: string): boolean {
	return names.some((name) => file.endsWith(`/${name}.test.ts`));
}

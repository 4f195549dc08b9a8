import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/**
 * All tests of `unit/` and `engine/` in one file. Every mutant needs a separate run; this way each run
 * loads n8n-core, which takes seconds, only once instead of once per file.
 */

/** Tests of the sources, which Stryker has changed, or of the build and the sandbox, which have no mutants. */
const EXCLUDED = ['docs', 'readme', 'package', 'contractSummary', 'sandbox', 'sandboxRules'];

/** The slowest tests, which run last: by then, most mutants are killed. */
const SLOW = ['faults', 'schedules'];

/** A pattern for the paths of the tests to run. A run of all tests takes a minute. */
const { MUTATION_TESTS = '' } = process.env;

const TESTS = join(__dirname, '..');
const files = ['unit', 'engine']
	.flatMap((folder) => readdirSync(join(TESTS, folder)).map((file) => join(folder, file)))
	.filter((file) => file.endsWith('.test.ts') && !isOneOf(EXCLUDED, file))
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

import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Runs all tests of `unit/` and `engine/` from one file. Every mutant needs a separate run; this
 * way each run loads the node only once instead of once per file.
 */

/**
 * Tests that cannot kill mutants, because they test documents, the build or the sandbox, or read the
 * sources, which Stryker changes.
 */
const EXCLUDED = ['docs', 'errorsPage', 'linearTime', 'contractSummary', 'sandbox'];

/** The slowest tests. They run last, when most mutants are already killed. */
const SLOW = ['redaction', 'faultMatrix'];

/** A pattern for the paths of the tests to run. Running all tests takes a minute. */
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

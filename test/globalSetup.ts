import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Creates a folder for all files that the tests write. `globalTeardown` removes it. */
export default function globalSetup(): void {
	process.env.OCTOPUSX_TEST_FOLDER = mkdtempSync(join(tmpdir(), 'octopusx-tests-'));
}

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** What `npm publish` would send, as npm itself lists it: sizes in bytes, paths in the package. */
export function listTarball() {
	const output = execFileSync('npm', ['pack', '--dry-run', '--json'], {
		cwd: ROOT,
		encoding: 'utf8',
	});
	const packed = JSON.parse(output);
	// npm 11 names packages by key, older ones list them
	return Array.isArray(packed) ? packed[0] : Object.values(packed)[0];
}

/** The same, packed and unpacked into a temporary folder. */
export function unpackTarball() {
	const parent = mkdtempSync(join(tmpdir(), 'octopusx-tarball-'));
	execFileSync('npm', ['pack', '--silent', '--pack-destination', parent], { cwd: ROOT });
	execFileSync('sh', ['-c', 'tar -xzf *.tgz'], { cwd: parent });
	return {
		folder: join(parent, 'package'),
		remove: () => rmSync(parent, { recursive: true, force: true }),
	};
}

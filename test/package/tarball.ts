import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const ROOT = join(__dirname, '..', '..');

interface Listing {
	files: Array<{ path: string }>;
	/** Size of the tarball, in bytes. */
	size: number;
}

/** Lists the files that `npm publish` would send, with their paths in the package. */
export function listTarball(): Listing {
	const output = execFileSync('npm', ['pack', '--dry-run', '--json'], {
		cwd: ROOT,
		encoding: 'utf8',
	});
	// npm 11 returns an object with a key per package; older versions return an array.
	return Object.values(JSON.parse(output) as Record<string, Listing>)[0] as Listing;
}

/** Packs the package with npm and unpacks it into `folder`. */
export function unpackTarball(folder: string): void {
	const parent = mkdtempSync(join(tmpdir(), 'octopusx-tarball-'));
	try {
		execFileSync('npm', ['pack', '--silent', '--pack-destination', parent], { cwd: ROOT });
		const [tarball = ''] = readdirSync(parent);
		mkdirSync(folder, { recursive: true });
		execFileSync('tar', ['-xzf', join(parent, tarball), '-C', folder, '--strip-components=1']);
	} finally {
		rmSync(parent, { recursive: true, force: true });
	}
}

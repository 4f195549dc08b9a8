import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { runCommand } from './commands';

/** The major versions of n8n that are tested: 2.x is current, 1.x is still supported. */
export type N8nMajor = 1 | 2;

interface N8nInstall {
	/** The folder that holds n8n's `node_modules`. */
	folder: string;
	/** The path of a Node.js that can run both versions of n8n. */
	node: string;
}

const NODE_VERSION = '24';
const CACHE = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'n8n-nodes-octopusx');

/**
 * Installs n8n with npm from our lock file. The first installation takes some minutes; it stays in the
 * user's cache folder for later runs and other clones.
 */
export async function installN8n(major: N8nMajor): Promise<N8nInstall> {
	const source = join(__dirname, '..', `n8n-${major}`);
	const { dependencies } = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8')) as {
		dependencies: { n8n: string };
	};
	const lock = createHash('sha256').update(readFileSync(join(source, 'package-lock.json')));
	const name = `n8n-${dependencies.n8n}-${lock.digest('hex').slice(0, 8)}`;
	const node = await installNode();
	const folder = await cached(name, `n8n ${dependencies.n8n} (3 GB)`, async (target) => {
		cpSync(source, target, { recursive: true });
		await npm(target, 'install', '--ignore-scripts');
		// SQLite is the only native part that n8n needs. It is compiled if there is no prebuilt binary.
		await npm(target, 'rebuild', 'sqlite3', '--ignore-scripts=false');
	});
	return { folder, node };
}

/** Returns the current Node.js if it can run n8n, otherwise one from npm. */
async function installNode(): Promise<string> {
	const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
	if (major === 24 || (major === 22 && minor >= 22)) return process.execPath;
	const folder = await cached(`node-${NODE_VERSION}`, `Node.js ${NODE_VERSION}`, async (target) => {
		await npm(target, 'install', '--prefix=.', '--ignore-scripts=false', `node@${NODE_VERSION}`);
	});
	return join(folder, 'node_modules', 'node', 'bin', 'node');
}

/**
 * Returns a folder in the cache that `fill` has completed, in this or an earlier run. An
 * interrupted `fill` leaves nothing behind.
 */
async function cached(
	name: string,
	description: string,
	fill: (folder: string) => Promise<void>,
): Promise<string> {
	const folder = join(CACHE, name);
	if (existsSync(folder)) return folder;
	const unfinished = `${folder}.${process.pid}`;
	mkdirSync(unfinished, { recursive: true });
	const startedAt = Date.now();
	const logProgress = () => {
		const seconds = Math.round((Date.now() - startedAt) / 1_000);
		console.log(`Installing ${description} in ${folder}, only this once: ${seconds} s`);
	};
	logProgress();
	const timer = setInterval(logProgress, 20_000);
	try {
		await fill(unfinished);
		// Another run may have completed the folder first.
		if (!existsSync(folder)) renameSync(unfinished, folder);
	} finally {
		clearInterval(timer);
		rmSync(unfinished, { recursive: true, force: true });
	}
	return folder;
}

async function npm(folder: string, ...args: string[]): Promise<void> {
	await runCommand('npm', [...args, '--no-audit', '--no-fund', '--loglevel=error'], {
		cwd: folder,
		env: { ...process.env, JOBS: 'max', PATH: pathOf(process.execPath) },
	});
}

/** Returns a PATH in which the given Node.js comes first. */
function pathOf(node: string): string {
	return [dirname(node), process.env.PATH].join(delimiter);
}

import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { runCommand } from './commands';

/** n8n 2.x is what is used today, n8n 1.123 the oldest that we support. */
export type N8nMajor = 1 | 2;

interface N8nInstall {
	/** The folder that holds n8n's `node_modules`. */
	folder: string;
	/** A Node.js that both versions of n8n run on. */
	node: string;
}

const NODE_VERSION = '24';
const CACHE = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'n8n-nodes-octopusx');

/**
 * n8n as npm installs it, from the lock file beside this folder. Kept in the user's cache folder,
 * where later runs and other clones find it; from nothing it takes some minutes.
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
		// the one native part that n8n needs; a source build where no ready one can be had
		await npm(target, 'rebuild', 'sqlite3', '--ignore-scripts=false');
	});
	return { folder, node };
}

/** This Node.js where n8n runs on it, otherwise one from npm. */
async function installNode(): Promise<string> {
	const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
	if (major === 24 || (major === 22 && minor >= 22)) return process.execPath;
	const folder = await cached(`node-${NODE_VERSION}`, `Node.js ${NODE_VERSION}`, async (target) => {
		await npm(target, 'install', '--prefix=.', '--ignore-scripts=false', `node@${NODE_VERSION}`);
	});
	return join(folder, 'node_modules', 'node', 'bin', 'node');
}

/** What `fill` puts into a folder, at once where an earlier run has done it. Never half of it. */
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
	const tell = () => {
		const seconds = Math.round((Date.now() - startedAt) / 1_000);
		console.log(`Installing ${description} into ${folder}, once: ${seconds} s`);
	};
	tell();
	const progress = setInterval(tell, 20_000);
	try {
		await fill(unfinished);
		// another run may have been faster
		if (!existsSync(folder)) renameSync(unfinished, folder);
	} finally {
		clearInterval(progress);
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

/** A search path on which the given Node.js is the first. */
function pathOf(node: string): string {
	return [dirname(node), process.env.PATH].join(delimiter);
}

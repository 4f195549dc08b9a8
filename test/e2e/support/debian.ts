import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from './commands';

const POLICY = '/usr/sbin/policy-rc.d';
const POSTGRES = '/usr/lib/postgresql';

/** Paths of the programs that the tests start, by Debian package. */
const PROGRAMS = {
	chromium: () => '/usr/bin/chromium',
	'redis-server': () => '/usr/bin/redis-server',
	postgresql: () => join(POSTGRES, newestVersion(), 'bin', 'postgres'),
};

/** Returns the folder of PostgreSQL's programs, which is not in PATH. */
export const postgresFolder = () => join(POSTGRES, newestVersion(), 'bin');
export const { chromium: chromiumPath, 'redis-server': redisPath } = PROGRAMS;

function newestVersion(): string {
	const versions = existsSync(POSTGRES) ? readdirSync(POSTGRES) : [];
	return versions.sort((a, b) => Number(b) - Number(a))[0] ?? '0';
}

/** Installs missing programs from Debian's packages. */
export async function requireDebian(): Promise<void> {
	const missing = Object.entries(PROGRAMS).flatMap(([name, path]) =>
		existsSync(path()) ? [] : [name],
	);
	if (missing.length === 0) return;
	console.log(`Installing Debian packages: ${missing.join(', ')}`);
	const isRoot = process.getuid?.() === 0;
	const apt = async (...args: string[]) => {
		const command = ['apt-get', '-qq', ...args];
		const [program = '', ...rest] = isRoot ? command : ['sudo', ...command];
		await runCommand(program, rest, {
			env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
		});
	};
	const keepServicesFromStarting = isRoot && !existsSync(POLICY);
	if (keepServicesFromStarting) writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
	try {
		await apt('update');
		await apt('install', '-y', '--no-install-recommends', 'fonts-liberation', ...missing);
	} finally {
		if (keepServicesFromStarting) rmSync(POLICY);
	}
}

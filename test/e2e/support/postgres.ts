import { chownSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from './commands';
import { postgresFolder } from './debian';
import { freePort } from './freePort';
import { temporaryFolder } from './n8n';
import { Program } from './program';
import { serviceOf, type Service } from './service';

const USER = 'n8n';

/** Starts Debian's PostgreSQL on 127.0.0.1 with an empty database. All its files are in a temporary folder. */
export async function startPostgres(): Promise<Service> {
	const folder = temporaryFolder();
	const data = join(folder, 'data');
	const port = String(await freePort());
	const owner = await serverUser();
	if (owner) chownSync(folder, owner.uid, owner.gid);
	const options = { cwd: folder, ...owner };
	const binary = (name: string) => join(postgresFolder(), name);
	try {
		await runCommand(
			binary('initdb'),
			['-D', data, '-U', USER, '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync'],
			options,
		);
	} catch (error) {
		rmSync(folder, { recursive: true, force: true });
		throw error;
	}
	// The data need not survive a crash of the machine, and without fsync the tests do not wait for the disk.
	const settings = [`unix_socket_directories=${folder}`, 'fsync=off', 'max_connections=50'];
	const program = new Program(
		binary('postgres'),
		['-D', data, '-h', '127.0.0.1', '-p', port, ...settings.flatMap((one) => ['-c', one])],
		options,
	);
	return await serviceOf(program, folder, 'database system is ready to accept connections', {
		DB_TYPE: 'postgresdb',
		DB_POSTGRESDB_HOST: '127.0.0.1',
		DB_POSTGRESDB_PORT: port,
		DB_POSTGRESDB_USER: USER,
		DB_POSTGRESDB_DATABASE: 'postgres',
	});
}

/**
 * Returns the user to run PostgreSQL as. PostgreSQL refuses to run as root; in that case this is
 * Debian's `postgres` user.
 */
async function serverUser(): Promise<{ uid: number; gid: number } | undefined> {
	if (process.getuid?.() !== 0) return undefined;
	const ask = async (flag: string) => Number(await runCommand('id', [flag, 'postgres']));
	return { uid: await ask('-u'), gid: await ask('-g') };
}

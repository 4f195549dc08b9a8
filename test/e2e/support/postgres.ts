import { chownSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from './commands';
import { postgresFolder } from './debian';
import { freePort } from './freePort';
import { temporaryFolder } from './n8n';
import { Program } from './program';
import { serviceOf, type Service } from './service';

const USER = 'n8n';

/** Debian's PostgreSQL with an empty database, on loopback; its socket is in its own folder too. */
export async function startPostgres(): Promise<Service> {
	const folder = temporaryFolder();
	const data = join(folder, 'data');
	const port = String(await freePort());
	const owner = await serverUser();
	if (owner) chownSync(folder, owner.uid, owner.gid);
	const options = { cwd: folder, ...owner };
	const of = (name: string) => join(postgresFolder(), name);
	try {
		await runCommand(
			of('initdb'),
			['-D', data, '-U', USER, '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync'],
			options,
		);
	} catch (error) {
		rmSync(folder, { recursive: true, force: true });
		throw error;
	}
	// its data need not outlive the machine, and the tests should not wait for a disk
	const settings = [`unix_socket_directories=${folder}`, 'fsync=off', 'max_connections=50'];
	const program = new Program(
		of('postgres'),
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

/** PostgreSQL refuses to run as root: the user that Debian made for it then, oneself otherwise. */
async function serverUser(): Promise<{ uid: number; gid: number } | undefined> {
	if (process.getuid?.() !== 0) return undefined;
	const ask = async (flag: string) => Number(await runCommand('id', [flag, 'postgres']));
	return { uid: await ask('-u'), gid: await ask('-g') };
}

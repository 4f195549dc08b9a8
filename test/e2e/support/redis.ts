import { redisPath } from './debian';
import { freePort } from './freePort';
import { temporaryFolder } from './n8n';
import { Program } from './program';
import { serviceOf, type Service } from './service';

/** Starts Debian's Redis on 127.0.0.1, without persistence. */
export async function startRedis(): Promise<Service> {
	const folder = temporaryFolder();
	const port = String(await freePort());
	const where = ['--bind', '127.0.0.1', '--port', port, '--dir', folder];
	const program = new Program(redisPath(), [...where, '--save', '', '--appendonly', 'no'], {
		cwd: folder,
	});
	return await serviceOf(program, folder, 'Ready to accept connections', {
		QUEUE_BULL_REDIS_HOST: '127.0.0.1',
		QUEUE_BULL_REDIS_PORT: port,
	});
}

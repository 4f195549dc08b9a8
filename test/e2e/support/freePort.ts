import { createServer, type AddressInfo } from 'node:net';

/** Finds a free port on 127.0.0.1, if possible the preferred one. */
export async function freePort(preferred = 0): Promise<number> {
	const server = createServer();
	try {
		await new Promise<void>((resolve, reject) => {
			server.once('error', reject);
			server.listen(preferred, '127.0.0.1', resolve);
		});
	} catch (error) {
		if (preferred) return await freePort();
		throw error;
	}
	const { port } = server.address() as AddressInfo;
	await new Promise((resolve) => server.close(resolve));
	return port;
}

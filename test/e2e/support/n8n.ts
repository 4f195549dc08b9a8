import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unpackTarball } from '../../package/tarball';
import { freePort } from './freePort';
import { installN8n, type N8nMajor } from './install';
import { N8nApi } from './n8nApi';
import { Program } from './program';
import { until } from './until';

export interface N8nOptions {
	major?: N8nMajor;
	/** The folder for all data of n8n. Default: a temporary folder. */
	userFolder?: string;
	port?: number;
	env?: Record<string, string>;
}

const START_TIMEOUT_S = 180;

/** A running n8n in which this package is installed as a user would install it. */
export class N8n {
	private constructor(
		readonly api: N8nApi,
		readonly program: Program,
		readonly userFolder: string,
	) {}

	get url(): string {
		return this.api.url;
	}

	/** Starts n8n and logs in as its owner. The default port is a free one. */
	static async start(options: N8nOptions = {}): Promise<N8n> {
		const userFolder = options.userFolder ?? temporaryFolder();
		installPackage(userFolder);
		const port = options.port ?? (await freePort());
		const program = await run('start', userFolder, {
			...options,
			env: { N8N_PORT: String(port), ...options.env },
		});
		const n8n = new N8n(new N8nApi(`http://127.0.0.1:${port}`), program, userFolder);
		try {
			await n8n.ready();
			await n8n.api.logIn();
		} catch (error) {
			await program.stop();
			throw new Error(`${(error as Error).message}\n${program.output.slice(-4_000)}`);
		}
		return n8n;
	}

	/** Stops n8n and deletes its data. */
	async remove(): Promise<void> {
		await this.program.stop();
		rmSync(this.userFolder, { recursive: true, force: true });
	}

	private async ready(): Promise<void> {
		await until(
			'n8n to be ready',
			async () => {
				if (this.program.hasEnded) throw new Error('n8n has stopped during its start');
				return await this.isReady();
			},
			START_TIMEOUT_S,
		);
	}

	/** A health check is not enough, because n8n reports health before its API is available. */
	private async isReady(): Promise<boolean> {
		try {
			const health = await fetch(`${this.url}/healthz/readiness`);
			if (!health.ok) return false;
			const login = await fetch(`${this.url}/rest/login`, { method: 'POST' });
			return login.status !== 404;
		} catch {
			return false;
		}
	}
}

export function temporaryFolder(): string {
	return mkdtempSync(join(tmpdir(), 'octopusx-e2e-'));
}

/** Installs the packed package as n8n's *Settings → Community Nodes → Install* does. */
export function installPackage(userFolder: string): void {
	const nodes = join(userFolder, '.n8n', 'nodes');
	const name = 'n8n-nodes-octopusx';
	rmSync(nodes, { recursive: true, force: true });
	mkdirSync(nodes, { recursive: true });
	unpackTarball(join(nodes, 'node_modules', name));
	writeFileSync(
		join(nodes, 'package.json'),
		JSON.stringify({ name: 'installed-nodes', private: true, dependencies: { [name]: '*' } }),
	);
}

/** Runs a command of n8n. The command inherits no environment variable except PATH. */
export async function run(
	command: 'start' | 'worker',
	userFolder: string,
	{ major = 2, env }: N8nOptions,
): Promise<Program> {
	const { folder, node } = await installN8n(major);
	return new Program(node, [join(folder, 'node_modules', 'n8n', 'bin', 'n8n'), command], {
		cwd: userFolder,
		env: {
			PATH: process.env.PATH,
			HOME: userFolder,
			N8N_USER_FOLDER: userFolder,
			N8N_LISTEN_ADDRESS: '127.0.0.1',
			N8N_RUNNERS_BROKER_PORT: String(await freePort()),
			N8N_SECURE_COOKIE: 'false',
			N8N_DIAGNOSTICS_ENABLED: 'false',
			N8N_VERSION_NOTIFICATIONS_ENABLED: 'false',
			N8N_TEMPLATES_ENABLED: 'false',
			N8N_PERSONALIZATION_ENABLED: 'false',
			N8N_HIRING_BANNER_ENABLED: 'false',
			N8N_ENFORCE_SETTINGS_FILE_PERMISSIONS: 'true',
			N8N_LOG_LEVEL: 'info',
			...env,
		},
	});
}

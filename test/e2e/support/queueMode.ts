import { rmSync } from 'node:fs';
import { installPackage, N8n, run, temporaryFolder, type N8nOptions } from './n8n';
import { startPostgres } from './postgres';
import type { Program } from './program';
import { startRedis } from './redis';
import type { Service } from './service';
import { until } from './until';

/** The number of executions that a worker runs at once. It is low, so that each worker gets some. */
export const PER_WORKER = 5;

/** n8n in queue mode: a main process and workers, each with its own folder, and shared services. */
export class QueueMode {
	/** The main process. */
	n8n!: N8n;
	private readonly services: Service[] = [];
	private readonly folders: string[] = [];
	private readonly started: Worker[] = [];
	private env: Record<string, string> = {};

	private constructor(private readonly options: Pick<N8nOptions, 'major'>) {}

	/** Starts Redis, PostgreSQL and n8n's main process, but no workers. */
	static async start({ env, ...options }: N8nOptions = {}): Promise<QueueMode> {
		const queue = new QueueMode(options);
		try {
			queue.services.push(await startRedis());
			queue.services.push(await startPostgres());
			queue.env = {
				EXECUTIONS_MODE: 'queue',
				N8N_ENCRYPTION_KEY: 'only-for-tests',
				N8N_STORAGE_PATH: queue.folder(),
				...Object.assign({}, ...queue.services.map((service) => service.env)),
				...env,
			};
			queue.n8n = await N8n.start({ ...options, env: queue.env });
		} catch (error) {
			await queue.remove();
			throw error;
		}
		return queue;
	}

	/**
	 * Ensures that exactly `count` workers run with these settings. Keeps running workers with the
	 * same settings, because a start takes longer than most tests, and clears their logs.
	 */
	async workers(count: number, env: Record<string, string> = {}): Promise<Worker[]> {
		const isWanted = (worker: Worker) => JSON.stringify(worker.env) === JSON.stringify(env);
		const running = this.started.filter(({ program }) => !program.hasEnded);
		const kept = running.filter(isWanted).slice(0, count);
		await Promise.all(
			running
				.filter((worker) => !kept.includes(worker))
				.map(async ({ program }) => await program.stop()),
		);
		for (const { program } of kept) program.output = '';
		const missing = Array.from({ length: count - kept.length });
		return [...kept, ...(await Promise.all(missing.map(async () => await this.startWorker(env))))];
	}

	/** Stops everything and deletes all data. */
	async remove(): Promise<void> {
		// In this order, every process still has the services that it uses when it stops.
		await Promise.all(this.started.map(async ({ program }) => await program.stop()));
		await this.n8n?.remove();
		for (const service of this.services) await service.remove();
		for (const folder of this.folders) rmSync(folder, { recursive: true, force: true });
	}

	private async startWorker(env: Record<string, string>): Promise<Worker> {
		const folder = this.folder();
		installPackage(folder);
		const program = await run('worker', folder, {
			...this.options,
			env: { ...this.env, N8N_CONCURRENCY_PRODUCTION_LIMIT: String(PER_WORKER), ...env },
		});
		const worker = new Worker(program, env);
		this.started.push(worker);
		await until(
			'the worker to be ready',
			() => {
				if (program.hasEnded)
					throw new Error(`The worker has stopped: ${program.output.slice(-4_000)}`);
				return program.output.includes('n8n worker is now ready');
			},
			180,
		);
		return worker;
	}

	private folder(): string {
		const folder = temporaryFolder();
		this.folders.push(folder);
		return folder;
	}
}

/** A worker of n8n, with what its log says. */
export class Worker {
	constructor(
		readonly program: Program,
		readonly env: Record<string, string>,
	) {}

	/** The IDs of the executions that the worker has started. */
	get executions(): string[] {
		return this.idsAfter('Worker started execution');
	}

	/** The IDs of the tasks that the worker has created. */
	get tasks(): string[] {
		return this.idsAfter('OctopusX task');
	}

	private idsAfter(words: string): string[] {
		const found = this.program.output.matchAll(new RegExp(`${words} (\\S+)`, 'g'));
		return [...found].map(([, id]) => id as string);
	}
}

import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Writable } from 'node:stream';

/**
 * Runs a program and kills its process group when file descriptor 3 closes. The tests hold the other
 * end, so all programs end with them, even after a crash.
 */
const RUN_WHILE_FD3_IS_OPEN = '(cat <&3; kill -KILL 0) >/dev/null 2>&1 & exec "$@" 3<&-';

/** A program that the tests have started, with its child processes and their output. */
export class Program {
	/** What the program has printed to stdout and stderr so far. */
	output = '';
	private readonly child: ChildProcess;
	private readonly ended: Promise<void>;

	constructor(command: string, args: string[], options: SpawnOptions) {
		this.child = spawn('sh', ['-c', RUN_WHILE_FD3_IS_OPEN, 'sh', command, ...args], {
			...options,
			detached: true,
			stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
		});
		for (const stream of [this.child.stdout, this.child.stderr]) {
			stream?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
		}
		this.ended = new Promise((resolve) => this.child.once('exit', () => resolve()));
		const fd3 = this.child.stdio[3] as Writable;
		fd3.on('error', () => {});
		void this.ended.then(() => fd3.destroy());
	}

	get hasEnded(): boolean {
		return this.child.exitCode !== null || this.child.signalCode !== null;
	}

	/** The exit code of the program; `null` while it runs, or if a signal ended it. */
	get exitCode(): number | null {
		return this.child.exitCode;
	}

	/** The resident memory of the program, without its child processes. */
	get residentBytes(): number {
		const status = readFileSync(`/proc/${this.child.pid}/status`, 'utf8');
		return 1_024 * Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]);
	}

	/** Sends SIGINT, as Ctrl-C does. */
	async interrupt(): Promise<void> {
		this.signal('SIGINT');
		await this.ended;
	}

	/** Sends SIGKILL, which leaves no time for a clean shutdown, like a crash. */
	async kill(): Promise<void> {
		this.signal('SIGKILL');
		await this.ended;
	}

	/** Shuts the program down with SIGTERM, or with SIGKILL if that takes longer than `seconds`. */
	async stop(seconds = 40): Promise<void> {
		const timer = setTimeout(() => this.signal('SIGKILL'), seconds * 1_000);
		this.signal('SIGTERM');
		await this.ended;
		clearTimeout(timer);
	}

	/** Signals the program and all its child processes. */
	private signal(signal: NodeJS.Signals): void {
		if (this.hasEnded) return;
		process.kill(-(this.child.pid as number), signal);
	}
}

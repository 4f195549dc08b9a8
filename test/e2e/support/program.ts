import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Writable } from 'node:stream';

/**
 * Runs a program whose whole process group dies when file descriptor 3 closes. This process holds
 * the other end: however it ends, what it started ends too.
 */
const LEASHED = '(cat <&3; kill -KILL 0) >/dev/null 2>&1 & exec "$@" 3<&-';

/** A program that was started here, with all that it starts in turn, and what they print. */
export class Program {
	/** What it printed so far. */
	output = '';
	private readonly child: ChildProcess;
	private readonly ended: Promise<void>;

	constructor(command: string, args: string[], options: SpawnOptions) {
		this.child = spawn('sh', ['-c', LEASHED, 'sh', command, ...args], {
			...options,
			detached: true,
			stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
		});
		for (const stream of [this.child.stdout, this.child.stderr]) {
			stream?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
		}
		this.ended = new Promise((resolve) => this.child.once('exit', () => resolve()));
		const leash = this.child.stdio[3] as Writable;
		leash.on('error', () => {});
		void this.ended.then(() => leash.destroy());
	}

	get hasEnded(): boolean {
		return this.child.exitCode !== null || this.child.signalCode !== null;
	}

	/** What it ended with, where it ended by itself. */
	get exitCode(): number | null {
		return this.child.exitCode;
	}

	/** Memory of the program itself, without what it has started. */
	get residentBytes(): number {
		const status = readFileSync(`/proc/${this.child.pid}/status`, 'utf8');
		return 1_024 * Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]);
	}

	/** Ctrl-C at its terminal. */
	async interrupt(): Promise<void> {
		this.signal('SIGINT');
		await this.ended;
	}

	/** As a crash or a power cut would: no time to put anything in order. */
	async kill(): Promise<void> {
		this.signal('SIGKILL');
		await this.ended;
	}

	/** Lets it put things in order first; the time for that is limited. */
	async stop(seconds = 40): Promise<void> {
		const limit = setTimeout(() => this.signal('SIGKILL'), seconds * 1_000);
		this.signal('SIGTERM');
		await this.ended;
		clearTimeout(limit);
	}

	/** To the program and all that it has started. */
	private signal(signal: NodeJS.Signals): void {
		if (this.hasEnded) return;
		process.kill(-(this.child.pid as number), signal);
	}
}

import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';

/** A program that was started here, with all that it starts in turn, and what they print. */
export class Program {
	/** What it printed so far. */
	output = '';
	private readonly ended: Promise<void>;
	private readonly child: ChildProcess;

	constructor(command: string, args: string[], options: SpawnOptions) {
		// a group of its own: whatever it starts ends with it
		this.child = spawn(command, args, {
			...options,
			detached: true,
			stdio: ['ignore', 'pipe', 'pipe'],
		});
		for (const stream of [this.child.stdout, this.child.stderr]) {
			stream?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
		}
		this.ended = new Promise((resolve) => {
			this.child.once('error', (error) => {
				this.output += error.message;
				resolve();
			});
			this.child.once('close', () => resolve());
		});
	}

	get hasEnded(): boolean {
		const { exitCode, signalCode, pid } = this.child;
		return pid === undefined || exitCode !== null || signalCode !== null;
	}

	/** Memory in use by the program itself, in bytes. */
	get pid(): number | undefined {
		return this.child.pid;
	}

	/** As a crash or a power cut would: no time to put anything in order. */
	async kill(): Promise<void> {
		await this.end('SIGKILL');
	}

	/** Lets it put things in order first; the time for that is limited. */
	async stop(seconds = 40): Promise<void> {
		const limit = setTimeout(() => this.signal('SIGKILL'), seconds * 1_000);
		await this.end('SIGTERM');
		clearTimeout(limit);
		// what outlived its parent
		this.signal('SIGKILL');
	}

	private async end(signal: NodeJS.Signals): Promise<void> {
		if (!this.hasEnded) this.signal(signal);
		await this.ended;
	}

	private signal(signal: NodeJS.Signals): void {
		if (this.child.pid === undefined) return;
		try {
			process.kill(-this.child.pid, signal);
		} catch {
			// the group has ended
		}
	}
}

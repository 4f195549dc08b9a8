/** Lets at most `limit` pieces of work run at a time, first come, first served. */
export class Limiter {
	private running = 0;
	private readonly waiting: Array<() => void> = [];

	constructor(private readonly limit: number) {}

	async run<T>(work: () => Promise<T>): Promise<T> {
		await new Promise<void>((start) => {
			this.waiting.push(start);
			this.admit();
		});
		try {
			return await work();
		} finally {
			this.running--;
			this.admit();
		}
	}

	private admit(): void {
		if (this.running >= this.limit) return;
		const start = this.waiting.shift();
		if (!start) return;
		this.running++;
		start();
	}
}

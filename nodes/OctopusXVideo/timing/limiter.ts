/** Runs at most `limit` functions at a time, in the order of their arrival. */
export class Limiter {
	private running = 0;
	private readonly waiting: Array<() => void> = [];

	constructor(private readonly limit: number) {}

	async run<T>(work: () => Promise<T>): Promise<T> {
		if (this.running >= this.limit) await new Promise<void>((start) => this.waiting.push(start));
		else this.running++;
		try {
			return await work();
		} finally {
			// hands its place to the next in line, so that no other can overtake it
			const next = this.waiting.shift();
			if (next) next();
			else this.running--;
		}
	}
}

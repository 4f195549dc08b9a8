/** Runs at most `limit` tasks at a time, in the order of their arrival. */
export class Limiter {
	private running = 0;
	private readonly waiting: Array<() => void> = [];
	/** The first in line. Removing it from a long array would move all others each time. */
	private first = 0;

	constructor(private readonly limit: number) {}

	async run<T>(work: () => Promise<T>): Promise<T> {
		if (this.running >= this.limit) await new Promise<void>((start) => this.waiting.push(start));
		else this.running++;
		try {
			return await work();
		} finally {
			// passes its place on, so that nobody can overtake the next in line
			const next = this.waiting[this.first++];
			if (next) {
				next();
			} else {
				this.waiting.length = this.first = 0;
				this.running--;
			}
		}
	}
}

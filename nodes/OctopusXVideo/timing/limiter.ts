/** Runs at most `limit` functions at a time, in the order of their arrival. */
export class Limiter {
	private running = 0;
	private readonly waiting: Array<() => void> = [];
	/** Index of the next one in `waiting`. Removing it from a long array would move all others each time. */
	private first = 0;

	constructor(private readonly limit: number) {}

	async run<T>(work: () => Promise<T>): Promise<T> {
		if (this.running >= this.limit) await new Promise<void>((start) => this.waiting.push(start));
		else this.running++;
		try {
			return await work();
		} finally {
			// hands its place to the next in line, so that no other can overtake it
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

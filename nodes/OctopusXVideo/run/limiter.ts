/**
 * Lets work run while what it costs fits into a capacity, first come, first served. Work that costs
 * more than the whole capacity runs alone.
 */
export class Limiter {
	private inUse = 0;
	private readonly waiting: Array<{ cost: number; start: () => void }> = [];

	constructor(private readonly capacity: number) {}

	async run<T>(cost: number, work: () => Promise<T>): Promise<T> {
		await new Promise<void>((start) => {
			this.waiting.push({ cost, start });
			this.admit();
		});
		try {
			return await work();
		} finally {
			this.inUse -= cost;
			this.admit();
		}
	}

	private admit(): void {
		for (;;) {
			const next = this.waiting[0];
			if (!next || (this.inUse > 0 && this.inUse + next.cost > this.capacity)) return;
			this.waiting.shift();
			this.inUse += next.cost;
			next.start();
		}
	}
}

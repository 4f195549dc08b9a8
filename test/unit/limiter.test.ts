import { Limiter } from '../../nodes/OctopusXVideo/run/limiter';

const turns = async (count: number) => {
	for (let turn = 0; turn < count; turn++) await Promise.resolve();
};

test.each([
	[0, 3],
	[1, 3],
	[3, 3],
	[10, 3],
	[10, 1],
])('%p pieces of work, %p at a time, first come first served', async (count, limit) => {
	const limiter = new Limiter(limit);
	const started: number[] = [];
	let running = 0;
	let most = 0;
	await Promise.all(
		Array.from({ length: count }, async (_, index) => {
			await limiter.run(1, async () => {
				started.push(index);
				most = Math.max(most, ++running);
				// later ones are faster, so places are freed out of order
				await turns(count - index);
				running--;
			});
		}),
	);
	expect(started).toEqual(Array.from({ length: count }, (_, n) => n));
	expect(most).toBe(Math.min(count, limit));
});

test('work that fails frees its place', async () => {
	const limiter = new Limiter(1);
	await expect(limiter.run(1, async () => await Promise.reject(new Error('no')))).rejects.toThrow();
	expect(await limiter.run(1, async () => 'next')).toBe('next');
});

test('costs add up to the capacity, what costs nothing always runs, what costs too much runs alone', async () => {
	const limiter = new Limiter(10);
	let inUse = 0;
	const seen: number[] = [];
	const work = async (cost: number) =>
		await limiter.run(cost, async () => {
			inUse += cost;
			seen.push(inUse);
			await turns(5);
			inUse -= cost;
		});
	await Promise.all([6, 4, 4, 25, 0, 10, 1].map(work));
	expect(Math.max(...seen.filter((cost) => cost !== 25))).toBeLessThanOrEqual(10);
	expect(seen).toContain(25);
	expect(seen).toHaveLength(7);
});

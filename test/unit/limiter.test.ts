import { Limiter } from '../../nodes/OctopusXVideo/timing/limiter';

const turns = async (count: number) => {
	for (let turn = 0; turn < count; turn++) await Promise.resolve();
};

test.each([
	[0, 3],
	[1, 3],
	[3, 3],
	[10, 3],
	[10, 1],
])('a limiter starts %p pieces of work in order, at most %p at a time', async (count, limit) => {
	const limiter = new Limiter(limit);
	const started: number[] = [];
	let running = 0;
	let most = 0;
	await Promise.all(
		Array.from({ length: count }, async (_, index) => {
			await limiter.run(async () => {
				started.push(index);
				most = Math.max(most, ++running);
				// Later pieces of work are faster, so they finish out of order.
				await turns(count - index);
				running--;
			});
		}),
	);
	expect(started).toEqual(Array.from({ length: count }, (_, n) => n));
	expect(most).toBe(Math.min(count, limit));
});

test('a limiter starts the next piece of work after one has failed', async () => {
	const limiter = new Limiter(1);
	await expect(limiter.run(async () => await Promise.reject(new Error('no')))).rejects.toThrow();
	expect(await limiter.run(async () => 'next')).toBe('next');
});

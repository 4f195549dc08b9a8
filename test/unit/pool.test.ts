import { runPool } from '../../nodes/OctopusXVideo/run/pool';

test.each([
	[0, 3],
	[1, 3],
	[3, 3],
	[10, 3],
	[10, 1],
])('%p pieces of work, %p at a time', async (count, limit) => {
	const done: number[] = [];
	let running = 0;
	let most = 0;
	await runPool(count, limit, async (index) => {
		most = Math.max(most, ++running);
		// later ones are faster, so places are freed out of order
		for (let turn = index; turn < count; turn++) await Promise.resolve();
		running--;
		done.push(index);
	});
	expect([...done].sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, n) => n));
	expect(most).toBe(Math.min(count, limit));
});

/**
 * Calls `work` once for each number from 0 to `count - 1`, at most `limit` at a time; whichever
 * finishes frees its place for the next. `work` must not reject.
 */
export async function runPool(
	count: number,
	limit: number,
	work: (index: number) => Promise<void>,
): Promise<void> {
	let next = 0;
	const worker = async () => {
		while (next < count) await work(next++);
	};
	await Promise.all(Array.from({ length: Math.min(limit, count) }, worker));
}

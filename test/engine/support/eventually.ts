const MAX_ROUNDS = 1_000;

/** Repeats an assertion until it holds, for effects that come a moment later, such as a closed connection. */
export async function eventually(check: () => void): Promise<void> {
	for (let round = 0; round < MAX_ROUNDS; round++) {
		try {
			return check();
		} catch {
			await new Promise((resolve) => setImmediate(resolve));
		}
	}
	check();
}

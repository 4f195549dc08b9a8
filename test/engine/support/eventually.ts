const MAX_ROUNDS = 1_000;

/** For what happens a moment later, such as that a server sees a connection end. */
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

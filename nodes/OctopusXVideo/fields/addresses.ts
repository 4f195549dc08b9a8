const START = /^(https?:\/\/|data:\w+\/)/i;
const HOLDS_ANOTHER = /^https?:\/\/.*https?:\/\//i;

/** Within one word; runs of separators are cut off at both of its ends only. */
const BETWEEN = /[,;](?=https?:\/\/|data:\w+\/)/i;
const AROUND = /^[,;]{1,9}|[,;]{1,9}$/g;

/**
 * The addresses in a text that was typed or pasted: one, or those of a list with commas, semicolons,
 * spaces or lines between them. Words behind an address stay with it.
 *
 * A comma is legal within an address, and so is another address, in its path or its query: one that
 * holds others is not taken apart at its commas.
 */
export function addressesIn(text: string): string[] {
	const words = text.trim().split(/\s+/);
	const addresses: string[][] = [];
	for (const word of words) {
		const bare = words.length > 1 ? word.replace(AROUND, '') : word;
		if (START.test(bare)) addresses.push(...takenApart(bare).map((part) => [part]));
		else if (addresses.length === 0) addresses.push([word]);
		else if (bare !== '') addresses.at(-1)?.push(word);
	}
	return addresses.length > 1 ? addresses.map((parts) => parts.join('\n')) : [text.trim()];
}

function takenApart(word: string): string[] {
	const parts = word.split(BETWEEN);
	return HOLDS_ANOTHER.test(String(parts[0])) ? [word] : parts;
}

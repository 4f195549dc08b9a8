/** What people put between two addresses. */
const SEPARATOR = /[\s,;]+(?=https?:\/\/|data:\w+\/)/i;

/**
 * The addresses in a text that was typed or pasted: one, or those of a list with commas, semicolons,
 * spaces or lines between them.
 *
 * A comma is legal within an address, and so is another address, in its path or its query: one that
 * holds others is not taken apart at its commas.
 */
export function addressesIn(text: string): string[] {
	const addresses = text.trim().split(SEPARATOR);
	const isNesting = /^https?:\/\/.*https?:\/\//i.test(addresses[0] ?? '');
	return isNesting ? text.trim().split(/[\s,;]*\s[\s,;]*(?=https?:\/\/|data:\w+\/)/i) : addresses;
}

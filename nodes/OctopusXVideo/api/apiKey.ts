/**
 * What is no part of a key, such as the invisible characters that come along when it is pasted: no
 * header could hold them.
 */
const NOT_IN_A_KEY = /[^\x21-\x7e]/g;

/** The key as it is sent, and as it is hidden in all that is shown. */
export function cleanKey(apiKey: unknown): string {
	return typeof apiKey === 'string' ? apiKey.replace(NOT_IN_A_KEY, '') : '';
}

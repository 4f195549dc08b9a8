const MAX_QUOTE_LENGTH = 500;
/** Enough for a quote after what is replaced in it; bounds the work for texts of any size. */
const MAX_READ_LENGTH = 2_000;

/** No key is that short: it would only spoil texts and IDs that happen to hold it. */
const MIN_KEY_LENGTH = 8;

/** @param apiKey as it is sent; one that is too short for a key hides nothing */
export function hideKey(text: string, apiKey: string): string {
	return apiKey.length < MIN_KEY_LENGTH ? text : text.split(apiKey).join('***');
}

export type Redact = (text: string) => string;

/**
 * Makes text from outside safe to show: without the key, bearer tokens and file contents, and short.
 *
 * @param apiKey as it is sent, so without white space around it
 */
export function createRedact(apiKey: string): Redact {
	return (text) => {
		// a text that is cut may end in a part of the key: its last word goes
		const start =
			text.length > MAX_READ_LENGTH ? text.slice(0, MAX_READ_LENGTH).replace(/\S*$/, '') : text;
		const safe = hideKey(start, apiKey)
			.replace(/Bearer\s+\S+/gi, 'Bearer ***')
			.replace(/data:[^\s"',]*,[^\s"']*/gi, 'data:***');
		return safe.length > MAX_QUOTE_LENGTH ? `${safe.slice(0, MAX_QUOTE_LENGTH)}…` : safe;
	};
}

const MAX_QUOTE_LENGTH = 500;
/** Whole as the answers of the API go, and short enough for an error. */
export const WHOLE_ANSWER_LENGTH = 4_000;
/** Enough for a quote after what is replaced in it; bounds the work for texts of any size. */
const READ_FACTOR = 4;

/** No key is that short: it would only spoil texts and IDs that happen to hold it. */
const MIN_KEY_LENGTH = 8;

/** @param apiKey as it is sent; one that is too short for a key hides nothing */
export function hideKey(text: string, apiKey: string): string {
	return apiKey.length < MIN_KEY_LENGTH ? text : text.split(apiKey).join('***');
}

/** @param maxLength in characters; what is longer is cut */
export type Redact = (text: string, maxLength?: number) => string;

/**
 * Makes text from outside safe to show: without the key, bearer tokens and file contents, and short.
 *
 * @param apiKey as it is sent
 */
export function createRedact(apiKey: string): Redact {
	return (text, maxLength = MAX_QUOTE_LENGTH) => {
		const readable = maxLength * READ_FACTOR;
		const start = hideKey(text.slice(0, readable), apiKey);
		// a text that is cut may end in a part of the key
		const isCut = text.length > readable;
		const safe = (isCut ? start.slice(0, start.length - apiKey.length) : start)
			.replace(/Bearer\s+\S+/gi, 'Bearer ***')
			.replace(/data:[^\s"',]*,[^\s"']*/gi, 'data:***');
		return safe.length > maxLength ? `${safe.slice(0, maxLength)}…` : safe;
	};
}

/** Where services put their words, most telling first. */
const WORDS = ['message', 'msg', 'reason', 'detail', 'details', 'error', 'errors'];
const MAX_DEPTH = 5;
const MAX_REASONS = 3;

/** What an error says of itself, of whatever form it is: a text, an object, one in another, a list. */
export function reasonIn(error: unknown, depth = 0): string {
	if (!isObject(error)) return textOf(error);
	if (depth === MAX_DEPTH) return '';
	const parts = Array.isArray(error) ? error : WORDS.map((name) => error[name]);
	const reasons = parts.map((part) => reasonIn(part, depth + 1)).filter((text) => text !== '');
	return reasons.slice(0, Array.isArray(error) ? MAX_REASONS : 1).join('; ');
}

/** The code of an error, or of the one in it that is the first to have one. */
export function codeIn(error: unknown, depth = 0): string {
	if (depth === MAX_DEPTH) return '';
	if (Array.isArray(error)) return codeIn(error[0], depth + 1);
	return isObject(error) ? textOf(error.code) || codeIn(error.error, depth + 1) : '';
}

function isObject(value: unknown): value is Record<string, unknown> {
	return typeof value === 'object' && value !== null;
}

/** A text or a number as text; empty for anything else. */
export function textOf(value: unknown): string {
	return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

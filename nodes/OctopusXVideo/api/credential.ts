/** Everything that is not part of a key, such as invisible characters pasted along with it. */
const NOT_IN_A_KEY = /[^\x21-\x7e]/g;

/** What precedes a key in the header of a request. Bounded, so that it is linear. */
const HEADER = /^(authorization["'\s:]{1,9})?(bearer([\s:]{1,9}|$)){0,3}/i;

/** Invisible characters that are copied along, such as zero-width spaces and directional marks. */
export const INVISIBLE = /\p{Cf}/gu;

/** Quotes, angle brackets and separators around a value. Bounded, so that it is linear. */
export const AROUND = /^["'`“”„‘’‚«»<\s]{1,9}|["'`“”„‘’‚«»>,;\s]{1,9}$/g;

/** A shorter text is no key: hiding it would only spoil texts and IDs that happen to contain it. */
const MIN_KEY_LENGTH = 8;

/** What people paste after the host: trailing slashes, `/v1`, or both. Bounded, so that it is linear. */
export const BASE_URL_SUFFIX = /\/{0,9}(\/v1)?\/{0,9}$/;

/** The API key as it is sent in the header, and as it is hidden. */
export function cleanKey(apiKey: unknown): string {
	if (typeof apiKey !== 'string') return '';
	const key = cleanValue(apiKey).replace(HEADER, '');
	return cleanValue(key).replace(NOT_IN_A_KEY, '');
}

/** A pasted ID or address without what was copied along with it. */
export function cleanValue(text: string): string {
	return text.replace(INVISIBLE, '').trim().replace(AROUND, '');
}

/**
 * The address that all API paths are appended to.
 *
 * @param baseUrl as typed into the credential; a trailing `/` or `/v1` is ignored
 * @returns `undefined` if it is not an http(s) address, if it has a query or a fragment, which would
 * swallow the path, or a user name, which would be sent instead of the key
 */
export function normalizeBaseUrl(baseUrl: unknown): string | undefined {
	if (typeof baseUrl !== 'string') return undefined;
	const address = cleanValue(baseUrl).replace(BASE_URL_SUFFIX, '');
	if (!/^https?:\/\/[^?#]+$/i.test(address) || !URL.canParse(address)) return undefined;
	const { username, password } = new URL(address);
	return username === '' && password === '' ? address : undefined;
}

/**
 * True for an address of the API that opens with the key only, at whatever host: that of a video's file,
 * or of a task. OctopusX has no key when it fetches a source.
 *
 * @param url an absolute address
 */
export function needsKey(url: string): boolean {
	const { pathname } = new URL(url);
	const path = `${decoded(pathname).toLowerCase()}/`.replace(/\/+/g, '/').slice(0, -1);
	const start = path.indexOf('/v1/videos/');
	const isContent = start >= 0 && path.slice(start + '/v1/videos/'.length).endsWith('/content');
	return isContent || /\/v1\/(videos\/(video|task)_|video\/generations\/)[^/]+$/.test(path);
}

/** The text without its percent-encoding, or the text itself if that is invalid. */
export function decoded(text: string): string {
	try {
		return decodeURIComponent(text);
	} catch {
		return text;
	}
}

/** True if both addresses share scheme, host and port, so that the key of one may go to the other. */
export function isSameOrigin(url: string, other: string): boolean {
	return new URL(url).origin === new URL(other).origin;
}

/**
 * Where a redirect leads, or `undefined` if that is no http(s) address.
 *
 * @param location the header as Node reads it: each byte is a character, so raw UTF-8 must be encoded again
 */
export function redirectTarget(location: unknown, base: string): string | undefined {
	if (typeof location !== 'string') return undefined;
	const encoded = location.replace(
		/[\x80-\xff]/g,
		(byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase()}`,
	);
	const target = URL.canParse(encoded, base) ? new URL(encoded, base) : undefined;
	return /^https?:$/.test(target?.protocol ?? '') ? target?.href : undefined;
}

/** Replaces the API key in a text. */
export type HideKey = (text: string) => string;

/**
 * Finds the key as it is, in other letter cases, percent-encoded, and as it may be escaped in JSON, even
 * in JSON inside of JSON. Other transformations, such as base64, are not recognized.
 *
 * @param apiKey as it is sent; one that is too short for a key hides nothing
 */
export function createHideKey(apiKey: string): HideKey {
	if (apiKey.length < MIN_KEY_LENGTH) return (text) => text;
	const characters = [...apiKey].map((character) => {
		const hex = character.charCodeAt(0).toString(16).padStart(2, '0');
		const escaped = character.replace(/[^\w]/, '\\$&');
		// bounded, so that it is linear
		return `(?:\\\\{0,9}(?:${escaped}|u00${hex})|%(?:25)?${hex})`;
	});
	const key = new RegExp(characters.join(''), 'gi');
	return (text) => text.replace(key, '***');
}

/** What precedes a key in a request header. Bounded, so that matching takes linear time. */
const HEADER = /^(authorization["'\s:]{1,9})?(bearer([\s:]{1,9}|$)){0,3}/i;

/** Quotes, brackets and separators around a value. In linear time: at the end only the last 9 characters. */
const AROUND = /^["'`“”„‘’‚«»<\s]{1,9}|(?![^]{10})["'`“”„‘’‚«»>,;\s]{1,9}$/g;

export const DEFAULT_BASE_URL = 'https://octopusx.ai';

/** What users paste after the host: slashes, `/v1`, or both. Bounded, so that matching takes linear time. */
const BASE_URL_SUFFIX = /\/{0,9}(\/v1)?\/{0,9}$/;

/** Returns the API key as it is sent in the header, and as it is hidden; empty if there is none. */
export function cleanKey(apiKey: unknown): string {
	if (typeof apiKey !== 'string') return '';
	const key = cleanValue(apiKey).replace(HEADER, '');
	// what cannot be part of a key, such as invisible characters
	return cleanValue(key).replace(/[^\x21-\x7e]/g, '');
}

/** A pasted ID or address without what was copied along with it, such as zero-width spaces and quotes. */
export function cleanValue(text: string): string {
	return text
		.replace(/\p{Cf}/gu, '')
		.trim()
		.replace(AROUND, '');
}

/**
 * Returns the URL that all API paths are appended to; the default if it is empty, with https:// if it begins
 * with a host. Returns `undefined` for anything but an http(s) URL, and for one with a query or fragment, which
 * would swallow the path, or a user name or password, which would be sent instead of the key.
 */
export function normalizeBaseUrl(baseUrl: unknown): string | undefined {
	if (typeof baseUrl !== 'string') return undefined;
	const typed = cleanValue(baseUrl).replace(BASE_URL_SUFFIX, '') || DEFAULT_BASE_URL;
	const address = /^[^:/]+\./.test(typed) ? `https://${typed}` : typed;
	if (!/^https?:\/\/[^?#]+$/i.test(address) || !isParsable(address)) return undefined;
	const { username, password } = new URL(address);
	return username === '' && password === '' ? address : undefined;
}

/**
 * A host name of more than 1,000 characters, in an absolute or a relative URL. Real ones have at most 253, and
 * the time that Node takes for one in other scripts grows with the square of its length.
 */
const LONG_HOST = /^(?:[a-z]{1,9}:)?[/\\]{0,9}[^/?#\\]{1001}/i;

/** True if `new URL` accepts a URL, which must not have a very long host name. */
export function isParsable(url: string, base?: string): boolean {
	return !LONG_HOST.test(url) && URL.canParse(url, base);
}

/**
 * True for an absolute URL of the API that opens with the key only, on any host: that of a video's file or of
 * a task. OctopusX has no key when it fetches a source.
 */
export function needsKey(url: string): boolean {
	const { pathname } = new URL(url);
	const path = `${decoded(pathname).toLowerCase()}/`.replace(/\/+/g, '/').slice(0, -1);
	const start = path.indexOf('/v1/videos/');
	const isContent = start >= 0 && path.slice(start + '/v1/videos/'.length).endsWith('/content');
	return isContent || /\/v1\/(videos\/(video|task)_|video\/generations\/)[^/]+$/.test(path);
}

/** Decodes percent-encoding; returns the text itself if its encoding is invalid. */
export function decoded(text: string): string {
	try {
		return decodeURIComponent(text);
	} catch {
		return text;
	}
}

/** True if both URLs share scheme, host and port, so that a key for one may be sent to the other. */
export function isSameOrigin(url: string, other: string): boolean {
	return new URL(url).origin === new URL(other).origin;
}

/**
 * Returns where a redirect leads, or `undefined` if that is not an http(s) URL. Node reads the header with
 * one character per byte, so raw UTF-8 must be percent-encoded.
 */
export function redirectTarget(location: unknown, base: string): string | undefined {
	if (typeof location !== 'string') return undefined;
	const encoded = location.replace(
		/[\x80-\xff]/g,
		(byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase()}`,
	);
	const target = isParsable(encoded, base) ? new URL(encoded, base) : undefined;
	return /^https?:$/.test(target?.protocol ?? '') ? target?.href : undefined;
}

/** Replaces the API key in a string with `***`. */
export type HideKey = (text: string) => string;

/** Matches a backslash, plain or encoded. */
const BACKSLASH = '(?:\\\\|u005c|%(?:25){0,3}5c)';

/**
 * Creates a function that hides the key: as it is, in other letter cases, percent-encoded, and escaped in
 * JSON, even in JSON nested in a JSON string. Other encodings, such as base64, are not recognized.
 */
export function createHideKey(apiKey: string): HideKey {
	// without the key's own backslashes: escapes add some, so the pattern allows them before every character
	const characters = [...apiKey.replaceAll('\\', '')];
	// a shorter string is no key: hiding it would only spoil messages and IDs that happen to contain it
	if (characters.length < 8) return (text) => text;
	const [first, ...others] = characters.map((character) => {
		const hex = character.charCodeAt(0).toString(16).padStart(2, '0');
		const escaped = character.replace(/\W/, '\\$&');
		return `(?:${escaped}|u00${hex}|%(?:25){0,3}${hex})`;
	});
	// linear time: a match starts only at the first backslash of a run, and allows at most 15 before each
	// later character
	const start = `(?<!${BACKSLASH})${BACKSLASH}*${first}`;
	const rest = others.map((spelling) => `${BACKSLASH}{0,15}${spelling}`);
	const key = new RegExp(start + rest.join(''), 'gi');
	return (text) => text.replace(key, '***');
}

/**
 * Hides the key in all strings and property names of parsed JSON, in place. Also hides the name `__proto__`,
 * because copies of the object could inherit from its value. Not recursive, because JSON can be nested very
 * deeply.
 */
export function hideInJson(json: unknown, hideKey: HideKey): unknown {
	const root = [json];
	const open: object[] = [root];
	for (let part = open.pop(); part !== undefined; part = open.pop()) {
		const fields = part as Record<string | number, unknown>;
		for (const name of Array.isArray(part) ? part.keys() : Object.keys(part)) {
			const value = fields[name];
			if (typeof value === 'object' && value !== null) open.push(value);
			if (typeof value === 'string') fields[name] = hideKey(value);
			if (typeof name === 'number') continue;
			const safeName = name === '__proto__' ? '***' : hideKey(name);
			if (safeName === name) continue;
			fields[safeName] = fields[name];
			delete fields[name];
		}
	}
	return root[0];
}

/** An HTTP answer, whatever its status. `body` is parsed JSON, text, or a stream. */
export interface Answer<Body = unknown> {
	statusCode: number;
	headers: Record<string, unknown>;
	body: Body;
	/** True if `body` is only the start of an answer that was too large, as text. */
	isTooLarge?: boolean;
}

/** What an error answer says about itself (docs/API.md, "Error envelopes"). */
export interface Envelope {
	/** Such as `task_not_exist`; empty if there is none. */
	code: string;
	/** The server's words, or those of the model service if it refused the request. */
	message: string;
	/** True if the API itself refused the request, so that nothing is charged. */
	isRefusal: boolean;
}

/** The gateway's code for an answer of the model service that it passes on (docs/API.md, "Refusals"). */
export const FROM_MODEL_SERVICE = 'fail_to_fetch_task';

/** Codes that are no refusal. A crash may have come after the request was carried out. */
const NO_REFUSAL: readonly string[] = ['success', 'new_api_panic'];

/** Texts that the gateway has in Chinese only, and their meaning. */
const TRANSLATIONS: ReadonlyArray<[RegExp, string]> = [
	[/负载已饱和/, 'the model is overloaded, try again later'],
	[/额度不足|额度失败/, 'the balance of the account is too low'],
	[/不在令牌允许/, 'this API key may not be used from this IP address'],
];

const MAX_QUOTE_LENGTH = 500;
/** Longer than any answer of the API about a task, and short enough for an error. */
const MAX_WHOLE_QUOTE_LENGTH = 4_000;
/** Leaves enough text for a quote after replacements, and limits the work for texts of any size. */
const READ_FACTOR = 5;

/** Where services put their reason, most specific first. */
const REASON_FIELDS = ['message', 'msg', 'reason', 'detail', 'details', 'error', 'errors'];
const MAX_DEPTH = 5;
const MAX_REASONS = 3;

const EMPTY: Envelope = { code: '', message: '', isRefusal: false };

export function readEnvelope(body: unknown): Envelope {
	if (!isPlainObject(body)) return EMPTY;
	const { code, message, type } = isPlainObject(body.error) ? body.error : body;
	const words = { code: stringOf(code), message: stringOf(message) };
	const kind = words.code || stringOf(type);
	const isRefusal = kind !== '' && words.message !== '' && !NO_REFUSAL.includes(kind);
	if (words.code !== FROM_MODEL_SERVICE) return { ...words, isRefusal };
	return { ...words, message: unwrap(words.message), isRefusal: true };
}

/** The server's words and what its support needs to find the request: status, code, request ID. */
export function quote(answer: Answer): string {
	const { message } = readEnvelope(answer.body);
	if (!message) return quoteWhole(answer);
	const translation = TRANSLATIONS.find(([words]) => words.test(message))?.[1];
	const inEnglish = translation ? ` (in English: ${translation})` : '';
	return `OctopusX said: "${shorten(message)}"${inEnglish} (${referenceOf(answer)})`;
}

/** The whole answer, because it may contain a task ID that the node did not recognise. */
export function quoteWhole(answer: Answer): string {
	const sent = shorten(textOfBody(answer.body), MAX_WHOLE_QUOTE_LENGTH);
	return `${sent && `OctopusX sent: ${sent} `}(${referenceOf(answer)})`;
}

/**
 * A text from outside, safe to show: short, on one line, and without markup, which n8n would render,
 * characters of control or direction, which could forge lines of the log, bearer tokens and file contents. Answers and
 * errors of the transport no longer contain the API key.
 *
 * @param maxLength in characters
 */
export function shorten(text: string, maxLength = MAX_QUOTE_LENGTH): string {
	const safe = withoutMarkup(text.slice(0, maxLength * READ_FACTOR))
		.replace(/[\s\p{Cc}\p{Bidi_Control}]+/gu, ' ')
		.trim()
		.replace(/Bearer \S+/gi, 'Bearer ***')
		// bounded, so that it is linear
		.replace(/data:[^\s"',]{0,99},[^\s"']*/gi, 'data:***');
	return safe.length > maxLength ? `${safe.slice(0, maxLength)}…` : safe;
}

/** Replaces tags, and the contents of styles and scripts, by blanks. A `<` that begins no tag stays. */
function withoutMarkup(text: string): string {
	let safe = '';
	let position = 0;
	for (;;) {
		const start = text.indexOf('<', position);
		if (start < 0) break;
		if (!/^<([!?]|\/?[a-z])/i.test(text.slice(start, start + 3))) {
			safe += text.slice(position, start + 1);
			position = start + 1;
			continue;
		}
		safe += `${text.slice(position, start)} `;
		const end = text.indexOf('>', start);
		if (end < 0) return safe;
		position = end + 1;
		const name = /^<(style|script)\b/i.exec(text.slice(start, start + 8))?.[1];
		if (!name) continue;
		const closing = text.slice(position).search(name.length === 5 ? /<\/style/i : /<\/script/i);
		if (closing < 0) return safe;
		position += closing;
	}
	return safe + text.slice(position);
}

function referenceOf({ statusCode, headers, body }: Answer): string {
	const { code, message } = readEnvelope(body);
	const requestId = stringOf(headers['x-oneapi-request-id']);
	const isQuoted = message.includes(requestId);
	const parts = [`HTTP ${statusCode}`, code, !isQuoted && `request ID ${requestId}`];
	return shorten(parts.filter(Boolean).join(', '));
}

function textOfBody(body: unknown): string {
	if (typeof body === 'string') return body;
	if (!isPlainObject(body) && !Array.isArray(body)) return '';
	try {
		return JSON.stringify(body);
	} catch {
		return 'something too deep to show';
	}
}

/** The reason of the model service, whose body arrives as text, mostly JSON with its own envelope. */
function unwrap(message: string): string {
	if (/^\s*</.test(message)) return 'a page instead of an answer came from the model service';
	try {
		const inner: unknown = JSON.parse(message);
		const code = codeIn(inner);
		return [reasonIn(inner) || message, code && `(${code})`].filter(Boolean).join(' ');
	} catch {
		return message;
	}
}

/** The reason in an error of any form: a text, an object, an object in another, a list. */
export function reasonIn(error: unknown, depth = 0): string {
	if (typeof error !== 'object' || error === null) return textOf(error);
	if (depth === MAX_DEPTH) return '';
	const fields = error as Record<string, unknown>;
	const parts = Array.isArray(error) ? error : REASON_FIELDS.map((name) => fields[name]);
	const reasons = parts.map((part) => reasonIn(part, depth + 1)).filter((text) => text !== '');
	return reasons.slice(0, Array.isArray(error) ? MAX_REASONS : 1).join('; ');
}

/** The code of an error, or the first code among the errors inside it. */
export function codeIn(error: unknown, depth = 0): string {
	if (depth === MAX_DEPTH) return '';
	if (Array.isArray(error)) return codeIn(error[0], depth + 1);
	return isPlainObject(error) ? textOf(error.code) || codeIn(error.error, depth + 1) : '';
}

/** A string or a number as text; empty for anything else. */
export function textOf(value: unknown): string {
	return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

function stringOf(value: unknown): string {
	return typeof value === 'string' ? value : '';
}

export function isPlainObject(value: unknown): value is Record<string, unknown> {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

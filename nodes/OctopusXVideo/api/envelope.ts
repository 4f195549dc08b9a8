/** An HTTP response of any status. `body` is parsed JSON, a string, or a stream. */
export interface Answer<Body = unknown> {
	statusCode: number;
	headers: Record<string, unknown>;
	body: Body;
	/** True if the response was too large, so `body` is only its beginning, as a string. */
	isTooLarge?: boolean;
}

/** What an error response says about itself (docs/API.md, "Error envelopes"). */
export interface Envelope {
	/** Error code, such as `task_not_exist`; empty if there is none. */
	code: string;
	/** The server's message, or the model service's if that refused the request. */
	message: string;
	/** True if the response is worded as the gateway words its refusals. */
	isRefusal: boolean;
}

/** The gateway's code for a response that it passes on from the model service (docs/API.md, "Refusals"). */
export const FROM_MODEL_SERVICE = 'fail_to_fetch_task';

/** Messages that the gateway has only in Chinese, with their meaning. */
const TRANSLATIONS: ReadonlyArray<[RegExp, string]> = [
	[/负载已饱和/, 'the model is overloaded, try again later'],
	[/额度不足|额度失败/, 'the balance of the account is too low'],
	[/超时/, 'it took too long, try again later'],
	[/繁忙|限流|频率|请求过多/, 'too many requests, try again later'],
	[/不在令牌允许/, 'this API key may not be used from this IP address'],
];

/** Upper limits for quotes, in characters. A whole response about a task is shorter than the second one. */
const MAX_QUOTE_LENGTH = 500;
const MAX_WHOLE_QUOTE_LENGTH = 4_000;

/** Fields in which services put the reason for an error, most specific first. */
const REASON_FIELDS = ['message', 'msg', 'reason', 'detail', 'details', 'error', 'errors'];
const MAX_DEPTH = 5;

/**
 * Tags, and the contents of styles and scripts; a `<` that begins no tag is text. Linear time: a match that has
 * begun never fails, but ends at the end of the text.
 */
const MARKUP = /<(?:(style|script)\b[^>]*>[^]*?(?=<\/\1|$)|(?:[!?]|\/?[a-z])[^>]*(?:>|$))/gi;

export function readEnvelope(body: unknown): Envelope {
	if (!isPlainObject(body)) return { code: '', message: '', isRefusal: false };
	const { code, message, type } = isPlainObject(body.error) ? body.error : body;
	const words = { code: codeOf({ code, type }), message: stringOf(message) };
	const isTaskError = body.data === null && words.code !== '' && words.code !== 'success';
	// the gateway words such errors before any charge; a crash has another type
	const isRefusal = isTaskError || (isPlainObject(body.error) && type === 'new_api_error');
	if (words.code === FROM_MODEL_SERVICE) words.message = unwrap(words.message);
	return { ...words, isRefusal };
}

/** Quotes the server's message, with the reference of the request. */
export function quote(answer: Answer): string {
	const { message } = readEnvelope(answer.body);
	if (!message) return quoteWhole(answer);
	return `OctopusX said: ${inQuotes(message)} (${referenceOf(answer)})`;
}

/** A text of the server's in quotation marks, with its meaning if it is in Chinese. */
export function inQuotes(message: string): string {
	const translation = TRANSLATIONS.find(([words]) => words.test(message))?.[1];
	return `"${shorten(message)}"${translation ? ` (in English: ${translation})` : ''}`;
}

/** Quotes the whole response, because it may contain a task ID that the node did not recognize. */
export function quoteWhole(answer: Answer): string {
	const sent = shorten(textOfBody(answer.body), MAX_WHOLE_QUOTE_LENGTH);
	return `${sent && `OctopusX sent: ${sent} `}(${referenceOf(answer)})`;
}

/**
 * Makes a string from outside safe to show: short, on one line, and without markup (n8n would render it),
 * control and direction characters (they could forge log lines), bearer tokens and file contents. The API key
 * has already been removed from responses and from errors of the transport.
 */
export function shorten(text: string, maxLength = MAX_QUOTE_LENGTH): string {
	const safe = text
		// more than is shown, because replacements shorten the text
		.slice(0, maxLength * 5)
		.replace(MARKUP, ' ')
		.replace(/[\s\p{Cc}\p{Bidi_Control}]+/gu, ' ')
		.trim()
		.replace(/Bearer \S+/gi, 'Bearer ***')
		// bounded, so that matching takes linear time
		.replace(/data:[^\s"',]{0,99},[^\s"']*/gi, 'data:***');
	return safe.length > maxLength ? `${safe.slice(0, maxLength)}…` : safe;
}

/** What the support of OctopusX needs to find a request: HTTP status, code, request ID. */
function referenceOf({ statusCode, headers, body }: Answer): string {
	const { code, message } = readEnvelope(body);
	const requestId = requestIdOf({ headers });
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

/** Returns the model service's reason. It arrives as a string, usually JSON that gateways have wrapped again. */
export function unwrap(message: string, depth = 0): string {
	if (/^\s*</.test(message)) return 'a page instead of an answer came from the model service';
	try {
		const inner: unknown = JSON.parse(message);
		const reason = reasonIn(inner);
		const code = codeIn(inner);
		if (depth < MAX_DEPTH && /^\s*[{[<]/.test(reason)) return unwrap(reason, depth + 1);
		return [reason || message, code && `(${code})`].filter(Boolean).join(' ');
	} catch {
		return message;
	}
}

/** Finds the reason in an error of any form: a string, an object, nested objects, or a list. */
export function reasonIn(error: unknown, depth = 0): string {
	if (typeof error !== 'object' || error === null) return textOf(error);
	if (depth === MAX_DEPTH) return '';
	const fields = error as Record<string, unknown>;
	const parts = Array.isArray(error) ? error : REASON_FIELDS.map((name) => fields[name]);
	const reasons = parts.map((part) => reasonIn(part, depth + 1)).filter((text) => text !== '');
	return reasons.slice(0, Array.isArray(error) ? 3 : 1).join('; ');
}

/** Returns the code of an error, or else the first code among the errors inside it, or else ''. */
export function codeIn(error: unknown, depth = 0): string {
	if (depth === MAX_DEPTH) return '';
	if (Array.isArray(error)) return codeIn(error[0], depth + 1);
	return isPlainObject(error) ? codeOf(error) || codeIn(error.error, depth + 1) : '';
}

/** Some services have this code as the type only. */
function codeOf({ code, type }: Record<string, unknown>): string {
	return textOf(code) || (type === 'insufficient_quota' ? type : '');
}

/** The gateway puts an ID on each of its responses. A response without one comes from something in between. */
export function requestIdOf({ headers }: Pick<Answer, 'headers'>): string {
	return stringOf(headers['x-oneapi-request-id']).trim();
}

/** Returns a string or number as a string, and an empty string for anything else. */
export function textOf(value: unknown): string {
	return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

function stringOf(value: unknown): string {
	return typeof value === 'string' ? value : '';
}

export function isPlainObject(value: unknown): value is Record<string, unknown> {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

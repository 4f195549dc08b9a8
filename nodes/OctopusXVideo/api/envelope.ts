import { codeIn, reasonIn } from './reason';
import { WHOLE_ANSWER_LENGTH, type Redact } from './redact';
import { isPlainObject } from './task';

/** An HTTP answer, whatever its status; `body` is parsed JSON, text, or a stream that was asked for. */
export interface Answer<Body = unknown> {
	statusCode: number;
	headers: Record<string, unknown>;
	body: Body;
	/** Whether `body` is the start only, as text, of one that was not read to its end. */
	isTooLarge?: boolean;
}

/** What an answer that is no success says of itself (docs/API.md, "Error envelopes"). */
export interface Envelope {
	/** Such as `task_not_exist`; empty where there is none. */
	code: string;
	/** The server's words; those of the model service where it was that which refused. */
	message: string;
	/** Whether the API itself has refused the request, so that nothing of it is charged. */
	isRefusal: boolean;
}

/** With this code the gateway hands on what the model service answered (docs/API.md, "Refusals"). */
export const FROM_MODEL_SERVICE = 'fail_to_fetch_task';

/** A task or a crash is no refusal: a crash may have come after the request was carried out. */
const NO_REFUSAL: readonly string[] = ['success', 'new_api_panic'];

/** Texts that the gateway has in Chinese only, and what they mean. */
const MEANINGS: ReadonlyArray<[RegExp, string]> = [
	[/负载已饱和/, 'the model is overloaded, try again later'],
	[/额度不足|额度失败/, 'the balance of the account is too low'],
	[/不在令牌允许/, 'this API key may not be used from this IP address'],
];

/** A page is read so far; what a proxy has to say is at its start. */
const MAX_PAGE_LENGTH = 20_000;
const MARKUP = /(<(style|script)\b[^]*?<\/\2>|<[^>]*>|\s)+/gi;

const NOTHING: Envelope = { code: '', message: '', isRefusal: false };

export function readEnvelope(body: unknown): Envelope {
	if (!isPlainObject(body)) return NOTHING;
	const { code, message, type } = isPlainObject(body.error) ? body.error : body;
	const words = { code: textOf(code), message: textOf(message) };
	const kind = words.code || textOf(type);
	const isRefusal = kind !== '' && words.message !== '' && !NO_REFUSAL.includes(kind);
	if (words.code !== FROM_MODEL_SERVICE) return { ...words, isRefusal };
	return { ...words, message: unwrap(words.message), isRefusal: true };
}

/** What the server said of a refusal, and what whoever looks into it needs: status, code, request ID. */
export function quote(answer: Answer, redact: Redact): string {
	const { message } = readEnvelope(answer.body);
	if (!message) return quoteWhole(answer, redact);
	const meaning = MEANINGS.find(([words]) => words.test(message))?.[1];
	const inEnglish = meaning ? ` (in English: ${meaning})` : '';
	return `OctopusX said: "${redact(message)}"${inEnglish} (${signsOf(answer, redact)})`;
}

/** All of an answer, as there may be an id in it that the node does not find. */
export function quoteWhole(answer: Answer, redact: Redact): string {
	const sent = redact(textOfBody(answer.body), WHOLE_ANSWER_LENGTH);
	return `${sent && `OctopusX sent: ${sent} `}(${signsOf(answer, redact)})`;
}

function signsOf({ statusCode, headers, body }: Answer, redact: Redact): string {
	const { code, message } = readEnvelope(body);
	const requestId = textOf(headers['x-oneapi-request-id']);
	// where there is none, too: any text has the empty one in it
	const isNews = !message.includes(requestId);
	const signs = [`HTTP ${statusCode}`, code, isNews && `request ID ${requestId}`];
	return redact(signs.filter(Boolean).join(', '));
}

/** JSON as it is; a page without its markup, which n8n would render in an error. */
function textOfBody(body: unknown): string {
	if (typeof body === 'string') return body.slice(0, MAX_PAGE_LENGTH).replace(MARKUP, ' ').trim();
	if (!isPlainObject(body) && !Array.isArray(body)) return '';
	try {
		return JSON.stringify(body);
	} catch {
		return 'something too deep to show';
	}
}

/** The model service's own reason: its body comes as text, mostly JSON with an envelope of its own. */
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

function textOf(value: unknown): string {
	return typeof value === 'string' ? value : '';
}

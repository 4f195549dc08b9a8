import { OctopusXError } from './errors';
import type { Redact } from './redact';
import { isPlainObject } from './task';

/** An HTTP answer, whatever its status; `body` is parsed JSON, text, or a stream that was asked for. */
export interface Answer<Body = unknown> {
	statusCode: number;
	headers: Record<string, unknown>;
	body: Body;
}

interface Sign {
	statusCode: number;
	/** The envelope's code, such as `task_not_exist`; empty where it has none. */
	code: string;
	/** Whether text came instead of JSON: a page of a proxy, mostly. */
	isText: boolean;
	asksToRetry: boolean;
}

interface Entry {
	applies: (sign: Sign) => boolean;
	message: string;
	/** What to do next. */
	advice: string;
	/** See `FaultDetails`. */
	maybeAccepted?: boolean;
	repeatable?: boolean;
}

/** What a code means wherever it comes, also with status 200. */
const CODES: readonly Entry[] = [
	{
		applies: ({ code }) => code === 'task_not_exist',
		message: 'OctopusX does not know this task',
		advice:
			"Check the 'Task ID' and that the credential belongs to the account that created the task.",
	},
	{
		applies: ({ code }) => code === 'insufficient_user_quota',
		message: 'The balance of the OctopusX account is too low',
		advice: 'Top up the account, or choose a shorter or smaller video.',
	},
	{
		applies: ({ code }) => code === 'model_price_error' || code === 'invalid_api_platform',
		message: 'OctopusX does not offer this model to the account',
		advice: "Check the option 'Model' and which models the API key may use.",
	},
	{
		applies: ({ code }) => isBehindApi(code),
		message: 'OctopusX could not reach the service behind it',
		advice: 'Try again later.',
		maybeAccepted: true,
	},
];

const REDIRECT = {
	message: 'OctopusX answered with a redirect',
	advice: "Check the 'Base URL' in the credential; the API key is never sent along a redirect.",
};

/** What a status means, most telling first. */
const STATUSES: readonly Entry[] = [
	{
		applies: ({ statusCode }) => statusCode === 401,
		message: 'OctopusX did not accept the API key',
		advice: "Check the API key in the credential 'OctopusX API'.",
	},
	{
		applies: ({ statusCode }) => statusCode === 402 || statusCode === 403,
		message: 'The account or the API key does not allow this',
		advice: 'Check the balance of the OctopusX account and which models the API key may use.',
	},
	{
		applies: ({ statusCode }) => statusCode === 429,
		message: 'OctopusX received too many requests',
		advice: "Lower the option 'Max Concurrency', or try again later.",
		repeatable: true,
	},
	{
		applies: ({ statusCode, asksToRetry }) => statusCode === 503 && asksToRetry,
		message: 'OctopusX is busy',
		advice: 'Try again later.',
		repeatable: true,
	},
	{
		applies: ({ statusCode }) => isPassing(statusCode),
		message: 'OctopusX is not available at the moment',
		advice: 'Try again later.',
		maybeAccepted: true,
	},
	{
		applies: ({ statusCode }) => statusCode === 413,
		message: 'The request is too large for OctopusX',
		advice: 'Compress the images or the video, or pass a public URL instead of a file.',
	},
	{
		...REDIRECT,
		// only these two say that the request has not been carried out (RFC 9110, 15.4)
		applies: ({ statusCode }) => statusCode === 307 || statusCode === 308,
	},
	{
		...REDIRECT,
		applies: ({ statusCode }) => statusCode >= 300 && statusCode < 400,
		maybeAccepted: true,
	},
	{
		applies: ({ statusCode }) => statusCode === 404,
		message: 'OctopusX has nothing at this address',
		advice: "Check the 'Base URL' in the credential.",
	},
	{
		applies: ({ statusCode }) => statusCode >= 400,
		message: 'OctopusX rejected the request',
		advice: 'Check the parameters of the node.',
	},
	{
		applies: ({ isText }) => isText,
		message: 'The answer did not come from the OctopusX API',
		advice: "A page came back instead. Check the 'Base URL' in the credential, or try again later.",
		maybeAccepted: true,
	},
	{
		applies: () => true,
		message: 'OctopusX sent an answer that the node does not understand',
		advice: 'Try again later.',
		maybeAccepted: true,
	},
];

/** Whether the same read may be answered otherwise a moment later. */
function isTransient(sign: Sign): boolean {
	const { statusCode, code, isText } = sign;
	if (CODES.some(({ applies }) => applies(sign))) return isBehindApi(code);
	if (statusCode === 401 || statusCode === 402 || statusCode === 403) return false;
	// a refusal as JSON is meant; a page comes from a proxy, and a success that says nothing from nobody
	return isText || statusCode < 400 || isPassing(statusCode);
}

/** Statuses that speak of the moment, not of the request. */
function isPassing(statusCode: number): boolean {
	return statusCode >= 500 || statusCode === 429 || statusCode === 408;
}

/** Whether not OctopusX itself, but the service behind it has failed. */
function isBehindApi(code: string): boolean {
	return code === 'do_request_failed' || code === 'fail_to_fetch_task';
}

function signOf(answer: Answer): Sign {
	const { statusCode, body } = answer;
	return {
		statusCode,
		code: readEnvelope(body).code,
		isText: typeof body === 'string' && body.trim() !== '',
		asksToRetry: parseRetryAfter(answer) !== undefined,
	};
}

/** Turns an answer that is no success into words. */
export function explainAnswer(answer: Answer, redact: Redact): OctopusXError {
	const sign = signOf(answer);
	const entry = [...CODES, ...STATUSES].find(({ applies }) => applies(sign)) as Entry;
	const { message, advice, maybeAccepted, repeatable } = entry;
	return new OctopusXError(message, `${advice} ${quote(answer, redact)}`, {
		statusCode: answer.statusCode,
		transient: isTransient(sign),
		maybeAccepted,
		repeatable,
		retryAfterMs: parseRetryAfter(answer),
	});
}

/** A 2xx answer to a submission that is no task: unless its code is a refusal, it may have cost money. */
export function explainMissingId(answer: Answer, redact: Redact): OctopusXError {
	const sign = signOf(answer);
	if (CODES.some(({ applies }) => applies(sign))) return explainAnswer(answer, redact);
	return new OctopusXError(
		'OctopusX accepted the request but sent no task ID',
		`A video may have been paid for. ${quote(answer, redact)}`,
		{ statusCode: answer.statusCode, maybeAccepted: true },
	);
}

/** The content endpoint's refusals: the task is known, so its parameters are not to blame. */
export function explainContent(answer: Answer, redact: Redact): OctopusXError {
	const { statusCode } = answer;
	if (statusCode !== 400 && statusCode !== 404) return explainAnswer(answer, redact);
	return new OctopusXError('OctopusX has no file for this task', quote(answer, redact), {
		statusCode,
		transient: typeof answer.body === 'string',
	});
}

/** What a refusal of a host other than the API means: the account is not involved. */
export function explainHost(answer: Answer, host: string): OctopusXError {
	const { statusCode } = answer;
	return new OctopusXError(
		`${host} answered with HTTP ${statusCode}`,
		statusCode === 403 || statusCode === 404 ? 'The address may have expired.' : 'Try again later.',
		{
			statusCode,
			transient: isPassing(statusCode),
			retryAfterMs: parseRetryAfter(answer),
		},
	);
}

/** The server's own words with the status and its code; all it sent, where there are no words. */
function quote({ statusCode, body }: Answer, redact: Redact): string {
	const { code, message } = readEnvelope(body);
	const status = [`HTTP ${statusCode}`, code].filter(Boolean).join(', ');
	if (message) return `OctopusX said: "${redact(message)}" (${redact(status)})`;
	// there may be an id in it that the node does not find
	const sent = isPlainObject(body) || Array.isArray(body) ? toText(body) : '';
	return sent ? `OctopusX sent: ${redact(sent)} (${redact(status)})` : `(${redact(status)})`;
}

function toText(value: object): string {
	try {
		return JSON.stringify(value);
	} catch {
		return 'something too deep to show';
	}
}

/** API.md, "Errors come in three envelopes": `{error: {code, message}}`, `{code, message}`, `{message}`. */
function readEnvelope(body: unknown): { code: string; message: string } {
	if (!isPlainObject(body)) return { code: '', message: '' };
	const { code, message } = isPlainObject(body.error) ? body.error : body;
	return {
		code: typeof code === 'string' ? code : '',
		message: typeof message === 'string' ? message : '',
	};
}

/** `Retry-After` in ms from now: the header is a number of seconds or a date (RFC 9110, 10.2.3). */
function parseRetryAfter({ headers }: Answer): number | undefined {
	const header = headers['retry-after'];
	if (typeof header !== 'string' || header.trim() === '') return undefined;
	const ms = /^\s*\d+\s*$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - Date.now();
	return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

import { isPlainObject } from './task';

/** An HTTP answer, whatever its status; `body` is parsed JSON, text, or a stream that was asked for. */
export interface Answer<Body = unknown> {
	statusCode: number;
	headers: Record<string, unknown>;
	body: Body;
}

/** No HTTP answer arrived; `code` is Node's or axios's code for why, or else the error's name. */
export interface NoAnswer {
	code: string;
	reason: string;
}

/** Something between the node and a finished video went wrong; the text is for the user. */
export class OctopusXError extends Error {
	override name = 'OctopusXError';

	/**
	 * @param message what happened
	 * @param description how to get on, with the server's own words where there are some
	 */
	constructor(
		message: string,
		readonly description: string,
		readonly details: FaultDetails = {},
	) {
		super(message);
	}
}

/** What a fault means for whoever sent the request. */
export interface FaultDetails {
	/** The HTTP status, where the server gave one. */
	statusCode?: number;
	/** Whether the same request may work a moment later. */
	transient?: boolean;
	/** Whether the server may have carried the request out all the same. */
	maybeAccepted?: boolean;
	/** How long the server asks to be left alone, in ms. */
	retryAfterMs?: number;
}

interface Sign {
	statusCode: number;
	/** The envelope's code, such as `task_not_exist`; empty where it has none. */
	code: string;
	isText: boolean;
	asksToRetry: boolean;
}

interface CatalogueEntry {
	applies: (sign: Sign) => boolean;
	message: string;
	hint: string;
	transient?: boolean;
	maybeAccepted?: boolean;
}

/** What an answer means, most telling sign first; README's table "If something goes wrong" follows it. */
const ANSWERS: readonly CatalogueEntry[] = [
	{
		applies: ({ code }) => code === 'task_not_exist',
		message: 'OctopusX does not know this task',
		hint: "Check the 'Task ID' and that the credential belongs to the account that created the task.",
	},
	{
		applies: ({ statusCode, code }) => statusCode === 402 || code === 'insufficient_user_quota',
		message: 'The balance of the OctopusX account is too low',
		hint: 'Top up the account, or choose a shorter or smaller video.',
	},
	{
		applies: ({ code }) => code === 'model_price_error' || code === 'invalid_api_platform',
		message: 'OctopusX does not offer this model to the account',
		hint: "Check the option 'Model' and which models the API key may use.",
	},
	{
		applies: ({ statusCode }) => statusCode === 401,
		message: 'OctopusX did not accept the API key',
		hint: "Check the API key in the credential 'OctopusX API'.",
	},
	{
		applies: ({ statusCode }) => statusCode === 403,
		message: 'The API key is not allowed to do this',
		hint: 'Check the balance of the account and which models the API key may use.',
	},
	{
		applies: ({ statusCode }) => statusCode === 429,
		message: 'OctopusX received too many requests',
		hint: "Lower the option 'Max Concurrency', or try again later.",
		transient: true,
	},
	{
		applies: ({ statusCode }) => statusCode === 413,
		message: 'The request is too large for OctopusX',
		hint: 'Compress the images or the video, or pass a public URL instead of a file.',
	},
	{
		applies: ({ statusCode }) => statusCode >= 300 && statusCode < 400,
		message: 'OctopusX answered with a redirect',
		hint: "Check the 'Base URL' in the credential; the API key is never sent along a redirect.",
	},
	{
		applies: ({ statusCode, asksToRetry }) => statusCode === 503 && asksToRetry,
		message: 'OctopusX is busy',
		hint: 'Try again later.',
		transient: true,
	},
	{
		applies: ({ statusCode }) => statusCode >= 500 || statusCode === 408,
		message: 'OctopusX is not available at the moment',
		hint: 'Try again later.',
		transient: true,
		maybeAccepted: true,
	},
	{
		applies: ({ statusCode }) => statusCode === 404,
		message: 'OctopusX has nothing at this address',
		hint: "Check the 'Base URL' in the credential.",
	},
	{
		applies: ({ statusCode }) => statusCode >= 400,
		message: 'OctopusX rejected the request',
		hint: 'Check the parameters of the node.',
	},
	{
		applies: ({ isText }) => isText,
		message: 'The answer did not come from the OctopusX API',
		hint: "A web page came back instead. Check the 'Base URL' in the credential, or try again later.",
		transient: true,
		maybeAccepted: true,
	},
	{
		applies: () => true,
		message: 'OctopusX sent an answer that the node does not understand',
		hint: 'Try again later.',
		transient: true,
		maybeAccepted: true,
	},
];

/**
 * Turns an answer that is no success into words.
 *
 * @param redact removes secrets from text that came from the server
 */
export function explainAnswer(answer: Answer, redact: (text: string) => string): OctopusXError {
	const { statusCode, headers, body } = answer;
	const { code } = readEnvelope(body);
	const retryAfterMs = parseRetryAfter(headers['retry-after']);
	const sign: Sign = {
		statusCode,
		code,
		isText: typeof body === 'string',
		asksToRetry: retryAfterMs !== undefined,
	};
	const entry = ANSWERS.find(({ applies }) => applies(sign)) as CatalogueEntry;

	const { transient, maybeAccepted } = entry;
	return new OctopusXError(entry.message, `${entry.hint} ${quote(answer, redact)}`, {
		statusCode,
		transient,
		maybeAccepted,
		retryAfterMs,
	});
}

/** A 2xx answer to a submission that is no task: the one answer that may have cost money in silence. */
export function explainMissingId(answer: Answer, redact: (text: string) => string): OctopusXError {
	return new OctopusXError(
		'OctopusX accepted the request but sent no task ID',
		`A video may have been paid for. ${quote(answer, redact)}`,
		{ statusCode: answer.statusCode, maybeAccepted: true },
	);
}

/** The server's own words, where it sent some, with the status and its code. */
function quote({ statusCode, body }: Answer, redact: (text: string) => string): string {
	const { code, message } = readEnvelope(body);
	const status = [`HTTP ${statusCode}`, code].filter(Boolean).join(', ');
	return message
		? `OctopusX said: "${redact(message)}" (${redact(status)})`
		: `(${redact(status)})`;
}

/** `Retry-After` in ms from now: the header is a number of seconds or a date (RFC 9110, 10.2.3). */
function parseRetryAfter(header: unknown): number | undefined {
	if (typeof header !== 'string' || header.trim() === '') return undefined;
	const ms = /^\s*\d+\s*$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - Date.now();
	return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

/** What a refusal means that came from a file host other than the API: the account is not involved. */
export function explainFileHost({ statusCode, headers }: Answer): OctopusXError {
	return new OctopusXError(
		`The host of the video file answered with HTTP ${statusCode}`,
		'Addresses of finished videos expire after 12 to 24 hours.',
		{
			statusCode,
			transient: statusCode >= 500 || statusCode === 429,
			retryAfterMs: parseRetryAfter(headers['retry-after']),
		},
	);
}

/** Connection codes that mean no byte of the request has reached the server. */
const NEVER_CONNECTED: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN']);

/** TLS gives up before the request is sent; Node has some twenty codes for it. */
const NOT_TRUSTED = /CERT|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|^ERR_SSL/;

/** n8n's own refusal of private addresses, where its administrator has switched that on. */
const SSRF_PROTECTION = 'SsrfBlockedIpError';

/** Turns a missing answer into words. The codes stay out of them: n8n replaces texts that hold one. */
export function explainNoAnswer(
	{ code, reason }: NoAnswer,
	redact: (text: string) => string,
): OctopusXError {
	if (NEVER_CONNECTED.has(code)) {
		return new OctopusXError(
			'OctopusX cannot be reached',
			"Check the 'Base URL' in the credential and the network of the n8n server.",
			{ transient: true },
		);
	}
	if (NOT_TRUSTED.test(code)) {
		return new OctopusXError(
			'The certificate of the server is not trusted',
			`Check the 'Base URL' in the credential and the network of the n8n server (${redact(reason)}).`,
		);
	}
	if (code === SSRF_PROTECTION) {
		return new OctopusXError(
			'n8n did not send the request',
			`${redact(reason)}. The administrator of n8n can allow the address.`,
		);
	}
	return new OctopusXError(
		'The connection to OctopusX broke off',
		`No complete answer arrived (${redact(reason)}).`,
		{ transient: true, maybeAccepted: true },
	);
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

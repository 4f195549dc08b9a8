import { isPlainObject } from './task';

/** An HTTP answer, whatever its status; `body` is parsed JSON, text, or a stream that was asked for. */
export interface Answer<Body = unknown> {
	statusCode: number;
	headers: Record<string, unknown>;
	body: Body;
}

/** No HTTP answer arrived; `code` is Node's or axios's code for why, such as `ECONNREFUSED`. */
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
	 * @param details.statusCode the HTTP status, where the server gave one
	 * @param details.transient whether the same read may work a moment later
	 */
	constructor(
		message: string,
		readonly description: string,
		readonly details: { statusCode?: number; transient?: boolean } = {},
	) {
		super(message);
	}
}

interface Sign {
	statusCode: number;
	/** The envelope's code, such as `task_not_exist`; empty where it has none. */
	code: string;
	isText: boolean;
}

interface CatalogueEntry {
	applies: (sign: Sign) => boolean;
	message: string;
	hint: string;
	transient?: boolean;
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
		applies: ({ statusCode }) => statusCode >= 500,
		message: 'OctopusX is not available at the moment',
		hint: 'Try again later.',
		transient: true,
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
	},
	{
		applies: () => true,
		message: 'OctopusX sent an answer that the node does not understand',
		hint: 'Try again later.',
		transient: true,
	},
];

/**
 * Turns an answer that is no success into words.
 *
 * @param redact removes secrets from text that came from the server
 */
export function explainAnswer(answer: Answer, redact: (text: string) => string): OctopusXError {
	const { statusCode, body } = answer;
	const { code, message } = readEnvelope(body);
	const sign: Sign = { statusCode, code, isText: typeof body === 'string' };
	const entry = ANSWERS.find(({ applies }) => applies(sign)) as CatalogueEntry;

	const status = [`HTTP ${statusCode}`, code].filter(Boolean).join(', ');
	const said = message ? `OctopusX said: "${redact(message)}" (${redact(status)})` : `(${status})`;
	return new OctopusXError(entry.message, `${entry.hint} ${said}`, {
		statusCode,
		transient: entry.transient,
	});
}

/** What a refusal means that came from a file host other than the API: the account is not involved. */
export function explainFileHost(statusCode: number): OctopusXError {
	return new OctopusXError(
		`The host of the video file answered with HTTP ${statusCode}`,
		'Addresses of finished videos expire after 12 to 24 hours.',
		{ statusCode, transient: statusCode >= 500 || statusCode === 429 },
	);
}

/** Connection codes that mean no byte of the request has reached the server. */
const NEVER_CONNECTED: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN']);

/** Turns a missing answer into words. The codes are spelled out: n8n replaces texts that hold them. */
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
	return new OctopusXError(
		'The connection to OctopusX broke off',
		`No complete answer arrived (${redact(reason)}).`,
		{ transient: true },
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

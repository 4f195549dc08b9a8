import {
	FROM_MODEL_SERVICE,
	quote,
	quoteWhole,
	readEnvelope,
	type Answer,
	type Envelope,
} from './envelope';
import { OctopusXError } from './errors';
import type { Redact } from './redact';
import { isPlainObject } from './task';

/** What an answer says, as far as its meaning depends on it. */
interface Sign extends Envelope {
	statusCode: number;
	/** Whether text came instead of JSON: a page of a proxy, mostly. */
	isPage: boolean;
	isTooLarge: boolean;
	asksToRetry: boolean;
}

interface Entry {
	applies: (sign: Sign) => boolean;
	message: string;
	/** What to do next. */
	advice: string;
	/** See `FaultDetails`, here as below. */
	repeatable?: boolean;
	isCommon?: boolean;
}

const LATER = 'Try again later.';

/** The gateway does not ask the model service more often how a task stands (docs/API.md, "Query a task"). */
const GATEWAY_INTERVAL_MS = 15_000;

/** docs/API.md, "Refusals": 429 is 429 whatever the code says; the other codes say more than the status. */
const CODES: readonly Entry[] = [
	{
		applies: ({ statusCode }) => statusCode === 429,
		message: 'OctopusX received too many requests',
		advice: "Lower the option 'Max Concurrency', or try again later.",
		repeatable: true,
	},
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
		isCommon: true,
	},
	{
		applies: ({ code }) => code === 'pre_consume_token_quota_failed',
		message: 'The quota of the API key is too low',
		advice: "Raise the key's quota in the OctopusX console, or choose a shorter or smaller video.",
		isCommon: true,
	},
	{
		applies: ({ code, message }) =>
			MODEL_CODES.includes(code) || /no access to model/.test(message),
		message: 'OctopusX does not offer this model to the account',
		advice:
			"Check the option 'Model' and which models the API key may use. A model that worked before may be switched off for a while.",
	},
	{
		applies: ({ code, statusCode }) =>
			code === FROM_MODEL_SERVICE && (statusCode === 401 || statusCode === 403),
		message: 'The AI model is closed to OctopusX at the moment',
		advice: 'Your API key is not the reason. Try again later, or tell the support of OctopusX.',
	},
	{
		// below 400: an answer that the gateway does not understand, and gives the charge back for
		applies: ({ code, statusCode }) =>
			code === FROM_MODEL_SERVICE && (isPassing(statusCode) || statusCode < 400),
		message: 'The AI model is not available at the moment',
		advice: LATER,
	},
	{
		applies: ({ code }) => code === FROM_MODEL_SERVICE,
		message: 'The model refused the request',
		advice: 'Change the prompt, the images or the settings, as the reason says.',
	},
	{
		applies: ({ code }) => SERVICE_CODES.includes(code),
		message: 'OctopusX could not reach the AI model',
		advice: LATER,
	},
	{
		applies: ({ code, message, statusCode }) =>
			statusCode === 413 ||
			code === 'read_request_body_failed' ||
			/body (exceeds|too large)/.test(message),
		message: 'The request is too large for OctopusX',
		advice: 'Compress the images or the video, or pass a public URL instead of a file.',
	},
];

const MODEL_CODES: readonly string[] = [
	'model_not_found',
	'get_channel_failed',
	'model_price_error',
	'model_mapping_failed',
	'invalid_api_platform',
	'missing_model',
];

/** The model service could not be reached, or answered oddly. */
const SERVICE_CODES: readonly string[] = [
	'do_request_failed',
	'read_response_body_failed',
	'unmarshal_response_body_failed',
	'build_request_failed',
	'invalid_response',
];

/** What a status means, most telling first. */
const STATUSES: readonly Entry[] = [
	{
		applies: ({ statusCode }) => statusCode === 401,
		message: 'OctopusX did not accept the API key',
		advice:
			"The API key in the credential 'OctopusX API' is wrong, disabled or expired, or its quota is used up: OctopusX says the same for all four.",
		isCommon: true,
	},
	{
		applies: ({ statusCode }) => statusCode === 402 || statusCode === 403,
		message: 'The account or the API key does not allow this',
		advice: 'Check the balance of the OctopusX account and which models the API key may use.',
		isCommon: true,
	},
	{
		applies: ({ statusCode, asksToRetry }) => statusCode === 503 && asksToRetry,
		message: 'OctopusX is busy',
		advice: LATER,
		repeatable: true,
	},
	{
		applies: ({ statusCode }) => isPassing(statusCode),
		message: 'OctopusX is not available at the moment',
		advice: LATER,
	},
	{
		applies: ({ statusCode }) => statusCode >= 300 && statusCode < 400,
		message: "The 'Base URL' leads on to another address",
		advice: "Enter that address as 'Base URL' in the credential: the API key is not sent on to it.",
		isCommon: true,
	},
	{
		applies: ({ statusCode }) => statusCode === 404,
		message: "The 'Base URL' does not lead to the OctopusX API",
		advice:
			"Check the 'Base URL' in the credential. It is https://octopusx.ai unless you were told another one.",
		isCommon: true,
	},
	{
		applies: ({ statusCode }) => statusCode >= 400,
		message: 'OctopusX rejected the request',
		advice: 'Check the parameters of the node.',
	},
	{
		applies: ({ isTooLarge }) => isTooLarge,
		message: 'OctopusX sent an answer that is too large',
		advice:
			"More than 2 MB came, and the answers of the API have a few kB. Check the 'Base URL' in the credential, or try again later.",
		isCommon: true,
	},
	{
		applies: ({ isPage }) => isPage,
		message: 'A web page answered instead of the OctopusX API',
		advice:
			"Check the 'Base URL' in the credential. If it is right, a firewall or a proxy is in the way: try again later.",
		isCommon: true,
	},
	{
		applies: () => true,
		message: 'OctopusX sent an answer that the node does not understand',
		advice: LATER,
	},
];

/** Turns an answer that is no success into words. */
export function explainAnswer(answer: Answer, redact: Redact): OctopusXError {
	const sign = signOf(answer);
	const entry = [...CODES, ...STATUSES].find(({ applies }) => applies(sign)) as Entry;
	const { message, advice, repeatable, isCommon } = entry;
	const maybeAccepted = isMaybeAccepted(sign);
	// an id may be that of something that was accepted all the same
	const isOdd = isPlainObject(answer.body) && 'id' in answer.body;
	const said = maybeAccepted || isOdd ? quoteWhole(answer, redact) : quote(answer, redact);
	return new OctopusXError(message, `${advice} ${said}`, {
		statusCode: sign.statusCode,
		code: sign.code,
		isKeyRefused: sign.statusCode === 401 && sign.code !== FROM_MODEL_SERVICE && !sign.isPage,
		transient: isTransient(sign),
		maybeAccepted,
		repeatable,
		// a page may come from a proxy that does not like this one request
		isCommon: isCommon && !(sign.isPage && sign.statusCode >= 400),
		retryAfterMs: parseRetryAfter(answer),
	});
}

/** An answer to a submission that is no task. A 2xx that is no refusal either may have cost money. */
export function explainSubmission(answer: Answer, redact: Redact): OctopusXError {
	const { statusCode, isRefusal, isPage } = signOf(answer);
	if (isRefusal || isPage || statusCode >= 300) return explainAnswer(answer, redact);
	return new OctopusXError(
		'OctopusX accepted the request but sent no task ID',
		quoteWhole(answer, redact),
		{ statusCode, maybeAccepted: true },
	);
}

/** The content endpoint's refusals: the task is known, so its parameters are not to blame. */
export function explainContent(answer: Answer, redact: Redact): OctopusXError {
	const { statusCode, body } = answer;
	if (statusCode !== 400 && statusCode !== 404) return explainAnswer(answer, redact);
	const isEarly = /not completed/i.test(readEnvelope(body).message);
	return new OctopusXError('OctopusX has no file for this task', quote(answer, redact), {
		statusCode,
		transient: isEarly || typeof body === 'string',
		...(isEarly && { retryAfterMs: GATEWAY_INTERVAL_MS }),
	});
}

/** What a refusal of a host other than the API means: the account is not involved. */
export function explainHost(answer: Answer, host: string): OctopusXError {
	const { statusCode } = answer;
	return new OctopusXError(
		`${host} answered with HTTP ${statusCode}`,
		statusCode === 403 || statusCode === 404 ? 'The address may have expired.' : LATER,
		{
			statusCode,
			transient: isPassing(statusCode),
			retryAfterMs: parseRetryAfter(answer),
		},
	);
}

/** Whether the same read may be answered otherwise a moment later. */
function isTransient(sign: Sign): boolean {
	const { statusCode, code, isPage } = sign;
	if (code === FROM_MODEL_SERVICE || SERVICE_CODES.includes(code)) return true;
	if (code === 'task_not_exist') return false;
	// a refusal as JSON is meant; a page comes from a proxy, and a success that says nothing from nobody
	return isPage || statusCode < 400 || isPassing(statusCode);
}

/**
 * Whether a submission that is answered so may have been carried out all the same. The API gives back
 * what it has charged before it refuses (docs/API.md, "Refusals"); a 4xx and a redirect that keeps the
 * method (RFC 9110, 15.4) were not carried out, whoever sent them.
 */
function isMaybeAccepted({ statusCode, isRefusal, asksToRetry }: Sign): boolean {
	if (isRefusal || (statusCode === 503 && asksToRetry)) return false;
	if (statusCode === 307 || statusCode === 308) return false;
	return statusCode < 400 || (isPassing(statusCode) && statusCode !== 429);
}

/** Statuses that speak of the moment, not of the request. */
function isPassing(statusCode: number): boolean {
	return statusCode >= 500 || statusCode === 429 || statusCode === 408;
}

function signOf(answer: Answer): Sign {
	const { statusCode, body, isTooLarge = false } = answer;
	return {
		...readEnvelope(body),
		statusCode,
		isTooLarge,
		isPage: typeof body === 'string' && body.trim() !== '',
		asksToRetry: parseRetryAfter(answer) !== undefined,
	};
}

/** `Retry-After` in ms from now: the header is a number of seconds or a date (RFC 9110, 10.2.3). */
function parseRetryAfter({ headers }: Answer): number | undefined {
	const header = headers['retry-after'];
	if (typeof header !== 'string' || header.trim() === '') return undefined;
	const ms = /^\s*\d+\s*$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - Date.now();
	return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

import { entryOf, isPassing, LATER, SERVICE_CODES, type Sign } from './catalogue';
import { FROM_MODEL_SERVICE, quote, quoteWhole, readEnvelope, type Answer } from './envelope';
import { OctopusXError } from './errors';
import type { Redact } from './redact';
import { isPlainObject } from './task';

/** The gateway does not ask the model service more often how a task stands (docs/API.md, "Query a task"). */
const GATEWAY_INTERVAL_MS = 15_000;

/** Turns an answer that is no success into words. */
export function explainAnswer(answer: Answer, redact: Redact): OctopusXError {
	const sign = signOf(answer);
	const { message, advice, repeatable, isCommon } = entryOf(sign);
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
	if (typeof header !== 'string') return undefined;
	const ms = /^\s*\d+\s*$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - Date.now();
	return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

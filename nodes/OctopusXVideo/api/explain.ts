import { explainCode, explainStatus, isTemporary, LATER, SERVICE_CODES } from './catalogue';
import type { AnswerFacts } from './catalogue';
import {
	FROM_MODEL_SERVICE,
	isPlainObject,
	quote,
	quoteWhole,
	readEnvelope,
	requestIdOf,
	shorten,
	type Answer,
} from './envelope';
import { OctopusXError } from './errors';
import type { NoAnswer } from './transport';

/** Codes of connections that failed before any byte of the request reached the server. */
const NEVER_CONNECTED: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN']);

/** Codes of rejected certificates. Node has about twenty, and rejects them before it sends the request. */
const CERTIFICATE_CODE = /CERT|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)/;

/** Codes of failed TLS handshakes. A damaged record can also arrive after the request was sent. */
const NO_TLS_CODE = /^(EPROTO|ERR_SSL_(?!.*BAD_RECORD_MAC))/;

/** Codes of requests that n8n (allowed domains, the credential's expressions) or axios rejected unsent. */
const NOT_SENT: ReadonlySet<string> = new Set(['UserError', 'ExpressionError', 'ERR_INVALID_URL']);

/** Builds the error for a response that is not a success. */
export function explainAnswer(answer: Answer): OctopusXError {
	const facts = factsOf(answer);
	const { statusCode, code, isPage } = facts;
	const explanation = explainCode(facts) ?? explainStatus(facts);
	const { message, advice, repeatable, affectsAllItems } = explanation;
	const maybeAccepted = isMaybeAccepted(facts);
	// the ID may belong to something that was accepted anyway
	const hasId = isPlainObject(answer.body) && 'id' in answer.body;
	const said = maybeAccepted || hasId ? quoteWhole(answer) : quote(answer);
	const isFromModel = code === FROM_MODEL_SERVICE || SERVICE_CODES.includes(code);
	// a refusal in JSON is deliberate; a page comes from a proxy, an empty success from something in between
	const isPassing = isPage || statusCode < 400 || isTemporary(statusCode);
	return new OctopusXError(message, `${advice} ${said}`, {
		statusCode,
		code,
		isKeyRejected: statusCode === 401 && code !== FROM_MODEL_SERVICE && !isPage,
		transient: isFromModel || (isPassing && code !== 'task_not_exist'),
		maybeAccepted,
		repeatable,
		// a page may come from a proxy that rejects only this request
		affectsAllItems: affectsAllItems && !(isPage && statusCode >= 400),
		retryAfterMs: parseRetryAfter(answer),
	});
}

/** Builds the error for a response to a submission that contains no task. */
export function explainSubmission(answer: Answer): OctopusXError {
	const facts = factsOf(answer);
	const { statusCode, isPage } = facts;
	if (isPage || statusCode >= 300 || !isMaybeAccepted(facts)) return explainAnswer(answer);
	return new OctopusXError(
		'OctopusX accepted the request but sent no task ID',
		quoteWhole(answer),
		{ statusCode, maybeAccepted: true },
	);
}

/** Builds the error for a refusal by the content endpoint. The task exists, so no parameter is to blame. */
export function explainContent(answer: Answer): OctopusXError {
	const { statusCode, body } = answer;
	// the others say nothing about the file
	const isRefused = statusCode >= 400 && statusCode < 500;
	if (!isRefused || [401, 407, 408, 429].includes(statusCode)) return explainAnswer(answer);
	const { message } = readEnvelope(body);
	// a task that has failed never gets a file
	const isEarly = /not completed/i.test(message) && !/FAILURE/.test(message);
	return new OctopusXError('OctopusX has no file for this task', quote(answer), {
		statusCode,
		transient: isEarly || typeof body === 'string',
		// the gateway checks a task at most this often (docs/API.md, "Query a task")
		...(isEarly && { retryAfterMs: 15_000 }),
	});
}

/** Builds the error for a refusal by another host, such as that of a file. The account is not involved. */
export function explainHost(answer: Answer, host: string): OctopusXError {
	const { statusCode } = answer;
	return new OctopusXError(
		`${host} answered with HTTP ${statusCode}`,
		statusCode === 403 || statusCode === 404 ? 'The address may have expired.' : LATER,
		{ statusCode, transient: isTemporary(statusCode), retryAfterMs: parseRetryAfter(answer) },
	);
}

/** Builds the error for a request that `peer` did not answer. n8n replaces messages that contain an error code. */
export function explainNoAnswer(noAnswer: NoAnswer, peer = 'OctopusX'): OctopusXError {
	const { code, host, isBlocked, isBeforeConnect } = noAnswer;
	const reason = shorten(noAnswer.reason);
	const isApi = peer === 'OctopusX';
	const advice = isApi
		? "Check the 'Base URL' in the credential and the network of the n8n server."
		: 'Check the network of the n8n server.';
	if (isBeforeConnect || NEVER_CONNECTED.has(code)) {
		const where = host ? `No connection to ${host} was made. ` : '';
		const details = { transient: true, repeatable: true, isUnconnected: isApi };
		return new OctopusXError(`${peer} cannot be reached`, `${where}${advice}`, details);
	}
	// nothing was sent, and the other items would fail in the same way, because they use the same API
	const notSent = { affectsAllItems: isApi };
	if (CERTIFICATE_CODE.test(code)) {
		return new OctopusXError(
			'n8n does not trust the certificate of the server',
			`${advice} The certificate has expired, is self-signed, or belongs to another name (${reason}).`,
			notSent,
		);
	}
	if (NO_TLS_CODE.test(code)) {
		return new OctopusXError(
			'No secure connection could be made',
			`${peer} does not speak https at this address and port. ${advice} (${reason})`,
			notSent,
		);
	}
	if (isBlocked || NOT_SENT.has(code)) {
		return new OctopusXError(
			'n8n did not send the request',
			code === 'ExpressionError' && !isBlocked
				? `It could not resolve the credential (${reason}). Check the credential and the settings of the workflow.`
				: `${reason}${host ? ` (${host})` : ''}. The administrator of n8n can allow the address.`,
			notSent,
		);
	}
	const received = noAnswer.partial ? ` ${quoteWhole(noAnswer.partial)}` : '';
	return new OctopusXError(
		'The connection broke off',
		`${peer} sent no complete answer (${reason}).${received}`,
		{ transient: true, maybeAccepted: true },
	);
}

/**
 * True if a submission with this response may have been accepted, so that it must not be retried.
 *
 * - A 4xx or a redirect that keeps the method (RFC 9110, 15.4) means that the request was not carried out,
 *   no matter which server sent it.
 * - The gateway refunds any charge before it refuses (docs/API.md, "Refusals"). It also responds with the
 *   page of its console if the URL is not the API's.
 * - Anything else may come from something in between, such as a cache that gave up waiting while the
 *   gateway carries the request out (docs/API.md, "Who answered").
 */
function isMaybeAccepted(facts: AnswerFacts): boolean {
	const { statusCode, hasRetryAfter, isFromGateway, isHtml, isRefusal } = facts;
	if (statusCode >= 400 && statusCode < 500) return false;
	if (statusCode === 307 || statusCode === 308) return false;
	const isBusy = statusCode === 503 && hasRetryAfter;
	const isConsole = statusCode < 300 && isHtml;
	return !isFromGateway || !(isRefusal || isBusy || isConsole);
}

function factsOf(answer: Answer): AnswerFacts {
	const { statusCode, body, isTooLarge = false } = answer;
	return {
		...readEnvelope(body),
		statusCode,
		isTooLarge,
		isPage: typeof body === 'string' && body.trim() !== '',
		hasRetryAfter: parseRetryAfter(answer) !== undefined,
		isHtml: typeof body === 'string' && !isTooLarge && body.trimStart().startsWith('<'),
		isFromGateway: requestIdOf(answer) !== '',
	};
}

/** Returns `Retry-After` in ms from now. The header is a number of seconds or a date (RFC 9110, 10.2.3). */
function parseRetryAfter({ headers }: Answer): number | undefined {
	const header = headers['retry-after'];
	if (typeof header !== 'string') return undefined;
	const ms = /^\s*\d+\s*$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - Date.now();
	return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

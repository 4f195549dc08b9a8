import { OctopusXError } from './errors';
import type { Redact } from './redact';

/** No HTTP answer arrived; `code` is Node's or axios's code for why, or else the error's name. */
export interface NoAnswer {
	code: string;
	reason: string;
	/** Who was asked, where that is known: host and port. */
	host?: string;
	/** Whether n8n's SSRF protection keeps the request from being sent. */
	isBlocked?: boolean;
	/** Whether no connection was made, so that nothing has been sent. */
	isBeforeConnect?: boolean;
}

/**
 * What happened to the connection. Plain requests throw axios's error with a `code`; n8n wraps it
 * where a credential is involved: 2.x keeps it as the cause, 1.x copies the code to `httpCode`.
 */
export function toNoAnswer(error: unknown): NoAnswer {
	const { httpCode, cause, ...own } = describe(error);
	const origin = describe(cause);
	const chain = [error, cause, origin.cause];
	return {
		code: origin.code ?? own.code ?? httpCode ?? origin.name ?? own.name ?? '',
		reason: origin.message ?? own.message ?? '',
		isBlocked: chain.some((link) => BLOCKED.test(describe(link).name ?? '')),
		isBeforeConnect: chain.some(isConnectError),
	};
}

/** n8n has an error for each kind of rule: addresses, names. */
const BLOCKED = /^SsrfBlocked/;

/** Node tells which call failed; where it tried several addresses, that of each. */
function isConnectError(error: unknown): boolean {
	const { syscall, errors, message, messages } = describe(error);
	return (
		syscall === 'connect' ||
		UNSENT.includes(String(message)) ||
		// n8n 1.x puts words of its own before them
		(Array.isArray(messages) &&
			messages.some((one) => UNSENT.some((words) => String(one).includes(words)))) ||
		(Array.isArray(errors) && errors.length > 0 && errors.every(isConnectError))
	);
}

/** The words for a connection that ended before the first byte of the request could be sent. */
const UNSENT: readonly string[] = [
	// Node's
	'Client network socket disconnected before secure TLS connection was established',
	// n8n's, of a proxy that does not let a connection through
	'Proxy connection ended before receiving CONNECT response',
];

/** `syscall` is Node's name for what failed, such as `connect`. */
type Described = Partial<Record<'code' | 'httpCode' | 'name' | 'message' | 'syscall', string>> &
	Partial<Record<'errors' | 'cause' | 'messages', unknown>>;

function describe(error: unknown): Described {
	if (!(typeof error === 'object' && error !== null)) return {};
	const { code, httpCode, name, message, messages, syscall, errors, cause } = error as Described;
	return { code, httpCode, name, message, messages, syscall, errors, cause };
}

/** Connection codes that mean no byte of the request has reached the server. */
const NEVER_CONNECTED: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN']);

/** A certificate is refused before the request is sent; Node has some twenty codes for it. */
const NOT_TRUSTED = /CERT|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)/;

/** No TLS to be had, as where an `https://` address leads to an http port; a record that is spoilt later is none of these. */
const NO_TLS = /^(EPROTO|ERR_SSL_(?!.*BAD_RECORD_MAC))/;

/** Refused by n8n (allowed domains) or by axios before anything was sent. */
const NOT_SENT: ReadonlySet<string> = new Set(['UserError', 'ERR_INVALID_URL']);

/** n8n evaluates what the credential says as an expression, before the request. */
const UNRESOLVED = 'ExpressionError';

/**
 * Turns a missing answer into words. The codes stay out of them: n8n replaces texts that hold one.
 *
 * @param peer whose answer is missing, as a user would call it
 */
export function explainNoAnswer(
	{ code, reason, host, isBlocked, isBeforeConnect }: NoAnswer,
	redact: Redact,
	peer = 'OctopusX',
): OctopusXError {
	const advice =
		peer === 'OctopusX'
			? "Check the 'Base URL' in the credential and the network of the n8n server."
			: 'Check the network of the n8n server.';
	if (isBeforeConnect || NEVER_CONNECTED.has(code)) {
		return new OctopusXError(`${peer} cannot be reached`, advice, {
			transient: true,
			repeatable: true,
		});
	}
	// before a byte was sent; all items of a run go to the same API
	const unsent = { isCommon: peer === 'OctopusX' };
	if (NOT_TRUSTED.test(code)) {
		const description = `${advice} The certificate has expired, is made by the server itself, or belongs to another name (${redact(reason)}).`;
		return new OctopusXError(
			'n8n does not trust the certificate of the server',
			description,
			unsent,
		);
	}
	if (NO_TLS.test(code)) {
		return new OctopusXError(
			'No secure connection could be made',
			`${peer} does not speak https at this address and port. ${advice} (${redact(reason)})`,
			unsent,
		);
	}
	if (isBlocked || NOT_SENT.has(code)) {
		const at = host ? ` (${host})` : '';
		const description = `${redact(reason)}${at}. The administrator of n8n can allow the address.`;
		return new OctopusXError('n8n did not send the request', description, unsent);
	}
	if (code === UNRESOLVED) {
		const description = `It could not resolve the credential (${redact(reason)}). Check the credential and the settings of the workflow.`;
		return new OctopusXError('n8n did not send the request', description, unsent);
	}
	return new OctopusXError(
		'The connection broke off',
		`${peer} sent no complete answer (${redact(reason)}).`,
		{ transient: true, maybeAccepted: true },
	);
}

import type { NodeApiError } from 'n8n-workflow';
import { OctopusXError } from './errors';
import type { Redact } from './redact';

/** No HTTP answer arrived; `code` is Node's or axios's code for why, or else the error's name. */
export interface NoAnswer {
	code: string;
	reason: string;
}

/**
 * What happened to the connection. Plain requests throw axios's error with a `code`; n8n wraps it
 * where a credential is involved: 2.x keeps it as the cause, 1.x copies the code to `httpCode`.
 */
export function toNoAnswer(error: unknown): NoAnswer {
	const { code, httpCode, name, message, cause } = error as NodeApiError & { code?: string };
	const origin = cause as { code?: string; name?: string; message?: string } | undefined;
	return {
		code: origin?.code ?? code ?? httpCode ?? origin?.name ?? name,
		reason: origin?.message ?? message,
	};
}

/** Connection codes that mean no byte of the request has reached the server. */
const NEVER_CONNECTED: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN']);

/** TLS gives up before the request is sent; Node has some twenty codes for it. */
const NOT_TRUSTED = /CERT|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|^ERR_SSL/;

/** n8n's own refusal of private addresses, where its administrator has switched that on. */
const SSRF_PROTECTION = 'SsrfBlockedIpError';

/**
 * Turns a missing answer into words. The codes stay out of them: n8n replaces texts that hold one.
 *
 * @param peer whose answer is missing, as a user would call it
 */
export function explainNoAnswer(
	{ code, reason }: NoAnswer,
	redact: Redact,
	peer = 'OctopusX',
): OctopusXError {
	const hint =
		peer === 'OctopusX'
			? "Check the 'Base URL' in the credential and the network of the n8n server."
			: 'Check the network of the n8n server.';
	if (NEVER_CONNECTED.has(code)) {
		return new OctopusXError(`${peer} cannot be reached`, hint, {
			transient: true,
			repeatable: true,
		});
	}
	if (NOT_TRUSTED.test(code)) {
		const description = `${hint} (${redact(reason)})`;
		return new OctopusXError('The certificate of the server is not trusted', description);
	}
	if (code === SSRF_PROTECTION) {
		const description = `${redact(reason)}. The administrator of n8n can allow the address.`;
		return new OctopusXError('n8n did not send the request', description);
	}
	return new OctopusXError(
		'The connection broke off',
		`${peer} sent no complete answer (${redact(reason)}).`,
		{ transient: true, maybeAccepted: true },
	);
}

import type { FaultDetails } from '../../nodes/OctopusXVideo/api/errors';
import { explainNoAnswer, toNoAnswer, type NoAnswer } from '../../nodes/OctopusXVideo/api/noAnswer';

const redact = (text: string) => text.replaceAll('sk-secret', '***');
const TLS = 'Client network socket disconnected before secure TLS connection was established';

const PROXY = 'Proxy connection ended before receiving CONNECT response';

test.each<[string, unknown, Partial<NoAnswer>]>([
	['an error of axios', { code: 'C', name: 'N', message: 'm' }, { code: 'C', reason: 'm' }],
	['an error without a code', { name: 'N', message: 'm' }, { code: 'N', reason: 'm' }],
	['what n8n 1.x wraps', { name: 'N', httpCode: 'H', message: 'm' }, { code: 'H', reason: 'm' }],
	[
		'what n8n 2.x wraps',
		{ code: 'C', httpCode: 'H', message: 'm', cause: { code: 'O', message: 'o' } },
		{ code: 'O', reason: 'o' },
	],
	[
		'a cause without a code',
		{ httpCode: 'H', name: 'N', cause: { name: 'O', message: 'o' } },
		{ code: 'H', reason: 'o' },
	],
	['a cause that only has a name', { name: 'N', cause: { name: 'O' } }, { code: 'O', reason: '' }],
	['a text', 'text', { code: '', reason: '' }],
	['null', null, { code: '', reason: '' }],
	['nothing', undefined, { code: '', reason: '' }],
])('why no answer came is read from %s', (_what, error, expected) => {
	expect(toNoAnswer(error)).toEqual({ isBeforeConnect: false, isBlocked: false, ...expected });
});

test.each<[string, unknown, boolean]>([
	['a call of connect', { syscall: 'connect' }, true],
	['another call', { syscall: 'read' }, false],
	['a cause that is one', { cause: { syscall: 'connect' } }, true],
	['the cause of a cause', { cause: { cause: { syscall: 'connect' } } }, true],
	['a cut before TLS was up', { message: TLS }, true],
	['a cause that is a cut before TLS', { cause: { message: TLS } }, true],
	['a proxy that ended it', { message: PROXY }, true],
	['a proxy that ended it, in n8n 1.x', { messages: [`Error: ${PROXY}`] }, true],
	['words of n8n 1.x before such a cut', { messages: ['Problem', `1: ${TLS}`] }, true],
	['words that are no list', { messages: TLS }, false],
	['several addresses', { errors: [{ syscall: 'connect' }, { syscall: 'connect' }] }, true],
	['several, one of them later', { errors: [{ syscall: 'connect' }, { syscall: 'read' }] }, false],
	['no address at all', { errors: [] }, false],
	['errors that are no list', { errors: { length: 1 } }, false],
])('nothing was sent, as far as can be told from %s: %p', (_what, error, isBeforeConnect) => {
	expect(toNoAnswer(error).isBeforeConnect).toBe(isBeforeConnect);
});

test.each<[unknown, boolean]>([
	[{ name: 'SsrfBlockedIpError' }, true],
	[{ cause: { name: 'SsrfBlockedHostError' } }, true],
	[{ cause: { cause: { name: 'SsrfBlockedIpError' } } }, true],
	[{ name: 'NoSsrfBlockedError', message: 'SsrfBlocked' }, false],
	[{}, false],
])('n8n keeps the request from being sent, as far as %j tells: %p', (error, isBlocked) => {
	expect(toNoAnswer(error).isBlocked).toBe(isBlocked);
});

const BASE = "Check the 'Base URL' in the credential and the network of the n8n server.";
const UNSENT = 'n8n did not send the request';
const CERTIFICATE = 'n8n does not trust the certificate of the server';
const NO_TLS = 'No secure connection could be made';
const BROKEN = 'The connection broke off';

test.each<[string, boolean, string, string, FaultDetails]>([
	...['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN'].map(
		(code): [string, boolean, string, string, FaultDetails] => [
			code,
			false,
			'OctopusX cannot be reached',
			BASE,
			{ transient: true, repeatable: true },
		],
	),
	['ETIMEDOUT', true, 'OctopusX cannot be reached', BASE, { transient: true, repeatable: true }],
	...[
		'CERT_HAS_EXPIRED',
		'DEPTH_ZERO_SELF_SIGNED_CERT',
		'SELF_SIGNED',
		'UNABLE_TO_GET_ISSUER',
		'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
	].map((code): [string, boolean, string, string, FaultDetails] => [
		code,
		false,
		CERTIFICATE,
		`${BASE} The certificate has expired, is made by the server itself, or belongs to another name (why ***).`,
		{ isCommon: true },
	]),
	...['EPROTO', 'ERR_SSL_WRONG_VERSION_NUMBER'].map(
		(code): [string, boolean, string, string, FaultDetails] => [
			code,
			false,
			NO_TLS,
			`OctopusX does not speak https at this address and port. ${BASE} (why ***)`,
			{ isCommon: true },
		],
	),
	...['UserError', 'ERR_INVALID_URL'].map(
		(code): [string, boolean, string, string, FaultDetails] => [
			code,
			false,
			UNSENT,
			'why ***. The administrator of n8n can allow the address.',
			{ isCommon: true },
		],
	),
	[
		'ExpressionError',
		false,
		UNSENT,
		'It could not resolve the credential (why ***). Check the credential and the settings of the workflow.',
		{ isCommon: true },
	],
	...['ECONNRESET', '', 'ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC', 'XEPROTO'].map(
		(code): [string, boolean, string, string, FaultDetails] => [
			code,
			false,
			BROKEN,
			'OctopusX sent no complete answer (why ***).',
			{ transient: true, maybeAccepted: true },
		],
	),
])(
	'%p (before the connection: %p) is told as: %s',
	(code, isBeforeConnect, message, words, details) => {
		const error = explainNoAnswer({ code, reason: 'why sk-secret', isBeforeConnect }, redact);
		expect(error.message).toBe(message);
		expect(error.description).toBe(words);
		expect(error.details).toEqual(details);
	},
);

test('where n8n keeps the request from being sent, the error names who was asked', () => {
	const blocked = { code: 'C', reason: 'why', host: 'a.test:80', isBlocked: true };
	const error = explainNoAnswer(blocked, redact);
	expect(error.message).toBe(UNSENT);
	expect(error.description).toMatch(/^why \(a\.test:80\)\. The administrator/);
});

test('of another host than the API, no advice about the Base URL, and no fault of the run', () => {
	const explain = (code: string) => explainNoAnswer({ code, reason: 'why' }, redact, 'The host');
	const refused = explain('ECONNREFUSED');
	expect(refused.message).toBe('The host cannot be reached');
	expect(refused.description).toBe('Check the network of the n8n server.');
	expect(explain('EPROTO').description).toMatch(/^The host does not speak https/);
	expect(explain('EPROTO').details).toEqual({ isCommon: false });
});

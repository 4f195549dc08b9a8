import type { FaultDetails } from '../../nodes/OctopusXVideo/api/errors';
import {
	explainAnswer,
	explainContent,
	explainHost,
	explainNoAnswer,
	explainSubmission,
} from '../../nodes/OctopusXVideo/api/explain';

/** The rows come from docs/API.md, "Refusals". */

/** A response of the gateway; `BY_PROXY` as headers makes it one of something in between. */
const answer = (statusCode: number, body: unknown = '', headers: object = {}) => ({
	statusCode,
	headers: { 'x-oneapi-request-id': 'r1', ...headers },
	body,
});
const BY_PROXY = { 'x-oneapi-request-id': undefined };
const refusal = (code: string, message = 'no') => ({ code, message, data: null });
const PAGE = '<html>Bad Gateway</html>';

/** Returns the details that are set, except those that every error has. */
const marksOf = (details: FaultDetails) =>
	Object.entries(details)
		.filter(([name, value]) => value && !['statusCode', 'code'].includes(name))
		.map(([name, value]) => (value === true ? name : `${name} ${value}`))
		.sort()
		.join(' ');

const WEB_PAGE = 'A web page answered instead of the OctopusX API';
const LOGIN = 'A proxy between n8n and OctopusX asks for a login';
const MODEL = 'OctopusX does not offer this model to the account';
const SERVICE = 'OctopusX could not reach the AI model';
const PASSING = 'The AI model is not available at the moment';
const UNAVAILABLE = 'OctopusX is not available at the moment';
const LARGE = 'The request is too large for OctopusX';
const REDIRECT = "The 'Base URL' leads to another address";
const FORBIDDEN = 'The account or the API key does not allow this';
const NO_API = "The 'Base URL' does not lead to the OctopusX API";
const REJECTED = 'OctopusX rejected the request';
const KEY = 'OctopusX did not accept the API key';
const BALANCE = 'The balance of the OctopusX account is too low';
const ODD = 'OctopusX sent an answer that the node does not understand';
const TASK = 'fail_to_fetch_task';
const USED_UP = 'The balance for this request is used up';
const CLOSED = 'The AI model is closed to OctopusX at the moment';

test.each<[number, unknown, object, string, string, string]>([
	[
		429,
		refusal('x'),
		{},
		'OctopusX received too many requests',
		'repeatable transient',
		'Lower the',
	],
	[429, '', {}, 'OctopusX received too many requests', 'repeatable transient', 'Max Concurrency'],
	[
		400,
		refusal('task_not_exist'),
		{},
		'OctopusX does not know this task',
		'',
		"Check the 'Task ID'",
	],
	[500, refusal('task_not_exist'), {}, 'OctopusX does not know this task', '', 'the account that'],
	[403, refusal('insufficient_user_quota'), {}, BALANCE, 'affectsAllItems', 'Top up the account'],
	[
		403,
		refusal('pre_consume_token_quota_failed'),
		{},
		'The quota of the API key is too low',
		'affectsAllItems',
		"Raise the key's quota",
	],
	...[
		'model_not_found',
		'get_channel_failed',
		'model_price_error',
		'model_mapping_failed',
		'invalid_api_platform',
		'missing_model',
	].map((code): [number, unknown, object, string, string, string] => [
		400,
		refusal(code),
		{},
		MODEL,
		'',
		'Check the model, and which models the API key may use',
	]),
	[403, refusal('', 'no access to model x'), {}, MODEL, '', 'switched off for a while'],
	[
		401,
		refusal(TASK),
		{},
		'The AI model is closed to OctopusX at the moment',
		'transient',
		'Your API',
	],
	[
		403,
		refusal(TASK),
		{},
		'The AI model is closed to OctopusX at the moment',
		'transient',
		'support',
	],
	[201, refusal(TASK), {}, PASSING, 'transient', 'Try again later.'],
	[399, refusal(TASK), {}, PASSING, 'transient', 'Try again later.'],
	[500, refusal(TASK), {}, PASSING, 'transient', 'Try again later.'],
	[408, refusal(TASK), {}, PASSING, 'transient', 'Try again later.'],
	[400, refusal(TASK), {}, 'The model refused the request', 'transient', 'Change the prompt'],
	...[
		'do_request_failed',
		'read_response_body_failed',
		'unmarshal_response_body_failed',
		'build_request_failed',
		'invalid_response',
	].map((code): [number, unknown, object, string, string, string] => [
		400,
		refusal(code),
		{},
		SERVICE,
		'transient',
		'Try again later.',
	]),
	[413, '', {}, LARGE, '', 'Compress the images'],
	[400, refusal('read_request_body_failed'), {}, LARGE, '', 'pass a public URL'],
	[400, refusal('', 'request body too large'), {}, LARGE, '', 'Compress'],
	[400, refusal('', 'the body exceeds 10 MB'), {}, LARGE, '', 'Compress'],
	[401, refusal('x'), {}, KEY, 'affectsAllItems isKeyRejected', 'wrong, disabled or expired'],
	[401, PAGE, {}, WEB_PAGE, 'transient', 'a firewall or a proxy is in the way'],
	[402, refusal('x'), {}, FORBIDDEN, 'affectsAllItems', 'Check the balance'],
	[403, refusal('x'), {}, FORBIDDEN, 'affectsAllItems', 'which models the API key may use'],
	[402, PAGE, {}, WEB_PAGE, 'transient', 'a firewall or a proxy is in the way'],
	[403, PAGE, {}, WEB_PAGE, 'transient', 'a firewall or a proxy is in the way'],
	[407, PAGE, {}, LOGIN, 'transient', 'HTTPS_PROXY'],
	[407, '', {}, LOGIN, 'affectsAllItems', 'HTTPS_PROXY'],
	[
		503,
		PAGE,
		{ 'retry-after': '7' },
		'OctopusX is busy',
		'repeatable retryAfterMs 7000 transient',
		'Try again later.',
	],
	[503, PAGE, {}, UNAVAILABLE, 'maybeAccepted transient', 'Try again later.'],
	[500, '', {}, UNAVAILABLE, 'maybeAccepted transient', 'Try again later.'],
	[500, refusal('x'), {}, UNAVAILABLE, 'transient', 'Try again later.'],
	[
		502,
		'',
		{ 'retry-after': '7' },
		UNAVAILABLE,
		'maybeAccepted retryAfterMs 7000 transient',
		'Try',
	],
	[408, '', {}, UNAVAILABLE, 'transient', 'Try again later.'],
	[300, '', {}, REDIRECT, 'affectsAllItems maybeAccepted transient', 'Enter that address'],
	[302, PAGE, {}, REDIRECT, 'affectsAllItems maybeAccepted transient', 'not sent on to it'],
	[307, '', {}, REDIRECT, 'affectsAllItems transient', 'Enter that address'],
	[308, '', {}, REDIRECT, 'affectsAllItems transient', 'Enter that address'],
	[399, '', {}, REDIRECT, 'affectsAllItems maybeAccepted transient', 'Enter that address'],
	[404, '', {}, NO_API, 'affectsAllItems', 'https://octopusx.ai, unless'],
	[404, PAGE, {}, NO_API, 'transient', 'https://octopusx.ai, unless'],
	[400, '', {}, REJECTED, '', 'Check the parameters of the node.'],
	[422, refusal('x'), {}, REJECTED, '', 'Check the parameters of the node.'],
	[499, PAGE, {}, REJECTED, 'transient', 'Check the parameters of the node.'],
	[200, PAGE, {}, WEB_PAGE, 'affectsAllItems transient', 'a firewall or a proxy'],
	[200, PAGE, BY_PROXY, WEB_PAGE, 'affectsAllItems maybeAccepted transient', 'a firewall or'],
	[200, 'text', {}, WEB_PAGE, 'affectsAllItems maybeAccepted transient', 'a firewall or'],
	[
		503,
		PAGE,
		{ ...BY_PROXY, 'retry-after': '7' },
		UNAVAILABLE,
		'maybeAccepted retryAfterMs 7000 transient',
		'Try again later.',
	],
	[
		503,
		refusal('model_not_found'),
		{ 'retry-after': '7' },
		MODEL,
		'retryAfterMs 7000 transient',
		'Check the model, and which models',
	],
	[500, refusal('x'), BY_PROXY, UNAVAILABLE, 'maybeAccepted transient', 'Try again later.'],
	[500, refusal('do_request_failed'), BY_PROXY, SERVICE, 'maybeAccepted transient', 'Try again'],
	[200, refusal('x'), BY_PROXY, ODD, 'maybeAccepted transient', 'Try again later.'],
	[408, '', BY_PROXY, UNAVAILABLE, 'transient', 'Try again later.'],
	[400, '', BY_PROXY, REJECTED, '', 'Check the parameters of the node.'],
	[429, '', BY_PROXY, 'OctopusX received too many requests', 'repeatable transient', 'Max'],
	[307, '', BY_PROXY, REDIRECT, 'affectsAllItems transient', 'Enter that address'],
	[429, refusal('insufficient_quota'), {}, USED_UP, 'affectsAllItems transient', 'Check the bal'],
	[429, refusal('insufficient_user_quota'), {}, BALANCE, 'affectsAllItems transient', 'Top up'],
	[
		429,
		{ error: { type: 'insufficient_quota', message: 'no' } },
		{},
		USED_UP,
		'affectsAllItems transient',
		'Check the balance',
	],
	...['{"error":{"code":"insufficient_quota"}}', '{"code":"insufficient_user_quota"}'].map(
		(message): [number, unknown, object, string, string, string] => [
			429,
			refusal(TASK, message),
			{},
			CLOSED,
			'transient',
			'Your API key is not the reason',
		],
	),
	[402, refusal(TASK), {}, CLOSED, 'transient', 'Your API key is not the reason'],
	[404, refusal(TASK), {}, CLOSED, 'transient', 'Your API key is not the reason'],
	[
		403,
		refusal('access_denied'),
		{},
		'The API key may not be used from this IP address',
		'affectsAllItems',
		'Allow the IP address of the n8n server',
	],
	[
		403,
		{ error: { message: 'User has been banned', type: 'new_api_error' } },
		{},
		'The OctopusX account is disabled',
		'affectsAllItems',
		'Ask the support',
	],
	[403, refusal(TASK, 'User has been banned'), {}, CLOSED, 'transient', 'Your API key is not'],

	[200, {}, {}, ODD, 'maybeAccepted transient', 'Try again later.'],
	[200, ' \n', {}, ODD, 'maybeAccepted transient', 'Try again later.'],
	[200, refusal('x'), {}, ODD, 'transient', 'Try again later.'],
	[299, {}, {}, ODD, 'maybeAccepted transient', 'Try again later.'],
])(
	'explainAnswer() explains HTTP %p with %j and the headers %j as: %s (%s)',
	(status, body, headers, message, marks, advice) => {
		const error = explainAnswer(answer(status, body, headers));
		expect(error.message).toBe(message);
		expect(marksOf(error.details)).toBe(marks);
		expect(error.description).toContain(advice);
		expect(error.description).toContain(`HTTP ${status}`);
		expect(error.details.statusCode).toBe(status);
		const { code } = body as { code?: string };
		if (code) expect(error.details.code).toBe(code);
	},
);

test.each<[unknown, string]>([
	[
		{ code: 'x', message: 'words', id: 'v_1' },
		'OctopusX sent: {"code":"x","message":"words","id":"v_1"}',
	],
	[{ code: 'x', message: 'words' }, 'OctopusX said: "words"'],
	['id', '(HTTP 400, request ID r1)'],
])('the error of a refusal with the body %j quotes %j', (body, words) => {
	expect(explainAnswer(answer(400, body)).description).toContain(words);
});

test('explainAnswer() explains a page of more than 2 MB as a response that is too large', () => {
	const error = explainAnswer({ ...answer(200, PAGE), isTooLarge: true });
	expect(error.message).toBe('OctopusX sent an answer that is too large');
	expect(error.description).toMatch(/^It has more than 2 MB/);
	expect(marksOf(error.details)).toBe('affectsAllItems maybeAccepted transient');
});

test('the error of HTTP 500 quotes the whole response if the request may have been accepted', () => {
	const body = { message: 'words', note: 'more' };
	expect(explainAnswer(answer(500, body)).description).toContain('"note":"more"');
});

describe('Retry-After', () => {
	beforeEach(() => jest.useFakeTimers({ now: Date.parse('2026-01-01T00:00:00Z') }));
	afterEach(() => jest.useRealTimers());

	test.each<[unknown, number | undefined]>([
		['0', 0],
		[' 12 ', 12_000],
		['Thu, 01 Jan 2026 00:00:30 GMT', 30_000],
		['Thu, 01 Jan 2026 00:00:30 +0000', 30_000],
		['2026-01-01T00:00:30Z', 30_000],
		['Wed, 31 Dec 2025 00:00:30 GMT', 0],
		['soon', undefined],
		['12 s', undefined],
		['a12', undefined],
		[' ', undefined],
		['', undefined],
		[undefined, undefined],
		[['12'], undefined],
		[12, undefined],
	])('the Retry-After header %j means a delay of %p ms', (header, ms) => {
		const { details } = explainAnswer(answer(503, '', { 'retry-after': header }));
		expect(details.retryAfterMs).toBe(ms);
	});
});

test.each<[number, unknown, string, boolean]>([
	[200, {}, 'OctopusX accepted the request but sent no task ID', true],
	[299, { data: {} }, 'OctopusX accepted the request but sent no task ID', true],
	[200, refusal('insufficient_user_quota'), BALANCE, false],
	[200, PAGE, WEB_PAGE, false],
	[300, {}, REDIRECT, true],
	[400, {}, REJECTED, false],
])(
	'explainSubmission() explains HTTP %p with %j as: %s',
	(status, body, message, maybeAccepted) => {
		const error = explainSubmission(answer(status, body));
		expect(error.message).toBe(message);
		expect(error.details).toMatchObject({ statusCode: status, maybeAccepted });
		expect(error.description).toContain(`HTTP ${status}`);
	},
);

test.each<[number, unknown, string, FaultDetails]>([
	[
		400,
		{ error: { message: 'Task is Not Completed yet' } },
		'',
		{ transient: true, retryAfterMs: 15_000 },
	],
	[404, { error: { message: 'gone' } }, 'gone', { transient: false }],
	[400, PAGE, 'Bad Gateway', { transient: true }],
	[404, '', 'HTTP 404', { transient: true }],
])(
	'explainContent() explains HTTP %p with %j from the content endpoint as: the task has no file',
	(status, body, words, details) => {
		const error = explainContent(answer(status, body));
		expect(error.message).toBe('OctopusX has no file for this task');
		expect(error.description).toContain(words);
		expect(error.details).toStrictEqual({ statusCode: status, ...details });
	},
);

test('explainContent() explains HTTP 401 and 502 from the content endpoint like other responses of the API', () => {
	expect(explainContent(answer(401, refusal('x'))).message).toBe(KEY);
	expect(explainContent(answer(502, '')).message).toBe(UNAVAILABLE);
});

test.each<[number, boolean, string]>([
	[403, false, 'The address may have expired.'],
	[404, false, 'The address may have expired.'],
	[400, false, 'Try again later.'],
	[499, false, 'Try again later.'],
	[408, true, 'Try again later.'],
	[429, true, 'Try again later.'],
	[500, true, 'Try again later.'],
	[503, true, 'Try again later.'],
])('HTTP %p from a host other than the API is transient: %p', (status, transient, advice) => {
	const error = explainHost(answer(status, '', { 'retry-after': '3' }), 'The host');
	expect(error.message).toBe(`The host answered with HTTP ${status}`);
	expect(error.description).toBe(advice);
	expect(error.details).toEqual({ statusCode: status, transient, retryAfterMs: 3_000 });
});

const BASE = "Check the 'Base URL' in the credential and the network of the n8n server.";
const UNCONNECTED = { transient: true, repeatable: true, isUnconnected: true };
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
			UNCONNECTED,
		],
	),
	['ETIMEDOUT', true, 'OctopusX cannot be reached', BASE, UNCONNECTED],
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
		`${BASE} The certificate has expired, is self-signed, or belongs to another name (why Bearer ***).`,
		{ affectsAllItems: true },
	]),
	...['EPROTO', 'ERR_SSL_WRONG_VERSION_NUMBER'].map(
		(code): [string, boolean, string, string, FaultDetails] => [
			code,
			false,
			NO_TLS,
			`OctopusX does not speak https at this address and port. ${BASE} (why Bearer ***)`,
			{ affectsAllItems: true },
		],
	),
	...['UserError', 'ERR_INVALID_URL'].map(
		(code): [string, boolean, string, string, FaultDetails] => [
			code,
			false,
			UNSENT,
			'why Bearer ***. The administrator of n8n can allow the address.',
			{ affectsAllItems: true },
		],
	),
	[
		'ExpressionError',
		false,
		UNSENT,
		'It could not resolve the credential (why Bearer ***). Check the credential and the settings of the workflow.',
		{ affectsAllItems: true },
	],
	...['ECONNRESET', '', 'ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC', 'XEPROTO'].map(
		(code): [string, boolean, string, string, FaultDetails] => [
			code,
			false,
			BROKEN,
			'OctopusX sent no complete answer (why Bearer ***).',
			{ transient: true, maybeAccepted: true },
		],
	),
])(
	'explainNoAnswer() explains a missing response with the code %p (before the connection: %p) as: %s',
	(code, isBeforeConnect, message, words, details) => {
		const error = explainNoAnswer({ code, reason: 'why Bearer abc', isBeforeConnect });
		expect(error.message).toBe(message);
		expect(error.description).toBe(words);
		expect(error.details).toEqual(details);
	},
);

test('the error of a request that n8n blocked names the blocked host', () => {
	const blocked = { code: 'C', reason: 'why', host: 'a.test:80', isBlocked: true };
	const error = explainNoAnswer(blocked);
	expect(error.message).toBe(UNSENT);
	expect(error.description).toMatch(/^why \(a\.test:80\)\. The administrator/);
});

test('the error of a server that cannot be reached names its host, as a typo shows there', () => {
	const unreached = { code: 'ENOTFOUND', reason: 'why', host: 'octopusx.aii' };
	expect(explainNoAnswer(unreached).description).toBe(
		`No connection to octopusx.aii was made. ${BASE}`,
	);
});

test('a missing response from a host other than the API does not mention the Base URL and affects only its item', () => {
	const explain = (code: string) => explainNoAnswer({ code, reason: 'why' }, 'The host');
	const refused = explain('ECONNREFUSED');
	expect(refused.message).toBe('The host cannot be reached');
	expect(refused.description).toBe('Check the network of the n8n server.');
	expect(refused.details.isUnconnected).toBe(false);
	expect(explain('EPROTO').description).toMatch(/^The host does not speak https/);
	expect(explain('EPROTO').details).toEqual({ affectsAllItems: false });
});

import { Readable } from 'node:stream';
import { createHideKey } from '../../nodes/OctopusXVideo/api/credential';
import {
	ignoreErrors,
	toNoAnswer,
	Transport,
	type ApiContext,
	type NoAnswer,
} from '../../nodes/OctopusXVideo/api/transport';

const hideKey = createHideKey('sk-secret');
const TLS = 'Client network socket disconnected before secure TLS connection was established';

const PROXY = 'Proxy connection ended before receiving CONNECT response';

test.each<[string, unknown, Partial<NoAnswer>]>([
	['an axios error', { code: 'C', name: 'N', message: 'm' }, { code: 'C', reason: 'm' }],
	['an error without a code', { name: 'N', message: 'm' }, { code: 'N', reason: 'm' }],
	[
		'an error that n8n 1.x wraps',
		{ name: 'N', httpCode: 'H', message: 'm' },
		{ code: 'H', reason: 'm' },
	],
	[
		'an error that n8n 2.x wraps',
		{ code: 'C', httpCode: 'H', message: 'm', cause: { code: 'O', message: 'o' } },
		{ code: 'O', reason: 'o' },
	],
	[
		'a cause without a code',
		{ httpCode: 'H', name: 'N', cause: { name: 'O', message: 'o' } },
		{ code: 'H', reason: 'o' },
	],
	['a cause that only has a name', { name: 'N', cause: { name: 'O' } }, { code: 'O', reason: '' }],
	['a string', 'text', { code: '', reason: '' }],
	['null', null, { code: '', reason: '' }],
	['undefined', undefined, { code: '', reason: '' }],
])('toNoAnswer() reads the code and reason of %s', (_what, error, expected) => {
	expect(toNoAnswer(error, hideKey)).toEqual({
		isBeforeConnect: false,
		isBlocked: false,
		...expected,
	});
});

test.each<[string, unknown, boolean]>([
	['a failed connect', { syscall: 'connect' }, true],
	['a failed read', { syscall: 'read' }, false],
	['a cause that is a failed connect', { cause: { syscall: 'connect' } }, true],
	['a failed connect in the cause of a cause', { cause: { cause: { syscall: 'connect' } } }, true],
	['a connection cut before TLS', { message: TLS }, true],
	['a cause that was cut before TLS', { cause: { message: TLS } }, true],
	['a proxy that ended the connection', { message: PROXY }, true],
	['a proxy that ended the connection, in n8n 1.x', { messages: [`Error: ${PROXY}`] }, true],
	['a connection cut before TLS, in n8n 1.x', { messages: ['Problem', `1: ${TLS}`] }, true],
	['messages that are not a list', { messages: TLS }, false],
	[
		'several IP addresses that all refused the connection',
		{ errors: [{ syscall: 'connect' }, { syscall: 'connect' }] },
		true,
	],
	[
		'several IP addresses, one of which accepted the connection',
		{ errors: [{ syscall: 'connect' }, { syscall: 'read' }] },
		false,
	],
	['an empty list of IP addresses', { errors: [] }, false],
	['errors that are not a list', { errors: { length: 1 } }, false],
])('toNoAnswer() concludes from %s that nothing was sent: %p', (_what, error, isBeforeConnect) => {
	expect(toNoAnswer(error, hideKey).isBeforeConnect).toBe(isBeforeConnect);
});

test.each<[unknown, boolean]>([
	[{ name: 'SsrfBlockedIpError' }, true],
	[{ cause: { name: 'SsrfBlockedHostError' } }, true],
	[{ cause: { cause: { name: 'SsrfBlockedIpError' } } }, true],
	[{ name: 'NoSsrfBlockedError', message: 'SsrfBlocked' }, false],
	[{}, false],
])('toNoAnswer() concludes from %j that n8n blocked the request: %p', (error, isBlocked) => {
	expect(toNoAnswer(error, hideKey).isBlocked).toBe(isBlocked);
});

test('toNoAnswer() hides the API key in the reason', () => {
	expect(toNoAnswer({ message: 'why sk-secret' }, hideKey).reason).toBe('why ***');
	expect(toNoAnswer({ cause: { message: 'why sk-secret' } }, hideKey).reason).toBe('why ***');
});

test('ignoreErrors() prevents an error of an unread stream from being thrown', () => {
	const body = ignoreErrors(new Readable());
	expect(() => body.emit('error', new Error('late'))).not.toThrow();
});

describe('Transport', () => {
	const { signal } = new AbortController();

	/** Creates a transport whose helpers resolve to `answer`, or reject if it is an error. */
	function transportFor(answer: unknown): Transport {
		const helper = async () =>
			await (answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer));
		const helpers = { httpRequest: helper, httpRequestWithAuthentication: helper };
		return new Transport({ helpers } as unknown as ApiContext, hideKey);
	}

	/** Sends a request and reads its response. */
	async function exchange(body: string | Readable, headers = {}) {
		const stream = typeof body === 'string' ? Readable.from([Buffer.from(body)]) : body;
		const transport = transportFor({ statusCode: 200, headers, body: stream });
		const opened = await transport.withKey('GET', 'https://a.test/', {}, signal);
		return 'statusCode' in opened ? await transport.read(opened) : opened;
	}

	test('Transport hides the API key in response headers', async () => {
		const headers = { location: 'https://a.test/?key=sk-secret', 'set-cookie': ['a'], age: 1 };
		expect(await exchange('', headers)).toMatchObject({
			headers: { ...headers, location: 'https://a.test/?key=***' },
		});
	});

	test.each<[string, string, unknown]>([
		['a JSON body', '{"message":"no sk-secret","code":7}', { message: 'no ***', code: 7 }],
		['a text body', 'no sk-secret', 'no ***'],
	])('Transport hides the API key in %s', async (_what, sent, body) => {
		expect(await exchange(sent)).toEqual({ statusCode: 200, headers: {}, body });
	});

	test('Transport hides an API key that is split between two chunks of a response', async () => {
		const stream = Readable.from(['no sk-se', 'cret'].map((text) => Buffer.from(text)));
		expect(await exchange(stream)).toMatchObject({ body: 'no ***' });
	});

	test('Transport returns the start of a response of more than 2 MB, without the API key', async () => {
		const start = `${'x'.repeat(2_000)} sk-secret `;
		const answer = await exchange(start + 'y'.repeat(2 * 1024 * 1024));
		expect(answer).toMatchObject({ isTooLarge: true });
		expect('body' in answer && String(answer.body)).toMatch(/^x{2000} \*{3} y/);
	});

	test.each([true, false])(
		'Transport hides the API key in the reason of a failed request',
		async (withKey) => {
			const transport = transportFor(new Error('no sk-secret'));
			const request = withKey ? transport.withKey : transport.withoutKey;
			const answer = await request.call(transport, 'GET', 'https://sk-secret.test:8/', {}, signal);
			expect(answer).toMatchObject({ reason: 'no ***', host: '***.test:8' });
		},
	);

	test('Transport hides the API key in the reason of a response body that broke off', async () => {
		const stream = new Readable({
			read() {
				this.destroy(new Error('no sk-secret'));
			},
		});
		expect(await exchange(stream)).toMatchObject({ reason: 'no ***' });
	});
});

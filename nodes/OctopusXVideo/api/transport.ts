import type {
	IExecuteFunctions,
	IHttpRequestMethods,
	IHttpRequestOptions,
	ILoadOptionsFunctions,
} from 'n8n-workflow';
import { hideInJson, type HideKey } from './credential';
import type { Answer } from './envelope';

export const CREDENTIAL = 'octopusXApi';

/** A hidden field of the credential: while it is empty, n8n tests the credential before each request. */
export const TESTED = 'tested';

/** An execution, or a list in the editor. */
export type ApiContext = IExecuteFunctions | ILoadOptionsFunctions;

/** A readable stream that n8n's binary helpers accept. */
export type ByteStream = Exclude<
	Parameters<IExecuteFunctions['helpers']['prepareBinaryData']>[0],
	Buffer
>;

export type RequestOptions = Pick<IHttpRequestOptions, 'body' | 'headers' | 'json' | 'timeout'>;

/** Sends a request. Only `signal` ends the connection; a Stop does not. */
type Send = (
	method: IHttpRequestMethods,
	url: string,
	options: RequestOptions,
	signal: AbortSignal,
) => Promise<Answer<ByteStream> | NoAnswer>;

/** The outcome of a request that got no HTTP response. */
export interface NoAnswer {
	/** The error code of Node or axios, or else the name of the error. */
	code: string;
	reason: string;
	/** Host and port, if known. */
	host?: string;
	/** True if n8n's SSRF protection blocked the request. */
	isBlocked?: boolean;
	/** True if no connection was made, so that nothing was sent. */
	isBeforeConnect?: boolean;
	/** What arrived of a response that was cut off; its body is text. */
	partial?: Answer<string>;
}

/** Upper limit for a response that is read into memory: far larger than any response about a task. */
const MAX_ANSWER_BYTES = 2 * 1024 * 1024;

/**
 * Makes n8n return each response as it is. This also keeps n8n from retrying after a 401, from sending the
 * key along redirects, and from loading large responses into memory.
 */
const AS_IT_IS = {
	encoding: 'stream',
	returnFullResponse: true,
	ignoreHttpStatusErrors: true,
	disableFollowRedirect: true,
} as const;

/**
 * Sends single HTTP requests through n8n's helpers. Hides the API key in everything it returns, except in a
 * body that the caller reads as a stream. Methods never reject. The caller reads or destroys each body.
 */
export class Transport {
	constructor(
		private readonly context: ApiContext,
		readonly hideKey: HideKey,
	) {}

	readonly withKey: Send = async (method, url, options, signal) => {
		// n8n's helper takes the signal and the credential from the context that it is called on
		const context = Object.create(this.context, {
			getExecutionCancelSignal: { value: () => signal },
			getCredentials: {
				value: async () => ({
					...(await this.context.getCredentials(CREDENTIAL)),
					[TESTED]: 'yes',
				}),
			},
		}) as IExecuteFunctions;
		const request = { ...options, method, url, ...AS_IT_IS };
		const { httpRequestWithAuthentication: send } = this.context.helpers;
		return await this.open(url, send.call(context, CREDENTIAL, request));
	};

	/** To any host, without the API key. */
	readonly withoutKey: Send = async (method, url, options, signal) => {
		const request = { ...options, method, url, ...AS_IT_IS, abortSignal: signal };
		return await this.open(url, this.context.helpers.httpRequest(request));
	};

	/**
	 * Reads a response body and parses it as JSON, or keeps it as text if it is not valid JSON. If the
	 * decompressed body is too large, only the beginning is returned, as text.
	 */
	async read(answer: Answer<ByteStream>): Promise<Answer | NoAnswer> {
		// one buffer that doubles, because a list of tiny chunks takes far more memory than their bytes
		let buffer: Buffer = Buffer.alloc(0);
		let bytes = 0;
		try {
			for await (const chunk of answer.body as AsyncIterable<Buffer>) {
				const start = bytes;
				bytes += chunk.length;
				if (bytes > buffer.length) buffer = Buffer.concat([buffer], 2 * bytes);
				chunk.copy(buffer, start);
				// leaving the loop destroys the stream
				if (bytes > MAX_ANSWER_BYTES) break;
			}
		} catch (error) {
			const body = this.hideKey(buffer.toString('utf8', 0, bytes));
			return { ...toNoAnswer(error, this.hideKey), partial: { ...answer, body } };
		}
		const text = new TextDecoder().decode(buffer.subarray(0, bytes));
		if (bytes > MAX_ANSWER_BYTES) return { ...answer, body: this.hideKey(text), isTooLarge: true };
		// hidden after parsing, because `***` in place of an escape would break the JSON
		try {
			return { ...answer, body: hideInJson(JSON.parse(text), this.hideKey) };
		} catch {
			return { ...answer, body: this.hideKey(text) };
		}
	}

	private async open(url: string, exchange: Promise<unknown>) {
		try {
			const { statusCode, headers, body } = (await exchange) as Answer<ByteStream>;
			const safeHeaders = hideInJson({ ...headers }, this.hideKey) as Answer['headers'];
			return { statusCode, headers: safeHeaders, body: ignoreErrors(body) };
		} catch (error) {
			return { ...toNoAnswer(error, this.hideKey), host: this.hideKey(new URL(url).host) };
		}
	}
}

/** Keeps a stream error without a listener from crashing n8n. A reader of the stream still gets the error. */
export function ignoreErrors(stream: ByteStream): ByteStream {
	return stream.on('error', () => {});
}

/** The properties of an error that this file reads. `syscall` is Node's name of the failed call. */
type ErrorFields = Partial<Record<'code' | 'httpCode' | 'name' | 'message' | 'syscall', string>> &
	Partial<Record<'errors' | 'cause' | 'messages', unknown>>;

/** Messages of connections that ended before the first byte of the request was sent. */
const NOTHING_SENT: readonly string[] = [
	// from Node
	'Client network socket disconnected before secure TLS connection was established',
	// from n8n, about a proxy that refuses the connection
	'Proxy connection ended before receiving CONNECT response',
];

/**
 * Reads what happened to the connection. A plain request fails with axios's error, which has a `code`. If a
 * credential is involved, n8n wraps that error: 2.x keeps it as the cause, 1.x copies the code to `httpCode`.
 */
export function toNoAnswer(error: unknown, hideKey: HideKey): NoAnswer {
	const own = fieldsOf(error);
	const origin = fieldsOf(own.cause);
	const chain = [error, own.cause, origin.cause];
	return {
		code: origin.code ?? own.code ?? own.httpCode ?? origin.name ?? own.name ?? '',
		reason: hideKey(origin.message ?? own.message ?? ''),
		// one error for blocked IP addresses, and one for blocked host names
		isBlocked: chain.some((link) => /^SsrfBlocked/.test(fieldsOf(link).name ?? '')),
		isBeforeConnect: chain.some(isConnectError),
	};
}

/** True if no connection was made. Node names the failed call, or the errors of each IP address it tried. */
function isConnectError(error: unknown): boolean {
	const { syscall, errors, message, messages } = fieldsOf(error);
	// n8n 1.x adds text before the message, and puts it into a list
	const texts = Array.isArray(messages) ? messages.map(String) : [];
	return (
		syscall === 'connect' ||
		NOTHING_SENT.some((words) => message === words || texts.some((text) => text.includes(words))) ||
		(Array.isArray(errors) && errors.length > 0 && errors.every(isConnectError))
	);
}

function fieldsOf(error: unknown): ErrorFields {
	return typeof error === 'object' && error !== null ? error : {};
}

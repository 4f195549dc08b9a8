import type {
	IExecuteFunctions,
	IHttpRequestMethods,
	IHttpRequestOptions,
	ILoadOptionsFunctions,
} from 'n8n-workflow';
import type { HideKey } from './credential';
import type { Answer } from './envelope';

export const CREDENTIAL = 'octopusXApi';

/** Where requests come from: an execution, or a list in the editor. */
export type ApiContext = IExecuteFunctions | ILoadOptionsFunctions;

/** The readable stream of a download, as n8n's binary helpers take it. */
export type ByteStream = Exclude<
	Parameters<IExecuteFunctions['helpers']['prepareBinaryData']>[0],
	Buffer
>;

/** The options of n8n's HTTP helpers that requests may set. */
export type RequestOptions = Pick<
	Partial<IHttpRequestOptions>,
	'body' | 'headers' | 'json' | 'timeout'
>;

/** The outcome of a request that got no HTTP answer. */
export interface NoAnswer {
	/** The code of Node or axios, or else the name of the error. */
	code: string;
	reason: string;
	/** Host and port, where known. */
	host?: string;
	/** True if n8n's SSRF protection blocked the request. */
	isBlocked?: boolean;
	/** True if no connection was made, so that nothing was sent. */
	isBeforeConnect?: boolean;
	/** What arrived of an answer that was cut off; its body is text. */
	partial?: Answer<string>;
}

/** Far more than any answer about tasks needs. */
const MAX_ANSWER_BYTES = 2 * 1024 * 1024;

/**
 * Returns each answer as it is. This also keeps n8n from repeating a request after a 401 and from
 * sending the key along redirects, and answers of any size out of memory.
 */
const AS_IT_IS = {
	encoding: 'stream',
	returnFullResponse: true,
	ignoreHttpStatusErrors: true,
	disableFollowRedirect: true,
} as const;

/**
 * Single HTTP exchanges through n8n's helpers. Nothing that leaves this class contains the API key,
 * except for the bodies of files. Methods never reject. The caller reads or destroys each body.
 */
export class Transport {
	constructor(
		private readonly context: ApiContext,
		private readonly hideKey: HideKey,
	) {}

	/** Sends a request with the API key. Only `signal` ends the connection: a Stop does not. */
	async withKey(
		method: IHttpRequestMethods,
		url: string,
		options: RequestOptions,
		signal: AbortSignal,
	): Promise<Answer<ByteStream> | NoAnswer> {
		// n8n's helper takes the signal from the context that it is called on
		const context = Object.create(this.context, {
			getExecutionCancelSignal: { value: () => signal },
		}) as IExecuteFunctions;
		const { httpRequestWithAuthentication } = this.context.helpers;
		return await this.open(
			url,
			httpRequestWithAuthentication.call(context, CREDENTIAL, {
				...options,
				method,
				url,
				...AS_IT_IS,
			}),
		);
	}

	/** Sends a request without the API key, to any host. */
	async withoutKey(
		method: IHttpRequestMethods,
		url: string,
		options: RequestOptions,
		signal: AbortSignal,
	): Promise<Answer<ByteStream> | NoAnswer> {
		const { httpRequest } = this.context.helpers;
		return await this.open(
			url,
			httpRequest({ ...options, method, url, ...AS_IT_IS, abortSignal: signal }),
		);
	}

	/**
	 * Reads the whole body of an answer: JSON if it is some, otherwise text. Of an answer that is too
	 * large once unpacked, only the start is read, as text.
	 */
	async read(answer: Answer<ByteStream>): Promise<Answer | NoAnswer> {
		// grows by doubling: a list of chunks takes far more memory than their bytes if they are tiny
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
		const body = this.hideKey(new TextDecoder().decode(buffer.subarray(0, bytes)));
		if (bytes > MAX_ANSWER_BYTES) return { ...answer, body, isTooLarge: true };
		try {
			return { ...answer, body: JSON.parse(body) as unknown };
		} catch {
			return { ...answer, body };
		}
	}

	private async open(url: string, exchange: Promise<unknown>) {
		try {
			const { statusCode, headers, body } = (await exchange) as Answer<ByteStream>;
			const safe = Object.entries(headers).map(([name, value]) => [
				name,
				typeof value === 'string' ? this.hideKey(value) : value,
			]);
			return { statusCode, headers: Object.fromEntries(safe), body: ignoreErrors(body) };
		} catch (error) {
			return {
				...toNoAnswer(error, this.hideKey),
				host: this.hideKey(new URL(url).host),
			};
		}
	}
}

/**
 * Keeps an error of a stream that nobody listens to from ending n8n. A reader of the stream still gets it.
 */
export function ignoreErrors(stream: ByteStream): ByteStream {
	return stream.on('error', () => {});
}

/** The properties of an error that are read here. `syscall` is Node's name of the failed call. */
type ErrorFields = Partial<Record<'code' | 'httpCode' | 'name' | 'message' | 'syscall', string>> &
	Partial<Record<'errors' | 'cause' | 'messages', unknown>>;

/** n8n's SSRF protection has an error for each kind of rule: addresses, names. */
const BLOCKED = /^SsrfBlocked/;

/** The messages of a connection that ended before the first byte of the request was sent. */
const NOTHING_SENT: readonly string[] = [
	// Node's
	'Client network socket disconnected before secure TLS connection was established',
	// n8n's, of a proxy that refuses the connection
	'Proxy connection ended before receiving CONNECT response',
];

/**
 * Reads what happened to the connection. A plain request fails with axios's error, which has a `code`;
 * n8n wraps it if a credential is involved: 2.x keeps it as the cause, 1.x copies the code to `httpCode`.
 */
export function toNoAnswer(error: unknown, hideKey: HideKey): NoAnswer {
	const { httpCode, cause, ...own } = fieldsOf(error);
	const origin = fieldsOf(cause);
	const chain = [error, cause, origin.cause];
	return {
		code: origin.code ?? own.code ?? httpCode ?? origin.name ?? own.name ?? '',
		reason: hideKey(origin.message ?? own.message ?? ''),
		isBlocked: chain.some((link) => BLOCKED.test(fieldsOf(link).name ?? '')),
		isBeforeConnect: chain.some(isConnectError),
	};
}

/** Node names the call that failed, or the errors of each address that it tried. */
function isConnectError(error: unknown): boolean {
	const { syscall, errors, message, messages } = fieldsOf(error);
	return (
		syscall === 'connect' ||
		NOTHING_SENT.includes(String(message)) ||
		// n8n 1.x puts its own words before them
		(Array.isArray(messages) &&
			messages.some((text) => NOTHING_SENT.some((words) => String(text).includes(words)))) ||
		(Array.isArray(errors) && errors.length > 0 && errors.every(isConnectError))
	);
}

function fieldsOf(error: unknown): ErrorFields {
	if (!(typeof error === 'object' && error !== null)) return {};
	const { code, httpCode, name, message, messages, syscall, errors, cause } = error as ErrorFields;
	return { code, httpCode, name, message, messages, syscall, errors, cause };
}

import type {
	IExecuteFunctions,
	IHttpRequestMethods,
	IHttpRequestOptions,
	ILoadOptionsFunctions,
} from 'n8n-workflow';
import type { Answer } from './envelope';
import { toNoAnswer, type NoAnswer } from './noAnswer';

export const CREDENTIAL = 'octopusXApi';

/** Who asks the API: an execution, or a list of the editor. */
export type ApiContext = IExecuteFunctions | ILoadOptionsFunctions;

/** The readable stream of a download, as n8n's binary helpers take it. */
export type ByteStream = Exclude<
	Parameters<IExecuteFunctions['helpers']['prepareBinaryData']>[0],
	Buffer
>;

/**
 * A stream whose errors cannot end n8n, as those do that nobody listens to. Whoever reads the stream
 * gets them all the same.
 */
export function guarded(stream: ByteStream): ByteStream {
	return stream.on('error', () => {});
}

/** What n8n's HTTP helpers take, as far as a request needs to say. */
export type RequestOptions = Pick<
	Partial<IHttpRequestOptions>,
	'body' | 'headers' | 'json' | 'timeout'
>;

/**
 * The answer as it is, for `explain.ts`. It also keeps n8n from sending a request
 * twice after a 401, the key from following a redirect, and bodies of any size out of memory: n8n's
 * helpers know no limit.
 */
const AS_IT_IS = {
	encoding: 'stream',
	returnFullResponse: true,
	ignoreHttpStatusErrors: true,
	disableFollowRedirect: true,
} as const;

/**
 * Single HTTP exchanges over n8n's helpers, with and without the key. They never reject. Whoever gets
 * an answer reads its body, or destroys it.
 */
export class Transport {
	constructor(private readonly context: ApiContext) {}

	/** @param signal ends the connection, here as below; nothing else does, not even a Stop */
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
		return await answerOf(
			url,
			httpRequestWithAuthentication.call(context, CREDENTIAL, {
				...options,
				method,
				url,
				...AS_IT_IS,
			}),
		);
	}

	async withoutKey(
		method: IHttpRequestMethods,
		url: string,
		options: RequestOptions,
		signal: AbortSignal,
	): Promise<Answer<ByteStream> | NoAnswer> {
		const { httpRequest } = this.context.helpers;
		return await answerOf(
			url,
			httpRequest({ ...options, method, url, ...AS_IT_IS, abortSignal: signal }),
		);
	}
}

async function answerOf(
	url: string,
	exchange: Promise<unknown>,
): Promise<Answer<ByteStream> | NoAnswer> {
	try {
		const answer = (await exchange) as Answer<ByteStream>;
		guarded(answer.body);
		return answer;
	} catch (error) {
		return { ...toNoAnswer(error), host: new URL(url).host };
	}
}

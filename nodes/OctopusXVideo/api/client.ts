import type { IExecuteFunctions, IHttpRequestMethods } from 'n8n-workflow';
import { isSameOrigin, normalizeBaseUrl } from './baseUrl';
import {
	explainAnswer,
	explainContent,
	explainHost,
	explainMissingId,
	type Answer,
} from './explain';
import { OctopusXError } from './errors';
import { explainNoAnswer } from './noAnswer';
import { createRedact, hideKey, type Redact } from './redact';
import { parseUploadTarget, type UploadTarget } from './presign';
import { parseTask, taskUrl, type Task } from './task';
import { CREDENTIAL, guarded, Transport, type ByteStream, type RequestOptions } from './transport';

/**
 * When n8n cuts a connection that brings nothing. For what sends files that is later than the node
 * gives up on the answer, so that a task id which comes late can still be noted.
 */
const SEND_TIMEOUT_MS = 15 * 60_000;
const READ_TIMEOUT_MS = 30_000;
const DOWNLOAD_TIMEOUT_MS = 60_000;

/** Hosts other than the API, as a user would call them. */
const VIDEO_HOST = 'The host of the video file';
const UPLOAD_HOST = 'The host for uploads';

const MAX_REDIRECTS = 5;
const MAX_ERROR_BODY_BYTES = 16_384;

/** The OctopusX API over n8n's HTTP helpers. All that goes wrong with a request is thrown as `OctopusXError`. */
export class OctopusXClient {
	private constructor(
		private readonly transport: Transport,
		private readonly apiUrl: string,
		private readonly apiKey: string,
		/** For any text that came from outside and is shown. */
		readonly redact: Redact,
	) {}

	/** One client serves all items: n8n resolves credentials for the first item only. */
	static async connect(context: IExecuteFunctions): Promise<OctopusXClient> {
		const { baseUrl, apiKey } = await context.getCredentials(CREDENTIAL);
		const apiUrl = normalizeBaseUrl(baseUrl);
		if (apiUrl === undefined) {
			throw new OctopusXError(
				"The 'Base URL' in the credential is not a web address",
				'It looks like https://octopusx.ai and starts with http:// or https://.',
			);
		}
		const key = String(apiKey).trim();
		return new OctopusXClient(new Transport(context), apiUrl, key, createRedact(key));
	}

	/**
	 * Creates a task: the one request that costs money, so it is sent once and never repeated here.
	 *
	 * @param body JSON in UTF-8, of `bytes` bytes
	 */
	async createTask(body: Buffer | ByteStream, bytes: number): Promise<Task> {
		const answer = await this.call('POST', `${this.apiUrl}/v1/videos`, {
			body,
			headers: { 'Content-Type': 'application/json', 'Content-Length': bytes },
			timeout: SEND_TIMEOUT_MS,
		});
		const task = this.taskOf(answer);
		if (task) return task;
		throw explainMissingId(answer, this.redact);
	}

	/** The current state of a task. */
	async getTask(taskId: string): Promise<Task> {
		const answer = await this.call('GET', taskUrl(this.apiUrl, taskId), {
			timeout: READ_TIMEOUT_MS,
		});
		const task = this.taskOf(answer, taskId);
		if (task) return task;
		throw explainAnswer(answer, this.redact);
	}

	/**
	 * Opens a video file as a stream. The key goes to the API's own origin only, and not even there
	 * once a redirect has led elsewhere: redirects are followed here, one request each, because
	 * n8n's helper would take the key along.
	 *
	 * @param signal ends the connection, which destroying the stream alone does not always do
	 */
	async openVideo(url: string, signal: AbortSignal): Promise<Answer<ByteStream>> {
		let address = url;
		let isTrusted = true;
		for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
			isTrusted &&= isSameOrigin(address, this.apiUrl);
			const answer = await this.openOnce(address, isTrusted, signal);
			const { location } = answer.headers;
			if (answer.statusCode < 300) return answer;
			if (answer.statusCode >= 400 || typeof location !== 'string') {
				if (isTrusted) throw explainContent(await withBody(answer), this.redact);
				answer.body.destroy();
				throw explainHost(answer, VIDEO_HOST);
			}
			answer.body.destroy();
			address = resolveLocation(location, address);
		}
		throw new OctopusXError(
			'The video is behind too many redirects',
			`More than ${MAX_REDIRECTS} redirects followed each other. Try again later.`,
		);
	}

	/**
	 * An address to put a file to, and the one to use it by afterwards.
	 *
	 * @returns `expiresAt` in ms since the epoch
	 */
	async presignUpload(fileName: string, contentType: string): Promise<UploadTarget> {
		const answer = await this.call('POST', `${this.apiUrl}/api/upload/presign`, {
			body: { file_name: fileName, content_type: contentType },
			timeout: READ_TIMEOUT_MS,
		});
		const target = parseUploadTarget(answer.body, contentType);
		if (target) return target;
		throw explainAnswer(answer, this.redact);
	}

	/**
	 * Puts the bytes of a file, without the key.
	 *
	 * @param signal ends the connection
	 */
	async putFile(
		{ uploadUrl, contentType }: UploadTarget,
		body: ByteStream | Buffer,
		bytes: number,
		signal: AbortSignal,
	): Promise<void> {
		const options = {
			body,
			headers: { 'Content-Type': contentType, 'Content-Length': bytes },
			timeout: SEND_TIMEOUT_MS,
		};
		const answer = await this.transport.withoutKey('PUT', uploadUrl, options, signal);
		if (!('statusCode' in answer)) throw explainNoAnswer(answer, this.redact, UPLOAD_HOST);
		if (answer.statusCode < 200 || answer.statusCode >= 300) {
			throw explainHost(answer, UPLOAD_HOST);
		}
	}

	private async openOnce(
		url: string,
		withKey: boolean,
		signal: AbortSignal,
	): Promise<Answer<ByteStream>> {
		const options: RequestOptions = {
			encoding: 'stream',
			// a compressed body could not be checked against Content-Length
			headers: { 'Accept-Encoding': 'identity' },
			timeout: DOWNLOAD_TIMEOUT_MS,
		};
		const exchange = withKey
			? await this.transport.withKey('GET', url, options, signal)
			: await this.transport.withoutKey('GET', url, options, signal);
		if ('statusCode' in exchange) {
			const answer = exchange as Answer<ByteStream>;
			guarded(answer.body);
			return answer;
		}
		const peer = withKey ? 'OctopusX' : VIDEO_HOST;
		throw explainNoAnswer(exchange, this.redact, peer);
	}

	private taskOf({ body }: Answer, knownId?: string): Task | undefined {
		const task = parseTask(body, this.apiUrl, knownId);
		if (task?.failure) {
			const { code, message } = task.failure;
			task.failure = { code: this.redact(code), message: this.redact(message) };
		}
		return task && this.withoutKey(task);
	}

	/** A server may echo what it was sent: the key does not get into items that way. */
	private withoutKey(task: Task): Task {
		const text = JSON.stringify(task);
		const safe = hideKey(text, this.apiKey);
		return safe === text ? task : (JSON.parse(safe) as Task);
	}

	/** A JSON request to the API. Anything but a 2xx with a JSON body is thrown. */
	private async call(
		method: IHttpRequestMethods,
		url: string,
		options: RequestOptions,
	): Promise<Answer> {
		const answer = await this.transport.withKey(method, url, { ...options, json: true });
		if (!('statusCode' in answer)) throw explainNoAnswer(answer, this.redact);
		if (answer.statusCode < 200 || answer.statusCode >= 300 || typeof answer.body === 'string') {
			throw explainAnswer(answer, this.redact);
		}
		return answer;
	}
}

/** What the server has to say about a refusal; a body that breaks off says less. */
async function withBody(answer: Answer<ByteStream>): Promise<Answer> {
	let text = '';
	try {
		for await (const chunk of answer.body) {
			text += String(chunk);
			if (text.length > MAX_ERROR_BODY_BYTES) break;
		}
		return { ...answer, body: JSON.parse(text) };
	} catch {
		return { ...answer, body: text };
	}
}

function resolveLocation(location: string, base: string): string {
	const target = URL.canParse(location, base) ? new URL(location, base) : undefined;
	if (target?.protocol === 'http:' || target?.protocol === 'https:') return target.href;
	throw new OctopusXError(
		'The video is behind an address that cannot be opened',
		'A redirect leads to something other than http:// or https://.',
	);
}

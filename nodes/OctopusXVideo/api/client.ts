import type { IHttpRequestMethods } from 'n8n-workflow';
import { parseUploadTarget, parseVideoModels, readKeyState, type UploadTarget } from './answers';
import { cleanKey, createHideKey, normalizeBaseUrl } from './credential';
import { isPlainObject, type Answer } from './envelope';
import { explainAnswer, explainHost, explainNoAnswer, explainSubmission } from './explain';
import { OctopusXError } from './errors';
import {
	contentUrl,
	findTaskId,
	findTaskIdInText,
	parseTask,
	rawOf,
	readVerdict,
	taskPath,
	uncheckedTask,
	type Task,
} from './task';
import {
	CREDENTIAL,
	Transport,
	type ApiContext,
	type ByteStream,
	type NoAnswer,
	type RequestOptions,
} from './transport';

/**
 * When n8n cuts a connection that brings no answer; `signal` ends one that has begun. For requests that
 * send files, this is later than the node gives up on the answer, so that a late task ID is still noted.
 */
const SEND_TIMEOUT_MS = 15 * 60_000;
const READ_TIMEOUT_MS = 30_000;

/** The user's name for it. */
const UPLOAD_HOST = 'The host for uploads';

/**
 * The OctopusX API. Every failure is thrown as an `OctopusXError`. The `signal` of each method ends
 * the connection. Node does not deliver answers below 200, so a status below 300 is a success.
 */
export class OctopusXClient {
	protected constructor(
		readonly transport: Pick<Transport, 'withKey' | 'withoutKey' | 'read'>,
		/** Origin and path prefix of the API, without a trailing slash. */
		readonly apiUrl: string,
	) {}

	/** One client serves all items: n8n resolves credentials for the first item only. */
	static async connect(context: ApiContext): Promise<OctopusXClient> {
		const { baseUrl, apiKey } = await context.getCredentials(CREDENTIAL);
		const apiUrl = normalizeBaseUrl(baseUrl);
		if (apiUrl === undefined) {
			throw new OctopusXError(
				"The 'Base URL' in the credential is not a web address",
				'It looks like https://octopusx.ai, starts with http:// or https:// and has no user name or password.',
			);
		}
		const key = cleanKey(apiKey);
		if (key === '') {
			throw new OctopusXError(
				'The API key in the credential is empty',
				'Copy it from the OctopusX console.',
			);
		}
		return new OctopusXClient(new Transport(context, createHideKey(key)), apiUrl);
	}

	/**
	 * Creates a task: the one request that costs money, so it is sent once and never repeated here.
	 *
	 * @param path of the request, such as `/v1/videos`
	 * @param body JSON in UTF-8, of `bytes` bytes
	 */
	async createTask(
		path: string,
		body: Buffer | ByteStream,
		bytes: number,
		signal: AbortSignal,
	): Promise<Task> {
		const sent = await this.send('POST', path, {
			body,
			headers: { 'Content-Type': 'application/json', 'Content-Length': bytes },
			timeout: SEND_TIMEOUT_MS,
			signal,
		});
		const answer = 'statusCode' in sent ? sent : sent.partial;
		if (!answer) throw explainNoAnswer(sent as NoAnswer);
		const { statusCode, body: received } = answer;
		const task = statusCode < 300 ? parseTask(received, this.apiUrl) : undefined;
		// an answer without a status says nothing about the task, so it is checked first
		const hasStatus = isPlainObject(received) && received.status !== undefined;
		if (task) return hasStatus ? task : uncheckedTask(task.task_id, task.id);
		// a 4xx is a rejection even if its body contains an ID
		const mayHoldId = statusCode < 300 || statusCode >= 500;
		const findId = typeof received === 'string' ? findTaskIdInText : findTaskId;
		const taskId = mayHoldId ? findId(received as string) : undefined;
		if (taskId !== undefined) return uncheckedTask(taskId);
		if ('statusCode' in sent) throw explainSubmission(answer);
		// of a rejection, the status is enough
		const isRejected = statusCode >= 400 && statusCode < 500;
		throw isRejected ? explainAnswer({ ...answer, body: undefined }) : explainNoAnswer(sent);
	}

	/** The current state of a task. */
	async getTask(taskId: string, signal: AbortSignal): Promise<Task> {
		const answer = await this.get(taskPath(taskId), signal);
		const task = parseTask(answer.body, this.apiUrl, taskId);
		if (task) return task;
		throw explainAnswer(answer);
	}

	/**
	 * The gateway's own view of a task, for when the model service's words are not enough (docs/API.md,
	 * "The verdict").
	 */
	async getVerdict(taskId: string, signal: AbortSignal): Promise<Task> {
		const answer = await this.get(`/v1/video/generations/${encodeURIComponent(taskId)}`, signal);
		const task = parseTask(readVerdict(answer.body), this.apiUrl, taskId);
		if (task) return { ...task, ...rawOf(answer.body) };
		throw explainAnswer(answer);
	}

	/** Why the API rejects the key, in a sentence; the API allows 20 calls in 20 minutes per address. */
	async getKeyState(signal: AbortSignal): Promise<string> {
		const options = { timeout: READ_TIMEOUT_MS, signal };
		return readKeyState(await this.exchange('GET', '/api/usage/token/', options));
	}

	/** The IDs of the models that the key may use and that may make videos. */
	async getVideoModels(signal: AbortSignal): Promise<string[]> {
		const answer = await this.get('/v1/models', signal);
		const models = parseVideoModels(answer.body);
		if (models) return models;
		throw explainAnswer(answer);
	}

	/** Where the API serves the file of a task to the owner of the key. */
	contentUrl(taskId: string): string {
		return contentUrl(this.apiUrl, taskId);
	}

	/** True for an address as `contentUrl` returns it. */
	isContentUrl(url: string): boolean {
		return url.startsWith(`${this.apiUrl}/v1/videos/`) && url.endsWith('/content');
	}

	/** An address to upload a file to. */
	async presignUpload(
		fileName: string,
		contentType: string,
		signal: AbortSignal,
	): Promise<UploadTarget> {
		const answer = await this.exchange('POST', '/api/upload/presign', {
			body: { file_name: fileName, content_type: contentType },
			timeout: READ_TIMEOUT_MS,
			signal,
		});
		const target =
			answer.statusCode < 300 ? parseUploadTarget(answer.body, contentType) : undefined;
		if (target) return target;
		throw explainAnswer(answer);
	}

	/** Uploads the bytes of a file, without the key. */
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
		if (!('statusCode' in answer)) throw explainNoAnswer(answer, UPLOAD_HOST);
		answer.body.destroy();
		if (answer.statusCode >= 300) throw explainHost(answer, UPLOAD_HOST);
	}

	private async get(path: string, signal: AbortSignal): Promise<Answer> {
		const answer = await this.exchange('GET', path, { timeout: READ_TIMEOUT_MS, signal });
		if (answer.statusCode < 300) return answer;
		throw explainAnswer(answer);
	}

	/** Sends a JSON request and returns its answer, whatever its status. */
	private async exchange(
		method: IHttpRequestMethods,
		path: string,
		options: RequestOptions & { signal: AbortSignal },
	): Promise<Answer> {
		const answer = await this.send(method, path, options);
		if ('statusCode' in answer) return answer;
		throw explainNoAnswer(answer);
	}

	private async send(
		method: IHttpRequestMethods,
		path: string,
		{ signal, ...options }: RequestOptions & { signal: AbortSignal },
	): Promise<Answer | NoAnswer> {
		const url = `${this.apiUrl}${path}`;
		const opened = await this.transport.withKey(method, url, { ...options, json: true }, signal);
		return 'statusCode' in opened ? await this.transport.read(opened) : opened;
	}
}

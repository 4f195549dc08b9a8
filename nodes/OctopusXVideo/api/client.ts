import type { IHttpRequestMethods } from 'n8n-workflow';
import { readAnswer } from './answerBody';
import { cleanKey } from './apiKey';
import { normalizeBaseUrl } from './baseUrl';
import type { Answer } from './envelope';
import { explainAnswer, explainHost, explainSubmission } from './explain';
import { OctopusXError } from './errors';
import { explainNoAnswer } from './noAnswer';
import { parseVideoModels } from './models';
import { createRedact, hideKey, type Redact } from './redact';
import { readKeyState, type KeyState } from './keyState';
import { parseUploadTarget, type UploadTarget } from './presign';
import {
	contentUrl,
	findTaskId,
	isPlainObject,
	parseTask,
	taskPath,
	unseenTask,
	type Task,
} from './task';
import {
	CREDENTIAL,
	Transport,
	type ApiContext,
	type ByteStream,
	type RequestOptions,
} from './transport';
import { readVerdict } from './verdict';

/**
 * When n8n cuts a connection that brings no answer; once one has begun, `signal` does. For what sends
 * files that is later than the node gives up on the answer, so that a task id which comes late can
 * still be noted.
 */
const SEND_TIMEOUT_MS = 15 * 60_000;
const READ_TIMEOUT_MS = 30_000;

/** As a user would call it. */
const UPLOAD_HOST = 'The host for uploads';

/** The OctopusX API over n8n's HTTP helpers. All that goes wrong with a request is thrown as `OctopusXError`. */
export class OctopusXClient {
	protected constructor(
		readonly transport: Pick<Transport, 'withKey' | 'withoutKey'>,
		/** Origin and path prefix of the API, without a trailing slash. */
		readonly apiUrl: string,
		private readonly apiKey: string,
		/** For any text that came from outside and is shown. */
		readonly redact: Redact,
	) {}

	/** One client serves all items: n8n resolves credentials for the first item only. */
	static async connect(context: ApiContext): Promise<OctopusXClient> {
		const { baseUrl, apiKey } = await context.getCredentials(CREDENTIAL);
		const apiUrl = normalizeBaseUrl(baseUrl);
		if (apiUrl === undefined) {
			throw new OctopusXError(
				"The 'Base URL' in the credential is not a web address",
				'It looks like https://octopusx.ai, starts with http:// or https:// and holds no user name or password. Nothing was sent.',
			);
		}
		const key = cleanKey(apiKey);
		if (key === '') {
			throw new OctopusXError(
				'The API key in the credential is empty',
				'Copy it from the OctopusX console. Nothing was sent.',
			);
		}
		return new OctopusXClient(new Transport(context), apiUrl, key, createRedact(key));
	}

	/**
	 * Creates a task: the one request that costs money, so it is sent once and never repeated here.
	 *
	 * @param body JSON in UTF-8, of `bytes` bytes
	 */
	async createTask(body: Buffer | ByteStream, bytes: number, signal: AbortSignal): Promise<Task> {
		const answer = await this.exchange('POST', '/v1/videos', {
			body,
			headers: { 'Content-Type': 'application/json', 'Content-Length': bytes },
			timeout: SEND_TIMEOUT_MS,
			signal,
		});
		const { statusCode, body: said } = answer;
		const task = isSuccess(answer) ? this.taskOf(answer) : undefined;
		// a 4xx has refused the request, whatever else it names
		const isPerhapsTask = isSuccess(answer) || statusCode >= 500;
		const taskId = isPerhapsTask ? findTaskId(said) : undefined;
		// only a look can tell what an answer without a status means
		if (task && isPlainObject(said) && said.status !== undefined) return task;
		if (task) return unseenTask(task.task_id);
		if (taskId !== undefined) return unseenTask(taskId);
		throw explainSubmission(answer, this.redact);
	}

	/** The current state of a task. `signal` ends the connection, here as below. */
	async getTask(taskId: string, signal: AbortSignal): Promise<Task> {
		const answer = await this.read(taskPath(taskId), signal);
		const task = this.taskOf(answer, taskId);
		if (task) return task;
		throw explainAnswer(answer, this.redact);
	}

	/**
	 * What the gateway itself makes of a task (docs/API.md, "The verdict"): to be asked where the model
	 * service's own words do not tell.
	 */
	async getVerdict(taskId: string, signal: AbortSignal): Promise<Task> {
		const answer = await this.read(`/v1/video/generations/${encodeURIComponent(taskId)}`, signal);
		const task = this.taskOf({ ...answer, body: readVerdict(answer.body) }, taskId);
		if (task) return task;
		throw explainAnswer(answer, this.redact);
	}

	/** What the key may still spend; the API lets an address ask for it 20 times in 20 minutes. */
	async getKeyState(signal: AbortSignal): Promise<KeyState> {
		const options = { timeout: READ_TIMEOUT_MS, signal };
		return readKeyState(await this.exchange('GET', '/api/usage/token/', options));
	}

	/** The IDs of the models that the key may use and that may make videos. */
	async getVideoModels(signal: AbortSignal): Promise<string[]> {
		const answer = await this.read('/v1/models', signal);
		const models = parseVideoModels(answer.body);
		if (models) return models.map((id) => this.redact(id));
		throw explainAnswer(answer, this.redact);
	}

	/** Where the API itself hands out the file of a task, to whoever has the key. */
	contentUrl(taskId: string): string {
		return contentUrl(this.apiUrl, taskId);
	}

	/** Whether an address is one that `contentUrl` gives. */
	isContentUrl(url: string): boolean {
		return url.startsWith(`${this.apiUrl}/v1/videos/`) && url.endsWith('/content');
	}

	/** An address to put a file to, and the one to use it by afterwards. */
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
		const target = isSuccess(answer) ? parseUploadTarget(answer.body, contentType) : undefined;
		if (target) return target;
		throw explainAnswer(answer, this.redact);
	}

	/** Puts the bytes of a file, without the key. */
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
		answer.body.destroy();
		if (!isSuccess(answer)) throw explainHost(answer, UPLOAD_HOST);
	}

	private taskOf({ body }: Answer, knownId?: string): Task | undefined {
		const task = parseTask(body, this.apiUrl, knownId);
		if (task?.failure) {
			const { code, message } = task.failure;
			task.failure = { ...task.failure, code: this.redact(code), message: this.redact(message) };
		}
		return task && this.withoutKey(task);
	}

	/** A server may echo what it was sent: the key does not get into items that way. */
	private withoutKey(task: Task): Task {
		const text = JSON.stringify(task);
		const safe = hideKey(text, this.apiKey);
		return safe === text ? task : (JSON.parse(safe) as Task);
	}

	private async read(path: string, signal: AbortSignal): Promise<Answer> {
		const answer = await this.exchange('GET', path, { timeout: READ_TIMEOUT_MS, signal });
		if (isSuccess(answer)) return answer;
		throw explainAnswer(answer, this.redact);
	}

	/** A JSON request to the API, and its answer, whatever its status. */
	private async exchange(
		method: IHttpRequestMethods,
		path: string,
		{ signal, ...options }: RequestOptions & { signal: AbortSignal },
	): Promise<Answer> {
		const url = `${this.apiUrl}${path}`;
		const opened = await this.transport.withKey(method, url, { ...options, json: true }, signal);
		const answer = 'statusCode' in opened ? await readAnswer(opened) : opened;
		if ('statusCode' in answer) return answer;
		throw explainNoAnswer(answer, this.redact);
	}
}

/** A 2xx: Node hands out no answer below 200. */
function isSuccess({ statusCode }: Pick<Answer, 'statusCode'>): boolean {
	return statusCode < 300;
}

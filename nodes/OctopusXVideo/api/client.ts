import type { IDataObject, IHttpRequestMethods } from 'n8n-workflow';
import { parseUploadTarget, parseVideoModels, readKeyState, type UploadTarget } from './answers';
import { cleanKey, createHideKey, normalizeBaseUrl, redirectTarget } from './credential';
import { isPlainObject, requestIdOf, type Answer } from './envelope';
import { explainAnswer, explainHost, explainNoAnswer, explainSubmission } from './explain';
import { attempt, OctopusXError } from './errors';
import {
	addUp,
	parseBill,
	parseStatus,
	parseUsage,
	readBalance,
	type Balance,
	type Bill,
	type Records,
} from './records';
import {
	contentUrl,
	findTaskId,
	findTaskIdInText,
	isShallow,
	parseTask,
	readVerdict,
	uncheckedTask,
	type Task,
} from './task';
import { CREDENTIAL, Transport } from './transport';
import type { ApiContext, ByteStream, NoAnswer, RequestOptions } from './transport';

/**
 * How long n8n waits for a response to begin; after that, only `signal` ends the connection. With files, this
 * is longer than the node itself waits, so that a late task ID is still noted.
 */
const SEND_TIMEOUT_MS = 15 * 60_000;
const READ_TIMEOUT_MS = 30_000;

/** What the API's records say about the key, also if it is used up. */
const USAGE_PATH = '/api/usage/token/';

/** The host's name in errors. */
const UPLOAD_HOST = 'The host for uploads';

export interface CreatedTask {
	task: Task;
	/** The API's ID of the submission; empty if the response had none. */
	requestId: string;
}

/**
 * The OctopusX API. Every failure is thrown as an `OctopusXError`. Aborting a method's `signal` ends its
 * connection. A status below 300 is a success, because Node does not deliver 1xx responses.
 */
export class OctopusXClient {
	protected constructor(
		readonly transport: Pick<Transport, 'withKey' | 'withoutKey' | 'read' | 'hideKey'>,
		/** Origin and path prefix of the API, without a trailing slash. */
		readonly apiUrl: string,
	) {}

	/** One client serves all items, because n8n resolves credentials for the first item only. */
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

	/** Creates a task. This is the request that costs money, so it is sent once and never retried here. */
	async createTask(
		path: string,
		body: Buffer | ByteStream,
		bytes: number,
		signal: AbortSignal,
	): Promise<CreatedTask> {
		const headers = { 'Content-Type': 'application/json', 'Content-Length': bytes };
		const options = { body, headers, timeout: SEND_TIMEOUT_MS };
		const sent = await this.send('POST', path, options, signal);
		const answer = 'statusCode' in sent ? sent : sent.partial;
		if (!answer) throw explainNoAnswer(sent as NoAnswer);
		const { statusCode, body: received } = answer;
		const requestId = requestIdOf(answer);
		const { hideKey } = this.transport;
		const task =
			statusCode < 300 ? parseTask(received, this.apiUrl, undefined, hideKey) : undefined;
		// a response without a status says nothing about the task, so it is checked before it is used
		const hasStatus = isPlainObject(received) && received.status !== undefined;
		if (task) {
			return { task: hasStatus ? task : uncheckedTask(task.task_id, task.id), requestId };
		}
		// a 4xx is a rejection even if its body contains an ID
		const mayHoldId = statusCode < 300 || statusCode >= 500;
		const findId = typeof received === 'string' ? findTaskIdInText : findTaskId;
		const taskId = mayHoldId ? findId(received as string) : undefined;
		if (taskId !== undefined) return { task: uncheckedTask(taskId), requestId };
		if ('statusCode' in sent) throw explainSubmission(answer);
		// of a rejection, the status is enough
		const isRejected = statusCode >= 400 && statusCode < 500;
		throw isRejected ? explainAnswer({ ...answer, body: undefined }) : explainNoAnswer(sent);
	}

	/** Returns the current state of a task. */
	async getTask(taskId: string, signal: AbortSignal): Promise<Task> {
		// IDs may contain `:` and `/` (docs/API.md, "Create a task")
		const answer = await this.get(`/v1/videos/${encodeURIComponent(taskId)}`, signal);
		const task = parseTask(answer.body, this.apiUrl, taskId, this.transport.hideKey);
		if (task) return task;
		throw explainAnswer(answer);
	}

	/** Returns the gateway's own view of a task, not the model service's (docs/API.md, "The verdict"). */
	async getVerdict(taskId: string, signal: AbortSignal): Promise<Task> {
		const answer = await this.get(`/v1/video/generations/${encodeURIComponent(taskId)}`, signal);
		const verdict = readVerdict(answer.body);
		const task = parseTask(verdict, this.apiUrl, taskId, this.transport.hideKey);
		if (!task) throw explainAnswer(answer);
		return isShallow(answer.body) ? { ...task, raw: answer.body as IDataObject } : task;
	}

	/** Returns why the API rejects the key, as a sentence. Allowed 20 times in 20 minutes per IP address. */
	async getKeyState(signal: AbortSignal): Promise<string> {
		const options = { timeout: READ_TIMEOUT_MS };
		const answer = await this.send('GET', USAGE_PATH, options, signal);
		return 'statusCode' in answer ? readKeyState(answer) : '';
	}

	/** Returns what the key and its account may spend. Shares the limit of `getKeyState`. */
	async getBalance(signal: AbortSignal): Promise<Balance> {
		// answers a key that is used up, unlike the other two
		const usage = await this.get(USAGE_PATH, signal);
		const read = async (path: string) => (await attempt(this.get(path, signal))).value;
		const status = parseStatus(await read('/api/status'));
		const subscription = (await read('/v1/dashboard/billing/subscription'))?.body;
		const spending = (await read('/v1/dashboard/billing/usage'))?.body;
		const balance = readBalance(usage, status, { subscription, spending });
		if (balance) return balance;
		throw explainAnswer(usage);
	}

	/** Returns the newest lines of the key's bill. Shares the limit of `getKeyState`. */
	async getBill(signal: AbortSignal): Promise<Bill> {
		const answer = await this.get('/api/log/token', signal);
		const bill = parseBill(answer);
		if (bill) return bill;
		throw explainAnswer(answer);
	}

	/** Returns all that the API's records say about the key. Shares the limit of `getKeyState`. */
	async getRecords(signal: AbortSignal): Promise<Records> {
		const getUsage = async () => parseUsage((await attempt(this.get(USAGE_PATH, signal))).value);
		const before = await getUsage();
		const bill = await this.getBill(signal);
		const after = await getUsage();
		const status = parseStatus((await attempt(this.get('/api/status', signal))).value);
		return { bill, status, isExact: status.isExact && addUp(before, bill, after) };
	}

	/** Returns the IDs of the models that the key may use and that may make videos. */
	async getVideoModels(signal: AbortSignal): Promise<string[]> {
		const answer = await this.get('/v1/models', signal);
		const models = parseVideoModels(answer.body);
		if (models) return models;
		throw explainAnswer(answer);
	}

	/** Returns the URL at which the API serves the file of a task to the owner of the key. */
	contentUrl(taskId: string): string {
		return contentUrl(this.apiUrl, taskId);
	}

	/** True if `contentUrl` could have returned this URL. */
	isContentUrl(url: string): boolean {
		return url.startsWith(`${this.apiUrl}/v1/videos/`) && url.endsWith('/content');
	}

	/** Requests a URL to upload a file to. */
	async presignUpload(
		fileName: string,
		contentType: string,
		signal: AbortSignal,
	): Promise<UploadTarget> {
		const body = { file_name: fileName, content_type: contentType };
		const options = { body, timeout: READ_TIMEOUT_MS };
		const answer = await this.send('POST', '/api/upload/presign', options, signal);
		if (!('statusCode' in answer)) throw explainNoAnswer(answer);
		const target =
			answer.statusCode < 300 ? parseUploadTarget(answer.body, contentType) : undefined;
		if (target) return target;
		throw explainAnswer(answer);
	}

	/** Uploads a file without the key. Returns the URL to upload it to instead, if the host redirects. */
	async putFile(
		{ uploadUrl, contentType }: UploadTarget,
		body: ByteStream | Buffer,
		bytes: number,
		signal: AbortSignal,
	): Promise<string | undefined> {
		const headers = { 'Content-Type': contentType, 'Content-Length': bytes };
		const options = { body, headers, timeout: SEND_TIMEOUT_MS };
		const answer = await this.transport.withoutKey('PUT', uploadUrl, options, signal);
		if (!('statusCode' in answer)) throw explainNoAnswer(answer, UPLOAD_HOST);
		answer.body.destroy();
		// the redirects that keep the method (RFC 9110, 15.4)
		const isRedirect = answer.statusCode === 307 || answer.statusCode === 308;
		const target = isRedirect ? redirectTarget(answer.headers.location, uploadUrl) : undefined;
		if (target !== undefined || answer.statusCode < 300) return target;
		throw explainHost(answer, UPLOAD_HOST);
	}

	private async get(path: string, signal: AbortSignal): Promise<Answer> {
		const answer = await this.send('GET', path, { timeout: READ_TIMEOUT_MS }, signal);
		if (!('statusCode' in answer)) throw explainNoAnswer(answer);
		if (answer.statusCode < 300) return answer;
		throw explainAnswer(answer);
	}

	/** Sends a JSON request and returns the response, whatever its status. */
	private async send(
		method: IHttpRequestMethods,
		path: string,
		options: RequestOptions,
		signal: AbortSignal,
	): Promise<Answer | NoAnswer> {
		const url = `${this.apiUrl}${path}`;
		const opened = await this.transport.withKey(method, url, { ...options, json: true }, signal);
		return 'statusCode' in opened ? await this.transport.read(opened) : opened;
	}
}

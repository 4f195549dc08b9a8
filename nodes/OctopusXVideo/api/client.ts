import type { IDataObject, IHttpRequestMethods } from 'n8n-workflow';
import { parseUploadTarget, parseVideoModels, readKeyState, type UploadTarget } from './answers';
import { cleanKey, createHideKey, normalizeBaseUrl, redirectTarget } from './credential';
import { isPlainObject, requestIdOf, type Answer } from './envelope';
import { explainAnswer, explainHost, explainNoAnswer, explainSubmission } from './explain';
import { attempt, OctopusXError } from './errors';
import { addUp, parseBill, parseStatus, parseUsage, readBalance } from './records';
import type { Balance, Bill, BillingStatus, Records } from './records';
import {
	findTaskId,
	findTaskIdInText,
	hasFailed,
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

/** Says what the key has used, also to a key that is used up. */
const USAGE_PATH = '/api/usage/token/';

const UPLOAD_HOST = 'The host for uploads';

/** Reads a success. Returns `undefined` if it is not what the API sends. */
type Reader<T> = (answer: Answer) => T | undefined;

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
		const task = statusCode < 300 ? this.parse(received) : undefined;
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
		const path = `/v1/videos/${encodeURIComponent(taskId)}`;
		return await this.get(path, signal, ({ body }) => this.parse(body, taskId));
	}

	/** Returns the gateway's own view of a task, not the model service's (docs/API.md, "The verdict"). */
	async getVerdict(taskId: string, signal: AbortSignal): Promise<Task> {
		const path = `/v1/video/generations/${encodeURIComponent(taskId)}`;
		return await this.get(path, signal, ({ body }) => {
			const task = this.parse(readVerdict(body), taskId);
			if (!task) return undefined;
			const { data } = body as { data?: { quota?: number } };
			const quota = data?.quota ?? NaN;
			const refunded = hasFailed(task) && quota === 0 && ({ refunded: true } as const);
			const price = quota >= 0 && Number.isSafeInteger(quota) && { price: { quota, ...refunded } };
			return { ...task, ...price, ...(isShallow(body) && { raw: body as IDataObject }) };
		});
	}

	/** Returns why the API rejects the key, as a sentence. Allowed 20 times in 20 minutes per IP address. */
	async getKeyState(signal: AbortSignal): Promise<string> {
		const answer = await this.send('GET', USAGE_PATH, {}, signal);
		return 'statusCode' in answer ? readKeyState(answer) : '';
	}

	/** Returns what the API says about money; nothing if it does not answer. */
	async getBillingStatus(signal: AbortSignal): Promise<BillingStatus> {
		return parseStatus(await this.tryGet('/api/status', signal));
	}

	/** Returns what the key and its account may spend. Shares the limit of `getKeyState`. */
	async getBalance(signal: AbortSignal): Promise<Balance> {
		const usage = await this.get(USAGE_PATH, signal, (answer) => answer);
		const status = await this.getBillingStatus(signal);
		const subscription = (await this.tryGet('/v1/dashboard/billing/subscription', signal))?.body;
		const spending = (await this.tryGet('/v1/dashboard/billing/usage', signal))?.body;
		const balance = readBalance(usage, status, { subscription, spending });
		if (balance) return balance;
		throw explainAnswer(usage);
	}

	/** Returns the newest lines of the key's bill. Shares the limit of `getKeyState`. */
	async getBill(signal: AbortSignal): Promise<Bill> {
		return await this.get('/api/log/token', signal, parseBill);
	}

	/** Returns all that the API's records say about the key. Shares the limit of `getKeyState`. */
	async getRecords(signal: AbortSignal): Promise<Records> {
		const before = parseUsage(await this.tryGet(USAGE_PATH, signal));
		const bill = await this.getBill(signal);
		const after = parseUsage(await this.tryGet(USAGE_PATH, signal));
		const status = await this.getBillingStatus(signal);
		return { bill, status, isExact: status.isExact && addUp(before, bill, after) };
	}

	/** Returns the IDs of the models that the key may use and that may make videos. */
	async getVideoModels(signal: AbortSignal): Promise<string[]> {
		return await this.get('/v1/models', signal, ({ body }) => parseVideoModels(body));
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
		const options = { body: { file_name: fileName, content_type: contentType } };
		const answer = await this.send('POST', '/api/upload/presign', options, signal);
		return readSuccess(answer, ({ body }) => parseUploadTarget(body, contentType));
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

	private parse(body: unknown, taskId?: string): Task | undefined {
		return parseTask(body, this.apiUrl, taskId, this.transport.hideKey);
	}

	private async get<T>(path: string, signal: AbortSignal, read: Reader<T>): Promise<T> {
		return readSuccess(await this.send('GET', path, {}, signal), read);
	}

	private async tryGet(path: string, signal: AbortSignal): Promise<Answer | undefined> {
		return (await attempt(this.get(path, signal, (answer) => answer))).value;
	}

	/** Sends a JSON request and returns the response, whatever its status. */
	private async send(
		method: IHttpRequestMethods,
		path: string,
		options: RequestOptions,
		signal: AbortSignal,
	): Promise<Answer | NoAnswer> {
		const request = { timeout: READ_TIMEOUT_MS, ...options, json: true };
		const opened = await this.transport.withKey(method, `${this.apiUrl}${path}`, request, signal);
		return 'statusCode' in opened ? await this.transport.read(opened) : opened;
	}
}

/** Returns what a success says. Throws for any other outcome. */
function readSuccess<T>(answer: Answer | NoAnswer, read: Reader<T>): T {
	if (!('statusCode' in answer)) throw explainNoAnswer(answer);
	const value = answer.statusCode < 300 ? read(answer) : undefined;
	if (value === undefined) throw explainAnswer(answer);
	return value;
}

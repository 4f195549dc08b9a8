import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import { accountHandlers } from './account';
import { consoleError, consolePage, gatewayError, invalidUrl } from './answers';
import { FaultPlan, type Route } from './faults';
import { addressOf, close, listen, parseBody, readBody, send, sendFault, type Reply } from './http';
import { ApiKey, spentOn } from './key';
import { findRoute, type Handler, type LogEntry, type State } from './routes';
import { DEFAULT_QUIRKS, endTask, isRefunded, type Quirks, type SandboxTask } from './tasks';
import { videoHandlers } from './videos';

export interface SandboxOptions {
	apiKey?: string;
	/** The port of the API. Default 0, which picks a free one. */
	port?: number;
	/** How long a task takes by the sandbox's clock, in ms. Default 0. */
	durationMs?: number;
	/** The sandbox's clock, in ms. Default `Date.now`. */
	now?: () => number;
	quirks?: Partial<Quirks>;
	/** The file of every finished task. Default: the fixtures. */
	video?: Buffer;
}

/** The gateway's limit for a request body, in MB. */
const MAX_BODY_MB = 128;

/**
 * A stand-in for the OctopusX API over real HTTP, on two origins: the API itself, and a host for
 * finished and uploaded files. It is as strict as docs/API.md. Quirks and faults can be changed at any time.
 */
export class Sandbox implements State {
	readonly apiKey: string;
	readonly key: ApiKey;
	readonly faults = new FaultPlan();
	quirks: Quirks;
	durationMs: number;
	/** Every request, in order of arrival. */
	log: LogEntry[] = [];
	/** Every task that was accepted. */
	tasks: SandboxTask[] = [];
	uploads = new Map<string, { bytes: Buffer; type: string }>();

	readonly now: () => number;
	readonly video?: Buffer;

	private readonly held = new Map<() => void, ServerResponse>();
	private readonly api = http.createServer((req, res) => this.serveSafely(req, res, 'api'));
	private readonly files = http.createServer((req, res) => this.serveSafely(req, res, 'files'));
	private readonly handlers: Record<Route, Handler>;

	constructor({ apiKey = 'sandbox-key', durationMs = 0, now, quirks, video }: SandboxOptions = {}) {
		this.video = video;
		this.apiKey = apiKey;
		this.key = new ApiKey(apiKey);
		this.durationMs = durationMs;
		this.now = now ?? (() => Date.now());
		this.quirks = { ...DEFAULT_QUIRKS, ...quirks };
		this.handlers = { ...videoHandlers(this), ...accountHandlers(this) };
	}

	/** The Base URL for the credential. */
	get url(): string {
		return addressOf(this.api);
	}

	/** The origin of finished and uploaded files, which must never get the key. */
	get fileHost(): string {
		return addressOf(this.files);
	}

	async listen(port = 0): Promise<this> {
		await Promise.all([listen(this.api, port), listen(this.files, 0)]);
		return this;
	}

	async close(): Promise<void> {
		await Promise.all([close(this.api), close(this.files)]);
	}

	/** Clears tasks, uploads, log and faults, and resets key and quirks to their defaults. */
	reset(): void {
		this.faults.clear();
		this.key.reset();
		this.log = [];
		this.tasks = [];
		this.uploads.clear();
		this.quirks = { ...DEFAULT_QUIRKS };
	}

	/** The tasks that stay charged once all have ended: accepted tasks that are not refunded. */
	get charged(): SandboxTask[] {
		return this.tasks.filter((task) => !isRefunded(task, Infinity));
	}

	get spent(): number {
		return spentOn(this.tasks, this.now()) + this.key.spentByOthers;
	}

	find(encodedId = ''): SandboxTask | undefined {
		const wanted = decoded(encodedId);
		const task = this.tasks.find(({ id }) => id === wanted);
		return task && encodeURIComponent(task.id) === encodedId ? task : undefined;
	}

	/** The number of requests that a fault keeps unanswered. */
	get hanging(): number {
		return this.held.size;
	}

	/** Responds to the hanging requests. */
	release(): void {
		for (const answer of this.held.keys()) answer();
		this.held.clear();
	}

	/** Cuts the connections of the hanging requests. */
	cut(): void {
		for (const res of this.held.values()) res.destroy();
	}

	private hold(res: ServerResponse, answer: () => void): void {
		this.held.set(answer, res);
		res.once('close', () => this.held.delete(answer));
	}

	requestsTo(route: Route): LogEntry[] {
		return this.log.filter((entry) => entry.route === route);
	}

	/**
	 * Serves a request. Drops the connection if that fails, because a client may close it in the
	 * middle of a request.
	 */
	private serveSafely(req: IncomingMessage, res: ServerResponse, host: Host): void {
		this.serve(req, res, host).catch(() => res.destroy());
	}

	private async serve(req: IncomingMessage, res: ServerResponse, host: Host): Promise<void> {
		const { method = '', url: path = '', headers } = req;
		const found = findRoute(method, path);
		const entry: LogEntry = {
			route: found?.route ?? 'none',
			method,
			path,
			headers,
			body: undefined,
			at: this.now(),
			requestId: `20260101000000-sandbox-${this.log.length + 1}`,
		};
		this.log.push(entry);
		const raw = await readBody(req);
		entry.body = parseBody(raw, headers['content-type']);

		const isTooLarge = raw.length > MAX_BODY_MB * 1024 * 1024;
		res.setHeader('date', new Date(this.now()).toUTCString());
		const reply = () => withRequestId(this.answer(entry, isTooLarge), entry, host);
		const fault = found && this.faults.next(found.route, this.promptOf(entry));
		const answer = fault?.answer;
		if (typeof answer === 'object' && 'ending' in answer) {
			const task = this.taskOf(entry);
			if (task) endTask(task, answer.ending, this.now());
		} else if (fault && answer) {
			const faulty =
				typeof answer === 'object' && !answer.byProxy
					? { ...answer, headers: { ...requestIdHeader(entry, host), ...answer.headers } }
					: answer;
			sendFault(res, { ...fault, answer: faulty }, reply, (release) => this.hold(res, release));
			// half of a response has the IDs, which come first
			const hasId = typeof answer === 'object' ? answer.bodyFor : answer === 'short';
			if (hasId) this.noteIdSent(entry);
			return;
		}
		send(res, reply());
		this.noteIdSent(entry);
	}

	private answer(entry: LogEntry, isTooLarge: boolean): Reply {
		const { method, path, headers, requestId } = entry;
		const found = findRoute(method, path);
		if (!found) return answerUnknownPath(method, path);
		if (!found.isPublic && !this.key.accepts(headers.authorization)) {
			return path.startsWith('/api/')
				? consoleError(401, 'Invalid token')
				: gatewayError(401, 'Invalid token', requestId);
		}
		if (isTooLarge) {
			const reason = `request body exceeds ${MAX_BODY_MB} MB: request body too large`;
			return gatewayError(400, `Invalid request: Invalid request: ${reason}`, requestId);
		}
		return this.handlers[found.route](entry, found.match);
	}

	private taskOf({ method, path }: LogEntry): SandboxTask | undefined {
		return this.find(findRoute(method, path)?.match[1]);
	}

	/** Returns the prompt of the task that a request is about, or an empty string. */
	private promptOf(entry: LogEntry): string {
		const request = entry.route === 'submit' ? entry.body : this.taskOf(entry)?.request;
		return String((request as Record<string, unknown> | undefined)?.prompt ?? '');
	}

	/** Marks the task that this submission has created, because the response contained its ID. */
	private noteIdSent({ route, body }: LogEntry): void {
		const created = this.tasks.at(-1);
		if (route === 'submit' && created && created.request === body) created.isIdSent = true;
	}
}

/** The two origins: the API, and the host of finished and uploaded files. */
type Host = 'api' | 'files';

/** Adds the request ID that the API sends with every response except redirects. The file host sends none. */
function withRequestId(reply: Reply, entry: LogEntry, host: Host): Reply {
	const isRedirect = reply.status === 301 || reply.status === 307;
	if (isRedirect) return reply;
	return { ...reply, headers: { ...reply.headers, ...requestIdHeader(entry, host) } };
}

function requestIdHeader({ requestId }: LogEntry, host: Host): Record<string, string> {
	return host === 'files' ? {} : { 'x-oneapi-request-id': requestId };
}

/** Redirects a path that differs from a route only by a trailing slash to that route. */
function answerUnknownPath(method: string, path: string): Reply {
	const other = path.endsWith('/') ? path.slice(0, -1) : `${path}/`;
	if (findRoute(method, other)) {
		const status = method === 'GET' ? 301 : 307;
		return { status, headers: { location: other }, body: Buffer.alloc(0) };
	}
	return /^\/(v1|api)/.test(path) ? invalidUrl(method, path) : consolePage();
}

function decoded(segment: string): string {
	try {
		return decodeURIComponent(segment);
	} catch {
		return segment;
	}
}

export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
	return await new Sandbox(options).listen(options.port);
}

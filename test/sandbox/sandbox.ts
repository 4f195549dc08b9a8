import { readFileSync } from 'node:fs';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { FaultPlan, type Route } from './faults';
import {
	addressOf,
	apiError,
	close,
	json,
	listen,
	parseBody,
	readBody,
	send,
	spoil,
	taskError,
	type Reply,
} from './http';
import { ROUTES, type LogEntry } from './routes';
import { MODELS, refuseTask } from './rules';
import {
	createTask,
	DEFAULT_QUIRKS,
	describeTask,
	isPortrait,
	phaseOf,
	type Phase,
	type Quirks,
	type SandboxTask,
} from './tasks';

export interface SandboxOptions {
	apiKey?: string;
	/** 0 picks a free one. */
	port?: number;
	/** How long a task takes, by `now`. */
	durationMs?: number;
	/** The sandbox's clock, in ms; `Date.now` unless told. */
	now?: () => number;
	quirks?: Partial<Quirks>;
	/** The file of every finished task, in place of the fixtures. */
	video?: Buffer;
}

type Handler = (entry: LogEntry, match: RegExpMatchArray) => Reply;

/** API.md: a signed address is good for 12 hours and more. */
const SIGNED_FOR_MS = 12 * 3_600_000;

const MAX_BODY_BYTES = 64 * 1024 * 1024;
const FIXTURES = {
	landscape: readFileSync(join(__dirname, 'fixtures', 'landscape.mp4')),
	portrait: readFileSync(join(__dirname, 'fixtures', 'portrait.mp4')),
};

/**
 * The OctopusX API over real HTTP, on two origins: the API itself, and a host for finished and
 * uploaded files. Strict about what API.md says; quirks and faults can be switched at any time.
 */
export class Sandbox {
	readonly apiKey: string;
	readonly faults = new FaultPlan();
	quirks: Quirks;
	durationMs: number;
	/** Every request, in order of arrival. */
	log: LogEntry[] = [];
	/** Every task that was accepted: the bill. */
	tasks: SandboxTask[] = [];
	uploads = new Map<string, { bytes: Buffer; type: string }>();

	private readonly held = new Map<() => void, ServerResponse>();
	private readonly api = http.createServer((req, res) => this.serveSafely(req, res));
	private readonly files = http.createServer((req, res) => this.serveSafely(req, res));
	private readonly now: () => number;
	private readonly video?: Buffer;

	constructor({ apiKey = 'sandbox-key', durationMs = 0, now, quirks, video }: SandboxOptions = {}) {
		this.video = video;
		this.apiKey = apiKey;
		this.durationMs = durationMs;
		this.now = now ?? (() => Date.now());
		this.quirks = { ...DEFAULT_QUIRKS, ...quirks };
	}

	/** What the credential's Base URL is set to. */
	get url(): string {
		return addressOf(this.api);
	}

	/** The origin that hosts files and never gets the key. */
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

	/** Forgets tasks, log and faults, and takes the quirks back to what is usual. */
	reset(): void {
		this.faults.clear();
		this.log = [];
		this.tasks = [];
		this.uploads.clear();
		this.quirks = { ...DEFAULT_QUIRKS };
	}

	/** How many requests wait for an answer because a fault lets them hang. */
	get hanging(): number {
		return this.held.size;
	}

	/** Answers the requests that hang. */
	release(): void {
		for (const answer of this.held.keys()) answer();
		this.held.clear();
	}

	/** Cuts the connections of the requests that hang. */
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

	/** A client may go away in the middle of a request. */
	private serveSafely(req: IncomingMessage, res: ServerResponse): void {
		this.serve(req, res).catch(() => res.destroy());
	}

	private async serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
		const method = req.method ?? '';
		const path = req.url ?? '';
		const found = ROUTES.find((one) => one.method === method && one.path.test(path));
		const entry: LogEntry = {
			route: found?.route ?? 'none',
			method,
			path,
			headers: req.headers,
			body: undefined,
			at: this.now(),
		};
		this.log.push(entry);
		const raw = await readBody(req);
		entry.body = parseBody(raw, req.headers['content-type']);
		const fault = found && this.faults.next(found.route, this.promptOf(entry, found.path));
		const reply = () => {
			if (raw.length > MAX_BODY_BYTES) return apiError(413, 'Request Entity Too Large');
			if (!found) return apiError(404, `Invalid URL (${method} ${path})`);
			if (!found.isPublic && req.headers.authorization !== `Bearer ${this.apiKey}`) {
				return apiError(401, 'Invalid token (request id: 20260101-sandbox)');
			}
			const match = path.match(found.path) as RegExpMatchArray;
			return this.handlers[found.route](entry, match);
		};
		if (fault) return spoil(res, fault, reply, (release) => this.hold(res, release));
		send(res, reply());
		const created = entry.route === 'submit' && this.tasks.at(-1);
		if (created && created.request === entry.body) created.isTold = true;
	}

	private readonly handlers: Record<Route, Handler> = {
		models: () =>
			json(200, { object: 'list', data: MODELS.map((id) => ({ id, object: 'model' })) }),

		submit: ({ body }) => {
			const refusal = refuseTask(Buffer.isBuffer(body) ? undefined : body);
			if (refusal) return json(400, { ...refusal, data: null });
			const request = body as Record<string, unknown>;
			const number = this.tasks.length + 1;
			const task = createTask(request, number, this.quirks, this.now(), this.durationMs);
			this.tasks.push(task);
			return json(200, this.describe(task, 'queued'));
		},

		poll: (_entry, [, id]) => {
			const task = this.find(id);
			return task
				? json(200, this.describe(task, phaseOf(task, this.now())))
				: taskError('task_not_exist');
		},

		verdict: (_entry, [, id]) => {
			const task = this.find(id);
			if (!task) return taskError('task_not_exist');
			const data = this.describe(task, phaseOf(task, this.now()));
			return json(200, { code: 'success', data: { task_id: task.id, data } });
		},

		content: (_entry, [, id]) => {
			const task = this.find(id);
			if (!task) return apiError(404, 'Task not found');
			if (phaseOf(task, this.now()) !== 'completed') return apiError(400, 'Task is not completed');
			if (this.quirks.videoUrl !== 'redirect') return this.videoOf(task);
			return { status: 302, headers: { location: this.signedUrl(task) }, body: Buffer.alloc(0) };
		},

		presign: ({ body }) => {
			const { file_name, content_type } = body as Record<string, string>;
			if (!file_name || !content_type) {
				return json(400, { success: false, message: 'file_name and content_type are required' });
			}
			const key = `upload${this.requestsTo('presign').length}`;
			return json(200, {
				success: true,
				message: '',
				data: {
					method: 'PUT',
					upload_url: `${this.fileHost}/uploads/${key}?signature=sandbox`,
					object_key: key,
					public_url: `${this.fileHost}/uploads/${key}`,
					expires_in: 900,
					content_type,
				},
			});
		},

		upload: ({ body, headers }, [, key = '']) => {
			const type = headers['content-type'] ?? '';
			this.uploads.set(key, { bytes: body as Buffer, type });
			return { status: 200, body: Buffer.alloc(0) };
		},

		file: ({ path }, [, name = '']) => {
			const upload = this.uploads.get(name);
			if (upload) {
				return { status: 200, headers: { 'content-type': upload.type }, body: upload.bytes };
			}
			const task = this.find(name);
			const [, signedAt = this.now()] = path.match(/signature=sandbox(\d+)$/) ?? [];
			if (this.now() - Number(signedAt) > SIGNED_FOR_MS) return apiError(403, 'Expired');
			return task ? this.videoOf(task) : apiError(404, 'No such file');
		},

		usage: () =>
			json(200, {
				code: true,
				message: 'ok',
				data: {
					object: 'token_usage',
					name: 'sandbox',
					total_granted: 1_000_000,
					total_used: this.tasks.length,
					total_available: 1_000_000 - this.tasks.length,
					unlimited_quota: false,
				},
			}),
	};

	/** The prompt of the task that a request is about, empty where it is about none. */
	private promptOf({ route, path, body }: LogEntry, pattern: RegExp): string {
		const request = route === 'submit' ? body : this.find(path.match(pattern)?.[1])?.request;
		return String((request as Record<string, unknown> | undefined)?.prompt ?? '');
	}

	private find(encodedId = ''): SandboxTask | undefined {
		const wanted = decoded(encodedId);
		const task = this.tasks.find(({ id }) => id === wanted);
		return task && encodeURIComponent(task.id) === encodedId ? task : undefined;
	}

	private describe(task: SandboxTask, phase: Phase): Record<string, unknown> {
		const content = `${this.url}/v1/videos/${encodeURIComponent(task.id)}/content`;
		const file = this.signedUrl(task);
		return describeTask(task, phase, this.quirks, this.now(), {
			fileHost: file,
			metadata: file,
			proxy: content,
			redirect: content,
		});
	}

	private signedUrl(task: SandboxTask): string {
		return `${this.fileHost}/files/${encodeURIComponent(task.id)}.mp4?signature=sandbox${this.now()}`;
	}

	private videoOf(task: SandboxTask): Reply {
		return {
			status: 200,
			headers: { 'content-type': 'video/mp4' },
			body: this.video ?? (isPortrait(task) ? FIXTURES.portrait : FIXTURES.landscape),
		};
	}
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

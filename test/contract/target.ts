import { normalizeBaseUrl } from '../../nodes/OctopusXVideo/api/credential';
import { Sandbox } from '../sandbox/sandbox';

/** run.ts sets this once the user has agreed to pay. Without it, the tests always use the sandbox. */
export const AGREED = 'OCTOPUSX_CONTRACT_AGREED';
/** run.ts sets this for --endings: the model service is our sandbox, so a prompt decides how its task ends. */
export const ENDINGS = 'OCTOPUSX_CONTRACT_ENDINGS';

const TASK_MS = 60_000;

export interface Answer {
	status: number;
	headers: Headers;
	/** The parsed body if it is JSON, otherwise a string. */
	body: unknown;
}

/** The API under test: a sandbox, or the one at OCTOPUSX_BASE_URL. */
export class Target {
	readonly isReal = process.env[AGREED] !== undefined;
	/** True if a prompt that contains `[failed]`, for example, makes its task fail. */
	readonly endsByPrompt = !this.isReal || process.env[ENDINGS] !== undefined;
	private clock = Date.now();
	private readonly sandbox = new Sandbox({
		durationMs: TASK_MS,
		now: () => this.clock,
		quirks: { records: 'exact' },
	});

	async open(): Promise<void> {
		if (!this.isReal) await this.sandbox.listen();
	}

	async close(): Promise<void> {
		if (!this.isReal) await this.sandbox.close();
	}

	get url(): string {
		if (!this.isReal) return this.sandbox.url;
		return normalizeBaseUrl(process.env.OCTOPUSX_BASE_URL ?? '') ?? 'https://octopusx.ai';
	}

	get apiKey(): string {
		return this.isReal ? (process.env.OCTOPUSX_API_KEY ?? '') : this.sandbox.apiKey;
	}

	/** Waits. With the sandbox, this moves its clock forward at once instead. */
	async pause(ms: number): Promise<void> {
		if (this.isReal) await new Promise((resolve) => setTimeout(resolve, ms));
		else this.clock += ms;
	}

	async get(path: string, key = this.apiKey): Promise<Answer> {
		return await this.send(path, { method: 'GET' }, key);
	}

	/** @param body a string is sent unchanged, anything else as JSON */
	async post(path: string, body: unknown, key = this.apiKey): Promise<Answer> {
		const text = typeof body === 'string' ? body : JSON.stringify(body);
		const headers = { 'content-type': 'application/json' };
		return await this.send(path, { method: 'POST', body: text, headers }, key);
	}

	/** Downloads a file. Sends the key only to the API's own origin. */
	async file(url: string): Promise<{ status: number; headers: Headers; bytes: Buffer }> {
		const isOwn = url.startsWith(`${this.url}/`);
		const answer = isOwn
			? await this.fetchWith(url.slice(this.url.length), {}, this.apiKey)
			: await fetch(url);
		const { status, headers } = answer;
		return { status, headers, bytes: Buffer.from(await answer.arrayBuffer()) };
	}

	private async send(path: string, init: RequestInit, key: string): Promise<Answer> {
		const answer = await this.fetchWith(path, init, key);
		const text = await answer.text();
		return { status: answer.status, headers: answer.headers, body: parse(text) };
	}

	private async fetchWith(path: string, init: RequestInit, key: string): Promise<Response> {
		const authorization = key === '' ? undefined : { authorization: `Bearer ${key}` };
		const headers = { ...(init.headers as Record<string, string>), ...authorization };
		return await fetch(`${this.url}${path}`, { ...init, headers, redirect: 'manual' });
	}
}

function parse(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return text;
	}
}

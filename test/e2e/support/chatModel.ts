import http, { type IncomingMessage } from 'node:http';
import { addressOf, close, listen, readBody } from '../../sandbox/http';

/** What the model does in a turn: call a tool, by default the first one, or say something. */
export type Turn = { callTool: Record<string, unknown>; tool?: string } | { say: string };

/** A request to the model, in the same form for both of OpenAI's APIs. */
interface ModelRequest {
	path: string;
	body: Record<string, unknown>;
	tools: Array<{ name: string; description: string; parameters: ToolParameters }>;
	/** The results of all tool calls in the conversation, oldest first. */
	toolResults: string[];
}

interface ToolParameters {
	properties: Record<string, { type: string; description?: string }>;
}

type Json = Record<string, unknown>;
/**
 * Builds the response for a turn. `number` must differ, because n8n treats calls with the same ID
 * as one call.
 */
type Respond = (turn: Turn, firstTool: string, number: number) => Json;

/**
 * A language model that follows a script. It offers both of OpenAI's APIs: `/v1/chat/completions`,
 * and `/v1/responses`, which n8n's chat model uses by default.
 */
export class ChatModel {
	/** The remaining turns. Each request uses one. */
	script: Turn[] = [];
	/** All requests to the model, in order. */
	requests: ModelRequest[] = [];

	private readonly server = http.createServer((req, res) => {
		void readJson(req).then((body) => {
			const path = req.url ?? '';
			const respond = API[path];
			const [status, answer] = respond ? [200, this.next(path, body, respond)] : [404, {}];
			res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
		});
	});

	/** The Base URL for the credential. */
	get url(): string {
		return `${addressOf(this.server)}/v1`;
	}

	async listen(): Promise<this> {
		await listen(this.server, 0);
		return this;
	}

	async close(): Promise<void> {
		await close(this.server);
	}

	reset(): void {
		this.script = [];
		this.requests = [];
	}

	private next(path: string, body: Json, respond: Respond): Json {
		const tools = ((body.tools ?? []) as Json[]).map(
			(tool) => (tool.function ?? tool) as ModelRequest['tools'][number],
		);
		this.requests.push({ path, body, tools, toolResults: toolResultsOf(body) });
		const turn = this.script.shift() ?? { say: 'The script has ended' };
		return { ...respond(turn, tools[0]?.name ?? '', this.requests.length), model: body.model };
	}
}

const API: Record<string, Respond> = {
	'/v1/chat/completions': (turn, firstTool, number) => ({
		id: `chatcmpl-${number}`,
		object: 'chat.completion',
		created: 0,
		choices: [
			'say' in turn
				? { index: 0, finish_reason: 'stop', message: { role: 'assistant', content: turn.say } }
				: {
						index: 0,
						finish_reason: 'tool_calls',
						message: {
							role: 'assistant',
							content: null,
							tool_calls: [
								{ id: `call_${number}`, type: 'function', function: callOf(turn, firstTool) },
							],
						},
					},
		],
		usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
	}),

	'/v1/responses': (turn, firstTool, number) => ({
		id: `resp_${number}`,
		object: 'response',
		created_at: 0,
		status: 'completed',
		output: [
			'say' in turn
				? {
						id: `msg_${number}`,
						type: 'message',
						role: 'assistant',
						status: 'completed',
						content: [{ type: 'output_text', text: turn.say, annotations: [] }],
					}
				: {
						id: `fc_${number}`,
						type: 'function_call',
						call_id: `call_${number}`,
						status: 'completed',
						...callOf(turn, firstTool),
					},
		],
		usage: { input_tokens: 1, output_tokens: 1, total_tokens: 2 },
	}),
};

function callOf({ callTool, tool }: Extract<Turn, { callTool: unknown }>, firstTool: string) {
	return { name: tool ?? firstTool, arguments: JSON.stringify(callTool) };
}

function toolResultsOf({ messages = [], input = [] }: Json): string[] {
	const inChat = (messages as Json[]).filter(({ role }) => role === 'tool');
	const inResponses = (input as Json[]).filter(({ type }) => type === 'function_call_output');
	return [...inChat.map(({ content }) => content), ...inResponses.map(({ output }) => output)].map(
		(result) => (typeof result === 'string' ? result : JSON.stringify(result)),
	);
}

async function readJson(req: IncomingMessage): Promise<Json> {
	const body = await readBody(req);
	return body.length > 0 ? (JSON.parse(body.toString()) as Json) : {};
}

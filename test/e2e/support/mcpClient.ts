import { createRequire } from 'node:module';
import { join } from 'node:path';
import { installN8n } from './install';

/** What the tests use of the client in `@modelcontextprotocol/sdk`. */
export interface McpClient {
	connect(transport: object): Promise<void>;
	close(): Promise<void>;
	listTools(): Promise<{ tools: McpTool[] }>;
	/** @param options.timeout after how many ms the client gives up; 60,000 by default */
	callTool(
		call: { name: string; arguments: Record<string, unknown> },
		resultSchema?: undefined,
		options?: { timeout: number },
	): Promise<McpResult>;
}

interface McpTool {
	name: string;
	description: string;
	inputSchema: { properties: Record<string, { type: string; description?: string }> };
}

interface McpResult {
	isError?: boolean;
	content: Array<{ type: string; text: string }>;
}

interface ClientModule {
	Client: new (info: { name: string; version: string }) => McpClient;
}

interface TransportModule {
	StreamableHTTPClientTransport: new (url: URL) => object;
}

/**
 * Connects to an MCP Server Trigger. The client is the official one, from n8n's own dependencies: it would
 * bring 67 packages with it.
 */
export async function connectMcp(url: string): Promise<McpClient> {
	const { folder } = await installN8n(2);
	const load = createRequire(join(folder, 'package.json'));
	const sdk = '@modelcontextprotocol/sdk/client';
	const { Client } = load(`${sdk}/index.js`) as ClientModule;
	const { StreamableHTTPClientTransport } = load(`${sdk}/streamableHttp.js`) as TransportModule;
	const client = new Client({ name: 'test', version: '1.0.0' });
	await client.connect(new StreamableHTTPClientTransport(new URL(url)));
	return client;
}

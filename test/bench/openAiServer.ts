import http from 'node:http';
import { VIDEOS } from '../sandbox/fixtures';
import { addressOf, close, listen } from '../sandbox/http';

/** Starts a server with the part of OpenAI's video API that n8n's OpenAI node uses. Tasks take `durationMs`. */
export async function startOpenAiServer(durationMs: number) {
	const createdAt = new Map<string, number>();
	const server = http.createServer((req, res) => {
		req.resume();
		const [, id = '', part] = req.url?.match(/^\/v1\/videos\/?([^/]*)\/?(\w*)$/) ?? [];
		if (part === 'content') {
			res.writeHead(200, { 'content-type': 'video/mp4' }).end(VIDEOS.landscape);
			return;
		}
		const taskId = id || `video_${createdAt.size + 1}`;
		if (!id) createdAt.set(taskId, Date.now());
		const isDone = Date.now() - (createdAt.get(taskId) ?? 0) >= durationMs;
		res.writeHead(200, { 'content-type': 'application/json' });
		res.end(
			JSON.stringify({ id: taskId, status: isDone ? 'completed' : 'in_progress', error: null }),
		);
	});
	await listen(server, 0);
	return { url: `${addressOf(server)}/v1`, close: async () => await close(server) };
}

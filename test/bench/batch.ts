import type { RunOptions } from '../engine/support/runWorkflow';
import { startSandbox } from '../sandbox/sandbox';
import { startOpenAiServer } from './openAiServer';
import { octopusX, openAiVideo, peerTypes, sequentialLoop } from './peers';
import { ratio, round, type Row, type Section } from './report';
import { runOrThrow } from './runOrThrow';

const TASK_MS = 3_000;
const VIDEOS = 20;
const OPENAI_VIDEOS = 4;

async function seconds(options: Omit<RunOptions, 'mode'>): Promise<number> {
	const startedAt = performance.now();
	await runOrThrow(options);
	return (performance.now() - startedAt) / 1_000;
}

/** (a) Measures how long a batch of 3-second videos takes, compared with the limit and with other solutions. */
export async function measureBatch(): Promise<Section> {
	const sandbox = await startSandbox({ durationMs: TASK_MS });
	const credential = { apiKey: sandbox.apiKey, baseUrl: sandbox.url };
	const input = Array.from({ length: VIDEOS }, () => ({ json: {} }));
	const limit = TASK_MS / 1_000;

	const ours = async (maxConcurrency: number, count = VIDEOS) =>
		await seconds({
			workflow: octopusX({ prompt: 'a boat', options: { pollInterval: 1, maxConcurrency } }),
			input: input.slice(0, count),
			credential,
		});
	const all = await ours(20);
	const five = await ours(5);
	const four = await ours(20, OPENAI_VIDEOS);

	const loop = await seconds({
		workflow: sequentialLoop(sandbox.url, sandbox.apiKey, 1),
		input,
		credential,
		otherNodes: peerTypes(),
	});
	await sandbox.close();

	const openAiServer = await startOpenAiServer(TASK_MS);
	const openAi = await seconds({
		workflow: openAiVideo(),
		input: input.slice(0, OPENAI_VIDEOS),
		credential: { ...credential, url: openAiServer.url } as RunOptions['credential'],
		otherNodes: peerTypes(),
	});
	await openAiServer.close();

	const row = (what: string, videos: number, time: number, own: number): Row => ({
		what,
		videos,
		seconds: round(time),
		'against the limit': ratio(time, limit),
		'against ours': ratio(time, own),
	});
	return {
		title: 'A batch of videos',
		text: `Tasks take ${limit} s and are checked every second (n8n's OpenAI node: every 10 s, which cannot be changed). The
limit is the time of one task: all videos run at once, and each end is noticed at once. The loop is the
HTTP Request → Wait → IF pattern of n8n's templates.`,
		rows: [
			row('OctopusX Video, Max Concurrency 20', VIDEOS, all, all),
			row('OctopusX Video, Max Concurrency 5', VIDEOS, five, all),
			row('Loop over HTTP Request, Wait, IF', VIDEOS, loop, all),
			row(`OctopusX Video, ${OPENAI_VIDEOS} videos`, OPENAI_VIDEOS, four, four),
			row('n8n’s OpenAI video node', OPENAI_VIDEOS, openAi, four),
		],
	};
}

import '../setup';
import type { INodeExecutionData } from 'n8n-workflow';
import { initBinaryData, storeBinary } from '../engine/support/runWorkflow';
import { bufferingNode } from './bufferingNode';
import { octopusX } from './peers';
import { MB } from './report';
import { runOrThrow } from './runOrThrow';

/** A job, passed as JSON. The process prints `{ growth }` as JSON: peak memory above idle, in bytes. */
export interface MemoryJob {
	what: 'download' | 'edits';
	isBuffering: boolean;
	credential: { apiKey: string; baseUrl: string };
	/** The task whose file is downloaded. */
	taskId: string;
}

const EDITS = 10;
const EDIT_BYTES = 15 * MB;

async function prepare({ what }: MemoryJob, bytes: number): Promise<INodeExecutionData[]> {
	if (what === 'download') return [{ json: {} }];
	const items: INodeExecutionData[] = [];
	for (let n = 0; n < EDITS; n++) {
		const data = await storeBinary(Buffer.alloc(bytes, 128 + n), 'video/mp4');
		items.push({ json: {}, binary: { data } });
	}
	return items;
}

async function run(job: MemoryJob, input: INodeExecutionData[]): Promise<void> {
	const parameters =
		job.what === 'download'
			? { operation: 'getStatus', taskId: job.taskId, downloadVideo: true }
			: { operation: 'edit', prompt: 'x', videoSource: 'binary', waitForCompletion: false };
	await runOrThrow({
		workflow: octopusX(parameters),
		input,
		credential: job.credential,
		node: job.isBuffering ? bufferingNode() : undefined,
	});
}

async function main(): Promise<void> {
	const job = JSON.parse(process.argv[2] ?? '') as MemoryJob;
	await initBinaryData();
	// The warm-up uses small files.
	if (job.what === 'edits') await run(job, await prepare(job, 1_000));
	const input = await prepare(job, EDIT_BYTES);

	for (let n = 0; n < 3; n++) {
		globalThis.gc?.();
		await new Promise((resolve) => setTimeout(resolve, 100));
	}
	const idle = process.memoryUsage.rss();
	let peak = idle;
	const timer = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 5);
	await run(job, input);
	clearInterval(timer);
	console.log(JSON.stringify({ growth: Math.max(peak, process.memoryUsage.rss()) - idle }));
	process.exit(0);
}

main().catch((error: Error) => {
	console.error(error.message);
	process.exit(1);
});

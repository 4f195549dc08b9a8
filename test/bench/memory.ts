import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Sandbox } from '../sandbox/sandbox';
import type { MemoryJob } from './memoryChild';
import { MB, ratio, round, type Section } from './report';

const FILE_BYTES = 300 * MB;

/** Runs a job in a separate process, so that the sandbox's memory is not included. Returns the growth in MB. */
async function growth(job: MemoryJob): Promise<number> {
	const child = join(__dirname, 'memoryChild.ts');
	const args = ['--expose-gc', '--import', 'tsx', child, JSON.stringify(job)];
	const { stdout } = await promisify(execFile)(process.execPath, args);
	return (JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as { growth: number }).growth / MB;
}

/** (c) Measures the peak of resident memory above idle, compared with a node that keeps files in buffers. */
export async function measureMemory(): Promise<Section> {
	const rows = [];
	for (const [what, label] of [
		['download', `a download of ${FILE_BYTES / MB} MB`],
		['edits', 'ten edits of 15 MB'],
	] as const) {
		const sandbox = await new Sandbox({
			video: largeMp4(),
			quirks: { videoUrl: 'proxy' },
		}).listen();
		const credential = { apiKey: sandbox.apiKey, baseUrl: sandbox.url };
		const body = JSON.stringify({ model: 'omni-fast', prompt: 'a boat' });
		const headers = {
			authorization: `Bearer ${sandbox.apiKey}`,
			'content-type': 'application/json',
		};
		const created = await fetch(`${sandbox.url}/v1/videos`, { method: 'POST', headers, body });
		const { id: taskId } = (await created.json()) as { id: string };

		const own = await growth({ what, isBuffering: false, credential, taskId });
		const buffering = await growth({ what, isBuffering: true, credential, taskId });
		await sandbox.close();
		for (const [node, peak] of [
			['OctopusX Video', own],
			['buffering node', buffering],
		] as const) {
			rows.push({
				what: label,
				node,
				'MB above idle': round(peak, 0),
				'against ours': ratio(peak, own),
			});
		}
	}
	return {
		title: 'Memory',
		text: `Peak of the resident memory above idle, each measured in a separate process, with files in n8n's file system
mode. The buffering node does what most nodes do: it keeps the files of all items in buffers at once.`,
		rows,
	};
}

/** A file that begins like an MP4 video, and whose one large box reaches to its end. */
function largeMp4(): Buffer {
	const file = Buffer.alloc(FILE_BYTES);
	file.writeUInt32BE(24, 0);
	file.write('ftypisom', 4, 'latin1');
	file.writeUInt32BE(FILE_BYTES - 24, 24);
	file.write('mdat', 28, 'latin1');
	return file;
}

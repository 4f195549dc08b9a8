import { startSandbox } from '../sandbox/sandbox';
import { octopusX } from './peers';
import { ratio, round, type Section } from './report';
import { runOrThrow } from './runOrThrow';

const COUNTS = [10, 100, 1_000];

/** (e) Measures the CPU time per item, with tasks that complete at once. */
export async function measureOverhead(): Promise<Section> {
	const sandbox = await startSandbox();
	const perItem: number[] = [];
	const rows = [];
	for (const count of [10, ...COUNTS]) {
		const { user, system } = process.cpuUsage();
		const startedAt = performance.now();
		await runOrThrow({
			workflow: octopusX({
				prompt: '={{ $json.prompt }}',
				options: { maxConcurrency: 50, pollInterval: 1 },
			}),
			input: Array.from({ length: count }, (_, n) => ({ json: { prompt: `number ${n}` } })),
			credential: { apiKey: sandbox.apiKey, baseUrl: sandbox.url },
		});
		const wall = (performance.now() - startedAt) / 1_000;
		const used = process.cpuUsage({ user, system });
		const cpu = (used.user + used.system) / 1_000_000;
		perItem.push(cpu / count);
		rows.push({
			items: count,
			'CPU seconds': round(cpu),
			'CPU ms per item': round((cpu / count) * 1_000),
			'per item, against 10 items': ratio(cpu / count, perItem[1] ?? cpu / count),
			'wall seconds': round(wall),
		});
	}
	await sandbox.close();
	return {
		title: 'Overhead per item',
		text: `Tasks complete at once, Max Concurrency is 50, and each item needs a submission and one check. The CPU time
includes the node, n8n's engine and the sandbox, which share a process. It is linear or better if the ratio
does not grow. The wall time follows from Max Concurrency and the first check after one second: 20 rounds
for 1,000 items.`,
		// The first run is the warm-up.
		rows: rows.slice(1),
	};
}

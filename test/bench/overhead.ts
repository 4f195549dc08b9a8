import { builtNodeClass } from '../engine/support/builtNode';
import { runWorkflow } from '../engine/support/runWorkflow';
import { startSandbox } from '../sandbox/sandbox';
import { octopusX } from './peers';
import { ratio, round, type Section } from './report';

const COUNTS = [10, 100, 1_000];

/** (e) What an item costs beside its video: tasks are done at once, and nothing is waited for. */
export async function measureOverhead(): Promise<Section> {
	const sandbox = await startSandbox();
	const perItem: number[] = [];
	const rows = [];
	for (const count of [10, ...COUNTS]) {
		const { user, system } = process.cpuUsage();
		const startedAt = performance.now();
		await runWorkflow({
			workflow: octopusX({
				prompt: '={{ $json.prompt }}',
				options: { maxConcurrency: 50, pollInterval: 1 },
			}),
			input: Array.from({ length: count }, (_, n) => ({ json: { prompt: `number ${n}` } })),
			credential: { apiKey: sandbox.apiKey, baseUrl: sandbox.url },
			node: new (builtNodeClass())(),
			mode: 'trigger',
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
		text: `Instant tasks, Max Concurrency 50, submission and one check per item. CPU is that of the node, n8n's
engine and the sandbox together, in one process. Linear or better: the ratio does not grow. Wall time is
what Max Concurrency and the first check after one second leave: 20 rounds for 1,000 items.`,
		// the first run warms up
		rows: rows.slice(1),
	};
}

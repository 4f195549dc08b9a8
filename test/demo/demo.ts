import '../setup';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import type { IRun, IWorkflowBase } from 'n8n-workflow';
import { ask } from '../ask';
import { builtNodeClass } from '../engine/support/builtNode';
import { initBinaryData, readBinary, runWorkflow } from '../engine/support/runWorkflow';
import { ROOT } from '../package/tarball';
import { realApi } from '../realApi';
import { startSandbox } from '../sandbox/sandbox';

const WORKFLOW = join(ROOT, 'examples', 'every-operation.json');
const OUTPUT = join(ROOT, 'demo-output');
const SANDBOX_TASK_MS = 5_000;

type Workflow = Pick<IWorkflowBase, 'nodes' | 'connections' | 'name'>;

interface Target {
	credential: { apiKey: string; baseUrl: string };
	close: () => Promise<void>;
}

/** Returns the sandbox, or the real API if there is a key, or `undefined` if the user does not agree to pay. */
async function chooseTarget(workflow: Workflow, hasAgreed: boolean): Promise<Target | undefined> {
	const api = realApi();
	if (!api) {
		const sandbox = await startSandbox({ durationMs: SANDBOX_TASK_MS });
		console.log(`Using the sandbox on ${sandbox.url}: no costs.`);
		return {
			credential: { apiKey: sandbox.apiKey, baseUrl: sandbox.url },
			close: async () => await sandbox.close(),
		};
	}
	const count = countVideos(workflow);
	console.log(
		`OCTOPUSX_API_KEY is set. This demo creates ${count} videos at ${api.baseUrl}, which cost money.`,
	);
	if (!hasAgreed && !(await ask('Continue? (y/N) '))) return undefined;
	return { credential: api, close: async () => {} };
}

function countVideos({ nodes }: Workflow): number {
	return nodes.filter(
		({ type, parameters }) =>
			type.endsWith('.octopusXVideo') && parameters.operation !== 'getStatus',
	).length;
}

/** Writes the videos to files and returns a row for every task, including those without a video. */
async function collect(run: IRun) {
	mkdirSync(OUTPUT, { recursive: true });
	const rows = [];
	for (const [node, runs] of Object.entries(run.data.resultData.runData)) {
		for (const { data, executionTime } of runs) {
			for (const { json, binary } of data?.main?.[0] ?? []) {
				if (!json.task_id) continue;
				const bytes = binary?.data && (await readBinary(binary.data));
				const file = binary?.data && join(OUTPUT, binary.data.fileName as string);
				if (file && bytes) writeFileSync(file, bytes);
				rows.push({
					node,
					task: json.task_id,
					status: json.status,
					'seconds waited': Number((executionTime / 1_000).toFixed(1)),
					file: file ? relative(ROOT, file) : '',
					bytes: bytes?.length ?? 0,
				});
			}
		}
	}
	return rows;
}

async function main(): Promise<void> {
	const { values } = parseArgs({ options: { yes: { type: 'boolean', default: false } } });
	const workflow = JSON.parse(readFileSync(WORKFLOW, 'utf8')) as Workflow;
	const target = await chooseTarget(workflow, values.yes);
	if (!target) {
		console.log('Nothing was sent.');
		return;
	}
	await initBinaryData();
	console.log(`Running "${workflow.name}" in n8n's engine:`);
	const startedAt = Date.now();
	const run = await runWorkflow({
		workflow,
		node: new (builtNodeClass())(),
		credential: target.credential,
		onMessage: (text, source) => {
			const seconds = ((Date.now() - startedAt) / 1_000).toFixed(1).padStart(6);
			console.log(`${seconds} s  ${source.replace(/^\[Node: "(.*)"\]$/, '$1')}, ${text}`);
		},
	});
	await target.close();
	console.table(await collect(run));
	const { error } = run.data.resultData;
	if (error) throw new Error([error.message, error.description].join('\n'));
}

main().then(
	// Without this exit, timers of n8n's engine would keep the process alive.
	() => process.exit(0),
	(error: Error) => {
		console.error(error.message);
		process.exit(1);
	},
);

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { freePort } from '../e2e/support/freePort';
import { N8n } from '../e2e/support/n8n';
import { OWNER, type N8nApi, type WorkflowDraft } from '../e2e/support/n8nApi';
import { ROOT } from '../package/tarball';
import { realApi } from '../realApi';
import { startSandbox } from '../sandbox/sandbox';
import type { SandboxTask } from '../sandbox/tasks';

const EXAMPLES = join(ROOT, 'examples');
const CREDENTIAL = { type: 'octopusXApi', name: 'OctopusX account' };
const SANDBOX_TASK_MS = 10_000;
const PREFERRED_PORT = 5678;

const HELP = `Starts n8n with this package, a credential and the example workflows.

  npm start -- [options]

  --folder n8n-data   the folder where n8n keeps its data between starts

Set OCTOPUSX_API_KEY and OCTOPUSX_BASE_URL to use the real API instead of the sandbox.`;

interface Target {
	data: { apiKey: string; baseUrl: string };
	description: string;
	close: () => Promise<void>;
}

/**
 * Locks the folder and returns a function that unlocks it.
 *
 * @throws if another start uses the folder: two n8n processes would damage a shared database
 */
function lock(folder: string): () => void {
	const file = join(folder, 'start.pid');
	if (existsSync(file) && isRunning(Number(readFileSync(file, 'utf8')))) {
		throw new Error(
			`npm start already runs in ${folder}. Stop it with Ctrl-C first, or use another --folder.`,
		);
	}
	mkdirSync(folder, { recursive: true });
	writeFileSync(file, String(process.pid));
	return () => rmSync(file, { force: true });
}

function isRunning(pid: number): boolean {
	try {
		process.kill(pid, 0);
		return true;
	} catch {
		return false;
	}
}

/** Returns the real API if there is a key, otherwise a sandbox that keeps its tasks in `folder`. */
async function chooseTarget(folder: string): Promise<Target> {
	const api = realApi();
	if (api) {
		const description = `the API at ${api.baseUrl}: every video costs money`;
		return { data: api, description, close: async () => {} };
	}
	const sandbox = await startSandbox({ durationMs: SANDBOX_TASK_MS });
	const file = join(folder, 'sandbox-tasks.json');
	// A waiting execution must find its task again after a restart.
	if (existsSync(file)) sandbox.tasks = JSON.parse(readFileSync(file, 'utf8')) as SandboxTask[];
	return {
		data: { apiKey: sandbox.apiKey, baseUrl: sandbox.url },
		description: `a sandbox: nothing is paid for, a video takes ${SANDBOX_TASK_MS / 1_000} s
            [failed] in a prompt makes its video fail, with [never] it never ends
            To make another credential while this is running, use:
            API Key   ${sandbox.apiKey}
            Base URL  ${sandbox.url}`,
		close: async () => {
			await sandbox.close();
			writeFileSync(file, JSON.stringify(sandbox.tasks));
		},
	};
}

/**
 * Creates the credential, or updates the one of an earlier start, because the sandbox has a new URL
 * each time.
 */
async function saveCredential(api: N8nApi, data: Target['data']): Promise<string> {
	const existing = (await api.credentials()).find(({ name }) => name === CREDENTIAL.name);
	if (!existing) return await api.createCredential(CREDENTIAL.type, CREDENTIAL.name, data);
	await api.updateCredential({ ...CREDENTIAL, id: existing.id, data });
	return existing.id;
}

/**
 * Imports the examples that do not exist yet. Keeps existing ones, because users may have edited
 * them. Returns the number of examples.
 */
async function importExamples(api: N8nApi, credentialId: string): Promise<number> {
	const existing = new Set((await api.workflows()).map(({ name }) => name));
	const examples = readdirSync(EXAMPLES)
		.filter((file) => file.endsWith('.json'))
		.map((file) => JSON.parse(readFileSync(join(EXAMPLES, file), 'utf8')) as WorkflowDraft);
	for (const { name, nodes, connections, settings } of examples) {
		if (existing.has(name)) continue;
		for (const { credentials } of nodes) {
			const ours = credentials?.[CREDENTIAL.type];
			if (ours) ours.id = credentialId;
		}
		await api.createWorkflow({ name, nodes, connections, ...(settings && { settings }) });
	}
	return examples.length;
}

async function main(): Promise<void> {
	const { values } = parseArgs({
		options: {
			folder: { type: 'string', default: join(ROOT, 'n8n-data') },
			help: { type: 'boolean', default: false },
		},
	});
	if (values.help) {
		console.log(HELP);
		return;
	}
	const folder = resolve(values.folder);
	const unlock = lock(folder);
	const target = await chooseTarget(folder);
	const port = await freePort(PREFERRED_PORT);
	if (port !== PREFERRED_PORT) {
		console.log(`Port ${PREFERRED_PORT} is taken, perhaps by another n8n: this one takes ${port}.`);
	}
	console.log('Starting n8n …');
	const log = join(folder, 'n8n.log');
	const n8n = await N8n.start({
		userFolder: folder,
		port,
		env: {
			N8N_GRACEFUL_SHUTDOWN_TIMEOUT: '5',
			N8N_LOG_OUTPUT: 'console,file',
			N8N_LOG_FILE_LOCATION: log,
		},
	});
	let isStopping = false;
	const stop = async () => {
		if (isStopping) return;
		isStopping = true;
		console.log('\nStopping n8n …');
		await n8n.program.stop();
		await target.close();
		unlock();
		console.log(`Stopped. Your workflows and data are in ${values.folder}.`);
	};
	process.on('SIGINT', () => void stop());
	process.on('SIGTERM', () => void stop());

	const credentialId = await saveCredential(n8n.api, target.data);
	const count = await importExamples(n8n.api, credentialId);
	console.log(`
n8n         ${n8n.url}/home/workflows
Login       ${OWNER.email}
Password    ${OWNER.password}
Workflows   ${count} examples that use the credential "${CREDENTIAL.name}"
OctopusX    ${target.description}
Log         ${log}, with the ID of every task

Ctrl-C stops n8n. Your workflows and data are kept for the next start.`);
}

main().catch((error: Error) => {
	console.error(error.message);
	process.exit(1);
});

import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { ROOT } from '../package/tarball';
import { N8nApi, type EndedExecution } from './support/n8nApi';
import { temporaryFolder } from './support/n8n';
import { Program } from './support/program';
import { until } from './support/until';
import { chain, itemsOf, videoNode, webhookNode } from './support/workflows';

const EXAMPLES = readdirSync(join(ROOT, 'examples')).filter((file) => file.endsWith('.json'));

const folder = temporaryFolder();
const COMMAND = [
	join(ROOT, 'node_modules', '.bin', 'tsx'),
	[join('test', 'start', 'start.ts'), '--folder', folder],
	{ cwd: ROOT, env: { PATH: process.env.PATH, HOME: process.env.HOME } },
] as const satisfies ConstructorParameters<typeof Program>;
let program: Program;
afterEach(async () => await program.stop());
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs what `npm start` runs after the build, and logs in at the printed URL. */
async function start(): Promise<N8nApi> {
	program = new Program(...COMMAND);
	await until('the end of the start', () => {
		if (program.hasEnded) throw new Error(program.output);
		return program.output.includes('Ctrl-C stops n8n');
	});
	const [url = ''] = /http:\S+/.exec(program.output) ?? [];
	const api = new N8nApi(new URL(url).origin);
	await api.logIn();
	return api;
}

const taskOf = (execution?: EndedExecution) => execution && itemsOf(execution.data)[0]?.json;

async function isReachable({ url }: N8nApi): Promise<boolean> {
	return await fetch(url).then(
		() => true,
		() => false,
	);
}

test('npm start sets up n8n with the credential and the examples, and keeps changes for the next start', async () => {
	const api = await start();
	expect(program.output).toMatch(/Login +owner@example\.com\nPassword +\S+/);
	expect(program.output).toContain('nothing is paid for');
	expect(program.output).toMatch(/API Key +\S+\n +Base URL +http:\S+/);
	expect(program.output).toContain('[failed] in a prompt');
	expect(await api.workflows()).toHaveLength(EXAMPLES.length);
	const [credential] = await api.credentials();
	const [edited] = await api.workflows();
	await api.rename(edited as { id: string }, 'Mine');

	const workflow = await api.createActive(
		chain('Try', [
			webhookNode('try'),
			videoNode(credential?.id as string, { waitForCompletion: false }),
		]),
	);
	await api.callWebhook('try');
	const [first] = await api.endedOf(workflow);
	expect(taskOf(first)).toMatchObject({ task_id: 'video_1', status: 'queued' });

	const [, log = ''] = /Log +(\S+),/.exec(program.output) ?? [];
	expect(readFileSync(log, 'utf8')).toContain('OctopusX task video_1 created');

	const other = new Program(...COMMAND);
	await until('the second start to fail', () => other.hasEnded);
	expect(other.output).toContain('npm start already runs in');

	await program.interrupt();
	expect(program.exitCode).toBe(0);
	expect(await isReachable(api)).toBe(false);

	// Occupies the usual port, unless it is already taken.
	const blocker = createServer();
	await new Promise<void>((resolve) => {
		blocker
			.once('listening', resolve)
			.once('error', () => resolve())
			.listen(5678, '127.0.0.1');
	});
	const again = await start();
	blocker.close();
	expect(program.output).toMatch(/Port 5678 is taken, .*: this one takes \d+\./);
	const names = (await again.workflows()).map(({ name }) => name);
	expect(names).toContain('Mine');
	// The two extra workflows are the renamed example, which was imported again, and the workflow of this test.
	expect(names).toHaveLength(EXAMPLES.length + 2);
	expect(await again.credentials()).toEqual([expect.objectContaining({ id: credential?.id })]);

	// The restarted sandbox has a new port but still knows the old tasks, and the credential points to that port.
	await again.callWebhook('try');
	const [second] = await again.endedOf(workflow, 2);
	expect(taskOf(second)).toMatchObject({ task_id: 'video_2', status: 'queued' });
});

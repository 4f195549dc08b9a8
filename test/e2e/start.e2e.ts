import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../package/tarball';
import { N8nApi } from './support/n8nApi';
import { temporaryFolder } from './support/n8n';
import { Program } from './support/program';
import { until } from './support/until';
import { chain, itemsOf, videoNode, webhookNode } from './support/workflows';

const EXAMPLES = readdirSync(join(ROOT, 'examples')).filter((file) => file.endsWith('.json'));

const folder = temporaryFolder();
let program: Program;
afterEach(async () => await program.stop());
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What `npm start` runs once the package is built, up to the address that it prints. */
async function start(): Promise<N8nApi> {
	const path = join(ROOT, 'node_modules', '.bin', 'tsx');
	program = new Program(path, [join('test', 'start', 'start.ts'), '--folder', folder], {
		cwd: ROOT,
		env: { PATH: process.env.PATH, HOME: process.env.HOME },
	});
	await until('the end of the start', () => {
		if (program.hasEnded) throw new Error(program.output);
		return program.output.includes('Ctrl-C stops n8n');
	});
	const [url = ''] = /http:\S+/.exec(program.output) ?? [];
	const api = new N8nApi(url);
	await api.logIn();
	return api;
}

async function isReachable({ url }: N8nApi): Promise<boolean> {
	return await fetch(url).then(
		() => true,
		() => false,
	);
}

test('npm start brings all that a newcomer needs, and keeps it for the next start', async () => {
	const api = await start();
	expect(program.output).toMatch(/Login +owner@example\.com\nPassword +\S+/);
	expect(program.output).toContain('nothing is paid for');
	expect(await api.workflows()).toHaveLength(EXAMPLES.length);
	const [credential] = await api.credentials();
	const [edited] = await api.workflows();
	await api.rename(edited as { id: string }, 'Mine');

	await program.interrupt();
	expect(program.exitCode).toBe(0);
	expect(await isReachable(api)).toBe(false);

	const again = await start();
	const names = (await again.workflows()).map(({ name }) => name);
	expect(names).toContain('Mine');
	// the one that was renamed is an example no more, so it came once more
	expect(names).toHaveLength(EXAMPLES.length + 1);
	expect(await again.credentials()).toEqual([expect.objectContaining({ id: credential?.id })]);

	// the sandbox is another one now, on another port: the credential must have followed it
	const workflow = await again.createActive(
		chain('Try', [
			webhookNode('try'),
			videoNode(credential?.id as string, { waitForCompletion: false }),
		]),
	);
	await again.callWebhook('try');
	const { data } = await again.onlyEnded(workflow);
	expect(itemsOf(data)[0]?.json).toMatchObject({ task_id: 'video_1', status: 'queued' });
});

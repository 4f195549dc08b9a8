import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '..', '..');
const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');

/** What shows errors of the API and of a run; those of fields are told by `item.invalid`. */
const isSource = (file: string) => /^(api|files|run)\/.+\.ts$/.test(file);

/** The messages of the catalogue and of every `OctopusXError`, up to what is filled in. */
function messages(): string[] {
	const folder = join(ROOT, 'nodes', 'OctopusXVideo');
	const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
	return files.filter(isSource).flatMap((file) => {
		const source = readFileSync(join(folder, file), 'utf8');
		const found = source.matchAll(/(?:\bmessage: |new OctopusXError\(\s*)(['"`])(.+?)(?:\1|\$\{)/g);
		return [...found].map(([, , text = '']) => text.replace(/^\$\{\w+\} /, ''));
	});
}

test('README explains every message that the node can show', () => {
	expect(messages().length).toBeGreaterThan(25);
	expect(messages().filter((message) => !readme.includes(message))).toEqual([]);
});

test('README names every field and option of the node', () => {
	const folders = ['fields', 'operations'].map((name) =>
		join(ROOT, 'nodes', 'OctopusXVideo', name),
	);
	const names = folders.flatMap((folder) =>
		readdirSync(folder).flatMap((file) => {
			const source = readFileSync(join(folder, file), 'utf8');
			return [...source.matchAll(/displayName: '([^']+)'/g)].map(([, name = '']) => name);
		}),
	);
	expect(names).toContain('Max Videos');
	expect(names.filter((name) => !readme.includes(name))).toEqual([]);
});

test('README names every command, and no other', () => {
	const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
		scripts: Record<string, string>;
	};
	const named = [...readme.matchAll(/npm (?:run )?([\w:-]+)/g)].map(([, name = '']) => name);
	const internal = ['format'];
	const missing = Object.keys(scripts).filter(
		(name) => !named.includes(name) && !internal.includes(name),
	);
	expect(missing).toEqual([]);
	expect(named.filter((name) => name !== 'install' && !(name in scripts))).toEqual([]);
});

test('README tells the versions that the tests run on', () => {
	const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
	const pinned = (folder: string, name: string) => {
		const { dependencies, devDependencies } = JSON.parse(
			read(join(folder, 'package.json')),
		) as Record<string, Record<string, string> | undefined>;
		return { ...dependencies, ...devDependencies }[name];
	};
	const app = [2, 1].map((major) => pinned(`test/e2e/n8n-${major}`, 'n8n'));
	const engine = ['.', 'test/old-n8n'].map((folder) => pinned(folder, 'n8n-core'));
	const [, image] = /image: node:(\d+)/.exec(read('.github/workflows/ci.yml')) ?? [];
	const [, newer = ''] = /for version in ([\d ]+)/.exec(read('.ci/run')) ?? [];
	const node = [image, ...newer.trim().split(' ')];

	const [, table = ''] = /### Compatibility\n([^#]+)/.exec(readme) ?? [];
	const rows = table.split('\n').map((row) => row.split('|').map((cell) => cell.trim()));
	const told = rows.map(([, what, versions]) => [what, versions]);
	expect(told).toEqual(
		expect.arrayContaining([
			['The n8n application', app.join(' and ')],
			["n8n's engine", engine.join(' and ')],
			['Node.js', node.join(', ').replace(/, (\d+)$/, ' and $1')],
		]),
	);
});

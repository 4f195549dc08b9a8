import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { INodeProperties } from 'n8n-workflow';
import { OctopusXApi } from '../../credentials/OctopusXApi.credentials';
import { properties } from '../../nodes/OctopusXVideo/operations';

const ROOT = join(__dirname, '..', '..');
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const readme = read('README.md');

/** Readers give up on a longer page. */
const MAX_WORDS = 1_900;

/** Cells of the tables with one of these words over the first column, row by row. */
function tablesOf(page: string, ...heads: string[]): string[][] {
	const tables = page
		.split(/\n\n/)
		.filter((block) => heads.some((head) => new RegExp(`^\\| ${head} +\\|`).test(block)));
	const rows = tables.flatMap((table) => table.split('\n').slice(2));
	return rows.map((row) => row.split('|').map((cell) => cell.trim()));
}

/** What the panel calls its fields, those within collections as well. */
function labelsOf(fields: INodeProperties[]): string[] {
	// what only a checking execution has is in nobody's panel
	const shown = fields.filter(({ type }) => type !== 'hidden' && type !== 'notice');
	return shown.flatMap((field) => {
		const inner = (field.options ?? []).flatMap((option) => {
			if ('values' in option) return option.values;
			return 'type' in option ? [option] : [];
		});
		return [field.displayName, ...labelsOf(inner)];
	});
}

test('README is short', () => {
	expect(readme.trim().split(/\s+/).length).toBeLessThanOrEqual(MAX_WORDS);
});

test("README's tables have every field and option by its label in the panel, and no other", () => {
	const told = tablesOf(readme, 'Field', 'Option').flatMap(([, first = '']) => first.split('<br>'));
	const labels = new Set(labelsOf(properties));
	expect(labels).toContain('Safety Limit (Items)');
	expect(told.sort()).toEqual([...labels].sort());
});

test('README names the fields of the credential', () => {
	const labels = labelsOf(new OctopusXApi().properties);
	expect(labels.filter((label) => !readme.includes(`**${label}**`))).toEqual([]);
});

test("CONTRIBUTING's table has every command, and no page names another", () => {
	const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
	const namedIn = (page: string) =>
		[...page.matchAll(/npm (?:run )?([\w:-]+)/g)].map(([, name = '']) => name);
	const contributing = read('CONTRIBUTING.md');
	const table = tablesOf(contributing, 'Command').flat().join(' ');
	expect(Object.keys(scripts).filter((name) => !namedIn(table).includes(name))).toEqual([]);
	const named = namedIn(`${readme} ${contributing}`);
	expect(named.filter((name) => name !== 'install' && !(name in scripts))).toEqual([]);
});

test('README tells the versions that the tests run on', () => {
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

	const told = tablesOf(readme, 'What').map(([, what, versions]) => [what, versions]);
	expect(told).toEqual([
		['The n8n application', app.join(' and ')],
		["n8n's engine", engine.join(' and ')],
		['Node.js', node.join(', ').replace(/, (\d+)$/, ' and $1')],
	]);
});

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import type { INodeProperties } from 'n8n-workflow';
import { OctopusXApi } from '../../credentials/OctopusXApi.credentials';
import { properties } from '../../nodes/OctopusXVideo/operations';
import { links } from '../package/links';

const ROOT = join(__dirname, '..', '..');
const NOT_OURS = ['.git', 'node_modules', 'dist', 'coverage', 'n8n-data', 'demo-output'];

/** All files and folders of the repository, as paths from its root. */
function tree(folder = ''): string[] {
	return readdirSync(join(ROOT, folder), { withFileTypes: true })
		.filter(({ name }) => !NOT_OURS.includes(name))
		.flatMap((entry) => {
			const path = join(folder, entry.name);
			return entry.isDirectory() ? [path, ...tree(path)] : [path];
		});
}

const PATHS = tree();
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const PAGES = PATHS.filter((path) => path.endsWith('.md'));
const DOCS = PAGES.filter((path) => path.startsWith('docs/'));
const SOURCES = PATHS.filter((path) =>
	/^(nodes|credentials|test|examples)\/.+\.(ts|json)$/.test(path),
);

const FENCED = /^```[^]*?^```$/gm;
const withoutBlocks = (page: string) => page.replace(FENCED, '');
const codeOf = (page: string) =>
	[...withoutBlocks(page).matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);

/** True if a path ends like this: `run/run.ts` stands for `nodes/OctopusXVideo/run/run.ts`. */
const exists = (end: string) => PATHS.some((path) => `/${path}`.endsWith(`/${end}`));

/** The anchor of a heading on GitHub. */
const anchorOf = (heading: string) =>
	heading
		.toLowerCase()
		.replace(/[^\p{L}\p{N}\s_-]/gu, '')
		.replace(/\s/g, '-');
const headingsOf = (page: string) =>
	[...withoutBlocks(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading);

/** True if a link in the page `from` leads to something that exists. */
function isValidLink(target: string, from: string): boolean {
	if (/^\w+:/.test(target)) return target.startsWith('https://') && URL.canParse(target);
	const [file = '', anchor] = target.split('#');
	const path = file === '' ? from : normalize(join(dirname(from), file)).replace(/\/$/, '');
	if (!PATHS.includes(path)) return false;
	return anchor === undefined || headingsOf(read(path)).map(anchorOf).includes(anchor);
}

test.each(PAGES)('%s has no dead links', (page) => {
	const links = withoutBlocks(read(page)).matchAll(/\]\(([^)\s]+)\)|(?:src|href)="([^"]+)"/g);
	const targets = [...links].map(([, link, attribute]) => link ?? attribute ?? '');
	expect(targets.filter((target) => !isValidLink(target, page))).toEqual([]);
});

test.each(PAGES)('%s names only files and folders that exist', (page) => {
	const named = codeOf(read(page))
		.filter((code) => /^[\w./-]+(\.(ts|mjs|js|json|md|svg|png)|\w\/)$/.test(code))
		.map((code) => code.replace(/\/$/, ''))
		.filter((path) => !NOT_OURS.includes(path));
	expect(named.filter((path) => !exists(path))).toEqual([]);
});

test.each(DOCS)('%s names only npm scripts and test files that exist', (page) => {
	const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
	const text = read(page);
	const commands = [...text.matchAll(/npm run ([\w:-]+)/g)].map(([, name = '']) => name);
	expect(commands.filter((name) => !(name in scripts))).toEqual([]);
	const files =
		text
			.match(FENCED)
			?.join(' ')
			.match(/\b(?:test|docs|nodes|examples)\/[\w./-]+/g) ?? [];
	expect(files.filter((start) => !PATHS.some((path) => path.startsWith(start)))).toEqual([]);
});

test('docs/ARCHITECTURE.md names only functions, types and fields that exist in the code', () => {
	const shipped = SOURCES.filter((path) => /^(nodes|credentials)\//.test(path));
	const code = [...shipped, 'eslint.imports.mjs'].map(read).join('\n');
	// A name with brackets after it must be called or defined as a function.
	const words = new Set([/\w+/g, /\w+\(/g].flatMap((kind) => code.match(kind) ?? []));
	const named = codeOf(read('docs/ARCHITECTURE.md')).filter((one) => /^\w+(\(\))?$/.test(one));
	expect(named).toContain('runJobs()');
	expect(named.filter((name) => !words.has(name.replace(')', '')))).toEqual([]);
});

test('each section of docs/API.md that a comment cites exists', () => {
	const sections = headingsOf(read('docs/API.md'));
	const comments = SOURCES.filter((path) => !path.endsWith('docs.test.ts')).map((path) =>
		read(path).replace(/\s*\n\s*(\*|\/\/)\s*/g, ' '),
	);
	const cited = comments.flatMap((text) => [...text.matchAll(/(\S*)\bAPI\.md(?:, "([^"]+)")?/g)]);
	expect(cited.length).toBeGreaterThan(20);
	expect(cited.filter(([, path]) => !/^\W*docs\/$/.test(path ?? ''))).toEqual([]);
	const missing = cited.flatMap(([, , section]) =>
		section === undefined || sections.includes(section) ? [] : [section],
	);
	expect(missing).toEqual([]);
});

const readme = read('README.md');

/** Readers give up on longer pages. */
const MAX_WORDS = 1_900;

/** Returns the cells of all tables whose first column has one of these headings, row by row. */
function tablesOf(page: string, ...heads: string[]): string[][] {
	const tables = page
		.split(/\n\n/)
		.filter((block) => heads.some((head) => new RegExp(`^\\| ${head} +\\|`).test(block)));
	const rows = tables.flatMap((table) => table.split('\n').slice(2));
	return rows.map((row) => row.split('|').map((cell) => cell.trim()));
}

/** Returns the labels of the fields in the editor's panel, including fields inside collections. */
function labelsOf(fields: INodeProperties[]): string[] {
	// No panel shows the fields of a checking execution.
	const shown = fields.filter(({ type }) => type !== 'hidden' && type !== 'notice');
	return shown.flatMap((field) => {
		const inner = (field.options ?? []).flatMap((option) => {
			if ('values' in option) return option.values;
			return 'type' in option ? [option] : [];
		});
		return [field.displayName, ...labelsOf(inner)];
	});
}

test('README.md has at most 1,900 words', () => {
	expect(readme.trim().split(/\s+/).length).toBeLessThanOrEqual(MAX_WORDS);
});

test('the tables of README.md list the label of every field and option, and no others', () => {
	const listed = tablesOf(readme, 'Field', 'Option').flatMap(([, first = '']) =>
		first.split('<br>'),
	);
	const labels = new Set(labelsOf(properties));
	expect(labels).toContain('Safety Limit (Items)');
	expect(listed.sort()).toEqual([...labels].sort());
});

test('README.md names the fields of the credential', () => {
	const labels = labelsOf(new OctopusXApi().properties);
	expect(labels.filter((label) => !readme.includes(`**${label}**`))).toEqual([]);
});

describe('README.zh-CN.md', () => {
	const page = read('README.zh-CN.md').replace(/\s*\n\s*/g, '\n');
	/** n8n's own labels. */
	const OF_N8N = [
		...['Settings', 'Community Nodes', 'Install', 'Credential', 'Execute step', 'Binary'],
		...['Retry On Fail', 'Retry', 'Stop'],
	];
	/** The labels of fields, and the names and actions of their choices. */
	const namesOf = (fields: INodeProperties[]): string[] =>
		fields.flatMap(({ displayName, options = [] }) => [
			displayName,
			...options.flatMap((option) => {
				if ('values' in option) return namesOf(option.values);
				if ('type' in option) return namesOf([option]);
				return [option.name, option.action ?? ''];
			}),
		]);
	const OURS = [...namesOf(properties), ...namesOf(new OctopusXApi().properties)];
	const bold = [...page.matchAll(/\*\*([^*]+)\*\*(（?)/g)].map(([, text = '', meaning]) => ({
		names: text.split('→').map((name) => name.trim().replace(/\s+/g, ' ')),
		hasMeaning: meaning === '（',
	}));
	const labels = bold.filter(({ names }) => /^[A-Za-z]/.test(names[0] ?? ''));

	test('it has at most 1,500 characters of text', () => {
		const text = page.replace(/\]\([^)]*\)/g, ']').replace(/[\s|*#[\]`-]/g, '');
		expect(text.length).toBeLessThanOrEqual(1_500);
		expect(readme.split('\n', 3).join()).toContain('(README.zh-CN.md)');
	});

	test('it names only labels that the node, its credential or n8n has', () => {
		const names = labels.flatMap((label) => label.names);
		expect(names).toContain('Return a Sample Video');
		expect(names.filter((name) => ![...OURS, ...OF_N8N].includes(name))).toEqual([]);
	});

	test('it says what each label means, at the first mention', () => {
		const first = new Map(
			labels.map(({ names, hasMeaning }) => [names.join(), hasMeaning] as const).reverse(),
		);
		first.delete('Settings,Community Nodes,Install');
		expect([...first].filter(([, hasMeaning]) => !hasMeaning)).toEqual([]);
	});
});

test('the table of CONTRIBUTING.md lists every npm script, and no page names another', () => {
	const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
	const namedIn = (page: string) =>
		[...page.matchAll(/npm (?:run )?([\w:-]+)/g)].map(([, name = '']) => name);
	const contributing = read('CONTRIBUTING.md');
	const table = tablesOf(contributing, 'Command').flat().join(' ');
	expect(Object.keys(scripts).filter((name) => !namedIn(table).includes(name))).toEqual([]);
	const named = namedIn(`${readme} ${contributing}`);
	expect(named.filter((name) => name !== 'install' && !(name in scripts))).toEqual([]);
});

test('all links to this package are those of repository.url in package.json (npm run links writes them)', () => {
	expect(links().filter(({ found, wanted }) => found !== wanted)).toEqual([]);
});

test('README.md lists the versions of n8n and Node.js that the tests run on', () => {
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

	const listed = tablesOf(readme, 'What').map(([, what, versions]) => [what, versions]);
	expect(listed).toEqual([
		['The n8n application', app.join(' and ')],
		["n8n's engine", engine.join(' and ')],
		['Node.js', node.join(', ').replace(/, (\d+)$/, ' and $1')],
	]);
});

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

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

/** Whether a path ends so, as people shorten it: `run/run.ts` for `nodes/OctopusXVideo/run/run.ts`. */
const isThere = (end: string) => PATHS.some((path) => `/${path}`.endsWith(`/${end}`));

/** The anchor that a heading has on GitHub. */
const anchorOf = (heading: string) =>
	heading
		.toLowerCase()
		.replace(/[^\p{L}\p{N}\s_-]/gu, '')
		.replace(/\s/g, '-');
const headingsOf = (page: string) =>
	[...withoutBlocks(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading);

/** Whether the target of a link, in the page at `from`, leads to something that there is. */
function isGood(target: string, from: string): boolean {
	if (/^\w+:/.test(target)) return target.startsWith('https://') && URL.canParse(target);
	const [file = '', anchor] = target.split('#');
	const path = file === '' ? from : normalize(join(dirname(from), file)).replace(/\/$/, '');
	if (!PATHS.includes(path)) return false;
	return anchor === undefined || headingsOf(read(path)).map(anchorOf).includes(anchor);
}

test.each(PAGES)('%s has no dead link', (page) => {
	const links = withoutBlocks(read(page)).matchAll(/\]\(([^)\s]+)\)|(?:src|href)="([^"]+)"/g);
	const targets = [...links].map(([, link, attribute]) => link ?? attribute ?? '');
	expect(targets.filter((target) => !isGood(target, page))).toEqual([]);
});

test.each(PAGES)('%s names only files and folders that there are', (page) => {
	const named = codeOf(read(page))
		.filter((code) => /^[\w./-]+(\.(ts|mjs|js|json|md|svg|png)|\w\/)$/.test(code))
		.map((code) => code.replace(/\/$/, ''))
		.filter((path) => !NOT_OURS.includes(path));
	expect(named.filter((path) => !isThere(path))).toEqual([]);
});

test.each(DOCS)('%s names only commands and files to run that there are', (page) => {
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

test('docs/ARCHITECTURE.md names only functions, types and fields that the code has', () => {
	const shipped = SOURCES.filter((path) => /^(nodes|credentials)\//.test(path));
	const code = [...shipped, 'eslint.imports.mjs'].map(read).join('\n');
	// a name with brackets behind it is that of something to call
	const words = new Set([/\w+/g, /\w+\(/g].flatMap((kind) => code.match(kind) ?? []));
	const named = codeOf(read('docs/ARCHITECTURE.md')).filter((one) => /^\w+(\(\))?$/.test(one));
	expect(named).toContain('runJobs()');
	expect(named.filter((name) => !words.has(name.replace(')', '')))).toEqual([]);
});

test('what the code cites of docs/API.md is there', () => {
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

/**
 * Writes the links to this package that are derived from `repository.url` in package.json. The linter and n8n
 * want them as literals, in three files.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '..', '..');

/** What a link leads to, by the pattern that finds it in a file. The part in parentheses is the link. */
const LINKS: ReadonlyArray<[file: string, pattern: RegExp, path: string]> = [
	['package.json', /"homepage": "([^"]*)"/, ''],
	['package.json', /"bugs": \{\s*"url": "([^"]*)"/, '/issues'],
	[
		'nodes/OctopusXVideo/OctopusXVideo.node.json',
		/"primaryDocumentation": \[\{ "url": "([^"]*)"/,
		'',
	],
	[
		'nodes/OctopusXVideo/OctopusXVideo.node.json',
		/"credentialDocumentation": \[\{ "url": "([^"]*)"/,
		'#quick-start',
	],
	['credentials/OctopusXApi.credentials.ts', /documentationUrl = '([^']*)'/, '#quick-start'],
];

/** Returns each link as it is, and as it should be for the repository; writes the latter if told to. */
export function links({ write = false } = {}): Array<{
	file: string;
	found?: string;
	wanted: string;
}> {
	const { repository } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
		repository: { url: string };
	};
	const address = repository.url.replace(/^git\+/, '').replace(/\.git$/, '');
	return LINKS.map(([file, pattern, path]) => {
		const text = readFileSync(join(ROOT, file), 'utf8');
		const [match, found] = pattern.exec(text) ?? [];
		const wanted = address + path;
		if (write && match !== undefined && found !== undefined) {
			writeFileSync(join(ROOT, file), text.replace(match, match.replace(found, wanted)));
		}
		return { file, found, wanted };
	});
}

if (require.main === module) links({ write: true });

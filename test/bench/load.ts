import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { BUILT_NODE_FILE } from '../engine/support/builtNode';
import { ROOT } from '../package/tarball';
import { PEER_FILES } from './peers';
import { ratio, round, type Section } from './report';

const MODULES = join(__dirname, 'node_modules');
const LOADS = 5;

/**
 * Returns the median load time of a node in ms. Each load has its own process, with n8n-workflow
 * already loaded as in n8n.
 */
function loadMs(file: string): number {
	const program = `
		const { createRequire } = require('node:module');
		createRequire(process.argv[1])('n8n-workflow');
		const startedAt = process.hrtime.bigint();
		require(process.argv[1]);
		console.log(Number(process.hrtime.bigint() - startedAt) / 1e6);
	`;
	const times = Array.from({ length: LOADS }, () =>
		Number(execFileSync(process.execPath, ['-e', program, file], { encoding: 'utf8' })),
	);
	return times.sort((a, b) => a - b)[Math.floor(LOADS / 2)] as number;
}

function tarballBytes(folder: string): number {
	const output = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts', folder], {
		cwd: ROOT,
		encoding: 'utf8',
		stdio: ['ignore', 'pipe', 'ignore'],
		maxBuffer: 100_000_000,
	});
	const packed = JSON.parse(output) as Array<{ size: number }> | Record<string, { size: number }>;
	return (Object.values(packed)[0] as { size: number }).size;
}

/** (d) Measures the load time when n8n starts, and the download size of an installation. */
export function measureLoad(): Section {
	const own = { ms: loadMs(BUILT_NODE_FILE), bytes: tarballBytes(ROOT) };
	const langchain = join(MODULES, '@n8n', 'n8n-nodes-langchain');
	const packages: Record<keyof typeof PEER_FILES, string> = {
		'HTTP Request': join(MODULES, 'n8n-nodes-base'),
		'OpenAI (n8n vendor node)': langchain,
		'MiniMax (n8n vendor node)': langchain,
		'Firecrawl (vendor package)': join(MODULES, '@mendable', 'n8n-nodes-firecrawl'),
	};
	const rows = (Object.keys(PEER_FILES) as Array<keyof typeof PEER_FILES>).map((name) => {
		const ms = loadMs(PEER_FILES[name]);
		const bytes = tarballBytes(packages[name]);
		return {
			node: name,
			'load, ms': round(ms),
			'load, against ours': ratio(ms, own.ms),
			'tarball, kB': round(bytes / 1_000, 1),
			'tarball, against ours': ratio(bytes, own.bytes),
		};
	});
	return {
		title: 'Loading and size',
		text: `Median of ${LOADS} loads, each in a new process with n8n-workflow already loaded, as in n8n. The tarball is the
package that contains the node; n8n's own packages contain many nodes.`,
		rows: [
			{
				node: 'OctopusX Video',
				'load, ms': round(own.ms),
				'load, against ours': ratio(1, 1),
				'tarball, kB': round(own.bytes / 1_000, 1),
				'tarball, against ours': ratio(1, 1),
			},
			...rows,
		],
	};
}

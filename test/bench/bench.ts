import '../setup';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { initBinaryData } from '../engine/support/runWorkflow';
import { ROOT } from '../package/tarball';
import { measureBatch } from './batch';
import { measureLoad } from './load';
import { measureMemory } from './memory';
import { measureOverhead } from './overhead';
import { toMarkdown, type Section } from './report';

const REPORT = join(ROOT, 'docs', 'BENCHMARK.md');

/** Runs the measurement in jest, which provides the virtual clock. */
function measureRequests(): Section {
	const file = join(process.env.N8N_USER_FOLDER as string, 'requests.json');
	const jest = join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js');
	execFileSync(process.execPath, [jest, '-c', join(__dirname, 'jest.config.js')], {
		cwd: ROOT,
		env: { ...process.env, BENCH_RESULT: file },
		stdio: 'inherit',
	});
	return JSON.parse(readFileSync(file, 'utf8')) as Section;
}

async function main(): Promise<void> {
	await initBinaryData();
	const parts: Array<() => Section | Promise<Section>> = [
		measureBatch,
		measureRequests,
		measureMemory,
		measureLoad,
		measureOverhead,
	];
	const sections: Section[] = [];
	for (const measure of parts) {
		const section = await measure();
		console.log(`\n${section.title}`);
		console.table(section.rows);
		sections.push(section);
	}
	writeFileSync(REPORT, toMarkdown(sections));
	console.log('Written to docs/BENCHMARK.md');
}

main().then(
	() => process.exit(0),
	(error: Error) => {
		console.error(error);
		process.exit(1);
	},
);

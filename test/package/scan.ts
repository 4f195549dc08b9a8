/**
 * Runs n8n's package scanner on the sources and on the tarball that would be published. The scanner's
 * command accepts published packages only, so this calls its two parts directly.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT, unpackTarball } from './tarball';

interface Scanner {
	SOURCE_FILE_PATTERNS: string[];
	analyzePackage(
		folder: string,
		patterns: string[],
	): Promise<{ passed: boolean; message?: string; details?: string }>;
}

async function main(): Promise<void> {
	const path = '@n8n/scan-community-package/scanner/scanner.mjs';
	const { analyzePackage, SOURCE_FILE_PATTERNS } = (await import(path)) as Scanner;
	const folder = mkdtempSync(join(tmpdir(), 'octopusx-scan-'));
	try {
		unpackTarball(folder);
		const results = {
			source: await analyzePackage(ROOT, SOURCE_FILE_PATTERNS),
			tarball: await analyzePackage(folder, ['**/*.js', 'package.json']),
		};
		for (const [name, { passed, message, details }] of Object.entries(results)) {
			console.log(`scan of the ${name}: ${passed ? 'passed' : 'FAILED'}`);
			if (!passed) {
				console.log(message, details);
				process.exitCode = 1;
			}
		}
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}

void main();

/**
 * n8n's package scanner on this source tree and on the tarball that would be published. The scanner
 * itself only takes published packages, so its two legs are called here.
 */
import {
	analyzePackage,
	SOURCE_FILE_PATTERNS,
} from '@n8n/scan-community-package/scanner/scanner.mjs';
import { ROOT, unpackTarball } from './tarball.mjs';

const { folder, remove } = unpackTarball();
try {
	const legs = {
		source: await analyzePackage(ROOT, SOURCE_FILE_PATTERNS),
		tarball: await analyzePackage(folder, ['**/*.js', 'package.json']),
	};
	for (const [name, { passed, message, details }] of Object.entries(legs)) {
		console.log(`scan of the ${name}: ${passed ? 'passed' : 'FAILED'}`);
		if (!passed) {
			console.log(message, details);
			process.exitCode = 1;
		}
	}
} finally {
	remove();
}

import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** @type {import('@stryker-mutator/api/core').PartialStrykerOptions} */
export default {
	testRunner: 'jest',
	jest: { configFile: 'test/mutation/jest.config.js', enableFindRelatedTests: false },
	coverageAnalysis: 'perTest',
	mutate: ['nodes/OctopusXVideo/{api,fields,files,methods,operations,run,testMode,timing}/**/*.ts'],
	concurrency: 1,
	incremental: true,
	incrementalFile: 'coverage/mutation/incremental.json',
	// Outside of the repository, where ESLint and the tests of the docs would read it.
	tempDirName: join(tmpdir(), 'octopusx-mutation'),
	ignorePatterns: ['coverage', 'demo-output', 'n8n-data', 'docs/images', 'test/e2e', '*.tgz'],
	reporters: ['progress-append-only', 'clear-text', 'html', 'json'],
	htmlReporter: { fileName: 'coverage/mutation/report.html' },
	jsonReporter: { fileName: 'coverage/mutation/report.json' },
	clearTextReporter: { allowColor: false, logTests: false, reportTests: false, allowEmojis: false },
	// Long enough that a busy machine does not look like an endless loop.
	timeoutMS: 30_000,
	dryRunTimeoutMinutes: 30,
	plugins: ['@stryker-mutator/jest-runner'],
	disableTypeChecks: true,
};

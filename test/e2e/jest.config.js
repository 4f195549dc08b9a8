const { join } = require('node:path');

/**
 * Tests of the package in the real n8n application. Each file starts its own n8n and mostly waits for it, so
 * two files can run in parallel.
 * @type {import('jest').Config}
 */
module.exports = {
	...require('../../jest.config'),
	rootDir: join(__dirname, '..', '..'),
	roots: ['<rootDir>/test/e2e'],
	testMatch: ['**/*.e2e.ts'],
	setupFiles: [],
	globalSetup: '<rootDir>/test/e2e/globalSetup.ts',
	maxWorkers: 2,
	testTimeout: 120_000,
};

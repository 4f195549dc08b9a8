const { join } = require('node:path');

/**
 * The package in the real n8n application. Each file starts an n8n of its own, and mostly waits for it: two at a time.
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

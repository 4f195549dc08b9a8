const { join } = require('node:path');

/**
 * Runs the engine tests on the engine of n8n 1.121: shipped code must not need a newer one.
 * @type {import('jest').Config}
 */
module.exports = {
	...require('../../jest.config'),
	rootDir: join(__dirname, '..', '..'),
	roots: ['<rootDir>/test/engine'],
	// This n8n has no AI builder.
	testPathIgnorePatterns: ['/builder\\.test\\.ts$'],
	setupFiles: ['<rootDir>/test/setup.ts', '<rootDir>/test/old-n8n/assertOldEngine.ts'],
	// This n8n-core leaves a handle open, which would keep the process alive.
	forceExit: true,
	moduleNameMapper: {
		'^(n8n-core|n8n-workflow|@n8n/di)(/.*)?$': '<rootDir>/test/old-n8n/node_modules/$1$2',
	},
};

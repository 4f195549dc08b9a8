const { join } = require('node:path');

/**
 * The engine tests once more, on the engine of n8n 1.121: shipped code needs nothing newer.
 * @type {import('jest').Config}
 */
module.exports = {
	...require('../../jest.config'),
	rootDir: join(__dirname, '..', '..'),
	roots: ['<rootDir>/test/engine'],
	setupFiles: ['<rootDir>/test/setup.ts', '<rootDir>/test/old-n8n/assertOldEngine.ts'],
	// this n8n-core leaves a handle open that keeps the process alive
	forceExit: true,
	moduleNameMapper: {
		'^(n8n-core|n8n-workflow|@n8n/di)(/.*)?$': '<rootDir>/test/old-n8n/node_modules/$1$2',
	},
};

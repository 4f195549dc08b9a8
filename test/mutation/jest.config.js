const { join } = require('node:path');

/** @type {import('jest').Config} */
module.exports = {
	...require('../../jest.config'),
	rootDir: join(__dirname, '..', '..'),
	roots: ['<rootDir>/test/mutation'],
	testMatch: ['**/all.ts'],
	// A mutant that hangs is killed.
	testTimeout: 4_000,
	moduleNameMapper: {
		'^(n8n-core|n8n-workflow)$': '<rootDir>/test/mutation/loadedOnce/$1.js',
		'^@n8n/di$': '<rootDir>/test/mutation/loadedOnce/di.js',
	},
	// An absolute path, because it is Stryker that loads this file, not jest.
	testEnvironment: join(__dirname, 'environment.js'),
};

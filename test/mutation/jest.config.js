const { join } = require('node:path');

/** @type {import('jest').Config} */
module.exports = {
	...require('../../jest.config'),
	rootDir: join(__dirname, '..', '..'),
	roots: ['<rootDir>/test/mutation'],
	testMatch: ['**/all.ts'],
	// a mutant that hangs is dead
	testTimeout: 20_000,
	// by its whole path, as Stryker loads it in jest's place
	testEnvironment: join(__dirname, 'environment.js'),
};

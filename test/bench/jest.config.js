const { join } = require('node:path');

/** @type {import('jest').Config} */
module.exports = {
	...require('../../jest.config'),
	rootDir: join(__dirname, '..', '..'),
	roots: ['<rootDir>/test/bench'],
	testMatch: ['**/*.bench.ts'],
};

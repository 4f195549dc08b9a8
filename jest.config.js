/** @type {import('jest').Config} */
module.exports = {
	testEnvironment: 'node',
	roots: ['<rootDir>/test/unit', '<rootDir>/test/engine', '<rootDir>/test/contract'],
	testMatch: ['**/*.test.ts'],
	// unless told, jest leaves one core idle: half of them on a machine of two
	maxWorkers: '100%',
	// a loaded machine is no failure
	testTimeout: 30_000,
	globalSetup: '<rootDir>/test/globalSetup.ts',
	globalTeardown: '<rootDir>/test/globalTeardown.ts',
	setupFiles: ['<rootDir>/test/setup.ts'],
	// compiled only: `npm run types` checks them, once and all together
	transform: { '^.+\\.ts$': ['ts-jest', { tsconfig: 'tsconfig.test.json', diagnostics: false }] },
};

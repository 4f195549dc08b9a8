const { TestEnvironment } = require('jest-environment-node');

/** Ends the run of a mutant with the first test that fails: it is dead then. Jest has no switch for that. */
module.exports = class extends TestEnvironment {
	hasFailed = false;

	handleTestEvent({ name, test }) {
		if (!('__STRYKER_ACTIVE_MUTANT__' in process.env)) return;
		if (name === 'test_done') this.hasFailed ||= test.errors.length > 0;
		if (name === 'test_start' && this.hasFailed) test.mode = 'skip';
	}
};

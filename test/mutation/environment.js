const { TestEnvironment } = require('jest-environment-node');

/** Skips the remaining tests once a test has failed: the mutant is killed. Jest has no option for that. */
module.exports = class extends TestEnvironment {
	hasFailed = false;

	handleTestEvent({ name, test }) {
		if (!('__STRYKER_ACTIVE_MUTANT__' in process.env)) return;
		if (name === 'test_done') this.hasFailed ||= test.errors.length > 0;
		if (name === 'test_start' && this.hasFailed) test.mode = 'skip';
	}
};

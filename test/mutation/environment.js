const vm = require('node:vm');
const { ModernFakeTimers } = require('@jest/fake-timers');
const { ModuleMocker } = require('jest-mock');

/** jest compiles all modules in a context of the environment. This one stands for that of the process. */
const THIS_CONTEXT = vm.createContext();
const { compileFunction } = vm;
vm.compileFunction = (code, names, { parsingContext, ...options }) =>
	compileFunction(code, names, {
		...options,
		...(parsingContext !== THIS_CONTEXT && { parsingContext }),
	});

const { getBuiltinModule } = process;
const knownKeys = new Set(Reflect.ownKeys(globalThis));

/**
 * Runs the tests of all mutants in the context of the process, so that n8n is loaded only once: the files of
 * `loadedOnce/` stand in for it. In a separate context, each mutant would load it again, which takes seconds.
 *
 * Skips the remaining tests once a test has failed: the mutant is killed. Jest has no option for that.
 */
module.exports = class {
	global = globalThis;
	fakeTimers = null;
	moduleMocker = new ModuleMocker(globalThis);
	hasFailed = false;

	constructor({ projectConfig: config }) {
		this.fakeTimersModern = new ModernFakeTimers({ config, global: globalThis });
		Object.assign(globalThis, config.globals);
		process.loadOnce = require;
	}

	async setup() {}

	async teardown() {
		this.fakeTimersModern.dispose();
		this.moduleMocker.restoreAllMocks();
		process.getBuiltinModule = getBuiltinModule;
		// jest keeps its listeners there, and the next run would call them too
		for (const key of Object.getOwnPropertySymbols(globalThis)) {
			if (!knownKeys.has(key)) Reflect.deleteProperty(globalThis, key);
		}
	}

	exportConditions() {
		return ['node', 'node-addons'];
	}

	getVmContext() {
		return THIS_CONTEXT;
	}

	handleTestEvent({ name, test, testNamePattern }, state) {
		if (!('__STRYKER_ACTIVE_MUTANT__' in process.env)) return;
		if (name === 'setup' && testNamePattern) state.testNamePattern = namesIn(testNamePattern);
		if (name === 'test_done') this.hasFailed ||= test.errors.length > 0;
		if (name === 'test_start' && this.hasFailed) test.mode = 'skip';
	}
};

/** Replaces Stryker's pattern of test titles: with hundreds of them, it is too long for a regular expression. */
function namesIn(pattern) {
	const names = new Set(pattern.slice(1, -1).split(')|('));
	return { test: (name) => names.has(name.replace(/[.*+\-?^${}()|[\]\\]/g, '\\$&')) };
}

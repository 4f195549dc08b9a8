import type { INodeProperties } from 'n8n-workflow';
import type { TestMode } from '../job';
import type { ItemParameters } from './itemParameters';
import { numberField, type NumberRule } from './numberField';

const MAX_CONCURRENCY: NumberRule = {
	displayName: 'Max Concurrency',
	name: 'maxConcurrency',
	min: 1,
	max: 50,
	isWhole: true,
	default: 10,
	describe: (limits) => `How many items are worked on at the same time, ${limits}`,
};

const TEST_MODES = { off: undefined, sample: 'sample', failure: 'failure' } as const;

const testModeOption: INodeProperties = {
	displayName: 'Test Mode',
	name: 'testMode',
	type: 'options',
	options: [
		{
			name: 'Fail Like a Refused Prompt',
			value: 'failure',
			description: 'Every item fails as a prompt does that the model refuses. Nothing is sent.',
		},
		{ name: 'Off', value: 'off', description: 'Real videos, which cost money' },
		{
			name: 'Return a Sample Video',
			value: 'sample',
			description:
				'Every item gets a small ready-made video at once, marked with test: true. Nothing is sent.',
		},
	],
	default: 'off',
	description:
		"Try the workflow without paying: nothing is sent to OctopusX. For free runs while you build, and real ones in production, use the expression {{ $execution.mode === 'test' ? 'sample' : 'off' }}.",
};

/** The Options collection of an operation: its own options and those that all of them have. */
export function optionsField(options: INodeProperties[]): INodeProperties {
	return {
		displayName: 'Options',
		name: 'options',
		type: 'collection',
		default: {},
		placeholder: 'Add option',
		options: [...options, numberField(MAX_CONCURRENCY), testModeOption].sort((a, b) =>
			a.displayName.localeCompare(b.displayName),
		),
	};
}

/** The options that the user has added; the others are absent. */
export function readOptions(item: ItemParameters): Record<string, unknown> {
	return item.get('options', {}) as Record<string, unknown>;
}

/** A number among the options; its default unless the user has added it. */
export function readNumberOption(item: ItemParameters, rule: NumberRule): number {
	const { [rule.name]: value = rule.default } = readOptions(item);
	return item.number(rule, value);
}

export function readMaxConcurrency(item: ItemParameters): number {
	return readNumberOption(item, MAX_CONCURRENCY);
}

/** Absent: off. An expression that gives nothing is an error, not a video to pay for. */
export function readTestMode(item: ItemParameters): TestMode | undefined {
	const options = readOptions(item);
	const { testMode } = options;
	if (!('testMode' in options)) return undefined;
	return item.choice(testModeOption.displayName, testMode, TEST_MODES);
}

/** Whether an item is in Test Mode, for whoever must know it of an item with other parameters that are wrong. */
export function isInTestMode(item: ItemParameters): boolean {
	try {
		return readTestMode(item) !== undefined;
	} catch {
		return false;
	}
}

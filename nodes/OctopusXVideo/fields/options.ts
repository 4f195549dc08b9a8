import type { INodeProperties } from 'n8n-workflow';
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

/** The Options collection of an operation: its own options and the one that all of them have. */
export function optionsField(options: INodeProperties[]): INodeProperties {
	return {
		displayName: 'Options',
		name: 'options',
		type: 'collection',
		default: {},
		placeholder: 'Add option',
		options: [...options, numberField(MAX_CONCURRENCY)].sort((a, b) =>
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

import type { INodeProperties } from 'n8n-workflow';
import type { ItemParameters } from './itemParameters';

const MAX_CONCURRENCY = { min: 1, max: 50, limits: 'a whole number from 1 to 50' };

const maxConcurrencyOption: INodeProperties = {
	displayName: 'Max Concurrency',
	name: 'maxConcurrency',
	type: 'number',
	typeOptions: { minValue: 1, maxValue: 50, numberPrecision: 0 },
	default: 10,
	placeholder: 'e.g. 10',
	description: 'How many items are worked on at the same time, from 1 to 50',
};

/** The Options collection of an operation: its own options and the one that all of them have. */
export function optionsField(options: INodeProperties[]): INodeProperties {
	return {
		displayName: 'Options',
		name: 'options',
		type: 'collection',
		default: {},
		placeholder: 'Add option',
		options: [...options, maxConcurrencyOption].sort((a, b) =>
			a.displayName.localeCompare(b.displayName),
		),
	};
}

/** The options that the user has added; the others are absent. */
export function readOptions(item: ItemParameters): Record<string, unknown> {
	return item.get('options', {}) as Record<string, unknown>;
}

export function readMaxConcurrency(item: ItemParameters): number {
	const { maxConcurrency = maxConcurrencyOption.default } = readOptions(item);
	return item.number('Max Concurrency', maxConcurrency, MAX_CONCURRENCY);
}

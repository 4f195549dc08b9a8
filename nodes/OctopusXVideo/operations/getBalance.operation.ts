import { MAX_CONCURRENCY, optionsField, readTestMode } from '../fields/options';
import type { Operation } from './operation';

export const getBalance: Operation = {
	option: {
		name: 'Get Balance',
		value: 'getBalance',
		action: 'Get account balance',
		description:
			'Get what the API key has used and has left. Returns one item, however many come in: put it before a list is loaded.',
	},

	fields: [optionsField([])],

	plan: async (item) => ({
		source: { balance: true },
		timeoutMs: 60_000,
		maxConcurrency: MAX_CONCURRENCY.min,
		testMode: readTestMode(item),
	}),
};

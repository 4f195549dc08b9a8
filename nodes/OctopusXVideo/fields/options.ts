import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import type { TestMode } from '../job';
import type { ItemParameters, NumberRule } from './parameters';

export const MAX_CONCURRENCY: NumberRule = {
	displayName: 'Max Concurrency',
	name: 'maxConcurrency',
	min: 1,
	max: 50,
	isWhole: true,
	default: 10,
	describe: (limits) =>
		`How many items are in progress at the same time, ${limits}. The value of the first item counts.`,
};

const TEST_MODES: Record<string, (context: IExecuteFunctions) => TestMode | undefined> = {
	off: () => undefined,
	sample: () => 'sample',
	sampleInEditor: (context) => (isInEditor(context) ? 'sample' : undefined),
	failure: () => 'failure',
};

const testModeOption: INodeProperties = {
	displayName: 'Test Mode',
	name: 'testMode',
	type: 'options',
	options: [
		{
			name: 'Fail Like a Refused Prompt',
			value: 'failure',
			description:
				'Every item fails as if the model had refused its prompt. Nothing is sent or charged.',
		},
		{ name: 'Off', value: 'off', description: 'Real videos, which cost money' },
		{
			name: 'Return a Sample Video',
			value: 'sample',
			description:
				'Every item gets a small ready-made video at once, marked with test: true. Nothing is sent or charged.',
		},
		{
			name: 'Sample in the Editor Only',
			value: 'sampleInEditor',
			description:
				'Runs in the editor get the sample. All others make real, paid videos, also a sub-workflow.',
		},
	],
	default: 'sample',
	description: 'Lets you try the workflow without paying: nothing is sent to OctopusX',
};

/** Every operation has Test Mode. */
export function optionsField(options: INodeProperties[]): INodeProperties {
	return {
		displayName: 'Options',
		name: 'options',
		type: 'collection',
		default: {},
		placeholder: 'Add option',
		options: [...options, testModeOption].sort((a, b) =>
			a.displayName.localeCompare(b.displayName),
		),
	};
}

/**
 * Returns the Test Mode of an item, or `undefined` if it is off. Throws if an expression returns any other
 * value, even `undefined`, because that must not start a paid video.
 */
export function readTestMode(item: ItemParameters): TestMode | undefined {
	const { options } = item;
	const { testMode } = options;
	// not `testMode === undefined`, because an expression can return that
	if (!('testMode' in options)) return undefined;
	return item.choice(testModeOption.displayName, testMode, TEST_MODES)(item.context);
}

/** True if a user started the execution in the editor, or retries one that was. */
function isInEditor(context: IExecuteFunctions): boolean {
	const mode = context.getMode();
	// absent in n8n 1.x
	const { source } = context.getExecutionContext?.() ?? {};
	return mode === 'manual' || (mode === 'retry' && source === 'manual');
}

/** True if Test Mode is on, as far as the item's parameters are valid. */
export function isInTestMode(item: ItemParameters): boolean {
	return item.ifValid(() => readTestMode(item)) !== undefined;
}

import type { INodeProperties } from 'n8n-workflow';
import { CHECKED_EXECUTION, OUTPUT_FIELDS, type Job } from '../job';
import { MAX_CONCURRENCY, readTestMode } from './options';
import { numberField, showWhen, type ItemParameters, type NumberRule } from './parameters';

const POLL_INTERVAL: NumberRule = {
	displayName: 'Check Every (Seconds)',
	name: 'pollInterval',
	min: 1,
	max: 300,
	default: 5,
	describe: (limits) =>
		`Time between two checks of a task, ${limits} seconds. In a long wait, the node checks less often: every 30 seconds after 5 minutes, every 60 seconds after 10 minutes.`,
};

const TIMEOUT: NumberRule = {
	displayName: 'Timeout (Minutes)',
	name: 'timeout',
	min: 0,
	isExclusiveMin: true,
	max: 1440,
	default: 30,
	describe: (limits) =>
		`How long an item may take: ${limits} minutes. Decimals are allowed. After that, the task keeps running, and you can fetch its video with Get Status.`,
};

const waitField: INodeProperties = {
	displayName: 'Wait Until Completed',
	name: 'waitForCompletion',
	type: 'boolean',
	default: true,
	description:
		'Whether to wait until the video is done. If off, you get the task ID at once and can fetch the video later with Get Status.',
};

/** Takes no expressions, because an execution is suspended for all items or for none. */
const waitStrategyOption: INodeProperties = {
	displayName: 'While Waiting',
	name: 'waitStrategy',
	type: 'options',
	noDataExpression: true,
	options: [
		{
			name: 'Keep the Execution Running',
			value: 'poll',
			description:
				'Gets each video within seconds of its completion, but keeps n8n busy until then',
		},
		{
			name: 'Suspend the Execution',
			value: 'suspend',
			description:
				"Doesn't block n8n and survives a restart, but checks only once a minute. Needs a saved workflow and n8n 2.27.",
		},
	],
	default: 'poll',
	description: 'How the execution waits for the videos',
	displayOptions: { hide: { '@tool': [true] } },
};

const downloadField: INodeProperties = {
	displayName: 'Download Video',
	name: 'downloadVideo',
	type: 'boolean',
	default: true,
	description:
		'Whether to add the finished video to the output item as a file. If off, Get Status can still fetch it, which is not charged.',
	// n8n does not pass files to a model
	displayOptions: { hide: { '@tool': [true] } },
};

export const timeoutOption = numberField(TIMEOUT);

const fileNameOption: INodeProperties = {
	displayName: 'File Name',
	name: 'fileName',
	type: 'string',
	default: '',
	placeholder: 'e.g. {{ $now.toISODate() }} intro.mp4',
	description: 'Name of the downloaded file. If empty, the node uses the task ID.',
};

const binaryFieldOption: INodeProperties = {
	displayName: 'Output Data Field Name',
	name: 'binaryOutputField',
	type: 'string',
	default: 'data',
	placeholder: 'e.g. data',
	description: 'Name of the output field for the video file',
};

/** Each is shown only if it has an effect. */
export const resultOptions: INodeProperties[] = [
	...showWhen({ '/downloadVideo': [true] }, [fileNameOption, binaryFieldOption]),
	...showWhen({ '/waitForCompletion': [true] }, [
		waitStrategyOption,
		{
			...numberField(POLL_INTERVAL),
			displayOptions: { hide: { '/options.waitStrategy': ['suspend'] } },
		},
	]),
];

const simplifyField: INodeProperties = {
	displayName: 'Simplify',
	name: 'simplify',
	type: 'boolean',
	default: true,
	description: 'Whether to return a simplified version of the response instead of the raw data',
	displayOptions: { hide: { '@tool': [true] } },
};

/** Replaces Simplify in tools, as n8n's guidelines ask, because fewer fields confuse a model less. */
const toolOutputField: INodeProperties = {
	displayName: 'Output',
	name: 'output',
	type: 'options',
	options: [
		{ name: 'Simplified', value: 'simplified', description: 'The most useful fields' },
		{ name: 'Raw', value: 'raw', description: 'Everything OctopusX returns about the task' },
		{
			name: 'Selected Fields',
			value: 'selectedFields',
			description: 'The task ID and the fields you choose',
		},
	],
	default: 'simplified',
	description: 'Which fields of the task the AI Agent gets',
	displayOptions: { show: { '@tool': [true] } },
};

/** Fields that every choice includes, to fetch the task and to recognize a sample video. */
const REQUIRED_FIELDS = ['task_id', 'test'];

const selectedFieldsField: INodeProperties = {
	displayName: 'Fields',
	name: 'fields',
	type: 'multiOptions',
	// a tool downloads no file
	options: OUTPUT_FIELDS.filter((name) => ![...REQUIRED_FIELDS, 'file'].includes(name))
		.map((name) => ({ name, value: name }))
		.sort((a, b) => a.name.localeCompare(b.name)),
	default: [],
	description: 'Which fields the AI Agent gets in addition to the task ID',
	displayOptions: { show: { '@tool': [true], output: ['selectedFields'] } },
};

const simplifyFields = [simplifyField, toolOutputField, selectedFieldsField];

/** The fields for the wait, the download and the output item in operations that cost money. */
export const paidResultFields: INodeProperties[] = [
	waitField,
	...showWhen({ waitForCompletion: [true] }, [downloadField]),
	...simplifyFields,
];

/** The same for Get Status, which can also download without a wait. */
export const statusResultFields: INodeProperties[] = [
	{
		...waitField,
		default: false,
		description:
			'Whether to wait until the video is done. If off, the node returns the task as it is now.',
	},
	{ ...downloadField, default: false },
	...simplifyFields,
];

/** Reads the limits of an item, and whether anything is sent at all. */
export function readLimits(item: ItemParameters) {
	const { timeout = TIMEOUT.default, maxConcurrency = MAX_CONCURRENCY.default } = item.options;
	return {
		timeoutMs: item.number(TIMEOUT, timeout) * 60_000,
		maxConcurrency: item.number(MAX_CONCURRENCY, maxConcurrency),
		testMode: readTestMode(item),
	};
}

export function readJobSettings(item: ItemParameters): Omit<Job, 'source'> {
	const {
		pollInterval = POLL_INTERVAL.default,
		binaryOutputField = binaryFieldOption.default,
		fileName = '',
		waitStrategy = waitStrategyOption.default,
	} = item.options;
	const outputFields = readOutputFields(item);
	const settings: Omit<Job, 'source'> = { ...readLimits(item), outputFields };
	if (item.flag(waitField.displayName, item.get('waitForCompletion'))) {
		settings.wait = {
			pollIntervalMs: item.number(POLL_INTERVAL, pollInterval) * 1_000,
			isSuspended: item.choice(waitStrategyOption.displayName, waitStrategy, {
				poll: false,
				suspend: true,
			}),
		};
	}
	// Generate and Edit hide this field without a wait, and n8n drops the value of a hidden field
	if (item.flag(downloadField.displayName, item.get('downloadVideo', false))) {
		const outputField = item.text(binaryFieldOption.displayName, binaryOutputField);
		const name = fileName === '' ? '' : item.text(fileNameOption.displayName, fileName, false);
		// the file systems of Windows do not allow these characters, and n8n stores files under any name
		settings.download = { outputField, fileName: name.replace(/[/\\:*?"<>|]/g, '-') };
	}
	return settings;
}

/** Returns the names of the task's fields for the output item, or `undefined` for all fields. */
function readOutputFields(item: ItemParameters): readonly string[] | undefined {
	// only one of the two fields has a value: this one in a tool, Simplify elsewhere
	const toolOutput = item.get(toolOutputField.name, '');
	if (toolOutput === '') {
		const isSimplified = item.flag(simplifyField.displayName, item.get(simplifyField.name, true));
		return isSimplified ? OUTPUT_FIELDS : undefined;
	}
	return item.choice<() => readonly string[] | undefined>(toolOutputField.displayName, toolOutput, {
		simplified: () => OUTPUT_FIELDS,
		raw: () => undefined,
		selectedFields: () => {
			const value = item.get(selectedFieldsField.name, []);
			// an expression can return the names as one string
			const names = Array.isArray(value) ? value : String(value).split(/[\s,]+/);
			return OUTPUT_FIELDS.filter((name) => [...REQUIRED_FIELDS, ...names].includes(name));
		},
	})();
}

/** Fields with a value only in a checking execution: its marker, and a notice for users who open it. */
export const checkingFields: INodeProperties[] = [
	{
		displayName:
			"This node checks the videos of a suspended execution. Don't stop or delete this execution. To stop waiting, stop the suspended one.",
		name: 'checkingNotice',
		type: 'notice',
		default: '',
		displayOptions: { show: { [CHECKED_EXECUTION]: [{ _cnd: { exists: true } }] } },
	},
	{ displayName: 'Checked Execution', name: CHECKED_EXECUTION, type: 'hidden', default: '' },
];

import type { INodeProperties } from 'n8n-workflow';
import type { DownloadSettings, Job } from '../job';
import type { ItemParameters } from './itemParameters';
import { numberField, type NumberRule } from './numberField';
import { readMaxConcurrency, readNumberOption, readOptions, readTestMode } from './options';
import { readOutputFields } from './simplify';

const POLL_INTERVAL: NumberRule = {
	displayName: 'Check Every (Seconds)',
	name: 'pollInterval',
	min: 1,
	max: 300,
	default: 5,
	describe: (limits) =>
		`Shortest time between two checks of a task, ${limits} seconds. In a long wait it grows: 30 seconds after 5 minutes, 60 after 10 minutes.`,
};

const TIMEOUT: NumberRule = {
	displayName: 'Timeout (Minutes)',
	name: 'timeout',
	min: 0,
	isAbove: true,
	max: 1440,
	default: 30,
	describe: (limits) =>
		`How long an item may take: ${limits} minutes, fractions are fine. A task goes on after that and can be fetched with Get Status.`,
};

export const waitField: INodeProperties = {
	displayName: 'Wait Until Completed',
	name: 'waitForCompletion',
	type: 'boolean',
	default: true,
	description:
		'Whether to wait until the video is done. If off, the node returns the task ID at once: fetch the video later with Get Status.',
};

/** How waiting treats the execution; one choice for all items. */
export const waitStrategyField: INodeProperties = {
	displayName: 'While Waiting',
	name: 'waitStrategy',
	type: 'options',
	noDataExpression: true,
	options: [
		{
			name: 'Keep the Execution Running',
			value: 'poll',
			description: 'Notices a finished video within seconds; occupies n8n until then',
		},
		{
			name: 'Suspend the Execution',
			value: 'suspend',
			description:
				'Frees n8n, survives a restart, checks once a minute or less often. Needs n8n 2.27, or n8n 2.0 with On Error set to Continue, and a saved workflow.',
		},
	],
	default: 'poll',
	description: 'What happens to the execution while the videos are made',
	displayOptions: { show: { waitForCompletion: [true] } },
};

export const downloadField: INodeProperties = {
	displayName: 'Download Video',
	name: 'downloadVideo',
	type: 'boolean',
	default: false,
	description: 'Whether to add the finished video to the output item as a file',
};

export const WHILE_WAITING = { show: { '/waitForCompletion': [true] } };
const WHILE_DOWNLOADING = { show: { '/downloadVideo': [true] } };

/** Bounds the submission of a task as well as the wait for its video. */
export const timeoutOption = numberField(TIMEOUT);

const fileNameOption: INodeProperties = {
	displayName: 'File Name',
	name: 'fileName',
	type: 'string',
	default: '',
	placeholder: 'e.g. intro.mp4',
	description: 'Name of the downloaded file. The task ID if empty.',
	displayOptions: WHILE_DOWNLOADING,
};

const outputFieldOption: INodeProperties = {
	displayName: 'Output Data Field Name',
	name: 'binaryOutputField',
	type: 'string',
	default: 'data',
	placeholder: 'e.g. data',
	description: 'Name of the output field that receives the video file',
	displayOptions: WHILE_DOWNLOADING,
};

/** Options about waiting and downloading, each shown where it has an effect. */
export const outputOptions: INodeProperties[] = [
	fileNameOption,
	outputFieldOption,
	{
		...numberField(POLL_INTERVAL),
		displayOptions: { show: { ...WHILE_WAITING.show, '/waitStrategy': ['poll'] } },
	},
];

/** What follows once a task is there, and how long all of it may take. */
export function readOutput(item: ItemParameters): Omit<Job, 'source'> {
	const output: Omit<Job, 'source'> = {
		timeoutMs: readNumberOption(item, TIMEOUT) * 60_000,
		maxConcurrency: readMaxConcurrency(item),
		testMode: readTestMode(item),
		outputFields: readOutputFields(item),
	};
	if (item.flag(waitField.displayName, item.get('waitForCompletion'))) {
		const seconds = readNumberOption(item, POLL_INTERVAL);
		output.wait = {
			pollIntervalMs: seconds * 1_000,
			isSuspended: item.choice(waitStrategyField.displayName, item.get('waitStrategy', 'poll'), {
				poll: false,
				suspend: true,
			}),
		};
	}
	// Generate and Edit show it only while they wait; n8n drops the value of a hidden field
	if (item.flag(downloadField.displayName, item.get('downloadVideo', false))) {
		output.download = readDownload(item);
	}
	return output;
}

function readDownload(item: ItemParameters): DownloadSettings {
	const { binaryOutputField = outputFieldOption.default, fileName = '' } = readOptions(item);
	return {
		outputField: item.text(outputFieldOption.displayName, binaryOutputField),
		fileName: fileName === '' ? '' : item.text(fileNameOption.displayName, fileName),
	};
}

import type { INodeProperties } from 'n8n-workflow';
import type { DownloadSettings, Job } from '../run/job';
import type { ItemParameters } from './itemParameters';
import { readMaxConcurrency, readOptions } from './options';

const POLL_INTERVAL = { min: 1, max: 300, limits: 'from 1 to 300 seconds', fractions: true };
const TIMEOUT = {
	min: Number.MIN_VALUE,
	max: 1440,
	limits: 'above 0 and at most 1440 minutes',
	fractions: true,
};

export const waitField: INodeProperties = {
	displayName: 'Wait Until Completed',
	name: 'waitForCompletion',
	type: 'boolean',
	default: true,
	description:
		'Whether to wait until the video is done. Otherwise the node hands out the task as it is now.',
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
				'Frees n8n, survives a restart, looks once a minute or less often. Needs n8n 2.0 and a saved workflow.',
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
export const timeoutOption: INodeProperties = {
	displayName: 'Timeout',
	name: 'timeout',
	type: 'number',
	typeOptions: { minValue: 0, maxValue: 1440 },
	default: 30,
	placeholder: 'e.g. 30',
	description:
		'How many minutes an item may take: above 0, up to 1440, fractions are fine. A task goes on after that and can be fetched with Get Status.',
};

/** Options about waiting and downloading, each shown where it has an effect. */
export const outputOptions: INodeProperties[] = [
	{
		displayName: 'File Name',
		name: 'fileName',
		type: 'string',
		default: '',
		placeholder: 'e.g. intro.mp4',
		description: 'Name of the downloaded file. The task ID if empty.',
		displayOptions: WHILE_DOWNLOADING,
	},
	{
		displayName: 'Output Data Field Name',
		name: 'binaryOutputField',
		type: 'string',
		default: 'data',
		placeholder: 'e.g. data',
		description: 'Name of the output field that receives the video file',
		displayOptions: WHILE_DOWNLOADING,
	},
	{
		displayName: 'Poll Interval',
		name: 'pollInterval',
		type: 'number',
		typeOptions: { minValue: 1, maxValue: 300 },
		default: 5,
		placeholder: 'e.g. 5',
		description:
			'How many seconds to wait between two looks at a task, from 1 to 300. Long waits look less often: after a tenth of the time waited so far, at most a minute.',
		displayOptions: { show: { ...WHILE_WAITING.show, '/waitStrategy': ['poll'] } },
	},
];

/** What follows once a task is there, and how long all of it may take. */
export function readOutput(item: ItemParameters): Omit<Job, 'source'> {
	const { pollInterval = 5, timeout = timeoutOption.default } = readOptions(item);
	const output: Omit<Job, 'source'> = {
		timeoutMs: item.number('Timeout', timeout, TIMEOUT) * 60_000,
		maxConcurrency: readMaxConcurrency(item),
	};
	if (item.flag(waitField.displayName, item.get('waitForCompletion'))) {
		const seconds = item.number('Poll Interval', pollInterval, POLL_INTERVAL);
		output.wait = {
			pollIntervalMs: seconds * 1_000,
			isSuspended: item.get('waitStrategy', 'poll') === 'suspend',
		};
	}
	// Generate and Edit show it only while they wait; n8n drops the value of a hidden field
	if (item.flag(downloadField.displayName, item.get('downloadVideo', false))) {
		output.download = readDownload(item);
	}
	return output;
}

function readDownload(item: ItemParameters): DownloadSettings {
	const { binaryOutputField = 'data', fileName = '' } = readOptions(item);
	return {
		outputField: item.text('Output Data Field Name', binaryOutputField),
		fileName: fileName === '' ? '' : item.text('File Name', fileName),
	};
}

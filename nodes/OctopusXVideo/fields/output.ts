import type { INodeProperties } from 'n8n-workflow';
import type { DownloadSettings, Job } from '../run/job';
import type { WaitSettings } from '../run/wait';
import type { ItemParameters } from './itemParameters';
import { readOptions } from './options';

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

export const downloadField: INodeProperties = {
	displayName: 'Download Video',
	name: 'downloadVideo',
	type: 'boolean',
	default: false,
	description: 'Whether to add the finished video to the output item as a file',
};

const WHILE_WAITING = { show: { '/waitForCompletion': [true] } };
const WHILE_DOWNLOADING = { show: { '/downloadVideo': [true] } };

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
		description: 'How many seconds to wait between two looks at a task, from 1 to 300',
		displayOptions: WHILE_WAITING,
	},
	{
		displayName: 'Timeout',
		name: 'timeout',
		type: 'number',
		typeOptions: { minValue: 0, maxValue: 1440 },
		default: 30,
		placeholder: 'e.g. 30',
		description:
			'How many minutes to wait for a video: above 0, up to 1440, fractions are fine. The task itself goes on after that and can be fetched with Get Status.',
		displayOptions: WHILE_WAITING,
	},
];

/** What follows once a task is there: waiting, downloading, both or neither. */
export function readOutput(item: ItemParameters): Pick<Job, 'wait' | 'download'> {
	const output: Pick<Job, 'wait' | 'download'> = {};
	if (item.get('waitForCompletion') === true) output.wait = readWait(item);
	// Generate and Edit show it only while they wait; n8n drops the value of a hidden field
	if (item.get('downloadVideo', false) === true) output.download = readDownload(item);
	return output;
}

function readWait(item: ItemParameters): WaitSettings {
	const { pollInterval = 5, timeout = 30 } = readOptions(item);
	return {
		pollIntervalMs: item.number('Poll Interval', pollInterval, POLL_INTERVAL) * 1_000,
		timeoutMs: item.number('Timeout', timeout, TIMEOUT) * 60_000,
	};
}

function readDownload(item: ItemParameters): DownloadSettings {
	const { binaryOutputField = 'data', fileName = '' } = readOptions(item);
	return {
		outputField: item.text('Output Data Field Name', binaryOutputField),
		fileName: fileName === '' ? '' : item.text('File Name', fileName),
	};
}

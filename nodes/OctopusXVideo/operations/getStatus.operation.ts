import { isTaskId } from '../api/task';
import { optionsField } from '../fields/options';
import {
	downloadField,
	outputOptions,
	readOutput,
	timeoutOption,
	waitField,
	waitStrategyField,
	WHILE_WAITING,
} from '../fields/output';
import { simplifyFields } from '../fields/simplify';
import { isTestId } from '../testMode/testTask';
import type { Operation } from './operation';

/** Who only wants to look is told soon that the server cannot be reached. */
const SINGLE_LOOK_MS = 60_000;

export const getStatus: Operation = {
	option: {
		name: 'Get Status',
		value: 'getStatus',
		action: 'Get video status',
		description: 'Check a task, and fetch its video once it is done',
	},

	fields: [
		{
			displayName: 'Task ID',
			name: 'taskId',
			type: 'string',
			required: true,
			default: '',
			placeholder: 'e.g. video_abc123',
			description: "The task_id of an item, of an error or in n8n's log",
		},
		{
			...waitField,
			default: false,
			description:
				'Whether to wait until the video is done. If off, the node returns the task as it is now.',
		},
		waitStrategyField,
		downloadField,
		...simplifyFields,
		optionsField([{ ...timeoutOption, displayOptions: WHILE_WAITING }, ...outputOptions]),
	],

	async plan(item) {
		const taskId = item.text('Task ID', item.get('taskId')).trim();
		if (!isTaskId(taskId)) {
			throw item.invalid("'Task ID' is not a task ID", 'It looks like video_abc123.');
		}
		const output = readOutput(item);
		return {
			source: { taskId },
			...output,
			timeoutMs: output.wait ? output.timeoutMs : SINGLE_LOOK_MS,
			// the server does not know it
			testMode: output.testMode ?? (isTestId(taskId) ? 'sample' : undefined),
		};
	},
};

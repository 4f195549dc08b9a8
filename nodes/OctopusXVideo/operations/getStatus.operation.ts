import { isTaskId } from '../api/task';
import { optionsField } from '../fields/options';
import { showWhen } from '../fields/parameters';
import {
	downloadField,
	readJobSettings,
	resultOptions,
	simplifyFields,
	timeoutOption,
	waitField,
	waitStrategyField,
} from '../fields/result';
import { isTestId } from '../testMode/testClient';
import type { Operation } from './operation';

/**
 * Upper limit for a check without a wait, because the user wants to know soon if the API cannot be reached.
 */
const SINGLE_CHECK_TIMEOUT_MS = 60_000;

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
		optionsField([
			...showWhen({ '/waitForCompletion': [true] }, [timeoutOption]),
			...resultOptions,
		]),
	],

	async plan(item) {
		const taskId = item.text('Task ID', item.get('taskId')).trim();
		if (!isTaskId(taskId)) {
			throw item.invalid("'Task ID' is not a task ID", 'It looks like video_abc123.');
		}
		const settings = readJobSettings(item);
		return {
			source: { taskId },
			...settings,
			timeoutMs: settings.wait ? settings.timeoutMs : SINGLE_CHECK_TIMEOUT_MS,
			// the API does not know Test Mode tasks
			testMode: settings.testMode ?? (isTestId(taskId, item.context) ? 'sample' : undefined),
		};
	},
};

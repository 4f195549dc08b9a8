import { cleanValue, decoded } from '../api/credential';
import { isTaskId } from '../api/task';
import { MAX_CONCURRENCY, optionsField } from '../fields/options';
import { numberField, showWhen, type ItemParameters } from '../fields/parameters';
import {
	readJobSettings,
	resultOptions,
	statusResultFields,
	timeoutOption,
} from '../fields/result';
import { isTestId } from '../testMode/testClient';
import type { Operation } from './operation';

/** Characters around IDs in lists, JSON, errors and the log. */
const SEPARATORS = /[\s,;|<>[\](){}"'`“”‘’„«»]+/;

/** Words that stand next to an ID in JSON and in texts of the node. */
const NO_ID = /^(task_id|id|task|queued|in_progress|completed|failed|cancelled|unknown)$/;
/** Where an address of the API names a task. */
const IN_ADDRESS = /\/v1\/(?:videos|video\/generations)\/([^/?#]+)/i;
/** What most IDs look like; others are taken only if nothing but a label or a status stands beside them. */
const TYPICAL_ID = /^(video|task|test)_.|^(?=.*\d)(?=.*[a-z]).{6}/i;

/** The task IDs in a text that a user typed or pasted, each once; the whole text if it is no list. */
function taskIdsIn(pasted: string): string[] {
	const text = cleanValue(pasted);
	const words = text.split(SEPARATORS).map((word) => {
		const [, id] = IN_ADDRESS.exec(word) ?? IN_ADDRESS.exec(decoded(word)) ?? [];
		return id === undefined ? word.replace(/[:.]$/, '') : decoded(id);
	});
	const ids = [...new Set(words.filter((word) => word !== '' && !NO_ID.test(word)))];
	const typical = ids.filter((word) => TYPICAL_ID.test(word));
	if (typical.length > 0) return typical;
	const isList = /[,;\n]/.test(text) || ids.every((word) => /^\d+$/.test(word));
	return isList || ids.length === 1 ? ids : [text];
}

function readTaskId(item: ItemParameters): string {
	const value = item.get('taskId');
	const text = item.text('Task ID', Array.isArray(value) ? value.join() : value);
	const [taskId = '', ...others] = taskIdsIn(text);
	if (others.length > 0) {
		throw item.invalid(
			`'Task ID' holds ${others.length + 1} task IDs`,
			'Get Status checks one task per item. Turn the list into items first, for example with the node Split Out.',
		);
	}
	if (isTaskId(taskId)) return taskId;
	throw item.invalid("'Task ID' is not a task ID", 'It looks like video_abc123.');
}

/** The task that an item asks for, if it asks for one with a valid ID. */
export function taskIdOf(item: ItemParameters): string | undefined {
	const isAsked = item.get('operation') === 'getStatus';
	return isAsked ? item.ifValid(() => readTaskId(item)) : undefined;
}

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
		...statusResultFields,
		optionsField([
			...showWhen({ '/waitForCompletion': [true] }, [timeoutOption]),
			numberField(MAX_CONCURRENCY),
			...resultOptions,
		]),
	],

	async plan(item) {
		const taskId = readTaskId(item);
		const settings = readJobSettings(item);
		return {
			source: { taskId, isRequested: true },
			...settings,
			// without a wait, the user wants to know soon if the API cannot be reached
			timeoutMs: settings.wait ? settings.timeoutMs : 60_000,
			// the API does not know Test Mode tasks
			testMode: settings.testMode ?? (isTestId(taskId, item.context) ? 'sample' : undefined),
		};
	},
};

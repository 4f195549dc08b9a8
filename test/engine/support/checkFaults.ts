import { apiErrorBody, taskErrorBody } from './errorBodies';
import {
	HTML_404,
	INVALID_TOKEN,
	INVALID_URL,
	REDIRECT,
	THROTTLED,
	UNAVAILABLE,
	permanent,
	html,
	kind,
	type FaultKind,
} from './faultKinds';

const UNKNOWN_TASK = taskErrorBody('task_not_exist');

/** Faults after which the node continues to wait and delivers the video. */
export const CHECK_RETRYABLE: FaultKind[] = [
	...THROTTLED,
	...UNAVAILABLE,
	kind('200, HTML', 200, html),
	REDIRECT,
	HTML_404,
	kind('400, fail_to_fetch_task', 400, taskErrorBody('fail_to_fetch_task')),
	{ name: 'cut short', answer: 'short' },
	{ name: 'stall', answer: 'stall' },
	{ name: 'drip', answer: 'drip' },
	kind('403, HTML', 403, html),
	{
		name: '429, Retry-After: 86400',
		answer: { status: 429, headers: { 'retry-after': '86400' } },
	},
	kind('odd types', 200, { id: [], status: {}, progress: 'x' }),
	kind('400, task_not_exist', 400, UNKNOWN_TASK),
	kind('200, task_not_exist', 200, UNKNOWN_TASK),
	{ ...INVALID_TOKEN, name: '401, three times', times: 3 },
	// The gateway's verdict contains the real status.
	permanent(kind('a status that nobody knows', 200, { status: 'warming_up' })),
	permanent(kind('no status', 200, { id: 'x', code: 'success', data: { status: 'SUCCESS' } })),
	permanent(kind('in_progress', 200, { status: 'in_progress', progress: 30 })),
];

/** Faults after which the node fails at once, and a retry continues with the same task. */
export const CHECK_FATAL: FaultKind[] = [
	kind('400', 400, taskErrorBody('invalid_request')),
	kind(
		'403, no access to the model',
		403,
		apiErrorBody('This token has no access to model omni-fast'),
	),
	kind('403, banned', 403, apiErrorBody('User has been banned')),
	INVALID_URL,
	kind('413', 413, apiErrorBody('too large')),
	{ ...kind('400, task_not_exist, twice', 400, UNKNOWN_TASK), times: 2 },
];

/** Faults after which the node fails, and so does every retry. */
export const CHECK_PERMANENT: FaultKind[] = [
	permanent(INVALID_TOKEN),
	permanent(kind('400, task_not_exist', 400, UNKNOWN_TASK)),
];

/**
 * Faults after which the node fails because the task ends without a video and is refunded. A retry
 * creates a new task.
 */
export const CHECK_TASK_ENDED: FaultKind[] = [
	{ name: 'failed', answer: { ending: 'failed' } },
	{ name: 'cancelled', answer: { ending: 'cancelled' } },
	{ name: 'an error, but no status', answer: { ending: 'statusless' } },
	// Only the verdict shows that these tasks have failed.
	{ name: 'given up, in_progress for ever', answer: { ending: 'abandoned' } },
	{ name: 'a status that nobody knows, and failed', answer: { ending: 'unrecognized' } },
];

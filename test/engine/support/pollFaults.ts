import { apiErrorBody, taskErrorBody } from './errorBodies';
import {
	HTML_404,
	INVALID_TOKEN,
	INVALID_URL,
	REDIRECT,
	THROTTLED,
	UNAVAILABLE,
	forGood,
	html,
	kind,
	type FaultKind,
} from './faultKinds';

const UNKNOWN_TASK = taskErrorBody('task_not_exist');

export const POLL_HEALING: FaultKind[] = [
	...THROTTLED,
	...UNAVAILABLE,
	kind('200, HTML', 200, html),
	REDIRECT,
	HTML_404,
	kind('400, fail_to_fetch_task', 400, taskErrorBody('fail_to_fetch_task')),
	{ name: 'cut short', answer: 'short' },
	{ name: 'stall', answer: 'stall' },
	kind('odd types', 200, { id: [], status: {}, progress: 'x' }),
	kind('400, task_not_exist', 400, UNKNOWN_TASK),
	kind('200, task_not_exist', 200, UNKNOWN_TASK),
	{ ...INVALID_TOKEN, name: '401, three times', times: 3 },
	// the other view of the task knows better
	forGood(kind('a status that nobody knows', 200, { status: 'warming_up' })),
	forGood(kind('no status', 200, { id: 'x', code: 'success', data: { status: 'SUCCESS' } })),
	forGood(kind('in_progress', 200, { status: 'in_progress', progress: 30 })),
];

/** The node gives up at once; one that is retried goes on with the task. */
export const POLL_HOPELESS: FaultKind[] = [
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

/** No retry gets over it. */
export const POLL_FOR_GOOD: FaultKind[] = [
	forGood(INVALID_TOKEN),
	forGood(kind('400, task_not_exist', 400, UNKNOWN_TASK)),
];

/** The task ends without a video, and the gateway refunds it: a retried node has another one made. */
export const POLL_ENDED: FaultKind[] = [
	{ name: 'failed', answer: { ending: 'failed' } },
	{ name: 'cancelled', answer: { ending: 'cancelled' } },
	{ name: 'an error, but no status', answer: { ending: 'statusless' } },
];

/** The same, but only the verdict tells: a retried node takes the task up again. */
export const POLL_ENDED_BY_VERDICT: FaultKind[] = [
	{ name: 'a status that nobody knows, and failed', answer: { ending: 'unrecognized' } },
];

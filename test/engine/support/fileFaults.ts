import { contentErrorBody } from './errorBodies';
import {
	INVALID_TOKEN,
	THROTTLED,
	UNAVAILABLE,
	permanent,
	html,
	kind,
	type FaultKind,
} from './faultKinds';

const NOT_COMPLETED = 'Task is not completed yet, current status: IN_PROGRESS';

const videoType = { 'content-type': 'video/mp4' };

/** Responses of any host that do not contain a complete video. */
const NO_VIDEO: FaultKind[] = [
	...THROTTLED,
	...UNAVAILABLE.filter(({ name }) => !name.startsWith('200')),
	kind('200, HTML', 200, html),
	{ name: '200, HTML called a video', answer: { status: 200, headers: videoType, body: html } },
	{
		name: '200, XML called a video',
		answer: { status: 200, headers: videoType, body: '<?xml version="1.0"?><Error/>' },
	},
	{
		name: '200, text called a video',
		answer: { status: 200, headers: videoType, body: 'Access denied' },
	},
	{ name: '200, empty', answer: { status: 200, headers: videoType, body: '' } },
	{ name: 'cut short', answer: 'short' },
	{ name: 'stall', answer: 'stall' },
];

const EXPIRED = [400, 401, 403, 404, 410].map((status) =>
	kind(`${status}`, status, '<?xml version="1.0"?><Error>expired</Error>'),
);
const NOWHERE: FaultKind = {
	name: 'redirect to file:',
	answer: { status: 302, headers: { location: 'file:///etc/passwd' } },
};

/**
 * Faults of the file host after which the node downloads the file anyway, because a new check
 * returns another URL and the API has the file, too.
 */
export const FILE_RETRYABLE: FaultKind[] = [
	...NO_VIDEO,
	...EXPIRED,
	NOWHERE,
	...[...EXPIRED, NOWHERE, kind('502', 502, html)].map(permanent),
	permanent({ name: 'reset', answer: 'reset' }),
	permanent({ name: 'cut short', answer: 'short' }),
];

/**
 * Faults of the content endpoint after which the node downloads the file anyway, although there is
 * no other URL.
 */
export const CONTENT_RETRYABLE: FaultKind[] = [
	...NO_VIDEO,
	kind('400, not completed yet', 400, contentErrorBody(NOT_COMPLETED)),
	{
		...kind('400, not completed yet, three times', 400, contentErrorBody(NOT_COMPLETED)),
		times: 3,
	},
	kind(
		'502, Failed to fetch video content',
		502,
		contentErrorBody('Failed to fetch video content'),
	),
	kind(
		'502, Upstream service returned status 403',
		502,
		contentErrorBody('Upstream service returned status 403'),
	),
];

/** Faults after which the node fails at once, and a retry downloads the file. */
export const CONTENT_FATAL: FaultKind[] = [
	INVALID_TOKEN,
	kind('403, request blocked', 403, contentErrorBody('request blocked: port 8787 is not allowed')),
	kind('404, Task not found', 404, contentErrorBody('Task not found')),
	...[410, 422, 451].map((status) => kind(`${status}`, status, contentErrorBody('no'))),
	kind(
		'400, not completed yet, FAILURE',
		400,
		contentErrorBody('Task is not completed yet, current status: FAILURE'),
	),
	NOWHERE,
];

/** Faults after which the node fails to download the file, and so does every retry. */
export const CONTENT_PERMANENT: FaultKind[] = [
	permanent(
		kind(
			'502, Failed to fetch video content',
			502,
			contentErrorBody('Failed to fetch video content'),
		),
	),
	permanent({ name: 'cut short', answer: 'short' }),
];

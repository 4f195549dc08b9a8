import { contentErrorBody } from './errorBodies';
import {
	INVALID_TOKEN,
	THROTTLED,
	UNAVAILABLE,
	forGood,
	html,
	kind,
	type FaultKind,
} from './faultKinds';

const NOT_COMPLETED = 'Task is not completed yet, current status: IN_PROGRESS';

const asVideo = { 'content-type': 'video/mp4' };

/** What comes where a video should, from whichever host. */
const NO_VIDEO: FaultKind[] = [
	...THROTTLED,
	...UNAVAILABLE.filter(({ name }) => !name.startsWith('200')),
	kind('200, HTML', 200, html),
	{ name: '200, HTML called a video', answer: { status: 200, headers: asVideo, body: html } },
	{
		name: '200, XML called a video',
		answer: { status: 200, headers: asVideo, body: '<?xml version="1.0"?><Error/>' },
	},
	{
		name: '200, text called a video',
		answer: { status: 200, headers: asVideo, body: 'Access denied' },
	},
	{ name: '200, empty', answer: { status: 200, headers: asVideo, body: '' } },
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

/** At the host of the file. A new look gives another address, and the API has the file itself. */
export const FILE_HEALING: FaultKind[] = [
	...NO_VIDEO,
	...EXPIRED,
	NOWHERE,
	...[...EXPIRED, NOWHERE, kind('502', 502, html)].map(forGood),
	forGood({ name: 'reset', answer: 'reset' }),
	forGood({ name: 'cut short', answer: 'short' }),
];

/** At the content endpoint, where the file is nowhere else. */
export const CONTENT_HEALING: FaultKind[] = [
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

export const CONTENT_HOPELESS: FaultKind[] = [
	INVALID_TOKEN,
	kind('403, request blocked', 403, contentErrorBody('request blocked: port 8787 is not allowed')),
	kind('404, Task not found', 404, contentErrorBody('Task not found')),
	NOWHERE,
];

export const CONTENT_FOR_GOOD: FaultKind[] = [
	forGood(
		kind(
			'502, Failed to fetch video content',
			502,
			contentErrorBody('Failed to fetch video content'),
		),
	),
	forGood({ name: 'cut short', answer: 'short' }),
];

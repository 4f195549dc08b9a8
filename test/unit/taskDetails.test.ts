import {
	findTaskId,
	isPlainObject,
	isSpent,
	isTaskId,
	parseTask,
	taskPath,
	unseenTask,
	type Task,
} from '../../nodes/OctopusXVideo/api/task';
import { isSameOrigin, normalizeBaseUrl } from '../../nodes/OctopusXVideo/api/baseUrl';

const API = 'https://octopusx.ai';
const parse = (answer: object, api = API) => parseTask({ id: 'video_1', ...answer }, api);

test.each([
	['not_start', 'queued'],
	['Not_Start', 'queued'],
	['success', 'completed'],
	['failed', 'failed'],
	['failure', 'failed'],
])('the status %s means %s', (status, expected) => {
	expect(parse({ status })?.status).toBe(expected);
});

test.each<[object, string, string]>([
	[{ error: 'boom' }, 'failed', 'boom'],
	[{ error: { message: 'boom' } }, 'failed', 'boom'],
	[{ error: { code: 'c' } }, 'c', 'The server gave no reason'],
	[{ status: ' ', error: { code: 7 } }, '7', 'The server gave no reason'],
	[{ status: 'CANCELED' }, 'canceled', 'The server gave no reason'],
	[{ status: 'expired', error: { message: 'late' } }, 'expired', 'late'],
])('a task with %j ended without a video: %s, %s', (answer, code, message) => {
	const task = parse(answer) as Task;
	expect(isSpent(task)).toBe(true);
	expect(task.failure).toEqual({ code, message });
});

test.each([
	[true, { refunded: true }],
	[false, {}],
	['yes', {}],
])('whether the charge was given back, said as %p', (refunded, expected) => {
	const error = { code: 'c', message: 'm', refunded };
	expect(parse({ status: 'failed', error })?.failure).toStrictEqual({
		code: 'c',
		message: 'm',
		...expected,
	});
});

test.each([
	[{ status: 'running', error: 'boom' }, 'unknown'],
	[{ error: {} }, 'unknown'],
	[{ error: { code: '', message: '' } }, 'unknown'],
	[{ error: { code: {}, message: [] } }, 'unknown'],
	[{ error: [] }, 'unknown'],
])('a task with %j is %s', (answer, status) => {
	expect(parse(answer)?.status).toBe(status);
});

test.each([
	['0.5', 0.5],
	[true, 1],
	['', 0],
	[Infinity, 0],
	['100.5%', 100],
	[100, 100],
])('the progress %p is read as %p', (progress, expected) => {
	expect(parse({ status: 'queued', progress })?.progress).toBe(expected);
});

test.each<[string, object, string]>([
	[API, { video_url: '/v1/videos/video_1/content' }, `${API}/v1/videos/video_1/content`],
	[
		API,
		{ video_url: 'http://internal/v1/videos/video_1/content' },
		`${API}/v1/videos/video_1/content`,
	],
	[
		API,
		{ video_url: 'http://internal/api/v1/videos/video_1/content' },
		`${API}/v1/videos/video_1/content`,
	],
	[API, { video_url: 'http://a.test/b' }, 'http://a.test/b'],
	[
		API,
		{ video_url: 'https://a.test/v1/videos/video_1/content?sign=1' },
		'https://a.test/v1/videos/video_1/content?sign=1',
	],
	[
		API,
		{ video_url: 'https://a.test/v1/videos/video_2/content' },
		'https://a.test/v1/videos/video_2/content',
	],
	[API, { video_url: '//a.test/b' }, 'https://a.test/b'],
	[`${API}/proxy`, { video_url: '/b.mp4' }, `${API}/proxy/b.mp4`],
	[`${API}/proxy`, { video_url: '/proxy/b.mp4' }, `${API}/proxy/b.mp4`],
	[`${API}/proxy`, { video_url: '/proxyb.mp4' }, `${API}/proxy/proxyb.mp4`],
	[`${API}/proxy`, { video_url: '//a.test/b' }, 'https://a.test/b'],
	[`${API}/proxy/`, { video_url: '/proxy/b.mp4' }, `${API}/proxy/b.mp4`],
	[API, { video_url: 'see https://a.test/b' }, `${API}/v1/videos/video_1/content`],
	[API, { video_url: 'HTTPS://a.test/b' }, 'https://a.test/b'],
	[API, { metadata: { url: '/b.mp4' } }, `${API}/b.mp4`],
])('below %s, the address of a file in %j is %s', (api, answer, url) => {
	expect(parse({ status: 'completed', ...answer }, api)?.video_url).toBe(url);
});

test.each<[unknown, string | undefined]>([
	[{ task_id: 'a' }, 'a'],
	[{ data: { task_id: 'a' } }, 'a'],
	[{ task: { task_id: 'a', id: 'b' } }, 'a'],
	[{ task: { id: 'b' } }, 'b'],
	[{ task: { id: 'b' }, id: 'video_c' }, 'b'],
	[{ id: 'video_c' }, 'video_c'],
	[{ id: 'task_c' }, 'task_c'],
	[{ id: 'my_video_c' }, undefined],
	[{ id: 'c', object: 'video' }, 'c'],
	[{ id: 'c', object: 'list' }, undefined],
	[{ id: 'c', status: 'queued' }, 'c'],
	[{ id: 'c', status: 'odd' }, undefined],
	[{ id: 'c' }, undefined],
	[{ data: { id: 'c', status: 'queued' } }, 'c'],
	[{ data: 'a', task: 'b' }, undefined],
	[{ task_id: '', data: { task_id: 'a' } }, 'a'],
	[{ task_id: {} }, undefined],
	['a', undefined],
	[null, undefined],
])('the id of a task in %j is %p', (answer, id) => {
	expect(findTaskId(answer)).toBe(id);
});

test.each([
	['a', true],
	[' a', true],
	['...', true],
	['.a', true],
	['a.', true],
	['a..', true],
	['x'.repeat(1_000), true],
	['😀', true],
	['', false],
	[' \t', false],
	['.', false],
	['..', false],
	['x'.repeat(1_001), false],
	['a\ud83d', false],
])('%j can be the id of a task: %p', (id, isGood) => {
	expect(isTaskId(id)).toBe(isGood);
});

test('the path of a task, and a task of which only the id is known', () => {
	expect(taskPath('a/b')).toBe('/v1/videos/a%2Fb');
	expect(unseenTask('a')).toEqual({ id: 'a', task_id: 'a', status: 'unknown', progress: 0 });
});

test('objects are plain, lists and null are not', () => {
	expect([{}, [], null, 'a', undefined].map(isPlainObject)).toEqual([
		true,
		false,
		false,
		false,
		false,
	]);
});

test.each<[string, (inner: unknown) => unknown]>([
	['objects', (error) => ({ error })],
	['lists', (error) => [error]],
])('a reason below too many %s is not looked for', (_what, wrap) => {
	let error: unknown = { code: 'c', message: 'm' };
	for (let level = 0; level < 100_000; level++) error = wrap(error);
	expect(parse({ status: 'failed', error })?.failure).toEqual({
		code: 'failed',
		message: 'The server gave no reason',
	});
});

/** `levels` objects inside of one another, with a 1 at the bottom. */
const nested = (levels: number): unknown => (levels === 0 ? 1 : { a: nested(levels - 1) });
const listed = (levels: number): unknown => (levels === 0 ? 1 : [0, listed(levels - 1)]);

test('what means "not known" is left out of a task, and so is what is absurdly deep', () => {
	const fields = {
		fine: nested(20),
		deep: nested(21),
		list: listed(20),
		deepList: listed(21),
		nothing: null,
		empty: '',
		missing: undefined,
		created_at: 0,
		at: 0,
		at_most: 0,
		no: false,
		inner: { nothing: null },
	};
	const { fine, list, at, at_most, no, inner } = fields;
	const known = parse({ status: 'queued' });
	expect(parse({ status: 'queued', ...fields })).toStrictEqual({
		...known,
		fine,
		list,
		at,
		at_most,
		no,
		inner,
	});
});

test('the server cannot replace what the node has normalised', () => {
	const task = parse({ status: 'completed', failure: 'x', progress: 3, task_id: 'own' });
	expect(task).toMatchObject({ status: 'completed', progress: 100, task_id: 'own' });
	expect(parseTask({ status: 'x' }, API)).toBeUndefined();
	expect(parseTask({ id: 'a' }, API)).toMatchObject({ id: 'a', status: 'unknown' });
	expect(parseTask({ id: '..', status: 'x' }, API, 'k')).toMatchObject({ id: 'k', task_id: 'k' });
});

test.each([
	['https://octopusx.ai/v1/v1', 'https://octopusx.ai/v1'],
	['https://octopusx.ai/V1', 'https://octopusx.ai/V1'],
	['HTTPS://octopusx.ai', 'HTTPS://octopusx.ai'],
	['https://octopusx.ai/v1/a', 'https://octopusx.ai/v1/a'],
	['see https://octopusx.ai', undefined],
	['ftp://octopusx.ai/https://octopusx.ai', undefined],
	['https://octopusx.ai/a b#c', undefined],
	['https://:password@octopusx.ai', undefined],
	['https://[octopusx.ai', undefined],
])('the Base URL %p is read as %p', (baseUrl, expected) => {
	expect(normalizeBaseUrl(baseUrl)).toBe(expected);
	expect(isSameOrigin('https://a.test/x', 'https://b.test/x')).toBe(false);
});

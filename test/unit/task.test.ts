import {
	contentUrl,
	hasEnded,
	parseTask,
	type TaskStatus,
} from '../../nodes/OctopusXVideo/api/task';

const API = 'https://octopusx.ai';
const parse = (answer: object) => parseTask({ id: 'video_1', ...answer }, API);

describe('status', () => {
	test.each<[unknown, TaskStatus]>([
		['queued', 'queued'],
		['pending', 'queued'],
		['submitted', 'queued'],
		['in_progress', 'in_progress'],
		['processing', 'in_progress'],
		['completed', 'completed'],
		['succeeded', 'completed'],
		['SUCCESS', 'completed'],
		['Failed', 'failed'],
		['failure', 'failed'],
		['expired', 'failed'],
		['cancelled', 'cancelled'],
		['canceled', 'cancelled'],
		[' Completed ', 'completed'],
		['unknown', 'unknown'],
		['rendering', 'unknown'],
		['constructor', 'unknown'],
		['', 'unknown'],
		[undefined, 'unknown'],
		[3, 'unknown'],
		[{ status: 'completed' }, 'unknown'],
	])('the status %p means %s', (raw, status) => {
		expect(parse({ status: raw })?.status).toBe(status);
	});

	test('only completed, failed and cancelled are the end of a task', () => {
		const ended = ['queued', 'in_progress', 'completed', 'failed', 'cancelled', 'unknown'].filter(
			(status) => hasEnded(parse({ status }) as never),
		);
		expect(ended).toEqual(['completed', 'failed', 'cancelled']);
	});
});

test.each([
	[50, 50],
	['50', 50],
	['50%', 50],
	['12.5 %', 12.5],
	[-3, 0],
	[250, 100],
	['soon', 0],
	[undefined, 0],
	[null, 0],
	[NaN, 0],
	[{}, 0],
])('the progress %p is read as %p', (raw, progress) => {
	expect(parse({ status: 'processing', progress: raw })?.progress).toBe(progress);
});

test('the fields that people look for come first in a task', () => {
	const completed = parse({
		object: 'video',
		status: 'completed',
		id: 'own',
		video_url: 'https://a.test/b',
	});
	expect(Object.keys(completed ?? {})).toEqual([
		'id',
		'task_id',
		'status',
		'progress',
		'video_url',
		'object',
	]);
	const failed = parse({ model: 'omni', status: 'failed', task_id: 7 });
	expect(Object.keys(failed ?? {})).toEqual([
		'id',
		'task_id',
		'status',
		'progress',
		'failure',
		'model',
	]);
	expect(failed).toMatchObject({ task_id: '7', id: 'video_1' });
});

test('a completed task is at 100, whatever its progress says', () => {
	expect(parse({ status: 'completed', progress: '97%' })?.progress).toBe(100);
});

describe('video_url of a completed task', () => {
	const content = `${API}/v1/videos/video_1/content`;

	test.each([
		[{ video_url: 'https://files.example/a.mp4' }, 'https://files.example/a.mp4'],
		[{ video_url: '/v1/videos/video_1/content' }, content],
		[
			{ video_url: '', metadata: { url: 'https://files.example/b.mp4' } },
			'https://files.example/b.mp4',
		],
		[
			{
				video_url: 'https://files.example/a.mp4',
				metadata: { url: 'https://files.example/b.mp4' },
			},
			'https://files.example/a.mp4',
		],
		[{ video_url: '' }, content],
		[{}, content],
		[{ video_url: null, metadata: 'none' }, content],
		[{ video_url: 'ftp://files.example/a.mp4' }, content],
		[{ video_url: 'file:///etc/passwd' }, content],
		[{ video_url: 'javascript:alert(1)' }, content],
		[{ video_url: 'https://' }, content],
		[{ video_url: ['https://files.example/a.mp4'] }, content],
	])('the video_url of a completed task with %p is %s', (answer, url) => {
		expect(parse({ status: 'completed', ...answer })?.video_url).toBe(url);
	});

	test.each([
		['/files/a.mp4', 'https://proxy.example/octopus/files/a.mp4'],
		['/octopus/files/a.mp4', 'https://proxy.example/octopus/files/a.mp4'],
		['/v1/videos/video_1/content', 'https://proxy.example/octopus/v1/videos/video_1/content'],
		[
			'https://octopusx.ai/v1/videos/video_1/content',
			'https://proxy.example/octopus/v1/videos/video_1/content',
		],
		['//files.example/a.mp4', 'https://files.example/a.mp4'],
	])('behind a Base URL with a path, %s is %s', (video_url, url) => {
		const answer = { id: 'video_1', status: 'completed', video_url };
		expect(parseTask(answer, 'https://proxy.example/octopus')?.video_url).toBe(url);
	});

	test('a task that is not completed has no video_url', () => {
		expect(parse({ status: 'processing', video_url: content })).not.toHaveProperty('video_url');
	});

	test('the address of a task has its id as one encoded segment', () => {
		expect(contentUrl(API, 'sora-2:task/01?x#y')).toBe(
			`${API}/v1/videos/sora-2%3Atask%2F01%3Fx%23y/content`,
		);
	});
});

describe('why a task failed', () => {
	test.each<[unknown, string, string]>([
		[{ code: 'content_policy', message: 'Not allowed' }, 'content_policy', 'Not allowed'],
		[{ code: '', message: '' }, 'failed', 'The server gave no reason'],
		['out of memory', 'failed', 'out of memory'],
		[undefined, 'failed', 'The server gave no reason'],
		[null, 'failed', 'The server gave no reason'],
		[{ code: 7, message: { deep: true } }, '7', 'The server gave no reason'],
		[{ code: 'x', msg: 'Not allowed' }, 'x', 'Not allowed'],
		...['reason', 'detail', 'details'].map((name): [unknown, string, string] => [
			{ [name]: 'Not allowed' },
			'failed',
			'Not allowed',
		]),
		[{ error: { code: 'x', message: 'Not allowed' } }, 'x', 'Not allowed'],
		[{ code: 'outer', message: '', error: { code: 'x', msg: 'No' } }, 'outer', 'No'],
		[[{ code: 'x', message: 'One' }, { message: 'Two' }], 'x', 'One; Two'],
		[['One', 'Two'], 'failed', 'One; Two'],
		[['One', 'Two', 'Three', 'Four'], 'failed', 'One; Two; Three'],
		[{ detail: 'Two', message: 'One' }, 'failed', 'One'],
		[{ errors: [{ msg: 'One' }, 'Two'] }, 'failed', 'One; Two'],
		[[], 'failed', 'The server gave no reason'],
	])('a task that failed with %p has a code and a reason', (error, code, message) => {
		expect(parse({ status: 'failed', error })?.failure).toEqual({ code, message });
	});

	test.each([[{ msg: 'Not allowed' }], [{ error: { message: 'No' } }], [['No']]])(
		'a task without a status that has the reason %j has failed',
		(error) => {
			expect(parse({ status: undefined, error })?.status).toBe('failed');
		},
	);

	test('an empty error on a healthy task is no failure, and never a top-level key', () => {
		const task = parse({ status: 'processing', error: { message: '', code: '' } });
		expect(task).not.toHaveProperty('error');
		expect(task).not.toHaveProperty('failure');
	});
});

describe('fields of a task', () => {
	test('fields that the node does not know are kept, placeholders are left out', () => {
		expect(
			parse({
				status: 'processing',
				completed_at: 0,
				expires_at: 1735776000,
				remixed_from_video_id: '',
				nothing: null,
				style: { tone: 'warm' },
				retries: 0,
			}),
		).toEqual({
			id: 'video_1',
			task_id: 'video_1',
			status: 'in_progress',
			progress: 0,
			expires_at: 1735776000,
			style: { tone: 'warm' },
			retries: 0,
		});
	});

	test.each([
		[{ id: 'a', task_id: 'b' }, undefined, { id: 'a', task_id: 'b' }],
		[{ id: 'a' }, undefined, { id: 'a', task_id: 'a' }],
		[{ task_id: 'b' }, undefined, { id: 'b', task_id: 'b' }],
		[{ id: 12 }, undefined, { id: '12', task_id: '12' }],
		[{ id: 'a', task_id: 'b' }, 'known', { id: 'a', task_id: 'known' }],
		[{ status: 'queued' }, 'known', { id: 'known', task_id: 'known' }],
	])('both ids are read from %p, asked for as %p', (answer, knownId, ids) => {
		expect(parseTask(answer, API, knownId)).toMatchObject(ids);
	});
});

test('an answer without id and status is no task, even where the id is known', () => {
	expect(parseTask({ success: false, message: 'Invalid token' }, API, 'known')).toBeUndefined();
});

test.each([[null], ['text'], [[{ id: 'a' }]], [7], [{}], [{ id: '' }], [{ id: {} }]])(
	'the answer %p is no task',
	(answer) => {
		expect(parseTask(answer, API)).toBeUndefined();
	},
);

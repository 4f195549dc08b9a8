import {
	contentUrl,
	findTaskId,
	findTaskIdInText,
	hasFailed,
	isFinal,
	isTaskId,
	parseTask,
	readVerdict,
	uncheckedTask,
	type Task,
	type TaskStatus,
} from '../../nodes/OctopusXVideo/api/task';

const API = 'https://octopusx.ai';
const parse = (answer: object, api = API) => parseTask({ id: 'video_1', ...answer }, api);
const fieldsOf = (answer: object) => ({ ...parse(answer), raw: undefined });

describe('the status of a task', () => {
	test.each<[unknown, TaskStatus]>([
		['queued', 'queued'],
		['not_start', 'queued'],
		['Not_Start', 'queued'],
		['pending', 'queued'],
		['submitted', 'queued'],
		['in_progress', 'in_progress'],
		['processing', 'in_progress'],
		['completed', 'completed'],
		['succeeded', 'completed'],
		['SUCCESS', 'completed'],
		['success', 'completed'],
		['Failed', 'failed'],
		['failed', 'failed'],
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
	])('parseTask() reads the status %p as %s', (raw, status) => {
		expect(parse({ status: raw })?.status).toBe(status);
	});

	test('isFinal() is true for the statuses completed, failed and cancelled', () => {
		const final = ['queued', 'in_progress', 'completed', 'failed', 'cancelled', 'unknown'].filter(
			(status) => isFinal(parse({ status }) as never),
		);
		expect(final).toEqual(['completed', 'failed', 'cancelled']);
	});

	test.each([
		[{ status: 'running', error: 'boom' }, 'unknown'],
		[{ error: {} }, 'unknown'],
		[{ error: { code: '', message: '' } }, 'unknown'],
		[{ error: { code: {}, message: [] } }, 'unknown'],
		[{ error: [] }, 'unknown'],
	])('parseTask() gives a task with %j the status %s', (answer, status) => {
		expect(parse(answer)?.status).toBe(status);
	});

	test.each([[{ msg: 'Not allowed' }], [{ error: { message: 'No' } }], [['No']]])(
		'parseTask() reads a task without a status as failed if it has the error %j',
		(error) => {
			expect(parse({ status: undefined, error })?.status).toBe('failed');
		},
	);
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
	['0.5', 0.5],
	[true, 0],
	['', 0],
	[Infinity, 0],
	['100.5%', 100],
	[100, 100],
])('parseTask() reads the progress %p as %p', (raw, progress) => {
	expect(parse({ status: 'processing', progress: raw })?.progress).toBe(progress);
});

test('a completed task has progress 100, whatever the API reports', () => {
	expect(parse({ status: 'completed', progress: '97%' })?.progress).toBe(100);
});

describe('the video_url of a completed task', () => {
	const content = `${API}/v1/videos/video_1/content`;
	const FILE = 'https://files.example/file.mp4';

	test.each<[object, string]>([
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
		...[
			{ data: [{ url: FILE }] },
			{ data: [{ video_url: '', url: FILE }] },
			{ data: [{ video_url: FILE }] },
			{ data: { url: FILE } },
			{ data: { result_url: FILE } },
			{ data: [FILE] },
			{ data: [{ url: 'soon' }], url: FILE },
			{ metadata: { video_url: FILE } },
			{ metadata: { result_url: FILE } },
			{ result_url: FILE },
			{ url: FILE },
			{ video: { url: FILE } },
			{ videos: [{ url: FILE }] },
			{ output: FILE },
			{ output: [FILE] },
			{ output: { video_url: FILE } },
			{ result: { url: FILE } },
			{ result: [FILE] },
			{ content: { video_url: FILE } },
			{ video_url: '', data: [], metadata: null, url: FILE },
			// the gateway's own endpoint is the last resort
			{ result_url: content, data: [{ url: FILE }] },
		].map((answer): [object, string] => [answer, FILE]),
		// the source of the request
		[{ video: FILE }, content],
		[{ content: [{ url: FILE }] }, content],
		[{ output: 'a boat' }, content],
		[{ data: [] }, content],
		[{ video_url: '' }, content],
		[{}, content],
		[{ video_url: null, metadata: 'none' }, content],
		[{ video_url: 'ftp://files.example/a.mp4' }, content],
		[{ video_url: 'file:///etc/passwd' }, content],
		[{ video_url: 'javascript:alert(1)' }, content],
		[{ video_url: 'https://' }, content],
		[{ video_url: ['https://files.example/a.mp4'] }, content],
	])('the video_url of a completed task with %j is %s', (answer, url) => {
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
	])(
		'parseTask() completes the video_url %s with the path of the Base URL to %s',
		(video_url, url) => {
			const answer = { id: 'video_1', status: 'completed', video_url };
			expect(parseTask(answer, 'https://proxy.example/octopus')?.video_url).toBe(url);
		},
	);

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
	])(
		'with the Base URL %s, the video_url of a completed task with %j is %s',
		(api, answer, url) => {
			expect(parse({ status: 'completed', ...answer }, api)?.video_url).toBe(url);
		},
	);

	test('a task that is not completed has no video_url', () => {
		expect(parse({ status: 'processing', video_url: content })).not.toHaveProperty('video_url');
	});
});

describe('the failure of a task', () => {
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
	])(
		'the failure of a task with the error %j has the code and message: %s, %s',
		(error, code, message) => {
			expect(parse({ status: 'failed', error })?.failure).toEqual({ code, message });
		},
	);

	test.each([
		...[
			'fail_reason',
			'failure_reason',
			'failed_reason',
			'failure',
			'error_message',
			'error_msg',
			'message',
			'reason',
			'detail',
		].map((name) => ({ [name]: 'No cats' })),
		{ failure: { message: 'No cats' } },
		{ error: '', fail_reason: 'No cats' },
		{ error: { code: '', message: '' }, message: 'No cats' },
		{ fail_reason: '{"error":{"message":"No cats"}}' },
		{ error: { message: '{"error":{"message":"No cats"}}' } },
	])('the reason of a failed task is read from %j', (answer) => {
		expect(parse({ status: 'FAILURE', ...answer })?.failure).toEqual({
			code: 'failure',
			message: 'No cats',
		});
	});

	test('the reason is kept for an unknown status, and absent if there is none', () => {
		const error = { message: 'No cats', code: 'x' };
		expect(parse({ status: 'rejected', error })?.failure).toEqual({
			code: 'x',
			message: 'No cats',
		});
		expect(parse({ status: 'warming_up', error: { message: '', code: '' } })).not.toHaveProperty(
			'failure',
		);
	});

	test('a running task with an empty error has neither a failure nor an error', () => {
		const task = parse({ status: 'processing', error: { message: '', code: '' } });
		expect(task).not.toHaveProperty('error');
		expect(task).not.toHaveProperty('failure');
	});

	test.each<[object, string, string]>([
		[{ error: 'boom' }, 'failed', 'boom'],
		[{ error: { message: 'boom' } }, 'failed', 'boom'],
		[{ error: { code: 'c' } }, 'c', 'The server gave no reason'],
		[{ status: ' ', error: { code: 7 } }, '7', 'The server gave no reason'],
		[{ status: 'CANCELED' }, 'canceled', 'The server gave no reason'],
		[{ status: 'expired', error: { message: 'late' } }, 'expired', 'late'],
	])('the failure of a task with %j has the code and message: %s, %s', (answer, code, message) => {
		const task = parse(answer) as Task;
		expect(hasFailed(task)).toBe(true);
		expect(task.failure).toEqual({ code, message });
	});

	test.each([
		[true, { refunded: true }],
		[false, {}],
		['yes', {}],
	])('a failure with refunded: %j adds %j to the task', (refunded, expected) => {
		const error = { code: 'c', message: 'm', refunded };
		expect(parse({ status: 'failed', error })?.failure).toStrictEqual({
			code: 'c',
			message: 'm',
			...expected,
		});
	});

	test.each<[string, (inner: unknown) => unknown]>([
		['objects', (error) => ({ error })],
		['lists', (error) => [error]],
	])('the failure of a task has no reason if the reason is nested in 100,000 %s', (_what, wrap) => {
		let error: unknown = { code: 'c', message: 'm' };
		for (let level = 0; level < 100_000; level++) error = wrap(error);
		expect(parse({ status: 'failed', error })?.failure).toEqual({
			code: 'failed',
			message: 'The server gave no reason',
		});
	});
});

/** Nests a 1 in `levels` objects. */
const nested = (levels: number): unknown => (levels === 0 ? 1 : { a: nested(levels - 1) });
const listed = (levels: number): unknown => (levels === 0 ? 1 : [0, listed(levels - 1)]);

describe('the fields of a task', () => {
	test('a task keeps unknown fields, but no placeholders', () => {
		expect(
			fieldsOf({
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
	])('a task has both IDs of %j when it was requested as %p', (answer, knownId, ids) => {
		expect(parseTask(answer, API, knownId)).toMatchObject(ids);
	});

	test('the fields of a task begin with the ones that matter most to users', () => {
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
			'raw',
		]);
		const failed = parse({ model: 'omni', status: 'failed', task_id: 7 });
		expect(Object.keys(failed ?? {})).toEqual([
			'id',
			'task_id',
			'status',
			'progress',
			'failure',
			'model',
			'raw',
		]);
		expect(failed).toMatchObject({ task_id: '7', id: 'video_1' });
	});

	test('a task has no fields that mean "not known" or are nested more than 20 deep', () => {
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
		const known = fieldsOf({ status: 'queued' });
		expect(fieldsOf({ status: 'queued', ...fields })).toStrictEqual({
			...known,
			fine,
			list,
			at,
			at_most,
			no,
			inner,
		});
	});

	test('the server cannot replace the fields of a task that the node normalizes', () => {
		const task = parse({ status: 'completed', failure: 'x', progress: 3, task_id: 'own' });
		expect(task).toMatchObject({ status: 'completed', progress: 100, task_id: 'own' });
		expect(parseTask({ status: 'x' }, API)).toBeUndefined();
		expect(parseTask({ id: 'a' }, API)).toMatchObject({ id: 'a', status: 'unknown' });
		expect(parseTask({ id: '..', status: 'x' }, API, 'k')).toMatchObject({ id: 'k', task_id: 'k' });
	});
});

test('a response without an ID and a status is not a task, even if the ID is known', () => {
	expect(parseTask({ success: false, message: 'Invalid token' }, API, 'known')).toBeUndefined();
});

test.each([[null], ['text'], [[{ id: 'a' }]], [7], [{}], [{ id: '' }], [{ id: {} }]])(
	'the response %j is not a task',
	(answer) => {
		expect(parseTask(answer, API)).toBeUndefined();
	},
);

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
])('findTaskId() finds in the response %j the ID %p', (answer, id) => {
	expect(findTaskId(answer)).toBe(id);
});

test.each<[string, string | undefined]>([
	['{"task_id":"a","status":"que', 'a'],
	['{ "task_id" : "a", ', 'a'],
	['{"id":"x","task_id":"a","', 'a'],
	['{"task_id":"omni:task\\/1","', 'omni:task/1'],
	['{"task_id":"","data":{"task_id":"a"', 'a'],
	['{"id":"video_1","obj', 'video_1'],
	['{"data":{"id":"task_1","obj', 'task_1'],
	['{"id":"omni:task/1","object":"video","model', 'omni:task/1'],
	['{"id":"omni:task/1","object":"vid', undefined],
	['{"id":"a","', undefined],
	['{"request_id":"a","object":"video"', undefined],
	['{"task_id":"vid', undefined],
	['{"task_id":"..","', undefined],
	['<html>{"task_id":"a"}', undefined],
	['', undefined],
])('findTaskIdInText() finds in %j the ID %p', (text, id) => {
	expect(findTaskIdInText(text)).toBe(id);
});

test('findTaskIdInText() reads 2 MB of any text without delay', () => {
	const start = performance.now();
	for (const text of ['"task_id":"', '\\"task_id"', '"id" : ', '"\\\\']) {
		findTaskIdInText(text.repeat(2_000_000 / text.length));
	}
	expect(performance.now() - start).toBeLessThan(3_000);
});

describe('a task inside another answer', () => {
	const inner = { task_id: 'a', status: 'queued' };
	test.each<[object, string | undefined, TaskStatus | undefined]>([
		[{ data: inner }, undefined, 'queued'],
		[{ code: 'success', message: '', data: inner }, undefined, 'queued'],
		[{ task: inner }, undefined, 'queued'],
		[{ status: 'success', data: inner }, undefined, 'queued'],
		[{ status: 200, data: inner }, undefined, 'queued'],
		[{ data: { status: 'queued' } }, 'known', 'queued'],
		// the task itself, with something else in `data`
		[{ id: 'a', status: 'completed', data: { status: 'queued' } }, undefined, 'completed'],
		[{ status: 'completed', data: { status: 'queued', url: 'u' } }, 'known', 'completed'],
		[{ data: { task_id: 'a' } }, undefined, undefined],
		[{ data: [inner] }, undefined, undefined],
	])('with %j, requested as %p, is read as %p', (answer, knownId, status) => {
		expect(parseTask(answer, API, knownId)?.status).toBe(status);
	});

	test('has the whole answer in `raw`, and the reason from outside', () => {
		const answer = { error: 'No cats', data: { task_id: 'a', status: 'failed' } };
		expect(parseTask(answer, API)).toMatchObject({
			failure: { message: 'No cats' },
			raw: answer,
		});
	});
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
])('isTaskId(%.30j) returns %p', (id, isValid) => {
	expect(isTaskId(id)).toBe(isValid);
});

test('the URL of a task contains its ID as one encoded path segment', () => {
	expect(contentUrl(API, 'a/b')).toBe(`${API}/v1/videos/a%2Fb/content`);
	expect(contentUrl(API, 'sora-2:task/01?x#y')).toBe(
		`${API}/v1/videos/sora-2%3Atask%2F01%3Fx%23y/content`,
	);
});

test('a task that was not checked has no fields but its ID, an unknown status and progress 0', () => {
	expect(uncheckedTask('a')).toEqual({ id: 'a', task_id: 'a', status: 'unknown', progress: 0 });
});

test.each<[unknown, unknown]>([
	['text', 'text'],
	[
		{ status: 'completed', url: 'u' },
		{ status: 'completed', url: 'u' },
	],
	[
		{ data: { status: 'SUCCESS', progress: '100%', result_url: 'u' } },
		{ status: 'SUCCESS', progress: '100%', result_url: 'u' },
	],
	[
		{ data: { status: 'SUCCESS', result_url: 'u', data: { video_url: 'v', error: 'e', id: 1 } } },
		{ status: 'SUCCESS', result_url: 'u', video_url: 'v', error: 'e', id: 1 },
	],
	[
		{ data: { status: 'SUCCESS', url: 'u', data: { data: [{ url: 'v' }] } } },
		{ status: 'SUCCESS', video_url: 'u', data: [{ url: 'v' }] },
	],
	[
		{ data: { status: 'FAILURE', error: { code: 'c', message: 'm' }, quota: 0 } },
		{ status: 'FAILURE', error: { code: 'c', message: 'm', refunded: true } },
	],
	[
		{ data: { status: 'failed', error: 'm', data: { error: 'other' } } },
		{ status: 'failed', error: 'm' },
	],
	[
		{ data: { status: 'FAILURE', fail_reason: 'r', quota: 0, data: { error: 'e' } } },
		{ status: 'FAILURE', error: { code: '', message: 'r', refunded: true } },
	],
	[
		{ data: { status: 'FAILURE', fail_reason: 'r', quota: 5, data: 'text' } },
		{ status: 'FAILURE', error: { code: '', message: 'r', refunded: false } },
	],
])('readVerdict() converts the response %j to %j', (body, expected) => {
	expect(readVerdict(body)).toEqual(expected);
});

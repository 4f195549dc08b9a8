import { isFinal, parseTask, type Task } from '../../nodes/OctopusXVideo/api/task';
import { usedQuota } from './account';
import { MODES } from './requests';
import type { Target } from './target';

const CHECK_INTERVAL_MS = 10_000;
const MAX_WAIT_MS = 30 * 60_000;
const UNKNOWN = 'task_no_such_task';

const pathOf = (id: string) => `/v1/videos/${encodeURIComponent(id)}`;
const verdictPathOf = (id: string) => `/v1/video/generations/${encodeURIComponent(id)}`;

/** Creates a task, which costs money. */
export async function create(target: Target, body: object): Promise<Task> {
	const { status, headers, body: answer } = await target.post('/v1/videos', body);
	expect([status, answer]).toEqual([200, expect.any(Object)]);
	expect(headers.get('x-oneapi-request-id')).toBeTruthy();
	return parseTask(answer, target.url) as Task;
}

/** Checks a task and returns it as the node reads it. */
export async function checkTask(target: Target, id: string): Promise<Task> {
	const { status, headers, body } = await target.get(pathOf(id));
	expect([status, body]).toEqual([200, expect.any(Object)]);
	expect(headers.get('x-oneapi-request-id')).toBeTruthy();
	return parseTask(body, target.url, id) as Task;
}

/** Returns the gateway's own record of a task. */
export async function verdict(target: Target, id: string): Promise<Record<string, unknown>> {
	const { status, body } = await target.get(verdictPathOf(id));
	expect([status, body]).toMatchObject([200, { code: 'success', data: { task_id: id } }]);
	return (body as { data: Record<string, unknown> }).data;
}

/**
 * Waits until the condition is true. The limit is long, because the gateway itself checks a task only
 * about once a minute.
 *
 * @throws after half an hour
 */
export async function until(target: Target, condition: () => Promise<boolean>): Promise<void> {
	for (let waited = 0; !(await condition()); waited += CHECK_INTERVAL_MS) {
		if (waited > MAX_WAIT_MS) throw new Error('Not done after half an hour');
		await target.pause(CHECK_INTERVAL_MS);
	}
}

export function testTasks(target: Target): void {
	/** The IDs of one task per mode. Most tests use only the first. */
	const ids: string[] = [];
	const first = () => ids[0] ?? UNKNOWN;
	let used: number;
	beforeAll(async () => void (used = await usedQuota(target)));

	test.each(MODES)(
		'a submission (%s) returns the ID of a queued or running task',
		async (_mode, body) => {
			const { task_id, status } = await create(target, body);
			ids.push(task_id);
			expect(['queued', 'in_progress']).toContain(status);
		},
	);

	test('a new task can be checked at once, and 20 times in parallel', async () => {
		const checks = Array.from({ length: 20 }, async () => await checkTask(target, first()));
		for (const { id, status } of await Promise.all(checks)) {
			expect(id).toBe(first());
			expect(['queued', 'in_progress']).toContain(status);
		}
	});

	test('the verdict on a new task is not final, and contains the price of the task', async () => {
		const { status, progress, quota, fail_reason } = await verdict(target, first());
		expect(['NOT_START', 'SUBMITTED', 'QUEUED', 'IN_PROGRESS']).toContain(status);
		expect([progress, quota, fail_reason]).toEqual([
			expect.stringMatching(/^\d+%$/),
			expect.any(Number),
			'',
		]);
		expect(quota).toBeGreaterThan(0);
	});

	test('the file of a running task returns HTTP 400 with the status of the task', async () => {
		const { status, headers, body } = await target.get(`${pathOf(first())}/content`);
		expect(headers.get('x-oneapi-request-id')).toBeTruthy();
		const message = expect.stringMatching(
			/^Task is not completed yet, current status: (NOT_START|SUBMITTED|QUEUED|IN_PROGRESS)$/,
		);
		expect([status, body]).toEqual([400, { error: { message, type: 'invalid_request_error' } }]);
	});

	test('every task is queued or in progress until it is completed, and its progress only rises to 100', async () => {
		for (const id of ids) {
			const progress: number[] = [];
			await until(target, async () => {
				const task = await checkTask(target, id);
				expect(['queued', 'in_progress', 'completed']).toContain(task.status);
				progress.push(task.progress);
				return isFinal(task);
			});
			expect(progress).toEqual([...progress].sort((a, b) => a - b));
			expect(progress.at(-1)).toBe(100);
		}
	});

	test('completed tasks are charged', async () => {
		expect(await usedQuota(target)).toBeGreaterThan(used);
	});

	test('a completed task has a video_url that returns an MP4 file', async () => {
		const task = await checkTask(target, first());
		const { status, bytes } = await target.file(task.video_url ?? '');
		expect([status, bytes.subarray(4, 8).toString()]).toEqual([200, 'ftyp']);
	});

	test('the content endpoint returns the file of a completed task, with its type and length', async () => {
		const { status, headers, bytes } = await target.file(`${target.url}${pathOf(first())}/content`);
		expect([status, headers.get('content-type')]).toEqual([200, 'video/mp4']);
		expect(headers.get('x-oneapi-request-id')).toBeTruthy();
		expect(bytes.subarray(4, 8).toString()).toBe('ftyp');
		expect(headers.get('content-length')).toBe(String(bytes.length));
	});

	test('the verdict on a completed task is SUCCESS', async () => {
		expect(await verdict(target, first())).toMatchObject({
			status: 'SUCCESS',
			progress: '100%',
			fail_reason: '',
			result_url: expect.stringMatching(/^https?:.*\/content$/),
			data: { status: 'completed' },
		});
	});

	test.each([
		['check', pathOf],
		['verdict', verdictPathOf],
	])('the %s of an unknown task returns HTTP 400 with task_not_exist', async (_view, path) => {
		const { status, headers, body } = await target.get(path(UNKNOWN));
		expect(headers.get('x-oneapi-request-id')).toBeTruthy();
		const task_not_exist = { code: 'task_not_exist', message: 'task_not_exist', data: null };
		expect([status, body]).toEqual([400, task_not_exist]);
	});

	test('the file of an unknown task returns HTTP 404', async () => {
		const { status, body } = await target.get(`${pathOf(UNKNOWN)}/content`);
		const error = { message: 'Task not found', type: 'invalid_request_error' };
		expect([status, body]).toEqual([404, { error }]);
	});

	test.each([
		['check', pathOf],
		['verdict', verdictPathOf],
		['file', (id: string) => `${pathOf(id)}/content`],
	])('the %s of a task returns HTTP 401 for a wrong key', async (_what, path) => {
		const { status, body } = await target.get(path(first()), 'sk-wrong');
		expect([status, body]).toMatchObject([401, { error: { type: 'new_api_error', code: '' } }]);
	});
}

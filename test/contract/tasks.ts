import { hasEnded, parseTask, type Task } from '../../nodes/OctopusXVideo/api/task';
import { usedSoFar } from './account';
import { MODES } from './requests';
import type { Target } from './target';

const LOOK_INTERVAL_MS = 10_000;
const LONGEST_WAIT_MS = 30 * 60_000;
const UNKNOWN = 'task_no_such_task';

const pathOf = (id: string) => `/v1/videos/${encodeURIComponent(id)}`;
const verdictPathOf = (id: string) => `/v1/video/generations/${encodeURIComponent(id)}`;

/** Has a task made; it is paid for. */
export async function create(target: Target, body: object): Promise<Task> {
	const { status, headers, body: said } = await target.post('/v1/videos', body);
	expect([status, said]).toEqual([200, expect.any(Object)]);
	expect(headers.get('x-oneapi-request-id')).toBeTruthy();
	return parseTask(said, target.url) as Task;
}

/** The task as the node reads it. */
export async function look(target: Target, id: string): Promise<Task> {
	const { status, headers, body } = await target.get(pathOf(id));
	expect([status, body]).toEqual([200, expect.any(Object)]);
	expect(headers.get('x-oneapi-request-id')).toBeTruthy();
	return parseTask(body, target.url, id) as Task;
}

/** The gateway's own view of a task. */
export async function verdict(target: Target, id: string): Promise<Record<string, unknown>> {
	const { status, body } = await target.get(verdictPathOf(id));
	expect([status, body]).toMatchObject([200, { code: 'success', data: { task_id: id } }]);
	return (body as { data: Record<string, unknown> }).data;
}

/** Looks until `isOver`, with patience: the gateway itself looks every minute or so. */
export async function until(target: Target, isOver: () => Promise<boolean>): Promise<void> {
	for (let waited = 0; !(await isOver()); waited += LOOK_INTERVAL_MS) {
		if (waited > LONGEST_WAIT_MS) throw new Error('It took longer than half an hour');
		await target.pause(LOOK_INTERVAL_MS);
	}
}

export function testTasks(target: Target): void {
	/** Of every mode; `first` is the one that is looked at from all sides. */
	const ids: string[] = [];
	const first = () => ids[0] ?? UNKNOWN;
	let used: number;
	beforeAll(async () => void (used = await usedSoFar(target)));

	test.each(MODES)('a submission (%s) is answered with the id of a task', async (_mode, body) => {
		const { task_id, status } = await create(target, body);
		ids.push(task_id);
		expect(['queued', 'in_progress']).toContain(status);
	});

	test('a new task is known at once, also to 20 looks at the same time', async () => {
		const looks = Array.from({ length: 20 }, async () => await look(target, first()));
		for (const { id, status } of await Promise.all(looks)) {
			expect(id).toBe(first());
			expect(['queued', 'in_progress']).toContain(status);
		}
	});

	test('the verdict on a new task is that it goes on', async () => {
		const { status, progress, quota, fail_reason } = await verdict(target, first());
		expect(['NOT_START', 'SUBMITTED', 'QUEUED', 'IN_PROGRESS']).toContain(status);
		expect([progress, quota, fail_reason]).toEqual([
			expect.stringMatching(/^\d+%$/),
			expect.any(Number),
			'',
		]);
		expect(quota).toBeGreaterThan(0);
	});

	test('the file of a new task is refused, with the state of the task', async () => {
		const { status, headers, body } = await target.get(`${pathOf(first())}/content`);
		expect(headers.get('x-oneapi-request-id')).toBeTruthy();
		const message = expect.stringMatching(
			/^Task is not completed yet, current status: (NOT_START|SUBMITTED|QUEUED|IN_PROGRESS)$/,
		);
		expect([status, body]).toEqual([400, { error: { message, type: 'invalid_request_error' } }]);
	});

	test('every task goes through states that the node knows until it is completed', async () => {
		for (const id of ids) {
			const progress: number[] = [];
			await until(target, async () => {
				const task = await look(target, id);
				expect(['queued', 'in_progress', 'completed']).toContain(task.status);
				progress.push(task.progress);
				return hasEnded(task);
			});
			expect(progress).toEqual([...progress].sort((a, b) => a - b));
			expect(progress.at(-1)).toBe(100);
		}
	});

	test('every submission was charged', async () => {
		expect(await usedSoFar(target)).toBeGreaterThan(used);
	});

	test('a completed task names its file, and the file is a video', async () => {
		const task = await look(target, first());
		const { status, bytes } = await target.file(task.video_url ?? '');
		expect([status, bytes.subarray(4, 8).toString()]).toEqual([200, 'ftyp']);
	});

	test('the API itself has the same file, with its type and its length', async () => {
		const { status, headers, bytes } = await target.file(`${target.url}${pathOf(first())}/content`);
		expect([status, headers.get('content-type')]).toEqual([200, 'video/mp4']);
		expect(headers.get('x-oneapi-request-id')).toBeTruthy();
		expect(bytes.subarray(4, 8).toString()).toBe('ftyp');
		expect(headers.get('content-length')).toBe(String(bytes.length));
	});

	test('the verdict on a completed task is success', async () => {
		expect(await verdict(target, first())).toMatchObject({
			status: 'SUCCESS',
			progress: '100%',
			fail_reason: '',
			result_url: expect.stringMatching(/^https?:.*\/content$/),
			data: { status: 'completed' },
		});
	});

	test.each([
		['', pathOf],
		[', in its other view', verdictPathOf],
	])('a task that there is not is told to be none%s', async (_view, path) => {
		const { status, headers, body } = await target.get(path(UNKNOWN));
		expect(headers.get('x-oneapi-request-id')).toBeTruthy();
		const task_not_exist = { code: 'task_not_exist', message: 'task_not_exist', data: null };
		expect([status, body]).toEqual([400, task_not_exist]);
	});

	test('the file of a task that there is not is not found', async () => {
		const { status, body } = await target.get(`${pathOf(UNKNOWN)}/content`);
		const error = { message: 'Task not found', type: 'invalid_request_error' };
		expect([status, body]).toEqual([404, { error }]);
	});

	test.each([
		['a look', pathOf],
		['the verdict', verdictPathOf],
		['the file', (id: string) => `${pathOf(id)}/content`],
	])('%s is refused to a wrong key', async (_what, path) => {
		const { status, body } = await target.get(path(first()), 'sk-wrong');
		expect([status, body]).toMatchObject([401, { error: { type: 'new_api_error', code: '' } }]);
	});
}

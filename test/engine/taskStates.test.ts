import { HTML_502 } from '../sandbox/faults';
import { VOCABULARIES } from '../sandbox/tasks';
import { useWaiting } from './support/waiting';

const { sandbox, wait } = useWaiting();

test.each(Object.keys(VOCABULARIES) as Array<keyof typeof VOCABULARIES>)(
	'a wait understands the status words "%s"',
	async (statuses) => {
		sandbox.quirks.statuses = statuses;
		const { items, polls } = await wait();
		expect(polls).toHaveLength(12);
		expect(items[0]?.json).toMatchObject({ status: 'completed' });
	},
);

test.each(['string', 'percent', 'absent', 'number'] as const)(
	'a wait understands progress as %s',
	async (progress) => {
		sandbox.quirks.progress = progress;
		const { items } = await wait({ options: { timeout: 30 } });
		expect(items[0]?.json).toMatchObject({ progress: 100, status: 'completed' });
	},
);

test.each([
	['both', 'colonAndSlash'],
	['id', 'plain'],
	['task_id', 'colonAndSlash'],
] as const)('a wait understands ids in %s, %s', async (idFields, ids) => {
	sandbox.quirks = { ...sandbox.quirks, idFields, ids };
	const { items } = await wait({ simplify: false });
	const id = sandbox.tasks[0]?.id;
	expect(items[0]?.json).toMatchObject({ id, task_id: id, status: 'completed' });
	expect(sandbox.requestsTo('poll')[0]?.path).toBe(`/v1/videos/${encodeURIComponent(id ?? '')}`);
});

test('a task with an empty error object is not taken for failed', async () => {
	const { items, error } = await wait();
	expect(error).toBeUndefined();
	expect(Object.keys(items[0]?.json ?? {})).not.toContain('error');
	expect(Object.keys(items[0]?.json ?? {})).not.toContain('failure');
});

test.each([
	['failed', 'The video could not be generated', 'task_failed'],
	['cancelled', 'The video was canceled', 'task_cancelled'],
	['expired', 'The video could not be generated', 'task_expired'],
])('a task that ends %s is an error', async (ending, message, code) => {
	const { error } = await wait({ prompt: `a boat [${ending}]` });
	expect(error).toMatchObject({ message, context: { itemIndex: 0 } });
	expect(error?.description).toContain(
		`OctopusX said about task video_1: "The sandbox let this task end ${ending}" (${code}).`,
	);
});

describe('the end of a task that its status does not tell', () => {
	const verdict = (data: object) => ({ status: 200, body: { code: 'success', data } });
	const failure = { status: 'FAILURE', fail_reason: 'out of memory', progress: '100%', quota: 0 };

	test('an answer without a status and with a filled error is a failure, with its reason', async () => {
		const body = { id: 'video_1', error: { code: 'bad_image', message: 'no face found' } };
		sandbox.faults.add({ on: 'poll', nth: 2, answer: { status: 200, body } });
		const { error, polls } = await wait();
		expect(error?.message).toBe('The video could not be generated');
		expect(error?.description).toContain('"no face found" (bad_image)');
		expect(polls).toHaveLength(2);
	});

	test('a status that nobody knows three times in a row is settled by the other view', async () => {
		const body = { id: 'video_1', status: 'warming_up' };
		sandbox.faults.add({ on: 'poll', times: Infinity, answer: { status: 200, body } });
		sandbox.faults.add({ on: 'verdict', answer: verdict(failure) });
		const { error, polls } = await wait();
		expect(polls).toHaveLength(3);
		expect(error?.message).toBe('The video could not be generated');
		expect(error?.description).toContain('"out of memory"');
		expect(error?.description).toContain('The charge was given back.');
	});

	test.each([
		['says that the task goes on', verdict({ status: 'IN_PROGRESS', progress: '40%' })],
		['says nothing', verdict({})],
		['is out of order', HTML_502],
	])('a wait goes on where the other view %s', async (_what, answer) => {
		const body = { id: 'video_1', status: 'warming_up' };
		sandbox.faults.add({ on: 'poll', times: 8, answer: { status: 200, body } });
		sandbox.faults.add({ on: 'verdict', times: Infinity, answer });
		const { items } = await wait();
		expect(items[0]?.json).toMatchObject({ status: 'completed' });
		expect(sandbox.requestsTo('verdict')).toHaveLength(2);
	});

	test('the other view is not asked before a status that nobody knows comes three times in a row', async () => {
		const body = { id: 'video_1', status: 'warming_up' };
		for (const nth of [1, 4]) {
			sandbox.faults.add({ on: 'poll', nth, times: 2, answer: { status: 200, body } });
		}
		const { items } = await wait();
		expect(items[0]?.json).toMatchObject({ status: 'completed' });
		expect(sandbox.requestsTo('verdict')).toEqual([]);
	});

	const LOOK = 'The usage log of the OctopusX account says whether the charge was given back.';
	test.each([
		['gave the charge back', { ...failure, fail_reason: 'other' }, 'The charge was given back.'],
		['did not', { ...failure, quota: 5 }, LOOK],
		['says nothing', { status: 'IN_PROGRESS' }, LOOK],
	])('the error of a task that failed tells whether the gateway %s', async (_what, data, told) => {
		sandbox.faults.add({ on: 'verdict', answer: verdict(data) });
		const { error } = await wait({ prompt: 'a boat [failed]' });
		expect(error?.message).toBe('The video could not be generated');
		expect(error?.description).toBe(
			`OctopusX said about task video_1: "The sandbox let this task end failed" (task_failed). ${told} Change what the reason names, often the prompt or an image, and run again: that is charged anew.`,
		);
	});

	test('a wait asks the other view before it gives up at its deadline', async () => {
		sandbox.faults.add({ on: 'verdict', answer: verdict(failure) });
		const { error } = await wait({ prompt: 'a boat [never]', options: { timeout: 1 } });
		expect(error?.message).toBe('The video could not be generated');
		expect(error?.description).not.toContain('goes on');
	});

	test('a wait that finds its video in the other view at the deadline hands it out', async () => {
		const data = {
			status: 'SUCCESS',
			progress: '100%',
			data: { id: 'private', video_url: 'https://files.example/a.mp4' },
		};
		sandbox.faults.add({ on: 'verdict', answer: verdict(data) });
		const { items } = await wait({ prompt: 'a boat [never]', options: { timeout: 1 } });
		expect(items[0]?.json).toMatchObject({
			task_id: 'video_1',
			status: 'completed',
			video_url: 'https://files.example/a.mp4',
		});
	});
});

test.each([300, 500])(
	'what an answer with HTTP %s says of the task is not believed',
	async (status) => {
		const body = { id: 'video_1', status: 'failed' };
		sandbox.faults.add({ on: 'poll', answer: { status, body } });
		const { items, polls } = await wait();
		expect(items[0]?.json).toMatchObject({ status: 'completed' });
		expect(polls.length).toBeGreaterThan(1);
	},
);

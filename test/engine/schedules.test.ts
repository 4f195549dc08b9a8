import fc from 'fast-check';
import type { INode } from 'n8n-workflow';
import type { Route } from '../sandbox/faults';
import type { LogEntry } from '../sandbox/routes';
import { isRefunded, VOCABULARIES, type Quirks, type SandboxTask } from '../sandbox/tasks';
import { CONTINUE, GENERATE_EACH, inputOf } from './support/inputs';
import type { FaultKind } from './support/faultKinds';
import { CONTENT_HEALING, CONTENT_HOPELESS, FILE_HEALING } from './support/fileFaults';
import {
	POLL_ENDED,
	POLL_ENDED_BY_VERDICT,
	POLL_HEALING,
	POLL_HOPELESS,
} from './support/pollFaults';
import {
	SUBMIT_REFUSED,
	SUBMIT_REPEATED,
	SUBMIT_TOLD,
	SUBMIT_UNKNOWN,
} from './support/submitFaults';
import { runNodeVirtually, type NodeRun } from './support/runNode';
import { loggedNode } from './support/watchedNode';
import { useSandbox } from './support/useSandbox';

const RUNS = 300;
const SEED = 20260101;

const faultOn = (on: Route, kinds: FaultKind[]) =>
	fc.record({
		on: fc.constant(on),
		kind: fc.constantFrom(...kinds),
		item: fc.nat(3),
		nth: fc.integer({ min: 1, max: 3 }),
		times: fc.constantFrom(1, 1, 2, Infinity),
	});

const schedule = fc.record({
	endings: fc.array(
		fc.constantFrom(
			...Array<string>(4).fill(''),
			'[failed]',
			'[cancelled]',
			'[expired]',
			'[unrecognized]',
			'[statusless]',
			'[never]',
		),
		{
			minLength: 1,
			maxLength: 4,
		},
	),
	faults: fc.array(
		fc.oneof(
			faultOn('submit', [...SUBMIT_REPEATED, ...SUBMIT_REFUSED, ...SUBMIT_TOLD, ...SUBMIT_UNKNOWN]),
			faultOn('poll', [...POLL_HEALING, ...POLL_HOPELESS, ...POLL_ENDED, ...POLL_ENDED_BY_VERDICT]),
			faultOn('verdict', POLL_HOPELESS),
			faultOn('file', FILE_HEALING),
			faultOn('content', [...CONTENT_HEALING, ...CONTENT_HOPELESS]),
		),
		{ maxLength: 5 },
	),
	settings: fc.constantFrom<Partial<INode>>(
		{},
		CONTINUE,
		{ onError: 'continueErrorOutput' },
		{ retryOnFail: true, maxTries: 3, waitBetweenTries: 1_000 },
		{ retryOnFail: true, maxTries: 2, onError: 'continueErrorOutput' },
	),
	waits: fc.boolean(),
	retriesExecution: fc.boolean(),
	stopsAtMs: fc.option(fc.integer({ min: 100, max: 60_000 }), { freq: 4, nil: undefined }),
	maxConcurrency: fc.integer({ min: 1, max: 4 }),
	quirks: fc.record<Pick<Quirks, 'statuses' | 'progress' | 'videoUrl' | 'ids' | 'idFields'>>({
		statuses: fc.constantFrom(...(Object.keys(VOCABULARIES) as Array<keyof typeof VOCABULARIES>)),
		progress: fc.constantFrom('number', 'string', 'percent', 'absent'),
		videoUrl: fc.constantFrom('fileHost', 'metadata', 'missing'),
		ids: fc.constantFrom('plain', 'colonAndSlash'),
		idFields: fc.constantFrom('both', 'id', 'task_id'),
	}),
});
type Schedule = typeof schedule extends fc.Arbitrary<infer T> ? T : never;

const sandbox = useSandbox();

/** Plays a schedule; all that a person could see of it is in `text`. */
async function play(plan: Schedule) {
	sandbox.reset();
	sandbox.durationMs = 20_000;
	sandbox.quirks = { ...sandbox.quirks, ...plan.quirks };
	for (const { on, kind, item, nth, times } of plan.faults) {
		const { accept, answer } = kind;
		sandbox.faults.add({ on, prompt: `item ${item}`, nth, times, accept, answer });
	}
	const lines: string[] = [];
	const parameters = {
		...GENERATE_EACH,
		waitForCompletion: plan.waits,
		downloadVideo: plan.waits,
		options: { timeout: 3, maxConcurrency: plan.maxConcurrency },
	};
	const setup = { node: loggedNode(lines), settings: plan.settings };
	const input = inputOf(...plan.endings.map((ending, n) => `item ${n} ${ending}`));
	const runs: NodeRun[] = [];
	runs.push(
		await runNodeVirtually(sandbox, parameters, {
			...setup,
			input,
			onStart: (run) => {
				if (plan.stopsAtMs) setTimeout(() => run.cancel(), plan.stopsAtMs);
			},
		}),
	);
	const submissionsOfFirstRun = [...sandbox.requestsTo('submit')];
	if (plan.retriesExecution && runs[0]?.error) {
		runs.push(await runNodeVirtually(sandbox, parameters, { ...setup, retryOf: runs[0].run }));
	}
	const text = runs.map((run) => JSON.stringify(run)).join('\n') + lines.join('\n');
	return { input, runs, lines, text, submissionsOfFirstRun };
}

const promptOf = ({ request }: SandboxTask) => String(request.prompt);
const isSpent = (task: SandboxTask) => isRefunded(task, Infinity);

/** A task that is good for a video, as far as the node was told of it. */
const isGood = (task: SandboxTask) => task.isTold && !isSpent(task);

function checkBill(prompt: string, item: number, lines: string[]): void {
	const tasks = sandbox.tasks.filter((task) => promptOf(task) === prompt);
	expect(tasks.filter(isGood).length).toBeLessThanOrEqual(1);

	// whoever pays after a submission that nobody answered has said so before
	const untold = tasks.filter(({ isTold }) => !isTold).length;
	const lastIsUntold = tasks.at(-1)?.isTold === false;
	const paidAgain = untold - (lastIsUntold ? 1 : 0);
	const warnings = lines.filter((line) => line.includes(`try for item ${item} may have been`));
	expect(warnings.length).toBeGreaterThanOrEqual(paidAgain);
}

/** Without a retry, at most one submission of an item may have been accepted. */
function checkSubmissions(prompt: string, submissions: LogEntry[], tasks: SandboxTask[]): void {
	const ofItem = submissions.filter(({ body }) => (body as { prompt: string }).prompt === prompt);
	const accepted = tasks.filter(({ request }) => ofItem.some(({ body }) => body === request));
	expect(accepted.length).toBeLessThanOrEqual(1);
}

function checkItems({ items, errorItems, error, run }: NodeRun, prompts: string[]): void {
	if (run.status === 'canceled' && items.length + errorItems.length === 0) return;
	if (!error) expect(items.length + errorItems.length).toBe(prompts.length);
	for (const { json, pairedItem } of [...items, ...errorItems]) {
		const { item } = pairedItem as { item: number };
		const { task_id: id } = (json.error ?? json) as { task_id?: string };
		const task = sandbox.tasks.find((one) => one.id === id);
		if (id !== undefined) expect(task && promptOf(task)).toBe(prompts[item]);
	}
}

test(`${RUNS} random schedules: one payment per video, no id lost, no key shown, no item mixed up`, async () => {
	await fc.assert(
		fc.asyncProperty(schedule, async (plan) => {
			const { input, runs, lines, text, submissionsOfFirstRun } = await play(plan);
			const prompts = input.map(({ json }) => json.prompt);

			for (const [item, prompt] of prompts.entries()) {
				checkBill(prompt, item, lines);
				if (!plan.settings.retryOnFail) {
					checkSubmissions(prompt, submissionsOfFirstRun, sandbox.tasks);
				}
			}
			const told = sandbox.tasks.filter(({ isTold }) => isTold).map(({ id }) => id);
			expect(told.filter((id) => !text.includes(id))).toEqual([]);
			expect(text).not.toContain(sandbox.apiKey);
			for (const run of runs) checkItems(run, prompts);
		}),
		{ seed: SEED, numRuns: RUNS },
	);
}, 300_000);

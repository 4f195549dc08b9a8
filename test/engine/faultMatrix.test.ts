import fc from 'fast-check';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { INode } from 'n8n-workflow';
import type { Route } from '../sandbox/faults';
import type { LogEntry } from '../sandbox/routes';
import { isRefunded, VOCABULARIES, type Quirks, type SandboxTask } from '../sandbox/tasks';
import { CONTINUE, GENERATE_EACH, inputOf } from './support/inputs';
import type { FaultKind } from './support/faultKinds';
import {
	CONTENT_PERMANENT,
	CONTENT_RETRYABLE,
	CONTENT_FATAL,
	FILE_RETRYABLE,
} from './support/fileFaults';
import {
	CHECK_TASK_ENDED,
	CHECK_PERMANENT,
	CHECK_RETRYABLE,
	CHECK_FATAL,
} from './support/checkFaults';
import {
	SUBMIT_REFUSED,
	SUBMIT_RETRYABLE,
	SUBMIT_ACCEPTED,
	SUBMIT_UNKNOWN,
} from './support/submitFaults';
import { runNodeVirtually, type NodeRun } from './support/runNode';
import { loggingNode } from './support/nodeWithContext';
import { useSandbox } from './support/useSandbox';

const TABLE_FILE = join(__dirname, '..', '..', 'docs', 'FAULTS.md');

/** The node settings that the matrix tests. They are the columns of the table. */
const NODE_SETTINGS = {
	Stop: {},
	Continue: CONTINUE,
	'Error output': { onError: 'continueErrorOutput' },
	'Retry On Fail': { retryOnFail: true, maxTries: 3, waitBetweenTries: 1_000 },
} satisfies Record<string, Partial<INode>>;
type SettingName = keyof typeof NODE_SETTINGS;

/** The expected effect of a fault on the item that it hits. */
interface ExpectedEffect {
	/** True if the node recovers by retrying. */
	recovers: boolean;
	/** True if Retry On Fail does not help either. */
	isPermanent?: boolean;
	/** True if the task ends without a video, and is refunded. */
	isRefunded?: boolean;
	/**
	 * True if it is unknown whether the submission was accepted, so Retry On Fail must warn of a
	 * second charge.
	 */
	mayBeCharged?: boolean;
}

/** The request of each stage, for test titles. In docs/FAULTS.md, the stage names are the row keys. */
const REQUEST_OF: Record<string, string> = {
	submit: 'a submission',
	'submit, records': "a submission to a gateway that shows the key's bill",
	check: 'a check',
	download: 'a download',
	content: 'a download from the content endpoint',
};

const GROUPS: Array<{ stage: string; on: Route; kinds: FaultKind[]; effect: ExpectedEffect }> = [
	{ stage: 'submit', on: 'submit', kinds: SUBMIT_RETRYABLE, effect: { recovers: true } },
	{ stage: 'submit', on: 'submit', kinds: SUBMIT_REFUSED, effect: { recovers: false } },
	{
		stage: 'submit',
		on: 'submit',
		kinds: SUBMIT_UNKNOWN,
		effect: { recovers: false, mayBeCharged: true },
	},
	{
		stage: 'submit, records',
		on: 'submit',
		kinds: SUBMIT_UNKNOWN.filter(({ accept }) => !accept),
		effect: { recovers: false },
	},
	{
		stage: 'submit, records',
		on: 'submit',
		kinds: SUBMIT_UNKNOWN.filter(({ accept }) => accept),
		effect: { recovers: false, mayBeCharged: true },
	},
	{ stage: 'submit', on: 'submit', kinds: SUBMIT_ACCEPTED, effect: { recovers: true } },
	{ stage: 'check', on: 'check', kinds: CHECK_RETRYABLE, effect: { recovers: true } },
	{ stage: 'check', on: 'check', kinds: CHECK_FATAL, effect: { recovers: false } },
	{
		stage: 'check',
		on: 'check',
		kinds: CHECK_PERMANENT,
		effect: { recovers: false, isPermanent: true },
	},
	{
		stage: 'check',
		on: 'check',
		kinds: CHECK_TASK_ENDED,
		effect: { recovers: false, isRefunded: true },
	},
	{ stage: 'download', on: 'file', kinds: FILE_RETRYABLE, effect: { recovers: true } },
	{ stage: 'content', on: 'content', kinds: CONTENT_RETRYABLE, effect: { recovers: true } },
	{ stage: 'content', on: 'content', kinds: CONTENT_FATAL, effect: { recovers: false } },
	{
		stage: 'content',
		on: 'content',
		kinds: CONTENT_PERMANENT,
		effect: { recovers: false, isPermanent: true },
	},
];

const sandbox = useSandbox({ durationMs: 12_000 });

/** Runs three items; the fault hits the middle one. */
async function runCell(setting: SettingName, lines: string[]): Promise<NodeRun> {
	return await runNodeVirtually(
		sandbox,
		{
			...GENERATE_EACH,
			downloadVideo: true,
			options: { timeout: 20 },
		},
		{
			node: loggingNode(lines),
			onMessage: (text) => lines.push(text),
			settings: NODE_SETTINGS[setting],
			input: inputOf('before', 'faulty', 'after'),
		},
	);
}

/** Returns how many tasks with this prompt were charged and not refunded. */
const chargesOf = (prompt: string) =>
	sandbox.charged.filter(({ request }) => request.prompt === prompt).length;

/** The measured table, with a row per fault and a cell per setting. */
const cells: Record<string, Partial<Record<SettingName, string>>> = {};

describe.each(GROUPS)('$stage', ({ stage, on, kinds, effect }) => {
	describe.each(kinds)('$name', (kind) => {
		const title = `${REQUEST_OF[stage]} with the fault "${kind.name}" causes no avoidable charge and loses no task ID`;

		test.each(Object.keys(NODE_SETTINGS) as SettingName[])(
			`${title}, with the setting %s`,
			async (setting) => {
				const lines: string[] = [];
				if (stage === 'content') sandbox.quirks.videoUrl = 'missing';
				if (stage === 'submit, records') sandbox.quirks.records = 'exact';
				const { accept, times, answer } = kind;
				sandbox.faults.add({ on, prompt: 'faulty', accept, times, answer });
				const run = await runCell(setting, lines);
				const { items, errorItems, error } = run;
				const text = JSON.stringify([items, errorItems, error, run.run]) + lines.join('\n');

				// Each video is charged once, plus once if a submission was accepted but its response was lost.
				const hasRecovered =
					effect.recovers || (setting === 'Retry On Fail' && !effect.isPermanent);
				const isAcceptedUnnoticed = kind.accept && !effect.recovers;
				const hasVideo = hasRecovered || (on !== 'submit' && !effect.isRefunded);
				const charges = chargesOf('faulty');
				expect(charges).toBe((isAcceptedUnnoticed ? 1 : 0) + (hasVideo ? 1 : 0));
				const hasWarned = lines.some((line) => line.includes('may be charged twice'));
				expect(hasWarned).toBe(effect.mayBeCharged === true && setting === 'Retry On Fail');

				// The other items are charged once each.
				expect([chargesOf('before'), chargesOf('after')]).toEqual([1, 1]);

				// Every task ID that the API sent is in the output, the error or the log.
				const sentIds = sandbox.tasks.filter(({ isIdSent }) => isIdSent).map(({ id }) => id);
				expect(sentIds.filter((id) => !text.includes(id))).toEqual([]);

				// The API key appears nowhere.
				expect(text).not.toContain(sandbox.apiKey);

				const outcome = checkOutcome(run, setting, hasRecovered);
				const row = (cells[`${stage} | ${kind.name}`] ??= {});
				row[setting] = `${charges} · ${outcome}${hasWarned ? ', says so first' : ''}`;
			},
		);
	});
});

/** Checks at which output the three items arrived. Returns the table's name for that outcome. */
function checkOutcome(
	{ items, errorItems, error }: NodeRun,
	setting: SettingName,
	hasRecovered: boolean,
): string {
	const isDone = (item: NodeRun['items'][number] | undefined) =>
		item?.json.status === 'completed' && item.binary?.data !== undefined;
	if (hasRecovered) {
		expect(error).toBeUndefined();
		expect(items.map(isDone)).toEqual([true, true, true]);
		return 'video';
	}
	if (setting === 'Stop' || setting === 'Retry On Fail') {
		expect(error).toMatchObject({ context: { itemIndex: 1 } });
		for (const { id, isIdSent } of sandbox.tasks) {
			if (isIdSent) expect(error?.description).toContain(id);
		}
		return 'error';
	}
	if (setting === 'Continue') {
		expect(items.map(isDone)).toEqual([true, false, true]);
		expect(items[1]?.json.error).toMatchObject({ message: expect.any(String) });
		return 'error item';
	}
	expect(items.map(isDone)).toEqual([true, true]);
	expect(errorItems[0]?.json).toMatchObject({ prompt: 'faulty', error: {} });
	return 'error output';
}

test('docs/FAULTS.md contains the table that this run has measured', () => {
	const head = ['stage', 'fault', ...Object.keys(NODE_SETTINGS)];
	const rows = Object.entries(cells).map(([name, row]) => [
		name,
		...(Object.keys(NODE_SETTINGS) as SettingName[]).map((setting) => row[setting] ?? ''),
	]);
	const table = [head, head.map(() => '---'), ...rows]
		.map((columns) => `| ${columns.join(' | ')} |`)
		.join('\n');
	const [intro = ''] = readFileSync(TABLE_FILE, 'utf8').split('\n| stage');
	const text = `${intro}\n${table}\n`;
	if (process.env.UPDATE_FAULT_TABLE) writeFileSync(TABLE_FILE, text);
	const normalize = (markdown: string) => markdown.replace(/ +/g, ' ').replace(/-+/g, '-').trim();
	expect(normalize(readFileSync(TABLE_FILE, 'utf8'))).toBe(normalize(text));
});

describe('random schedules', () => {
	const SCHEDULES = 300;
	const SEED = 20260101;

	/** Creates a fault on a route, for one item, from its nth request on. */
	const faultOn = (on: Route, kinds: FaultKind[]) =>
		fc.record({
			on: fc.constant(on),
			kind: fc.constantFrom(...kinds),
			item: fc.nat(3),
			nth: fc.integer({ min: 1, max: 3 }),
			times: fc.constantFrom(1, 1, 2, Infinity),
		});

	/** A whole run: how its tasks end, which faults occur, and the settings of the node. */
	const schedule = fc.record({
		endings: fc.array(
			fc.constantFrom(
				...Array<string>(4).fill(''),
				'[failed]',
				'[cancelled]',
				'[expired]',
				'[unrecognized]',
				'[statusless]',
				'[abandoned]',
				'[never]',
			),
			{
				minLength: 1,
				maxLength: 4,
			},
		),
		faults: fc.array(
			fc.oneof(
				faultOn('submit', [
					...SUBMIT_RETRYABLE,
					...SUBMIT_REFUSED,
					...SUBMIT_ACCEPTED,
					...SUBMIT_UNKNOWN,
				]),
				faultOn('check', [...CHECK_RETRYABLE, ...CHECK_FATAL, ...CHECK_TASK_ENDED]),
				faultOn('verdict', CHECK_FATAL),
				faultOn('usage', CHECK_FATAL),
				faultOn('bill', CHECK_FATAL),
				faultOn('file', FILE_RETRYABLE),
				faultOn('content', [...CONTENT_RETRYABLE, ...CONTENT_FATAL]),
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
		/** How late the records of charges are, in seconds, and when another user of the key is charged. */
		usageLag: fc.constantFrom(0, 0, 30, 60),
		billLag: fc.constantFrom(0, 0, 60, 3_600),
		otherCharge: fc.option(fc.integer({ min: -60_000, max: 120_000 }), { freq: 3, nil: undefined }),
		quirks: fc.record<Omit<Quirks, 'placeholders'>>({
			records: fc.constantFrom('none', 'exact', 'exact', 'batched'),
			statuses: fc.constantFrom(...(Object.keys(VOCABULARIES) as Array<keyof typeof VOCABULARIES>)),
			progress: fc.constantFrom('number', 'string', 'percent', 'absent'),
			videoUrl: fc.constantFrom('fileHost', 'metadata', 'data', 'verdict', 'missing'),
			ids: fc.constantFrom('plain', 'colonAndSlash'),
			idFields: fc.constantFrom('both', 'id', 'task_id'),
		}),
	});
	type Schedule = typeof schedule extends fc.Arbitrary<infer T> ? T : never;

	/** Runs a schedule. `text` is everything that a user could see of the run. */
	async function runSchedule(plan: Schedule) {
		sandbox.reset();
		sandbox.durationMs = 20_000;
		sandbox.quirks = { ...sandbox.quirks, ...plan.quirks };
		Object.assign(sandbox.key, {
			usageLagMs: plan.usageLag * 1_000,
			billLagMs: plan.billLag * 1_000,
		});
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
		const setup = { node: loggingNode(lines), settings: plan.settings };
		const input = inputOf(...plan.endings.map((ending, n) => `item ${n} ${ending}`));
		const runs: NodeRun[] = [];
		runs.push(
			await runNodeVirtually(sandbox, parameters, {
				...setup,
				input,
				onStart: (run) => {
					if (plan.stopsAtMs) setTimeout(() => run.cancel(), plan.stopsAtMs);
					const { otherCharge: delay } = plan;
					if (delay) setTimeout(() => sandbox.key.chargeOther(40_000, Date.now()), delay);
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
	const endsRefunded = (task: SandboxTask) => isRefunded(task, Infinity);

	/** True if the node got the ID of this task, and the task leads to a video. */
	const isUsable = (task: SandboxTask) => task.isIdSent && !endsRefunded(task);

	function checkCharges(prompt: string, item: number, lines: string[]): void {
		const tasks = sandbox.tasks.filter((task) => promptOf(task) === prompt);
		expect(tasks.filter(isUsable).length).toBeLessThanOrEqual(1);

		// A warning comes before each submission that follows an unanswered one, whatever the records say.
		const unanswered = tasks.filter(({ isIdSent }) => !isIdSent).length;
		const isLastUnanswered = tasks.at(-1)?.isIdSent === false;
		const repeated = unanswered - (isLastUnanswered ? 1 : 0);
		const warnings = lines.filter((line) =>
			line.includes(`submission for item ${item} may have been`),
		);
		expect(warnings.length).toBeGreaterThanOrEqual(repeated);
	}

	/** Without Retry On Fail, at most one submission per item may have been accepted. */
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

	test(`${SCHEDULES} random schedules of faults and settings charge once per video, lose no task ID, show no API key and mix up no items`, async () => {
		await fc.assert(
			fc.asyncProperty(schedule, async (plan) => {
				const { input, runs, lines, text, submissionsOfFirstRun } = await runSchedule(plan);
				const prompts = input.map(({ json }) => json.prompt);

				for (const [item, prompt] of prompts.entries()) {
					checkCharges(prompt, item, lines);
					if (!plan.settings.retryOnFail) {
						checkSubmissions(prompt, submissionsOfFirstRun, sandbox.tasks);
					}
				}
				const sentIds = sandbox.tasks.filter(({ isIdSent }) => isIdSent).map(({ id }) => id);
				expect(sentIds.filter((id) => !text.includes(id))).toEqual([]);
				expect(text).not.toContain(sandbox.apiKey);
				for (const run of runs) checkItems(run, prompts);
			}),
			{ seed: SEED, numRuns: SCHEDULES },
		);
	}, 300_000);
});

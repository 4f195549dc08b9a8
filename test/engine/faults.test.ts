import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { INode } from 'n8n-workflow';
import type { Route } from '../sandbox/faults';
import { CONTINUE, GENERATE_EACH, inputOf } from './support/inputs';
import type { FaultKind } from './support/faultKinds';
import {
	CONTENT_FOR_GOOD,
	CONTENT_HEALING,
	CONTENT_HOPELESS,
	FILE_HEALING,
} from './support/fileFaults';
import { POLL_ENDED, POLL_FOR_GOOD, POLL_HEALING, POLL_HOPELESS } from './support/pollFaults';
import {
	SUBMIT_REFUSED,
	SUBMIT_REPEATED,
	SUBMIT_TOLD,
	SUBMIT_UNKNOWN,
} from './support/submitFaults';
import { runNodeVirtually, type NodeRun } from './support/runNode';
import { loggedNode } from './support/watchedNode';
import { useSandbox } from './support/useSandbox';

const TABLE_FILE = join(__dirname, '..', '..', 'docs', 'FAULTS.md');

const POLICIES = {
	Stop: {},
	Continue: CONTINUE,
	'Error output': { onError: 'continueErrorOutput' },
	'Retry On Fail': { retryOnFail: true, maxTries: 3, waitBetweenTries: 1_000 },
} satisfies Record<string, Partial<INode>>;
type Policy = keyof typeof POLICIES;

/** What a fault is expected to do to the struck item. */
interface Effect {
	/** Whether the node itself gets over it. */
	heals: boolean;
	/** Whether a retried node does not get over it either. */
	isForGood?: boolean;
	/** Whether the struck task ends without a video, and is refunded. */
	isRefunded?: boolean;
	/** Whether a retried node has to say that it may pay twice. */
	unknowable?: boolean;
}

const GROUPS: Array<{ stage: string; on: Route; kinds: FaultKind[]; effect: Effect }> = [
	{ stage: 'submit', on: 'submit', kinds: SUBMIT_REPEATED, effect: { heals: true } },
	{ stage: 'submit', on: 'submit', kinds: SUBMIT_REFUSED, effect: { heals: false } },
	{
		stage: 'submit',
		on: 'submit',
		kinds: SUBMIT_UNKNOWN,
		effect: { heals: false, unknowable: true },
	},
	{ stage: 'submit', on: 'submit', kinds: SUBMIT_TOLD, effect: { heals: true } },
	{ stage: 'poll', on: 'poll', kinds: POLL_HEALING, effect: { heals: true } },
	{ stage: 'poll', on: 'poll', kinds: POLL_HOPELESS, effect: { heals: false } },
	{ stage: 'poll', on: 'poll', kinds: POLL_FOR_GOOD, effect: { heals: false, isForGood: true } },
	{ stage: 'poll', on: 'poll', kinds: POLL_ENDED, effect: { heals: false, isRefunded: true } },
	{ stage: 'download', on: 'file', kinds: FILE_HEALING, effect: { heals: true } },
	{ stage: 'content', on: 'content', kinds: CONTENT_HEALING, effect: { heals: true } },
	{ stage: 'content', on: 'content', kinds: CONTENT_HOPELESS, effect: { heals: false } },
	{
		stage: 'content',
		on: 'content',
		kinds: CONTENT_FOR_GOOD,
		effect: { heals: false, isForGood: true },
	},
];

const sandbox = useSandbox({ durationMs: 12_000 });

/** Runs three items; the fault strikes the middle one. */
async function runCell(policy: Policy, lines: string[]): Promise<NodeRun> {
	return await runNodeVirtually(
		sandbox,
		{
			...GENERATE_EACH,
			downloadVideo: true,
			options: { timeout: 20 },
		},
		{
			node: loggedNode(lines),
			onMessage: (text) => lines.push(text),
			settings: POLICIES[policy],
			input: inputOf('before', 'struck', 'after'),
		},
	);
}

const billOf = (prompt: string) =>
	sandbox.paid.filter(({ request }) => request.prompt === prompt).length;

const cells: Record<string, Partial<Record<Policy, string>>> = {};

describe.each(GROUPS)('$stage', ({ stage, on, kinds, effect }) => {
	describe.each(kinds)('$name', (kind) => {
		const title = `a ${stage} that meets "${kind.name}" pays no more than it must and loses no id`;

		test.each(Object.keys(POLICIES) as Policy[])(`${title}, with %s`, async (policy) => {
			const lines: string[] = [];
			if (stage === 'content') sandbox.quirks.videoUrl = 'missing';
			const { accept, times, answer } = kind;
			sandbox.faults.add({ on, prompt: 'struck', accept, times, answer });
			const run = await runCell(policy, lines);
			const { items, errorItems, error } = run;
			const text = JSON.stringify([items, errorItems, error, run.run]) + lines.join('\n');

			// the bill: one payment per video, and a second one only where nobody could know
			const gotOver = effect.heals || (policy === 'Retry On Fail' && !effect.isForGood);
			const isLost = kind.accept && !effect.heals;
			const isGood = gotOver || (stage !== 'submit' && !effect.isRefunded);
			const bill = billOf('struck');
			expect(bill).toBe((isLost ? 1 : 0) + (isGood ? 1 : 0));
			const warned = lines.some((line) => line.includes('may be charged twice'));
			expect(warned).toBe(effect.unknowable === true && policy === 'Retry On Fail');

			// the other items are unharmed, and paid for once
			expect([billOf('before'), billOf('after')]).toEqual([1, 1]);

			// no id is lost: what the server told is in the output, the error or the log
			const told = sandbox.tasks.filter(({ isTold }) => isTold).map(({ id }) => id);
			expect(told.filter((id) => !text.includes(id))).toEqual([]);

			// no key anywhere
			expect(text).not.toContain(sandbox.apiKey);

			const outcome = checkOutcome(run, policy, gotOver);
			const row = (cells[`${stage} | ${kind.name}`] ??= {});
			row[policy] = `${bill} · ${outcome}${warned ? ', says so first' : ''}`;
		});
	});
});

/** Checks where the three items came out, and says so in a word. */
function checkOutcome(
	{ items, errorItems, error }: NodeRun,
	policy: Policy,
	gotOver: boolean,
): string {
	const isDone = (item: NodeRun['items'][number] | undefined) =>
		item?.json.status === 'completed' && item.binary?.data !== undefined;
	if (gotOver) {
		expect(error).toBeUndefined();
		expect(items.map(isDone)).toEqual([true, true, true]);
		return 'video';
	}
	if (policy === 'Stop' || policy === 'Retry On Fail') {
		expect(error).toMatchObject({ context: { itemIndex: 1 } });
		for (const { id, isTold } of sandbox.tasks) {
			if (isTold) expect(error?.description).toContain(id);
		}
		return 'error';
	}
	if (policy === 'Continue') {
		expect(items.map(isDone)).toEqual([true, false, true]);
		expect(items[1]?.json.error).toMatchObject({ message: expect.any(String) });
		return 'error item';
	}
	expect(items.map(isDone)).toEqual([true, true]);
	expect(errorItems[0]?.json).toMatchObject({ prompt: 'struck', error: {} });
	return 'error output';
}

test('docs/FAULTS.md holds the table that was just measured', () => {
	const head = ['stage', 'fault', ...Object.keys(POLICIES)];
	const rows = Object.entries(cells).map(([name, row]) => [
		name,
		...(Object.keys(POLICIES) as Policy[]).map((policy) => row[policy] ?? ''),
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

import { apiErrorBody } from './support/errorBodies';
import { CONTINUE, GENERATE_EACH, numbered } from './support/inputs';
import { NODE, runNodeVirtually } from './support/runNode';
import { lastRunOf } from './support/runWorkflow';
import { loggedNode } from './support/watchedNode';
import { useSandbox } from './support/useSandbox';

/** What a person reads of a run stays readable, however many items the run has. */

const COUNT = 60;
const READABLE = 2_500;

const sandbox = useSandbox({ durationMs: 20_000 });

test('the error of a large batch lists a few tasks of each kind, and the log has them all', async () => {
	const input = numbered(COUNT).map(({ json }, n) => ({
		json: { prompt: `${json.prompt}${n % 3 === 0 ? ' [failed]' : n % 3 === 1 ? ' [never]' : ''}` },
	}));
	const lines: string[] = [];
	const { error } = await runNodeVirtually(
		sandbox,
		{ ...GENERATE_EACH, options: { timeout: 1, maxConcurrency: 50 } },
		{ input, node: loggedNode(lines) },
	);
	const { description = '' } = error ?? {};
	expect(String(description).length).toBeLessThan(READABLE);
	// what still runs comes first: it is what a person has to fetch
	expect(description).toMatch(
		/Tasks of this run: item 1: video_\d+ \(in_progress\).* and 10 more \(all are in n8n's log\), item 2: video_\d+ \(completed\)/,
	);
	const log = lines.at(-1) ?? '';
	expect(sandbox.tasks.filter(({ id }) => !log.includes(`${id} (`))).toEqual([]);
});

test('the hint of a large batch names a few kinds of errors', async () => {
	const input = numbered(COUNT);
	const { run } = await runNodeVirtually(
		sandbox,
		{ ...GENERATE_EACH, seconds: '={{ $itemIndex + 100 }}', aspectRatio: '={{ "x".repeat(9) }}' },
		{ input, settings: CONTINUE },
	);
	const [hint] = lastRunOf(run, NODE).hints ?? [];
	expect(hint?.message).toContain(`${COUNT} of ${COUNT} items brought no video.`);
	expect(hint?.message.length).toBeLessThan(READABLE);
});

test('a list of submissions that nobody answered is short, too', async () => {
	sandbox.faults.add({ on: 'submit', times: Infinity, answer: 'reset' });
	const { error } = await runNodeVirtually(sandbox, GENERATE_EACH, { input: numbered(COUNT) });
	expect(error?.description).toContain('item 9 and 50 more');
	expect(String(error?.description).length).toBeLessThan(READABLE);
});

test('what a server says of each item does not add up', async () => {
	const body = apiErrorBody('word '.repeat(1_000));
	sandbox.faults.add({ on: 'submit', times: Infinity, answer: { status: 400, body } });
	const { error } = await runNodeVirtually(sandbox, GENERATE_EACH, { input: numbered(COUNT) });
	expect(String(error?.description).length).toBeLessThan(READABLE);
});

import { stringify } from 'flatted';
import { numbered } from './support/inputs';
import { MINUTE, onNewEngine, suspendingOn } from './support/suspending';
import { useSandbox } from './support/useSandbox';

/** What n8n saves of a suspended execution: all of it, anew at each look. */

const LOOKS = 3;

const sandbox = useSandbox();

const suspend = suspendingOn(sandbox, { options: { maxConcurrency: 50 } });

/** How many bytes n8n has saved at each look at that many tasks, all of which go on. */
async function savedFor(items: number): Promise<number[]> {
	const saved: number[] = [];
	sandbox.reset();
	sandbox.durationMs = 60 * MINUTE;
	await suspend(
		{},
		{
			input: numbered(items),
			whileSuspended: (_times, { data }) => {
				saved.push(stringify(data).length);
				if (saved.length === LOOKS) for (const task of sandbox.tasks) task.durationMs = 0;
			},
		},
	);
	return saved;
}

onNewEngine('what n8n saves of a suspended execution', () => {
	test('each look adds less than 1 kB, whatever the number of items, and each item less than 2 kB', async () => {
		const few = await savedFor(20);
		const many = await savedFor(300);
		const growth = (saved: number[]) =>
			saved.slice(1).map((size, look) => size - (saved[look] as number));
		const perItem = ((many[0] as number) - (few[0] as number)) / (300 - 20);
		expect(perItem).toBeLessThan(2_000);
		for (const saved of [few, many]) {
			expect(growth(saved)).toHaveLength(LOOKS - 1);
			expect(Math.max(...growth(saved))).toBeLessThan(1_000);
		}
	}, 120_000);
});

import { writeFileSync } from 'node:fs';
import { runNodeVirtually } from '../engine/support/runNode';
import { GENERATE } from '../engine/support/inputs';
import { useSandbox } from '../engine/support/useSandbox';
import type { Section } from './report';

const sandbox = useSandbox();

/** (b) Measures requests per video and lateness on virtual time. Writes a section that bench.ts reads. */
test('the benchmark measures the requests per video and how late videos are found', async () => {
	const rows = [];
	for (const seconds of [10, 60, 300]) {
		for (const offset of [0, 0.1]) {
			sandbox.reset();
			sandbox.durationMs = (seconds + offset) * 1_000;
			const { elapsedMs } = await runNodeVirtually(sandbox, GENERATE);
			const late = (elapsedMs - sandbox.durationMs) / 1_000;
			rows.push({
				'task, s': seconds + offset,
				requests: sandbox.log.length,
				checks: sandbox.requestsTo('check').length,
				'checks every 5 s': Math.ceil((seconds + offset) / 5),
				'late, s': Number(late.toFixed(2)),
				'late, share of the task': `${((100 * late) / (seconds + offset)).toFixed(1)} %`,
			});
		}
	}
	const section: Section = {
		title: 'Requests and lateness',
		text: `Default settings, on virtual time. A task that takes a tenth of a second more than a multiple of 5 s is the
worst case for checks every 5 seconds.`,
		rows,
	};
	writeFileSync(process.env.BENCH_RESULT ?? '', JSON.stringify(section));
});

import fc from 'fast-check';
import { nextInterval } from '../../nodes/OctopusXVideo/timing/interval';

const SECOND = 1_000;

/** When a video that takes `durationMs` is looked at, up to the look that finds it done. */
function looks(pollIntervalMs: number, durationMs: number): number[] {
	const times = [pollIntervalMs];
	while ((times.at(-1) ?? 0) < durationMs) {
		const at = times.at(-1) ?? 0;
		times.push(at + nextInterval(at, pollIntervalMs, 60 * SECOND));
	}
	return times;
}

test.each([
	[10, 2],
	[60, 12],
	[300, 29],
	[3_600, 87],
])('at an interval of 5 s, a video of %p s costs %p looks', (seconds, count) => {
	expect(looks(5 * SECOND, seconds * SECOND)).toHaveLength(count);
});

test('a video is noticed within the interval, or a tenth of its duration, or a minute', () => {
	fc.assert(
		fc.property(
			fc.integer({ min: 1, max: 300 }),
			fc.integer({ min: 1, max: 24 * 3_600 }),
			(intervalSeconds, durationSeconds) => {
				const duration = durationSeconds * SECOND;
				const lateness = (looks(intervalSeconds * SECOND, duration).at(-1) ?? 0) - duration;
				expect(lateness).toBeGreaterThanOrEqual(0);
				expect(lateness).toBeLessThanOrEqual(
					Math.max(intervalSeconds * SECOND, Math.min(duration / 10, 60 * SECOND)),
				);
			},
		),
		{ seed: 1, numRuns: 500 },
	);
});

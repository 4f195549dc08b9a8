import { readEnvelope } from '../../nodes/OctopusXVideo/api/envelope';
import { REFUSED } from './requests';
import type { Target } from './target';
import { usedSoFar } from './account';

/** What is refused is refused in so many words, and costs nothing. */
export function testRefusals(target: Target): void {
	let used: number;
	beforeAll(async () => void (used = await usedSoFar(target)));

	test.each(REFUSED)('a submission with %s is refused', async (_what, body, expected) => {
		const { status, headers, body: said } = await target.post('/v1/videos', body, expected.key);
		const requestId = headers.get('x-oneapi-request-id');
		expect(requestId).toBeTruthy();
		expect(readEnvelope(said).isRefusal).toBe(true);
		const { code, type } = expected;
		expect([status, said]).toEqual([
			expected.status,
			type
				? {
						error: {
							code: code ?? '',
							type,
							// the text names the request, too
							message: expect.stringContaining(`(request id: ${requestId})`),
						},
					}
				: { code, message: expect.any(String), data: null },
		]);
	});

	test('the reason of the model service comes as JSON in a text', async () => {
		const [, body] = REFUSED.at(-1) as (typeof REFUSED)[number];
		const answer = await target.post('/v1/videos', body);
		const { message } = answer.body as { message: string };
		expect(JSON.parse(message)).toEqual(expect.any(Object));
		// and the node finds the words in it
		expect(readEnvelope(answer.body).message).not.toContain('{');
	});

	test('what was refused is not charged', async () => {
		// a charge is given back after the answer
		await target.pause(2_000);
		expect(await usedSoFar(target)).toBe(used);
	});
}

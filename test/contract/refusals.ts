import { readEnvelope } from '../../nodes/OctopusXVideo/api/envelope';
import { REFUSED } from './requests';
import type { Target } from './target';
import { usedQuota } from './account';

/** Tests that refused submissions are recognizable as refusals and are not charged. */
export function testRefusals(target: Target): void {
	let used: number;
	beforeAll(async () => void (used = await usedQuota(target)));

	test.each(REFUSED)('a submission with %s is refused', async (_what, body, expected) => {
		const { status, headers, body: answer } = await target.post('/v1/videos', body, expected.key);
		const requestId = headers.get('x-oneapi-request-id');
		expect(requestId).toBeTruthy();
		expect(readEnvelope(answer).isRefusal).toBe(true);
		const { code, type } = expected;
		expect([status, answer]).toEqual([
			expected.status,
			type
				? {
						error: {
							code: code ?? '',
							type,
							message: expect.stringContaining(`(request id: ${requestId})`),
						},
					}
				: { code, message: expect.any(String), data: null },
		]);
	});

	test('the message of a refusal by the model service is JSON, from which the node reads the reason', async () => {
		const [, body] = REFUSED.at(-1) as (typeof REFUSED)[number];
		const answer = await target.post('/v1/videos', body);
		const { message } = answer.body as { message: string };
		expect(JSON.parse(message)).toEqual(expect.any(Object));
		expect(readEnvelope(answer.body).message).not.toContain('{');
	});

	test('refused submissions are not charged', async () => {
		// The gateway refunds a charge only after it has sent the response.
		await target.pause(2_000);
		expect(await usedQuota(target)).toBe(used);
	});
}

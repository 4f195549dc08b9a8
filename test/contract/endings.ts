import { ENDINGS, TEXT_TO_VIDEO } from './requests';
import { checkTask, create, until, verdict } from './tasks';
import type { Target } from './target';

/** How the node reads a task with each ending. */
const READ_AS: Record<(typeof ENDINGS)[number], { status: string; failure?: object }> = {
	failed: { status: 'failed', failure: { code: 'task_failed' } },
	cancelled: { status: 'cancelled', failure: { code: 'task_cancelled' } },
	expired: { status: 'failed', failure: { code: 'task_expired' } },
	unrecognized: { status: 'unknown' },
	statusless: { status: 'failed', failure: { code: 'task_statusless' } },
};

/** Tests tasks that end without a video. Their model service must be our sandbox. */
export function testEndings(target: Target): void {
	const ids = new Map<string, string>();
	beforeAll(async () => {
		for (const ending of ENDINGS) {
			const prompt = `A paper boat [${ending}]`;
			ids.set(ending, (await create(target, { ...TEXT_TO_VIDEO, prompt })).task_id);
		}
	});

	test.each(ENDINGS)(
		'a task that ends as %s is refunded, and the gateway’s verdict is FAILURE',
		async (ending) => {
			const id = ids.get(ending) as string;
			await until(target, async () => (await verdict(target, id)).status === 'FAILURE');
			const { fail_reason: reason, ...judged } = await verdict(target, id);
			expect(judged).toMatchObject({ progress: '100%', quota: 0, result_url: reason });
			expect(reason).toEqual(expect.stringMatching(/\S/));
			expect(await checkTask(target, id)).toMatchObject({ task_id: id, ...READ_AS[ending] });
			const { status, body } = await target.get(`/v1/videos/${id}/content`);
			const message = 'Task is not completed yet, current status: FAILURE';
			expect([status, body]).toEqual([400, { error: { message, type: 'invalid_request_error' } }]);
		},
	);
}

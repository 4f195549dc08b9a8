// n8n reads this setting once, on import, and then applies it to all requests. That is why these
// tests have their own file: with this setting, the proxy tests in n8n.test.ts, for example, would
// never reach their proxy.
import './support/ssrfProtection';
import { apiErrorBody } from './support/errorBodies';
import { GENERATE } from './support/inputs';
import { runNodeVirtually } from './support/runNode';
import { describeIfCanSuspend } from './support/suspending';
import { useSandbox } from './support/useSandbox';

const sandbox = useSandbox();

const NOT_SENT = 'n8n did not send the request';
/** The whole run takes this long if no blocked request is retried. */
const FIRST_CHECK_MS = 5_000;
const BLOCKED = [
	['IP address', 'http://169.254.169.254'],
	['host name', 'http://blocked.example'],
] as const;

// Only n8n 2.20 and later have this protection.
describeIfCanSuspend('n8n’s SSRF protection', () => {
	describe.each(BLOCKED)('a blocked %s', (what, host) => {
		const download = async () => {
			const body = { id: 'video_1', status: 'completed', video_url: `${host}/a.mp4` };
			sandbox.faults.add({ on: 'check', times: Infinity, answer: { status: 200, body } });
			return await runNodeVirtually(sandbox, { ...GENERATE, downloadVideo: true });
		};

		test(`the content endpoint is used at once if a file host’s ${what} is blocked`, async () => {
			const { items, elapsedMs } = await download();
			expect(items[0]?.binary?.data).toMatchObject({ mimeType: 'video/mp4' });
			expect(elapsedMs).toBe(FIRST_CHECK_MS);
		});

		test(`if a file host’s ${what} is blocked and the content endpoint returns HTTP 404, the error says exactly once who can allow it`, async () => {
			const answer = { status: 404, body: apiErrorBody('Task not found') };
			sandbox.faults.add({ on: 'content', times: Infinity, answer });
			const { error, elapsedMs } = await download();
			expect(error?.message).toBe('The video is ready but could not be downloaded');
			expect(error?.description?.split(NOT_SENT)).toHaveLength(2);
			expect(error?.description).toContain('The administrator of n8n can allow the address.');
			expect(error?.description).toContain(new URL(host).hostname);
			expect(error?.description).not.toContain('broke off');
			expect(elapsedMs).toBe(FIRST_CHECK_MS);
		});

		test(`the content endpoint is used at once if an HTTP 302 redirect from the file host leads to a blocked ${what}`, async () => {
			const headers = { location: `${host}/a.mp4` };
			sandbox.faults.add({ on: 'file', answer: { status: 302, headers } });
			const { items, elapsedMs } = await runNodeVirtually(sandbox, {
				...GENERATE,
				downloadVideo: true,
			});
			expect(items[0]?.binary?.data).toMatchObject({ mimeType: 'video/mp4' });
			expect(elapsedMs).toBe(FIRST_CHECK_MS);
		});

		test(`an upload to a blocked ${what} fails at once`, async () => {
			const data = { upload_url: `${host}/in`, public_url: `${host}/in` };
			sandbox.faults.add({ on: 'presign', answer: { status: 200, body: { data } } });
			const { error, elapsedMs } = await runNodeVirtually(
				sandbox,
				{
					operation: 'edit',
					prompt: 'a boat',
					videoSource: 'binary',
					options: { sendBinaryAs: 'upload' },
				},
				{ input: [{ json: {}, binary: { data: { data: 'AAAA', mimeType: 'video/mp4' } } }] },
			);
			expect(error?.message).toBe('The file could not be uploaded to OctopusX');
			expect(error?.description).toContain(NOT_SENT);
			expect(elapsedMs).toBe(0);
		});

		test(`a Base URL with a blocked ${what} fails at once, and the error says who can allow it`, async () => {
			const { error, elapsedMs } = await runNodeVirtually(sandbox, GENERATE, {
				credential: { baseUrl: host },
			});
			expect(error?.message).toBe(NOT_SENT);
			expect(error?.context.charge).toBe('none');
			expect(error?.description).toContain('The administrator of n8n can allow the address.');
			expect(elapsedMs).toBe(0);
		});
	});
});

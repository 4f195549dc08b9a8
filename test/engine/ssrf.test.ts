import './support/ssrfProtection';
import { apiErrorBody } from './support/errorBodies';
import { GENERATE } from './support/inputs';
import { runNodeVirtually } from './support/runNode';
import { onNewEngine } from './support/suspending';
import { useSandbox } from './support/useSandbox';

const sandbox = useSandbox();

const NOT_SENT = 'n8n did not send the request';
/** A pause before another try would come on top. */
const FIRST_CHECK_MS = 5_000;
const BLOCKED = [
	['an address', 'http://169.254.169.254'],
	['a name', 'http://blocked.example'],
] as const;

// protection came with n8n 2.20
onNewEngine('what n8n’s SSRF protection blocks', () => {
	describe.each(BLOCKED)('by %s', (_what, host) => {
		const download = async () => {
			const body = { id: 'video_1', status: 'completed', video_url: `${host}/a.mp4` };
			sandbox.faults.add({ on: 'poll', times: Infinity, answer: { status: 200, body } });
			return await runNodeVirtually(sandbox, { ...GENERATE, downloadVideo: true });
		};

		test('a file host: the video comes from OctopusX itself, at once', async () => {
			const { items, elapsedMs } = await download();
			expect(items[0]?.binary?.data).toMatchObject({ mimeType: 'video/mp4' });
			expect(elapsedMs).toBe(FIRST_CHECK_MS);
		});

		test('a file host, and no other has the file: the error says who can allow it, once', async () => {
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

		test('a host that the file host leads to: the video comes from OctopusX itself', async () => {
			const headers = { location: `${host}/a.mp4` };
			sandbox.faults.add({ on: 'file', answer: { status: 302, headers } });
			const { items, elapsedMs } = await runNodeVirtually(sandbox, {
				...GENERATE,
				downloadVideo: true,
			});
			expect(items[0]?.binary?.data).toMatchObject({ mimeType: 'video/mp4' });
			expect(elapsedMs).toBe(FIRST_CHECK_MS);
		});

		test('the host for uploads: the item fails at once, and nothing is charged', async () => {
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

		test('the API: the error says who can allow it', async () => {
			const { error, elapsedMs } = await runNodeVirtually(sandbox, GENERATE, {
				credential: { baseUrl: host },
			});
			expect(error?.message).toBe(NOT_SENT);
			expect(error?.description).toContain('Nothing was charged');
			expect(error?.description).toContain('The administrator of n8n can allow the address.');
			expect(elapsedMs).toBe(0);
		});
	});
});

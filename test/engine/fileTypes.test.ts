import type { INodeParameters } from 'n8n-workflow';
import { VIDEOS } from '../sandbox/fixtures';
import { GENERATE } from './support/inputs';
import { runNode } from './support/runNode';
import { keepingFilesInMemory, storeBinary } from './support/runWorkflow';
import { useSandbox } from './support/useSandbox';

const sandbox = useSandbox();

const film = VIDEOS.landscape;
const startingWith = (start: string) => Buffer.from(start.padEnd(64, 'x'), 'latin1');
const VIDEO = { operation: 'edit', prompt: 'a boat', videoSource: 'binary' };
const FRAME = { ...GENERATE, mode: 'firstFrame', firstFrameSource: 'binary' };

/** Runs the node with a file that n8n calls `mimeType`. */
async function send(parameters: INodeParameters, bytes: Buffer, mimeType: string, fileName = 'a') {
	const data = { ...(await storeBinary(bytes, mimeType)), fileName };
	const input = [{ json: {}, binary: { data } }];
	const { error } = await runNode(sandbox, { waitForCompletion: false, ...parameters }, { input });
	const body = sandbox.requestsTo('submit')[0]?.body as Record<string, string> | undefined;
	const [sent] = String(body?.video ?? body?.first_image_url).split(';');
	return { error, sent };
}

describe('a file whose kind n8n does not know is told by its first bytes', () => {
	test.each<[string, INodeParameters, Buffer, string]>([
		['an MP4', VIDEO, film, 'video/mp4'],
		['a PNG', FRAME, startingWith('\x89PNG\r\n\x1a\n'), 'image/png'],
		['a JPEG', FRAME, startingWith('\xff\xd8\xff\xe0'), 'image/jpeg'],
		['a GIF', FRAME, startingWith('GIF89a'), 'image/gif'],
		['a WebP', FRAME, startingWith('RIFF\0\0\0\0WEBPVP8 '), 'image/webp'],
	])('%s is sent as what it is', async (_what, parameters, bytes, type) => {
		const { error, sent } = await send(parameters, bytes, 'application/octet-stream');
		expect(error).toBeUndefined();
		expect(sent).toBe(`data:${type}`);
	});

	test.each(['binary/octet-stream', 'application/octet-stream; charset=binary'])(
		'an MP4 that n8n calls %s is sent as what it is',
		async (mimeType) => {
			expect((await send(VIDEO, film, mimeType)).sent).toBe('data:video/mp4');
		},
	);

	test('an MP4 is sent as what it is where n8n keeps files in memory', async () => {
		const { sent } = await keepingFilesInMemory(
			async () => await send(VIDEO, film, 'application/octet-stream'),
		);
		expect(sent).toBe('data:video/mp4');
	});

	test.each<[string, Buffer]>([
		['a QuickTime film', startingWith('\0\0\0\x14ftypqt  ')],
		['an AVIF picture', startingWith('\0\0\0\x20ftypavif')],
		['a text', startingWith('hello')],
		['a single byte', Buffer.from('x')],
	])('%s is no MP4, and refused with its name and what to do', async (_what, bytes) => {
		const { error } = await send(VIDEO, bytes, 'application/octet-stream', 'film.mp4');
		expect(error?.message).toContain(
			"'Video' is not an MP4 video, but application/octet-stream (film.mp4)",
		);
		expect(error?.description).toContain('its first bytes are not those of an MP4 video');
		expect(sandbox.log).toEqual([]);
	});

	test('a file that n8n knows to be something else is not looked into', async () => {
		const { error } = await send(VIDEO, film, 'application/pdf');
		expect(error?.message).toContain("'Video' is not an MP4 video, but application/pdf");
	});
});

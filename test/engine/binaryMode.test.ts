import type { INodeExecutionData } from 'n8n-workflow';
import { GENERATE, inputOf } from './support/inputs';
import { runNodeVirtually } from './support/runNode';
import { storeBinary } from './support/runWorkflow';
import { onNewEngine, suspendingOn } from './support/suspending';
import { useSandbox } from './support/useSandbox';

const sandbox = useSandbox();
const suspend = suspendingOn(sandbox, { downloadVideo: true }, inputOf('one', 'two'));

const COMBINED = { workflowSettings: { binaryMode: 'combined' } };
/** Where n8n keeps the files of items then. */
const fileOf = ({ json }: INodeExecutionData) => (json._files as { data?: unknown })?.data;
const isVideo = expect.objectContaining({ mimeType: 'video/mp4', id: expect.any(String) });

// the setting came with n8n 2.20
onNewEngine('in a workflow that keeps files in the JSON of items', () => {
	test('a video is made and downloaded', async () => {
		const parameters = { ...GENERATE, downloadVideo: true };
		const { items, error } = await runNodeVirtually(sandbox, parameters, COMBINED);
		expect(error).toBeUndefined();
		expect(items.map(fileOf)).toEqual([isVideo]);
	});

	test('a file of an earlier node is sent', async () => {
		const picture = await storeBinary(Buffer.from('image'), 'image/png');
		const input = [{ json: { _files: { picture } } }] as unknown as INodeExecutionData[];
		const parameters = {
			...GENERATE,
			mode: 'firstFrame',
			firstFrameSource: 'binary',
			firstFrameBinaryField: '_files.picture',
		};
		const { error } = await runNodeVirtually(sandbox, parameters, { ...COMBINED, input });
		expect(error).toBeUndefined();
		expect(sandbox.requestsTo('submit')[0]?.body).toMatchObject({
			first_image_url: `data:image/png;base64,${Buffer.from('image').toString('base64')}`,
		});
	});

	test('suspended videos arrive', async () => {
		const { items, error } = await suspend({}, COMBINED);
		expect(error).toBeUndefined();
		expect(items.map(({ json }) => json.status)).toEqual(['completed', 'completed']);
		expect(items.map(fileOf)).toEqual([isVideo, isVideo]);
	});
});

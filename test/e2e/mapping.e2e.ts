import type { IDataObject } from 'n8n-workflow';
import { byTestId } from './support/byTestId';
import { useEditor } from './support/editor';
import { eventually } from './support/eventually';
import { useN8n } from './support/useN8n';
import { chain, manualTrigger, node, VIDEO_NODE, videoNode } from './support/workflows';

const setup = useN8n();
const opened = useEditor(setup);

const EDIT_FIELDS = 'Edit Fields';
const FILE = ['file', 'width', 'height', 'duration', 'fps', 'audio', 'bytes'];
const DATES = ['created_at', 'completed_at', 'expires_at'];
const TASK = [
	...['task_id', 'status', 'progress', 'video_url', 'prompt', 'model', 'seconds', 'size'],
	...['cost', 'amount', 'currency', ...FILE, 'differs', 'differs[0]', ...DATES],
];
const CHECKED = [
	...['task_id', 'status', 'progress', 'video_url', 'model', 'seconds', 'size'],
	...['cost', 'amount', 'currency', 'refunded', ...FILE, ...DATES, 'failure', 'code', 'message'],
];

test('a field of a new node can be mapped by drag and drop before anything has run', async () => {
	const { editor } = opened;
	const workflow = await setup.api.createWorkflow(chain('Mapping', [manualTrigger()]));
	await editor.openWorkflow(workflow);
	const names = await editor.searchNodes('octopus');
	await names.filter({ hasText: VIDEO_NODE }).click();
	await names.filter({ hasText: 'Generate video' }).click();
	await (await editor.openPanel()).close();
	const next = await editor.searchNodes(EDIT_FIELDS);
	await next.filter({ hasText: EDIT_FIELDS }).first().click();
	const panel = await editor.openPanel();

	const target = panel.find('assignment-collection-drop-area');
	await panel.mapInput('video_url', target);
	await eventually(async () => {
		expect(await panel.find('assignment-name').locator('input').inputValue()).toBe('video_url');
	});
	const value = byTestId('assignment-value', panel.find('assignment'));
	await eventually(async () => expect(await value.innerText()).toContain('{{ $json.video_url }}'));
	expect(setup.sandbox.log).toEqual([]);
});

const BALANCE = [
	...['key_name', 'unlimited', 'used', 'left', 'limit', 'unit'],
	...['expires_at', 'balance', 'balance_unit'],
];
const UPLOAD = ['url', 'file_name', 'content_type', 'bytes'];

test.each([
	['video', 'generate', TASK],
	['video', 'edit', TASK],
	['video', 'getStatus', CHECKED],
	['account', 'getBalance', BALANCE],
	['file', 'upload', UPLOAD],
])(
	'n8n shows the output fields of %s: %s before the node has run',
	async (resource, operation, fields) => {
		const { editor } = opened;
		const parameters: IDataObject = { resource, operation, taskId: 'video_1' };
		const next = node(EDIT_FIELDS, 'n8n-nodes-base.set', {}, 3.4);
		const nodes = [manualTrigger(), videoNode(setup.credentialId, parameters as never), next];
		await editor.openWorkflow(await setup.api.createWorkflow(chain(`Fields ${operation}`, nodes)));
		const panel = await editor.openNode(EDIT_FIELDS);
		await eventually(async () => expect(await panel.inputFields()).toEqual(fields));
	},
);

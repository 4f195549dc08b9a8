import type { INodeParameters } from 'n8n-workflow';
import { useEditor } from './support/editor';
import { eventually } from './support/eventually';
import type { NodePanel } from './support/nodePanel';
import { useN8n } from './support/useN8n';
import { chain, manualTrigger, VIDEO_NODE, videoNode } from './support/workflows';

const setup = useN8n();
const opened = useEditor(setup);

/** Opens a node with this Model. */
async function openModel(model: unknown, credentialId = setup.credentialId): Promise<NodePanel> {
	const { editor } = opened;
	const parameters = { model } as INodeParameters;
	const nodes = [manualTrigger(), videoNode(credentialId, parameters)];
	await editor.openWorkflow(await setup.api.createWorkflow(chain('Models', nodes)));
	return await editor.openNode(VIDEO_NODE);
}

const UNSET = { __rl: true, mode: 'list', value: '' };

/** Lists open outside of the panel, and lists opened earlier stay there, hidden. */
const shown = (id: string) => opened.editor.find(id).filter({ visible: true });

async function openList(panel: NodePanel): Promise<void> {
	await panel.find('rlc-input').click();
}

test('the list of models can be searched, and a model can be selected from it', async () => {
	const panel = await openModel(UNSET);
	await openList(panel);
	await eventually(async () => {
		expect(await shown('rlc-item').allInnerTexts()).toEqual([
			'omni-fast (text, frames, images)',
			'omni-fast-v2v (text, frames, images; for Edit)',
			'sora-2 (text, first frame)',
			'veo_3_1 (text, first frame, images)',
			'veo_3_1-fast (text, first frame, images)',
			'Kling-2.6 (text, frames; for Edit)',
			'Kling-3.0-Omni (text, frames; for Edit)',
		]);
	});
	await shown('rlc-search').fill('v2v');
	await eventually(async () => {
		expect(await shown('rlc-item').allInnerTexts()).toEqual([
			'omni-fast-v2v (text, frames, images; for Edit)',
		]);
	});
	await shown('rlc-item').click();
	await eventually(async () => {
		expect(await panel.find('rlc-input').inputValue()).toContain('omni-fast-v2v');
	});
});

test('the editor offers only the modes that the selected model has', async () => {
	const panel = await openModel({ __rl: true, mode: 'list', value: 'sora-2' });
	expect(await panel.entries('mode')).toEqual(['Text to Video', 'Image to Video (First Frame)']);
});

test('a Model that was not touched changes with the operation, and one that was selected stays', async () => {
	const { editor } = opened;
	const nodes = [manualTrigger(), videoNode(setup.credentialId, {})];
	await editor.openWorkflow(await setup.api.createWorkflow(chain('Models', nodes)));
	const untouched = await editor.openNode(VIDEO_NODE);
	expect(await untouched.find('rlc-input').inputValue()).toBe('omni-fast');
	await untouched.choose('operation', 'Edit');
	await eventually(async () => {
		expect(await untouched.find('rlc-input').inputValue()).toBe('omni-fast-v2v');
	});
	const selected = await openModel({ __rl: true, mode: 'list', value: 'sora-2' });
	await selected.choose('operation', 'Edit');
	await eventually(async () => {
		expect(await selected.find('rlc-input').inputValue()).toBe('sora-2');
	});
});

test('a Model that was saved as a plain string is shown and works', async () => {
	const panel = await openModel('omni-fast');
	expect(await panel.find('rlc-input').inputValue()).toBe('omni-fast');
	await panel.execute();
	await eventually(async () => expect(setup.sandbox.tasks).toHaveLength(1));
	expect(setup.sandbox.tasks[0]?.request.model).toBe('omni-fast');
});

test.each([
	[
		'a wrong key',
		{ apiKey: 'wrong-key-1234' },
		undefined,
		['OctopusX did not accept the API key', 'wrong, disabled or expired'],
	],
	[
		'a page with HTTP 200',
		{},
		'<!doctype html><title>Console</title>',
		['A web page answered', "Check the 'Base URL'"],
	],
	[
		'an error with HTTP 200',
		{},
		{ success: false, message: 'database is locked' },
		['OctopusX sent an answer that the node does not understand', 'database is locked'],
	],
	[
		'an unreachable URL',
		{ baseUrl: 'http://127.0.0.1:9' },
		undefined,
		['OctopusX cannot be reached', "Check the 'Base URL'"],
	],
])('the list of models shows why it failed to load: %s', async (what, credential, body, words) => {
	const { sandbox } = setup;
	const data = { apiKey: sandbox.apiKey, baseUrl: sandbox.url, ...credential };
	const credentialId = await setup.api.createCredential('octopusXApi', what, data);
	if (body) sandbox.faults.add({ on: 'models', times: Infinity, answer: { status: 200, body } });
	const panel = await openModel(UNSET, credentialId);
	await openList(panel);
	await eventually(async () => {
		const text = await shown('rlc-error-container').innerText();
		for (const word of words) expect(text).toContain(word);
		expect(text).not.toMatch(/\b200 -/);
	});
});

import { useEditor } from './support/editor';
import { eventually } from './support/eventually';
import type { NodePanel } from './support/nodePanel';
import { useN8n } from './support/useN8n';
import { chain, manualTrigger, VIDEO_NODE, videoNode } from './support/workflows';

const setup = useN8n();
const opened = useEditor(setup);

/** Searches that users who need this node may type. */
const SEARCHES = [
	...['video', 'ai video', 'generate video', 'text to video', 'image to video'],
	...['animate', 'video generation'],
];

const ACTIONS = [
	...['Generate video', 'Edit video', 'Get video status'],
	...['Get account balance', 'Upload file'],
];

test('a search for its subject finds the node, and it can be added with one of its actions', async () => {
	const { editor } = opened;
	await editor.openWorkflow(await setup.api.createWorkflow(chain('Search', [manualTrigger()])));
	for (const text of [...SEARCHES, 'octopus']) {
		const names = await editor.searchNodes(text);
		await eventually(async () => expect(await names.allInnerTexts()).toContain(VIDEO_NODE));
	}
	const names = await editor.searchNodes('octopus');
	await eventually(async () => expect(await names.allInnerTexts()).toEqual([VIDEO_NODE]));
	await names.click();
	await eventually(async () => expect(await names.allInnerTexts()).toEqual(ACTIONS));
	await names.filter({ hasText: 'Get video status' }).click();
	const panel = await editor.openPanel();
	await eventually(async () => expect(await panel.labels()).toContain('Task ID'));
	await panel.close();
	const added = editor.nodeOnCanvas('Get video status');
	await eventually(async () => expect(await added.innerText()).toContain('Get Status'));
});

test('the icon of the node matches the light and the dark theme', async () => {
	const { editor } = opened;
	await editor.openWorkflow(
		await setup.api.createWorkflow(chain('Icon', [videoNode(setup.credentialId)])),
	);
	const icon = editor.nodeOnCanvas(VIDEO_NODE).locator('img');
	for (const [colorScheme, file] of [
		['dark', 'octopusx.dark.svg'],
		['light', 'octopusx.svg'],
	] as const) {
		await editor.page.emulateMedia({ colorScheme });
		await eventually(async () => {
			const { src, naturalWidth } = await icon.evaluate(
				({ src, naturalWidth }: { src: string; naturalWidth: number }) => ({ src, naturalWidth }),
			);
			expect(src).toBe(`${setup.n8n.url}/icons/n8n-nodes-octopusx/dist/icons/${file}`);
			expect(naturalWidth).toBeGreaterThan(0);
		});
	}
});

test('as a tool of an AI Agent, the node has Output in place of Simplify, and nothing that needs files or suspension', async () => {
	const { editor } = opened;
	const video = videoNode(setup.credentialId, { options: {} });
	const tool = { ...video, type: `${video.type}Tool` };
	await editor.openWorkflow(await setup.api.createWorkflow(chain('Tool', [tool])));
	const panel = await editor.openNode(VIDEO_NODE);
	const request = ['Model', 'Mode', 'Prompt', 'Duration (Seconds)', 'Aspect Ratio', 'Resolution'];
	const shown = (...result: string[]) => [
		...['Tool Description', 'Resource', 'Operation'],
		...request,
		...['Wait Until Completed', ...result, 'Options'],
	];
	await eventually(async () => expect(await panel.labels()).toEqual(shown('Output')));
	await panel.choose('output', 'Selected Fields');
	await eventually(async () => expect(await panel.labels()).toEqual(shown('Output', 'Fields')));
	expect(await panel.entries('resource')).toEqual(['Video', 'Account']);
	const withButton = ['Model', 'Prompt', 'Duration (Seconds)', 'Wait Until Completed', 'Fields'];
	expect(await panel.aiLabels()).toEqual(withButton);
});

describe('fields', () => {
	const CLIP = ['Duration (Seconds)', 'Aspect Ratio', 'Resolution'];
	const WAITING = [...['Wait Until Completed', 'Download Video', 'Simplify', 'Options']];
	const generate = (...own: string[]) => [
		...['Resource', 'Operation', 'Model', 'Mode', 'Prompt'],
		...own,
		...CLIP,
		...WAITING,
	];
	const edit = (...own: string[]) => [
		...['Resource', 'Operation', 'Model', 'Prompt'],
		...own,
		...CLIP,
		...WAITING,
	];
	const GET_STATUS = [
		...['Resource', 'Operation', 'Task ID', 'Wait Until Completed', 'Download Video'],
		...['Simplify', 'Options'],
	];
	let panel: NodePanel;

	beforeAll(async () => {
		const { editor } = opened;
		const fresh = videoNode(setup.credentialId, { prompt: '', options: {} });
		await editor.openWorkflow(
			await setup.api.createWorkflow(chain('Fields', [manualTrigger(), fresh])),
		);
		panel = await editor.openNode(VIDEO_NODE);
	});

	/** Sets parameters on which other fields depend, regardless of what an earlier test has set. */
	async function choose(choices: Record<string, string | boolean>): Promise<void> {
		for (const [parameter, choice] of Object.entries({ resource: 'Video', ...choices })) {
			if (typeof choice === 'string') await panel.choose(parameter, choice);
			else await panel.set(parameter, choice);
		}
	}

	const FILE = 'File From Input';
	const FIRST = 'Image to Video (First Frame)';
	const FIRST_AND_LAST = 'Image to Video (First and Last Frame)';
	test.each([
		['Text to Video', {}, []],
		[FIRST, { firstFrameSource: 'URL' }, ['First Frame Source', 'First Frame URL']],
		[
			FIRST,
			{ firstFrameSource: FILE },
			['First Frame Source', 'First Frame Input Data Field Name'],
		],
		[
			FIRST_AND_LAST,
			{ firstFrameSource: 'URL', lastFrameSource: 'URL' },
			['First Frame Source', 'First Frame URL', 'Last Frame Source', 'Last Frame URL'],
		],
		[
			FIRST_AND_LAST,
			{ firstFrameSource: FILE, lastFrameSource: FILE },
			[
				'First Frame Source',
				'First Frame Input Data Field Name',
				'Last Frame Source',
				'Last Frame Input Data Field Name',
			],
		],
		['Reference Images', {}, ['Reference Images']],
	])('Generate with %s %j shows exactly the fields that apply', async (mode, sources, own) => {
		await choose({ operation: 'Generate', mode, ...sources });
		await eventually(async () => expect(await panel.labels()).toEqual(generate(...own)));
	});

	test.each([
		['URL', 'Video URL'],
		[FILE, 'Video Input Data Field Name'],
	])('Edit with a video from %s shows exactly the fields that apply', async (videoSource, own) => {
		await choose({ operation: 'Edit', videoSource });
		const expected = edit('Video Source', own, 'Reference Images');
		await eventually(async () => expect(await panel.labels()).toEqual(expected));
	});

	test('the editor does not change a Duration outside its limits, so that the node can explain the limits', async () => {
		await choose({ operation: 'Generate', mode: 'Text to Video' });
		const input = panel.find('parameter-input-seconds').locator('input');
		for (const typed of ['60', '2', '4.5', '8']) {
			await input.click();
			await input.press('Control+a');
			await input.pressSequentially(typed);
			await input.press('Tab');
			expect(await input.inputValue()).toBe(typed);
		}
	});

	test.each([FIRST_AND_LAST, 'Reference Images'])(
		'the panel of a node with %s cuts off no label',
		async (mode) => {
			await choose({ operation: 'Generate', mode });
			if (mode === FIRST_AND_LAST) {
				await choose({ firstFrameSource: FILE, lastFrameSource: FILE });
			}
			await eventually(async () => expect(await panel.labels()).toContain('Resolution'));
			expect(await panel.cutLabels()).toEqual([]);
		},
	);

	test('Get Status shows exactly the fields that apply', async () => {
		await choose({ operation: 'Get Status' });
		await eventually(async () => expect(await panel.labels()).toEqual(GET_STATUS));
	});

	test('a reference image shows only the field for its source', async () => {
		await choose({ operation: 'Generate', mode: 'Reference Images' });
		await panel.find('fixed-collection-add').click();
		await choose({ source: 'URL' });
		const row = (name: string) => generate('Reference Images', 'Source', name);
		await eventually(async () => expect(await panel.labels()).toEqual(row('URL')));
		await choose({ source: FILE });
		const field = 'Input Data Field Name';
		await eventually(async () => expect(await panel.labels()).toEqual(row(field)));
	});

	test.each(['Generate', 'Edit'])(
		'%s without Wait Until Completed hides Download Video',
		async (operation) => {
			await choose({ operation, waitForCompletion: false });
			await eventually(async () => {
				const shown = ['Wait Until Completed', 'Simplify', 'Options'];
				expect((await panel.labels()).slice(-shown.length)).toEqual(shown);
			});
			await choose({ waitForCompletion: true });
			await eventually(async () =>
				expect((await panel.labels()).slice(-WAITING.length)).toEqual(WAITING),
			);
		},
	);

	test.each([
		['Account', 'Get Balance', []],
		['File', 'Upload', ['Input Data Field Name']],
	])('%s has the operation %s with exactly the fields that apply', async (resource, name, own) => {
		await choose({ resource });
		const fields = ['Resource', 'Operation', ...own, 'Options'];
		await eventually(async () => expect(await panel.labels()).toEqual(fields));
		expect(await panel.entries('resource')).toEqual(['Video', 'Account', 'File']);
		expect(await panel.entries('operation')).toEqual([name]);
	});

	const DOWNLOADING = [
		...['Check Every (Seconds)', 'Extra API Fields (JSON)', 'File Name', 'Max Concurrency'],
		...['Output Data Field Name', 'Safety Limit (Items)'],
	];
	const WAIT = ['Test Mode', 'Timeout (Minutes)', 'While Waiting'];
	const REQUEST = ['Extra API Fields (JSON)', 'Max Concurrency', 'Safety Limit (Items)'];
	test.each([
		[
			{
				operation: 'Generate',
				mode: 'Text to Video',
				waitForCompletion: true,
				downloadVideo: true,
			},
			[...DOWNLOADING, ...WAIT],
		],
		[
			{ operation: 'Generate', mode: FIRST, downloadVideo: false },
			['Check Every (Seconds)', ...REQUEST, 'Send Files As', ...WAIT],
		],
		[
			{ operation: 'Generate', mode: 'Text to Video', waitForCompletion: false },
			[...REQUEST, 'Test Mode', 'Timeout (Minutes)'],
		],
		[
			{ operation: 'Edit', waitForCompletion: true, downloadVideo: true },
			[...DOWNLOADING, 'Send Files As', ...WAIT],
		],
		[
			{ operation: 'Get Status', waitForCompletion: false, downloadVideo: false },
			['Max Concurrency', 'Test Mode'],
		],
		[
			{ operation: 'Get Status', waitForCompletion: true, downloadVideo: true },
			['Check Every (Seconds)', 'File Name', 'Max Concurrency', 'Output Data Field Name', ...WAIT],
		],
		[{ resource: 'File' }, ['Max Concurrency', 'Test Mode', 'Timeout (Minutes)']],
	])('the options offered for %j are exactly the intended ones', async (choices, expected) => {
		await choose(choices);
		await eventually(async () => expect(await panel.options()).toEqual(expected));
	});
});

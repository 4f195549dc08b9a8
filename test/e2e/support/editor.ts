import { join } from 'node:path';
import type { Locator, Page, Response } from 'playwright-core';
import { ROOT } from '../../package/tarball';
import { EditorBrowser } from './browser';
import { ExecutionsTab } from './executionsTab';
import { NodePanel } from './nodePanel';
import { byTestId } from './byTestId';
import { eventually } from './eventually';
import type { N8nApi, SavedWorkflow } from './n8nApi';
import { until } from './until';
import type { Setup } from './useN8n';

/** The radius of the rounded corners of a node's panel, in pixels. */
const PANEL_CORNER = 3;
/** The margin around the workflow in a screenshot, in pixels. */
const WORKFLOW_MARGIN = 16;
/** How long the node creator may take to open or close. */
const CREATOR_TIMEOUT_MS = 3_000;

/** The editor of n8n, with a method for each action of a user. */
class Editor {
	/** The lines in the browser's console. */
	readonly console: string[] = [];

	constructor(readonly browser: EditorBrowser) {
		this.page.setDefaultTimeout(20_000);
		this.page.on('console', (message) => this.console.push(message.text()));
	}

	get page(): Page {
		return this.browser.page;
	}

	/** n8n's notifications in the corner of the window. */
	get messages(): Locator {
		return this.page.locator('.el-notification');
	}

	find(id: string): Locator {
		return byTestId(id, this.page);
	}

	async openWorkflow({ id }: { id: string }): Promise<void> {
		await this.page.goto(`/workflow/${id}`);
		await this.find('canvas-node').first().waitFor();
	}

	/** Imports an example with *Import from File* into a new workflow. The editor saves it automatically. */
	async importExample(api: N8nApi, file: string): Promise<SavedWorkflow> {
		return await this.importWorkflow(api, file, async () => {
			await this.find('workflow-import-input').setInputFiles(join(ROOT, 'examples', file));
		});
	}

	/** Imports a workflow with *Import from URL* into a new workflow. The editor saves it automatically. */
	async importAddress(api: N8nApi, address: string): Promise<SavedWorkflow> {
		return await this.importWorkflow(api, address, async () => {
			await this.find('workflow-menu').click();
			await this.find('workflow-menu-item-import').hover();
			await this.find('workflow-menu-item-import-from-url').click();
			await this.find('workflow-url-import-input').fill(address);
			await this.find('confirm-workflow-import-url-button').click();
		});
	}

	private async importWorkflow(api: N8nApi, name: string, choose: () => Promise<void>) {
		await this.page.goto('/workflow/new');
		const isSave = (response: Response) =>
			response.request().method() === 'POST' && /\/rest\/workflows\b/.test(response.url());
		await this.find('workflow-import-input').waitFor({ state: 'attached' });
		const [saved] = await Promise.all([this.page.waitForResponse(isSave), choose()]);
		const { id } = ((await saved.json()) as { data: SavedWorkflow }).data;
		// The imported nodes are selected, and a notification about their credentials covers them.
		await this.page.locator('.vue-flow__pane').click({ position: { x: 5, y: 5 } });
		await this.page.addStyleTag({ content: '.el-notification { display: none !important }' });
		return await until(`${name} to be saved`, async () => {
			const workflow = await api.request<SavedWorkflow>('GET', `/rest/workflows/${id}`);
			return workflow.nodes.length > 0 && workflow;
		});
	}

	/** Executes the workflow from one of several triggers, with the button that appears beside it. */
	async executeFrom(trigger: string): Promise<void> {
		await this.nodeOnCanvas(trigger).hover();
		await this.find(`execute-workflow-button-${trigger}`).click();
	}

	async executeWorkflow(): Promise<void> {
		await this.find('execute-workflow-button').click();
	}

	/** Opens the chat of the current workflow and sends a message. */
	async sendToChat(message: string): Promise<void> {
		const button = this.find('workflow-chat-button');
		// The editor remembers that a chat was open.
		if (!(await button.innerText()).includes('Hide')) await button.click();
		await this.say(message);
	}

	/** Sends a message in the open chat. */
	async say(message: string): Promise<void> {
		const input = this.find('canvas-chat').locator('textarea');
		await input.fill(message);
		// The chat ignores Enter while an execution is still ending.
		await eventually(async () => {
			await input.press('Enter');
			expect(await input.inputValue()).toBe('');
		});
	}

	async openExecutions({ id }: { id: string }): Promise<ExecutionsTab> {
		await this.page.goto(`/workflow/${id}/executions`);
		return new ExecutionsTab(this.page);
	}

	/** Opens an execution of a workflow, as a click in the list of executions does. */
	async openExecution({ id }: { id: string }, execution: { id: string }): Promise<void> {
		await this.page.goto(`/workflow/${id}/executions/${execution.id}`);
		await this.find('canvas-node').first().waitFor();
	}

	nodeOnCanvas(name: string): Locator {
		return this.find('canvas-node').filter({ hasText: name });
	}

	/** Opens the panel of a node with a double click. */
	async openNode(name: string): Promise<NodePanel> {
		await this.nodeOnCanvas(name).dblclick();
		return await this.openPanel();
	}

	/** Returns the panel that n8n has just opened. */
	async openPanel(): Promise<NodePanel> {
		const panel = new NodePanel(this.page);
		await panel.ready();
		return panel;
	}

	/** Searches in the node creator and returns the entries that it shows. */
	async searchNodes(text: string): Promise<Locator> {
		// After an earlier search, the node creator may still be closing.
		await eventually(async () => {
			if (!(await this.find('node-creator').isVisible())) {
				await this.find('node-creator-plus-button').click({ timeout: CREATOR_TIMEOUT_MS });
			}
			await this.find('node-creator-search-bar').fill(text, { timeout: CREATOR_TIMEOUT_MS });
		});
		return this.find('node-creator-item-name');
	}

	/**
	 * Takes a screenshot of these elements and everything between them, after closing all
	 * notifications.
	 *
	 * @param margin in pixels, but never beyond the edge of an open node's panel
	 */
	async picture(name: string, elements: Locator[], margin = 0): Promise<void> {
		await this.closeMessages();
		await this.page.mouse.move(0, 0);
		const panel = this.find('ndv');
		const edge = (await panel.isVisible()) ? await edgesOf([panel], -PANEL_CORNER) : undefined;
		const inner = await edgesOf(elements, margin);
		const left = Math.max(inner.left, edge?.left ?? 0);
		const top = Math.max(inner.top, edge?.top ?? 0);
		const right = Math.min(inner.right, edge?.right ?? Infinity);
		const bottom = Math.min(inner.bottom, edge?.bottom ?? Infinity);
		await this.browser.picture(name, clipOf({ left, top, right, bottom }));
	}

	/** Takes a screenshot of the workflow in full size, without the editor around it. */
	async pictureWorkflow(name: string): Promise<void> {
		const viewport = this.page.viewportSize();
		await this.page.setViewportSize({ width: 1700, height: 1000 });
		await this.find('zoom-to-fit').click();
		let before = '';
		const edges = await until('the canvas to stop moving', async () => {
			const nodes = await this.page.locator('.vue-flow__node').all();
			const now = await edgesOf(nodes, WORKFLOW_MARGIN);
			const isAtRest = JSON.stringify(now) === before;
			before = JSON.stringify(now);
			return isAtRest && now;
		});
		await this.browser.picture(name, clipOf(edges));
		if (viewport) await this.page.setViewportSize(viewport);
	}

	private async closeMessages(): Promise<void> {
		for (const message of await this.messages.elementHandles()) {
			await (await message.$('.el-notification__closeBtn'))?.click();
			await message.waitForElementState('hidden');
		}
	}

	async close(): Promise<void> {
		await this.browser.close();
	}
}

interface Edges {
	left: number;
	top: number;
	right: number;
	bottom: number;
}

const clipOf = ({ left, top, right, bottom }: Edges) => ({
	x: left,
	y: top,
	width: right - left,
	height: bottom - top,
});

/** Returns the smallest rectangle around all elements, plus a margin on each side. */
async function edgesOf(elements: Locator[], margin: number): Promise<Edges> {
	const boxes = await Promise.all(elements.map(async (one) => await one.boundingBox()));
	const found = boxes.filter((box) => box !== null);
	return {
		left: Math.min(...found.map(({ x }) => x)) - margin,
		top: Math.min(...found.map(({ y }) => y)) - margin,
		right: Math.max(...found.map(({ x, width }) => x + width)) + margin,
		bottom: Math.max(...found.map(({ y, height }) => y + height)) + margin,
	};
}

/** Opens the editor for the tests of a file. `editor` is set by a `beforeAll` hook. */
export function useEditor(setup: Setup): { editor: Editor } {
	const opened = {} as { editor: Editor };
	beforeAll(async () => {
		opened.editor = new Editor(await EditorBrowser.open(setup.n8n.url));
	});
	afterAll(async () => await opened.editor?.close());
	return opened;
}

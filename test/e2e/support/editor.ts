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

/** What the round corners of a node's panel take away, in pixels. */
const PANEL_CORNER = 3;
/** Around the workflow in a picture, in pixels. */
const WORKFLOW_MARGIN = 16;
/** How long the node creator may take to open or to close. */
const CREATOR_LIMIT_MS = 3_000;

/** n8n's editor, by what a user does in it. */
class Editor {
	/** What the page wrote to the console of the browser. */
	readonly console: string[] = [];

	constructor(readonly browser: EditorBrowser) {
		this.page.setDefaultTimeout(20_000);
		this.page.on('console', (message) => this.console.push(message.text()));
	}

	get page(): Page {
		return this.browser.page;
	}

	/** What n8n tells in the corner of the window. */
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

	/** *Import from File* into a new workflow, which the editor then saves by itself. */
	async importExample(api: N8nApi, file: string): Promise<SavedWorkflow> {
		await this.page.goto('/workflow/new');
		const isSave = (response: Response) =>
			response.request().method() === 'POST' && /\/rest\/workflows\b/.test(response.url());
		const input = this.find('workflow-import-input');
		await input.waitFor({ state: 'attached' });
		const [saved] = await Promise.all([
			this.page.waitForResponse(isSave),
			input.setInputFiles(join(ROOT, 'examples', file)),
		]);
		const { id } = ((await saved.json()) as { data: SavedWorkflow }).data;
		// what was imported is selected, and a message about its credentials lies on top
		await this.page.locator('.vue-flow__pane').click({ position: { x: 5, y: 5 } });
		await this.page.addStyleTag({ content: '.el-notification { display: none !important }' });
		return await until(`${file} to be saved`, async () => {
			const workflow = await api.request<SavedWorkflow>('GET', `/rest/workflows/${id}`);
			return workflow.nodes.length > 0 && workflow;
		});
	}

	/** *Execute workflow*. */
	async executeWorkflow(): Promise<void> {
		await this.find('execute-workflow-button').click();
	}

	/** Opens the chat of the open workflow and sends a message. */
	async sendToChat(message: string): Promise<void> {
		await this.find('workflow-chat-button').click();
		const input = this.find('canvas-chat').locator('textarea');
		await input.fill(message);
		await input.press('Enter');
	}

	async openExecutions({ id }: { id: string }): Promise<ExecutionsTab> {
		await this.page.goto(`/workflow/${id}/executions`);
		return new ExecutionsTab(this.page);
	}

	/** One execution of a workflow, as a click in the list of executions opens it. */
	async openExecution({ id }: { id: string }, execution: { id: string }): Promise<void> {
		await this.page.goto(`/workflow/${id}/executions/${execution.id}`);
		await this.find('canvas-node').first().waitFor();
	}

	nodeOnCanvas(name: string): Locator {
		return this.find('canvas-node').filter({ hasText: name });
	}

	/** The panel with the parameters of a node, which a double click opens. */
	async openNode(name: string): Promise<NodePanel> {
		await this.nodeOnCanvas(name).dblclick();
		return await this.openPanel();
	}

	/** The panel that has just opened by itself. */
	async openPanel(): Promise<NodePanel> {
		const panel = new NodePanel(this.page);
		await panel.ready();
		return panel;
	}

	/** The entries that the node creator offers for a search. */
	async searchNodes(text: string): Promise<Locator> {
		// the creator of a search before may be about to close
		await eventually(async () => {
			if (!(await this.find('node-creator').isVisible())) {
				await this.find('node-creator-plus-button').click({ timeout: CREATOR_LIMIT_MS });
			}
			await this.find('node-creator-search-bar').fill(text, { timeout: CREATOR_LIMIT_MS });
		});
		return this.find('node-creator-item-name');
	}

	/**
	 * Takes a picture of these elements and what is between them, without messages on top of it.
	 *
	 * @param margin around them, up to the edge of the panel of a node where one is open
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

	/** A picture of the open workflow in its own size, without what surrounds it in the editor. */
	async pictureWorkflow(name: string): Promise<void> {
		const usual = this.page.viewportSize();
		await this.page.setViewportSize({ width: 1700, height: 1000 });
		await this.find('zoom-to-fit').click();
		let before = '';
		const edges = await until('the canvas to come to rest', async () => {
			const nodes = await this.page.locator('.vue-flow__node').all();
			const now = await edgesOf(nodes, WORKFLOW_MARGIN);
			const isAtRest = JSON.stringify(now) === before;
			before = JSON.stringify(now);
			return isAtRest && now;
		});
		await this.browser.picture(name, clipOf(edges));
		if (usual) await this.page.setViewportSize(usual);
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

/** The smallest rectangle that holds all elements, so much larger on each side. */
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

/** The editor for the tests of a file; there once their first hook has run. */
export function useEditor(setup: Setup): { editor: Editor } {
	const opened = {} as { editor: Editor };
	beforeAll(async () => {
		opened.editor = new Editor(await EditorBrowser.open(setup.n8n.url));
	});
	afterAll(async () => await opened.editor?.close());
	return opened;
}

import type { Locator, Page } from 'playwright-core';
import { EditorBrowser } from './browser';
import { ExecutionsTab } from './executionsTab';
import { NodePanel } from './nodePanel';
import { byTestId } from './byTestId';
import type { Setup } from './useN8n';

/** n8n's editor, by what a user does in it. */
export class Editor {
	/** What the page wrote to the console of the browser. */
	readonly console: string[] = [];

	constructor(private readonly browser: EditorBrowser) {
		this.page.setDefaultTimeout(20_000);
		this.page.on('console', (message) => this.console.push(message.text()));
	}

	get page(): Page {
		return this.browser.page;
	}

	find(id: string): Locator {
		return byTestId(id, this.page);
	}

	async openWorkflow({ id }: { id: string }): Promise<void> {
		await this.page.goto(`/workflow/${id}`);
		await this.find('canvas-node').first().waitFor();
	}

	async openExecutions({ id }: { id: string }): Promise<ExecutionsTab> {
		await this.page.goto(`/workflow/${id}/executions`);
		return new ExecutionsTab(this.page);
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
		if (!(await this.find('node-creator').isVisible())) {
			await this.find('node-creator-plus-button').click();
		}
		await this.find('node-creator-search-bar').fill(text);
		return this.find('node-creator-item-name');
	}

	/** Takes a picture of these elements and what is between them, without messages on top of it. */
	async picture(name: string, elements: Locator[], margin = 0): Promise<void> {
		await this.closeMessages();
		await this.page.mouse.move(0, 0);
		const boxes = await Promise.all(elements.map(async (one) => await one.boundingBox()));
		const found = boxes.filter((box) => box !== null);
		const x = Math.min(...found.map((box) => box.x)) - margin;
		const y = Math.min(...found.map((box) => box.y)) - margin;
		const right = Math.max(...found.map((box) => box.x + box.width)) + margin;
		const bottom = Math.max(...found.map((box) => box.y + box.height)) + margin;
		await this.browser.picture(name, { x, y, width: right - x, height: bottom - y });
	}

	private async closeMessages(): Promise<void> {
		const messages = this.page.locator('.el-notification');
		while ((await messages.count()) > 0) {
			await messages.first().locator('.el-notification__closeBtn').click();
			await messages.first().waitFor({ state: 'detached' });
		}
	}

	async close(): Promise<void> {
		await this.browser.close();
	}
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

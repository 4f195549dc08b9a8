import type { Locator, Page } from 'playwright-core';
import { EditorBrowser } from './browser';
import { ExecutionsTab } from './executionsTab';
import { NodePanel } from './nodePanel';
import { byTestId } from './byTestId';
import type { Setup } from './useN8n';

/** What the round corners of a node's panel take away, in pixels. */
const PANEL_CORNER = 3;

/** n8n's editor, by what a user does in it. */
export class Editor {
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
		const clip = { x: left, y: top, width: right - left, height: bottom - top };
		await this.browser.picture(name, clip);
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

/** The smallest rectangle that holds all elements, so much larger on each side. */
async function edgesOf(elements: Locator[], margin: number) {
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

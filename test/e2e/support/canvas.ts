import { join } from 'node:path';
import type { Response } from 'playwright-core';
import type { EditorBrowser } from './browser';
import type { N8nApi, SavedWorkflow } from './n8nApi';
import { until } from './until';

const EXAMPLES = join(__dirname, '..', '..', '..', 'examples');
const NODES = '.vue-flow__node';
/** Around the workflow in a picture, in pixels. */
const MARGIN = 16;

const byTestId = (id: string) => `[data-test-id="${id}"]`;

/** *Import from File* into a new workflow, which the editor then saves by itself. */
export async function importExample(
	{ page }: EditorBrowser,
	api: N8nApi,
	file: string,
): Promise<SavedWorkflow> {
	await page.goto('/workflow/new');
	const isSave = (response: Response) =>
		response.request().method() === 'POST' && /\/rest\/workflows\b/.test(response.url());
	const input = page.locator(byTestId('workflow-import-input'));
	await input.waitFor({ state: 'attached' });
	const [saved] = await Promise.all([
		page.waitForResponse(isSave),
		input.setInputFiles(join(EXAMPLES, file)),
	]);
	const { id } = ((await saved.json()) as { data: SavedWorkflow }).data;
	// what was imported is selected, and a message about its credentials lies on top
	await page.locator('.vue-flow__pane').click({ position: { x: 5, y: 5 } });
	await page.addStyleTag({ content: '.el-notification { display: none !important }' });
	return await until(`${file} to be saved`, async () => {
		const workflow = await api.request<SavedWorkflow>('GET', `/rest/workflows/${id}`);
		return workflow.nodes.length > 0 && workflow;
	});
}

export async function openWorkflow({ page }: EditorBrowser, { id }: { id: string }): Promise<void> {
	await page.goto(`/workflow/${id}`);
	await page.locator(NODES).first().waitFor();
}

/** A picture of the open workflow in its own size, without what surrounds it in the editor. */
export async function pictureWorkflow(browser: EditorBrowser, name: string): Promise<void> {
	const { page } = browser;
	const usual = page.viewportSize();
	await page.setViewportSize({ width: 1700, height: 1000 });
	await page.click(byTestId('zoom-to-fit'));
	let before = '';
	const clip = await until('the canvas to come to rest', async () => {
		const bounds = await boundsOf(browser);
		const isAtRest = JSON.stringify(bounds) === before;
		before = JSON.stringify(bounds);
		return isAtRest && bounds;
	});
	await browser.picture(name, clip);
	if (usual) await page.setViewportSize(usual);
}

async function boundsOf({ page }: EditorBrowser) {
	const boxes = await page.locator(NODES).evaluateAll((elements) =>
		elements.map((element) => {
			const { left, top, right, bottom } = element.getBoundingClientRect();
			return { left, top, right, bottom };
		}),
	);
	const left = Math.min(...boxes.map((box) => box.left)) - MARGIN;
	const top = Math.min(...boxes.map((box) => box.top)) - MARGIN;
	return {
		x: left,
		y: top,
		width: Math.max(...boxes.map((box) => box.right)) + MARGIN - left,
		height: Math.max(...boxes.map((box) => box.bottom)) + MARGIN - top,
	};
}

/** *Execute workflow*. */
export async function executeWorkflow({ page }: EditorBrowser): Promise<void> {
	await page.click(byTestId('execute-workflow-button'));
}

/** Opens the chat of the open workflow and sends a message. */
export async function sendToChat({ page }: EditorBrowser, message: string): Promise<void> {
	await page.click(byTestId('workflow-chat-button'));
	const input = page.locator(`${byTestId('canvas-chat')} textarea`);
	await input.fill(message);
	await input.press('Enter');
}

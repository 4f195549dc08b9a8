import type { BrowserContext, Page } from 'playwright-core';
import type { WorkflowDraft } from './n8nApi';

/** The form of an active workflow, open in a tab of the browser, as its users see it. */
export class FormPage {
	private constructor(readonly page: Page) {}

	/** @param url the URL of n8n */
	static async open(
		context: BrowserContext,
		url: string,
		{ nodes }: WorkflowDraft,
	): Promise<FormPage> {
		const trigger = nodes.find(({ type }) => type === 'n8n-nodes-base.formTrigger');
		const page = await context.newPage();
		// The page would wait for fonts from the internet.
		await page.goto(`${url}/form/${trigger?.webhookId}`, { waitUntil: 'domcontentloaded' });
		return new FormPage(page);
	}

	/** Chooses a photo, fills in the text if the form asks for one, and sends the form. */
	async send(photo: Buffer, text?: string): Promise<void> {
		const file = { name: 'photo.png', mimeType: 'image/png', buffer: photo };
		await this.page.locator('input[type=file]').setInputFiles(file);
		if (text !== undefined) await this.page.locator('textarea').fill(text);
		await this.page.locator('#submit-btn').click();
	}
}

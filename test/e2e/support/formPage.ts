import type { Page } from 'playwright-core';

/** An n8n form, open in a tab of the browser, as its users see it. */
export class FormPage {
	private constructor(readonly page: Page) {}

	/** @param url the URL of n8n; `webhookId` is that of the form's trigger */
	static async open(page: Page, url: string, webhookId = ''): Promise<FormPage> {
		// The page would wait for fonts from the internet.
		await page.goto(`${url}/form/${webhookId}`, { waitUntil: 'domcontentloaded' });
		return new FormPage(page);
	}

	/** Chooses a file, fills in the text if the form asks for one, and sends the form. */
	async send(file: { name: string; mimeType: string; buffer: Buffer }, text?: string) {
		await this.page.locator('input[type=file]').setInputFiles(file);
		if (text !== undefined) await this.page.locator('textarea').fill(text);
		await this.page.locator('#submit-btn').click();
	}
}

import type { Page } from 'playwright-core';
import { byTestId } from './byTestId';

/** The *Executions* tab of a workflow, which shows the newest execution first. */
export class ExecutionsTab {
	constructor(private readonly page: Page) {}

	/**
	 * Returns the text of the list on the left: for each execution its time, its status and the
	 * execution that it retries.
	 */
	async list(): Promise<string> {
		return await byTestId('current-executions-list', this.page).innerText();
	}

	async stop(): Promise<void> {
		await byTestId('stop-execution', this.page).click();
	}

	async retry(workflow: 'currently saved' | 'original'): Promise<void> {
		await byTestId('execution-preview-retry-button', this.page).click();
		await this.page.getByRole('menuitem', { name: `Retry with ${workflow} workflow` }).click();
	}
}

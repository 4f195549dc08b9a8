import type { Page } from 'playwright-core';
import { byTestId } from './byTestId';

/** The tab *Executions* of a workflow, which opens with the newest one. */
export class ExecutionsTab {
	constructor(private readonly page: Page) {}

	/** The list on the left, newest first: when, what became of it, and of which one it is a retry. */
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

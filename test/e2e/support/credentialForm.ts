import type { Locator, Page } from 'playwright-core';
import { byTestId } from './byTestId';
import type { NodePanel } from './nodePanel';

/** The form of a credential, opened from the panel of a node. */
export class CredentialForm {
	readonly dialog: Locator;

	private constructor(page: Page) {
		this.dialog = byTestId('editCredential-modal', page);
	}

	/**
	 * Opens the form for a new credential, with a button if there is no credential yet, otherwise
	 * from a list.
	 */
	static async create(page: Page, panel: NodePanel): Promise<CredentialForm> {
		await panel.find('credentials-label').waitFor();
		const first = panel.find('node-credentials-empty-state').getByRole('button');
		if (await first.isVisible()) {
			await first.click();
			return await CredentialForm.opened(page);
		}
		await panel.find('node-credentials-select').click();
		await byTestId('node-credentials-select-item-new', page).filter({ visible: true }).click();
		return await CredentialForm.opened(page);
	}

	/** Opens the form with the pencil beside the credential in a node's panel. */
	static async edit(page: Page, panel: NodePanel): Promise<CredentialForm> {
		await panel.find('credential-edit-button').click();
		return await CredentialForm.opened(page);
	}

	private static async opened(page: Page): Promise<CredentialForm> {
		const form = new CredentialForm(page);
		await form.input('apiKey').waitFor();
		return form;
	}

	input(parameter: string): Locator {
		return byTestId(`parameter-input-${parameter}`, this.dialog).locator('input');
	}

	/** Saves the credential. n8n then tests it. */
	async save(): Promise<void> {
		await byTestId('credential-save-button', this.dialog).click();
	}

	/** Returns the message of a failed test, after a click on *More details*. */
	async failure(): Promise<string> {
		await this.dialog.getByText('More details').click();
		return await this.dialog.innerText();
	}

	/** The green box that a successful test shows. */
	get success(): Locator {
		return byTestId('credentials-config-container-test-success', this.dialog);
	}

	async close(): Promise<void> {
		// The Escape key would close the node's panel as well.
		await this.dialog.getByLabel('Close this dialog').click();
		await this.dialog.waitFor({ state: 'detached' });
	}
}

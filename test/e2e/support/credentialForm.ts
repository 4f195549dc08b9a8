import type { Locator, Page } from 'playwright-core';
import { byTestId } from './byTestId';
import type { NodePanel } from './nodePanel';

/** The form of a credential, on top of the panel of the node that needs it. */
export class CredentialForm {
	readonly dialog: Locator;

	private constructor(page: Page) {
		this.dialog = byTestId('editCredential-modal', page);
	}

	/** The button in the panel of a node where there is no credential yet; then an entry of a list. */
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

	/** The pencil beside the credential in the panel of a node. */
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

	/** Saves the credential, which makes n8n test it. */
	async save(): Promise<void> {
		await byTestId('credential-save-button', this.dialog).click();
	}

	/** Why the test failed, in the words that *More details* shows. */
	async failure(): Promise<string> {
		await this.dialog.getByText('More details').click();
		return await this.dialog.innerText();
	}

	/** The green box of a test that went well. */
	get success(): Locator {
		return byTestId('credentials-config-container-test-success', this.dialog);
	}

	async close(): Promise<void> {
		// the escape key would close the panel of the node as well
		await this.dialog.getByLabel('Close this dialog').click();
		await this.dialog.waitFor({ state: 'detached' });
	}
}

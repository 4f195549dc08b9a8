import type { Locator, Page } from 'playwright-core';
import { byTestId } from './byTestId';
import { until } from './until';

/** The panel of a node: input on the left, parameters in the middle, output on the right. */
export class NodePanel {
	readonly output: Locator;
	private readonly parameters: Locator;

	constructor(private readonly page: Page) {
		this.output = this.find('output-panel');
		// The second match is the hidden Settings tab.
		this.parameters = this.find('node-parameters').first();
	}

	find(id: string): Locator {
		return byTestId(id, byTestId('ndv', this.page));
	}

	async ready(): Promise<void> {
		await this.parameters.waitFor();
	}

	/** Returns the names of the visible fields, from top to bottom. */
	async labels(): Promise<string[]> {
		const labels = byTestId('input-label', this.parameters).filter({ visible: true });
		const texts = await labels.allInnerTexts();
		// Buttons such as "Fixed" and "Expression" follow the name.
		return texts.map((text) => text.split('\n')[0] ?? '');
	}

	/** Returns the names of the fields with a button to let an AI model fill them in. */
	async aiLabels(): Promise<string[]> {
		const buttons = byTestId('from-ai-override-button', this.page);
		const labels = byTestId('input-label', this.parameters).filter({ has: buttons });
		const texts = await labels.allInnerTexts();
		return texts.map((text) => text.split('\n')[0] ?? '');
	}

	/** Returns the text of the notice above the fields. */
	async notice(): Promise<string> {
		return await this.parameters.getByRole('alert').innerText();
	}

	/** Returns the number of fields that have n8n's red triangle. */
	async issues(): Promise<number> {
		return await byTestId('parameter-issues', this.parameters).count();
	}

	/** Returns the names of fields that are cut off because the panel is too narrow. */
	async cutLabels(): Promise<string[]> {
		const labels = byTestId('input-label', this.parameters).filter({ visible: true });
		return await labels.evaluateAll((all: MeasuredLabel[]) =>
			all
				.flatMap((label) => [...label.querySelectorAll('*')])
				.filter((part) => part.childElementCount === 0 && part.scrollWidth > part.clientWidth + 1)
				.filter((part) => part.clientWidth > 0)
				.map((part) => part.innerText),
		);
	}

	/** Selects an entry of a list by its text. */
	async choose(parameter: string, entry: string): Promise<void> {
		const list = this.list(parameter);
		if ((await list.inputValue()) === entry) return;
		const entries = await this.openList(list);
		await entries.getByText(entry, { exact: true }).click();
	}

	/** Returns the names of the entries of a list. */
	async entries(parameter: string): Promise<string[]> {
		const list = this.list(parameter);
		const entries = (await this.openList(list)).getByRole('option');
		await entries.first().waitFor();
		const texts = await entries.allInnerTexts();
		await list.press('Escape');
		await entries.first().waitFor({ state: 'hidden' });
		// A description may follow the name.
		return texts.map((text) => text.split('\n')[0] ?? '');
	}

	private list(parameter: string): Locator {
		return this.find(`parameter-input-${parameter}`).getByRole('combobox');
	}

	private async openList(list: Locator): Promise<Locator> {
		await list.click();
		// The page can contain several lists, and another one may still be closing.
		return this.page.locator(`[id="${await list.getAttribute('aria-controls')}"]`);
	}

	/** Turns a switch on or off. */
	async set(parameter: string, on: boolean): Promise<void> {
		const control = this.find(`parameter-input-${parameter}`).getByRole('switch');
		if ((await control.isChecked()) === on) return;
		// The control itself has no size. Users click on the switch that is drawn for it.
		await this.find(`parameter-input-${parameter}`).locator('.el-switch__core').click();
	}

	/** Returns the entries in the list of *Add option*. */
	async options(): Promise<string[]> {
		await this.find('collection-parameter-add').click();
		// Lists open outside of the panel, and stay there hidden when they are closed.
		const entries = byTestId('collection-parameter-option', this.page).filter({ visible: true });
		await entries.first().waitFor();
		const texts = await entries.allInnerTexts();
		await this.page.keyboard.press('Escape');
		await entries.first().waitFor({ state: 'hidden' });
		return texts;
	}

	/** Returns the names of the fields on the input's *Schema* tab, even if the node before has not run yet. */
	async inputFields(): Promise<string[]> {
		// Below a short list, n8n shows its variables, such as $now.
		const fields = this.mappable('[data-name]:not([data-name^="$"])');
		await fields.first().waitFor();
		return await fields.evaluateAll((elements: NamedElement[]) =>
			elements.map((element) => element.getAttribute('data-name') ?? ''),
		);
	}

	/** Drags a field of the input to a target. */
	async mapInput(field: string, target: Locator): Promise<void> {
		await this.mappable(`[data-name="${field}"]`).hover();
		await this.page.mouse.down();
		// n8n recognizes a drag only after the mouse has moved a little.
		await target.hover({ position: { x: 20, y: 20 } });
		await target.hover();
		await this.page.mouse.up();
	}

	/** Finds a field of the input that can be dragged. */
	private mappable(which: string): Locator {
		return byTestId('ndv-input-panel', this.page).locator(`[data-target="mappable"]${which}`);
	}

	async execute(): Promise<void> {
		await this.find('node-execute-button').click();
	}

	async stop(): Promise<void> {
		await this.find('ndv-stop-execution-button').click();
	}

	async close(): Promise<void> {
		await this.find('ndv-close-button').click();
		await byTestId('ndv', this.page).waitFor({ state: 'detached' });
	}

	/** Returns the first item on the output's *Table* tab, by column. */
	async firstRow(): Promise<Record<string, string>> {
		const table = this.output.locator('table');
		const names = await table.locator('thead th').allInnerTexts();
		const values = await table.locator('tbody tr').first().locator('td').allInnerTexts();
		return Object.fromEntries(
			names.map((name, index) => [name.trim(), (values[index] ?? '').trim()]),
		);
	}

	async showOutputAs(view: 'schema' | 'table' | 'json' | 'binary'): Promise<void> {
		await byTestId(`radio-button-${view}`, this.output).click();
	}

	/** Opens the first item's video with *View* on the *Binary* tab, and waits until it can play. */
	async playVideo(): Promise<{ duration: number; width: number; height: number }> {
		await this.showOutputAs('binary');
		await byTestId('ndv-view-binary-data', this.output).click();
		const video = this.output.locator('video');
		return await until('the video to play', async () => {
			return await video.evaluate((element: PlayedVideo) => {
				const { readyState, duration, videoWidth: width, videoHeight: height } = element;
				return readyState >= 3 && { duration, width, height };
			});
		});
	}

	/** Returns the error that is shown in place of the output. */
	async error(): Promise<{ message: string; description: string }> {
		return {
			message: await byTestId('node-error-message', this.output).innerText(),
			description: await byTestId('node-error-description', this.output).innerText(),
		};
	}
}

/** The part of HTMLElement that is used here: this project does not include the DOM types. */
interface MeasuredLabel {
	querySelectorAll: (selector: string) => Iterable<MeasuredLabel>;
	childElementCount: number;
	scrollWidth: number;
	clientWidth: number;
	innerText: string;
}

/** The part of Element that is used here. */
interface NamedElement {
	getAttribute(name: string): string | null;
}

/** The part of HTMLVideoElement that is used here. */
interface PlayedVideo {
	readyState: number;
	duration: number;
	videoWidth: number;
	videoHeight: number;
}

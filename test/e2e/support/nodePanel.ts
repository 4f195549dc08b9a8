import type { Locator, Page } from 'playwright-core';
import { byTestId } from './byTestId';
import { until } from './until';

/** The panel of a node: input on the left, parameters in the middle, output on the right. */
export class NodePanel {
	readonly output: Locator;
	private readonly parameters: Locator;

	constructor(private readonly page: Page) {
		this.output = this.find('output-panel');
		// the second one is the hidden tab with the settings that every node has
		this.parameters = this.find('node-parameters').first();
	}

	find(id: string): Locator {
		return byTestId(id, byTestId('ndv', this.page));
	}

	async ready(): Promise<void> {
		await this.parameters.waitFor();
	}

	/** The names of the fields that are shown, from top to bottom. */
	async labels(): Promise<string[]> {
		const labels = byTestId('input-label', this.parameters).filter({ visible: true });
		const texts = await labels.allInnerTexts();
		// buttons such as "Fixed" and "Expression" follow the name
		return texts.map((text) => text.split('\n')[0] ?? '');
	}

	/** The box with words to whoever opens the node. */
	async notice(): Promise<string> {
		return await this.parameters.getByRole('alert').innerText();
	}

	/** How many fields carry n8n's red triangle. */
	async issues(): Promise<number> {
		return await byTestId('parameter-issues', this.parameters).count();
	}

	/** Names of fields that the panel has no room for. */
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

	/** Picks an entry of a list by what it is called there. */
	async choose(parameter: string, entry: string): Promise<void> {
		const list = this.find(`parameter-input-${parameter}`).getByRole('combobox');
		if ((await list.inputValue()) === entry) return;
		await list.click();
		// several lists can be on the page, and another one may still be closing
		const entries = this.page.locator(`[id="${await list.getAttribute('aria-controls')}"]`);
		await entries.getByText(entry, { exact: true }).click();
	}

	/** Sets a switch, whatever it is set to now. */
	async set(parameter: string, on: boolean): Promise<void> {
		const control = this.find(`parameter-input-${parameter}`).getByRole('switch');
		if ((await control.isChecked()) === on) return;
		// the control itself has no size: its drawing is what a user clicks
		await this.find(`parameter-input-${parameter}`).locator('.el-switch__core').click();
	}

	/** The entries of *Add option*. */
	async options(): Promise<string[]> {
		await this.find('collection-parameter-add').click();
		// lists open outside of the panel, and stay there hidden
		const entries = byTestId('collection-parameter-option', this.page).filter({ visible: true });
		await entries.first().waitFor();
		const texts = await entries.allInnerTexts();
		await this.page.keyboard.press('Escape');
		await entries.first().waitFor({ state: 'hidden' });
		return texts;
	}

	/** The names of the fields in the input's tab *Schema*, those of a node that has not run included. */
	async inputFields(): Promise<string[]> {
		const fields = this.mappable('[data-name]');
		await fields.first().waitFor();
		return await fields.evaluateAll((elements: NamedElement[]) =>
			elements.map((element) => element.getAttribute('data-name') ?? ''),
		);
	}

	/** Drags a field of the input to where its value is to go. */
	async mapInput(field: string, target: Locator): Promise<void> {
		await this.mappable(`[data-name="${field}"]`).hover();
		await this.page.mouse.down();
		// n8n takes it for a drag once the mouse has moved a bit
		await target.hover({ position: { x: 20, y: 20 } });
		await target.hover();
		await this.page.mouse.up();
	}

	/** The fields of the input that can be dragged. */
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

	/** The first item of the output in its tab *Table*, by columns. */
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

	/** Plays the file of the first item, by *View* of the tab *Binary*, until it can be seen. */
	async playVideo(): Promise<{ duration: number; width: number; height: number }> {
		await this.showOutputAs('binary');
		await byTestId('ndv-view-binary-data', this.output).click();
		const video = this.output.locator('video');
		return await until('a video that plays', async () => {
			return await video.evaluate((element: PlayedVideo) => {
				const { readyState, duration, videoWidth: width, videoHeight: height } = element;
				return readyState >= 3 && { duration, width, height };
			});
		});
	}

	/** The error in the place of the output. */
	async error(): Promise<{ message: string; description: string }> {
		return {
			message: await byTestId('node-error-message', this.output).innerText(),
			description: await byTestId('node-error-description', this.output).innerText(),
		};
	}
}

/** The part of HTMLElement that is used here. */
interface MeasuredLabel {
	querySelectorAll: (selector: string) => Iterable<MeasuredLabel>;
	childElementCount: number;
	scrollWidth: number;
	clientWidth: number;
	innerText: string;
}

/** The part of Element that is used here: the types of the DOM are not among ours. */
interface NamedElement {
	getAttribute(name: string): string | null;
}

/** The part of HTMLVideoElement that is used here: likewise. */
interface PlayedVideo {
	readyState: number;
	duration: number;
	videoWidth: number;
	videoHeight: number;
}

import type { Locator, Page } from 'playwright-core';

/** What n8n's own tests find an element by. */
export function byTestId(id: string, within: Page | Locator): Locator {
	return within.locator(`[data-test-id="${id}"]`);
}

import type { Locator, Page } from 'playwright-core';

/** Finds an element by the attribute that n8n's own tests use. */
export function byTestId(id: string, within: Page | Locator): Locator {
	return within.locator(`[data-test-id="${id}"]`);
}

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { chromiumPath } from './debian';
import { OWNER } from './n8nApi';

const IMAGES = join(__dirname, '..', '..', '..', 'docs', 'images');
const FLAGS = [
	'--no-sandbox',
	'--disable-gpu',
	'--disable-quic',
	'--no-first-run',
	'--disable-background-networking',
	'--disable-component-update',
	'--disable-sync',
];

/** A Debian Chromium browser with n8n open and its owner logged in. */
export class EditorBrowser {
	private readonly screenshots = mkdtempSync(join(tmpdir(), 'octopusx-screens-'));

	private constructor(
		private readonly browser: Browser,
		readonly context: BrowserContext,
		readonly page: Page,
	) {}

	/** @param url the URL of n8n */
	static async open(url: string, colorScheme: 'light' | 'dark' = 'light'): Promise<EditorBrowser> {
		const browser = await chromium.launch({
			executablePath: chromiumPath(),
			headless: true,
			args: FLAGS,
		});
		const context = await browser.newContext({
			baseURL: url,
			viewport: { width: 1280, height: 800 },
			colorScheme,
			// n8n ignores an approval from a browser that calls itself headless, as from a bot.
			userAgent: `Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${browser.version()} Safari/537.36`,
			// Screenshots for README must be sharp on high-resolution screens.
			deviceScaleFactor: process.env.UPDATE_SCREENSHOTS ? 2 : 1,
		});
		const { email: emailOrLdapLoginId, password } = OWNER;
		await context.request.post('/rest/login', { data: { emailOrLdapLoginId, password } });
		return new EditorBrowser(browser, context, await context.newPage());
	}

	/**
	 * Takes a screenshot. Saves it in docs/images/ if UPDATE_SCREENSHOTS is set, otherwise in a
	 * temporary folder, so that a test run changes no file.
	 */
	async picture(name: string, clip?: { x: number; y: number; width: number; height: number }) {
		const folder = process.env.UPDATE_SCREENSHOTS ? IMAGES : this.screenshots;
		const path = join(folder, `${name}.png`);
		mkdirSync(dirname(path), { recursive: true });
		await this.page.screenshot({ path, clip, animations: 'disabled' });
	}

	async close(): Promise<void> {
		await this.browser.close();
		rmSync(this.screenshots, { recursive: true, force: true });
	}
}

import { Sandbox } from '../../sandbox/sandbox';
import type { N8nApi } from './n8nApi';

/** How long a task takes that does not end by itself. */
export const HOUR_MS = 3_600_000;

export interface SandboxSetup {
	readonly sandbox: Sandbox;
	/** The id of a credential for the sandbox; there once the first hook has run. */
	credentialId: string;
}

/**
 * Keeps a sandbox open for the tests of a file, fresh before each of them, and an n8n that works with it.
 *
 * @param start the n8n that gets the credential
 */
export function useSandboxInN8n(
	setup: SandboxSetup,
	start: () => Promise<N8nApi>,
	remove: () => Promise<void>,
): void {
	const { sandbox } = setup;
	beforeAll(async () => {
		await sandbox.listen();
		const api = await start();
		setup.credentialId = await api.createCredential('octopusXApi', 'OctopusX account', {
			apiKey: sandbox.apiKey,
			baseUrl: sandbox.url,
		});
	}, 240_000);
	beforeEach(() => {
		sandbox.reset();
		sandbox.durationMs = 0;
	});
	afterAll(async () => {
		await remove();
		await sandbox.close();
	}, 120_000);
}

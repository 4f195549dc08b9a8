import { Sandbox } from '../../sandbox/sandbox';
import type { N8nApi } from './n8nApi';

/** The duration of a task that does not end during a test. */
export const HOUR_MS = 3_600_000;

export interface SandboxSetup {
	readonly sandbox: Sandbox;
	/** The ID of a credential for the sandbox. A `beforeAll` hook sets it. */
	credentialId: string;
}

/**
 * Runs the sandbox of `setup` and an n8n for the tests of a file. The sandbox is reset before each test.
 *
 * @param start starts n8n and returns its API, with which the credential is created
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

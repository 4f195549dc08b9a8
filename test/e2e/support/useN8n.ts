import { Sandbox, type SandboxOptions } from '../../sandbox/sandbox';
import { N8n, type N8nOptions } from './n8n';
import type { N8nApi } from './n8nApi';

/** What the tests of a file work with; there once their first hook has run. */
export interface Setup {
	sandbox: Sandbox;
	n8n: N8n;
	api: N8nApi;
	/** The id of a credential for the sandbox. */
	credentialId: string;
}

/** n8n and a sandbox for the tests of a file; the sandbox is fresh before each of them. */
export function useN8n(options: N8nOptions & { sandbox?: SandboxOptions } = {}): Setup {
	const sandbox = new Sandbox(options.sandbox);
	const setup = { sandbox } as Setup;
	beforeAll(async () => {
		await sandbox.listen();
		setup.n8n = await N8n.start(options);
		setup.api = setup.n8n.api;
		setup.credentialId = await setup.api.createCredential('octopusXApi', 'OctopusX account', {
			apiKey: sandbox.apiKey,
			baseUrl: sandbox.url,
		});
	}, 240_000);
	beforeEach(() => {
		sandbox.reset();
		sandbox.durationMs = options.sandbox?.durationMs ?? 0;
	});
	afterAll(async () => {
		await setup.n8n?.remove();
		await sandbox.close();
	}, 60_000);
	return setup;
}

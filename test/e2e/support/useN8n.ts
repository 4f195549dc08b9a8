import { Sandbox } from '../../sandbox/sandbox';
import { N8n, type N8nOptions } from './n8n';
import type { N8nApi } from './n8nApi';
import { useSandboxInN8n, type SandboxSetup } from './sandboxInN8n';

/** What the tests of a file work with; there once their first hook has run. */
export interface Setup extends SandboxSetup {
	n8n: N8n;
	api: N8nApi;
}

/** n8n and a sandbox for the tests of a file; the sandbox is fresh before each of them. */
export function useN8n(options: N8nOptions = {}): Setup {
	const setup = { sandbox: new Sandbox() } as Setup;
	const start = async () => {
		setup.n8n = await N8n.start(options);
		setup.api = setup.n8n.api;
		return setup.api;
	};
	useSandboxInN8n(setup, start, async () => await setup.n8n?.remove());
	return setup;
}

import { Sandbox } from '../../sandbox/sandbox';
import { N8n, type N8nOptions } from './n8n';
import type { N8nApi } from './n8nApi';
import { useSandboxInN8n, type SandboxSetup } from './sandboxInN8n';

/** The n8n of a test file. A `beforeAll` hook sets it. */
export interface Setup extends SandboxSetup {
	n8n: N8n;
	api: N8nApi;
}

/** Runs n8n and a sandbox for the tests of a file. The sandbox is reset before each test. */
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

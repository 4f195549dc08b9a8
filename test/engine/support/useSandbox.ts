import { Sandbox, type SandboxOptions } from '../../sandbox/sandbox';
import { initBinaryData } from './runWorkflow';

/** Creates a sandbox for the tests of a file, reset before each of them. Also prepares n8n's file storage. */
export function useSandbox(options: SandboxOptions = {}): Sandbox {
	const sandbox = new Sandbox(options);
	beforeAll(async () => {
		await initBinaryData();
		await sandbox.listen();
	});
	beforeEach(() => {
		sandbox.reset();
		sandbox.durationMs = options.durationMs ?? 0;
	});
	afterAll(async () => await sandbox.close());
	return sandbox;
}

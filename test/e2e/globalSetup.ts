import { requireDebian } from './support/debian';
import { installN8n } from './support/install';

/** Installs what the tests need and the machine lacks, before any of their clocks run. */
export default async function globalSetup(): Promise<void> {
	await requireDebian();
	await installN8n(2);
	await installN8n(1);
}

import { requireDebian } from './support/debian';
import { installN8n } from './support/install';

/** Installs missing programs and both versions of n8n before any test timeout starts. */
export default async function globalSetup(): Promise<void> {
	await requireDebian();
	await installN8n(2);
	await installN8n(1);
}

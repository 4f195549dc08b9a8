import { now } from '../../timing/clock';

/** How long n8n may take from loading this package until it has recovered what a crash left. */
const START_UP_MS = 30_000;

/** n8n loads its packages while it starts. */
const loadedAt = now();

/**
 * When n8n will have started, by `now`; `undefined` once it has. While it starts, n8n first resumes executions
 * whose time has come, and then takes all that run for crashed.
 */
export function endOfStartUp(): number | undefined {
	const age = now() - loadedAt;
	return age >= 0 && age < START_UP_MS ? loadedAt + START_UP_MS : undefined;
}

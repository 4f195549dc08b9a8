import { now } from '../../timing/clock';

/**
 * How long n8n may take from loading this package until it has recovered what a crash left. It looks for
 * executions to resume once a minute, so less would save nothing.
 */
const START_UP_MS = 60_000;

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

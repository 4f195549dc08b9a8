import { OctopusXError } from '../../api/errors';
import { withinOrEnded } from '../../timing/pause';
import type { Scope } from '../state/scope';

/** For an answer of a few hundred bytes: who takes longer is hanging. */
export const ANSWER_LIMIT_MS = 45_000;

/**
 * What the API answers to a question, within a limit and not beyond a Stop.
 *
 * @param ask gets the signal that ends it
 * @param missing what has not come then, with the limit in seconds
 */
export async function answered<T>(
	{ signal }: Scope,
	ask: (signal: AbortSignal) => Promise<T>,
	missing: (seconds: number) => string,
): Promise<T> {
	const answer = await withinOrEnded(ANSWER_LIMIT_MS, ask, signal);
	if (answer !== undefined) return answer;
	throw new OctopusXError('OctopusX did not answer', missing(ANSWER_LIMIT_MS / 1_000), {
		transient: true,
	});
}

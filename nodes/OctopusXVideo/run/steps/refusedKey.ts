import { attempt, OctopusXError } from '../../api/errors';
import { withinOrEnded } from '../../timing/pause';
import type { Settled } from '../state/item';
import type { Scope } from '../state/scope';
import { ANSWER_LIMIT_MS } from './answered';

/**
 * Adds to the errors of a refused key why it is refused. The API is asked once in a run, as it lets an
 * address ask for that 20 times in 20 minutes (docs/API.md, "Other endpoints"); an answer that does not
 * help changes nothing.
 */
export async function explainRefusedKey(scope: Scope, items: Settled[]): Promise<Settled[]> {
	const { client, signal } = scope;
	if (signal?.aborted || !items.some(isKeyRefused)) return items;
	const asking = async (ending: AbortSignal) => await client.getKeyState(ending);
	const { value: state } = await attempt(withinOrEnded(ANSWER_LIMIT_MS, asking, signal));
	if (!state) return items;
	return items.map((item) => {
		if (!isKeyRefused(item)) return item;
		const { message, description, details } = item.error;
		return { ...item, error: new OctopusXError(message, `${state} ${description}`, details) };
	});
}

function isKeyRefused(item: Settled): item is Extract<Settled, { error: Error }> & {
	error: OctopusXError;
} {
	return (
		'error' in item &&
		item.error instanceof OctopusXError &&
		item.error.details.isKeyRefused === true
	);
}

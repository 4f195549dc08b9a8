import { attempt } from '../../api/errors';
import { withRetries } from '../../timing/retry';
import { now } from '../../timing/time';
import { failed, type Delivered, type Failed, type Planned } from '../state/item';
import type { ItemScope } from '../state/scope';
import { ANSWER_TIMEOUT_MS } from './check';

export async function getBalance(scope: ItemScope, item: Planned): Promise<Delivered | Failed> {
	const { index, job } = item;
	const { value: json, fault } = await withRetries(
		async (ending) => await attempt(scope.client.getBalance(ending)),
		{ deadline: now() + job.timeoutMs, attemptTimeoutMs: ANSWER_TIMEOUT_MS, signal: scope.signal },
	);
	if (fault) return failed(item, fault.withCharge('none'));
	return { state: 'delivered', index, job, json: { ...json } };
}

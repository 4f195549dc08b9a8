import { attempt, type FaultDetails } from '../../api/errors';
import type { Task } from '../../api/task';
import { now } from '../../timing/clock';
import { withRetries, type RetryRule } from '../../timing/retry';
import type { Paid } from '../state/item';
import { tellEditor, type Scope } from '../state/scope';
import { answered } from './answered';

const FIRST_DELAY_MS = 2_000;

/** One answer must not blind a wait: whoever asks for more patience is asked again all the same. */
const MAX_RETRY_AFTER_MS = 3 * 60_000;

/** How long a look for a fresh address may be repeated. */
const NEW_LOOK_LIMIT_MS = 30_000;

type LookRule = Pick<RetryRule, 'deadline' | 'firstDelayMs' | 'maxDelayMs'> &
	Partial<Pick<RetryRule, 'heals' | 'onFault'>>;

/**
 * Looks at a task until it is seen, the last time at the deadline. Faults that may heal are sat out.
 *
 * @param rule `deadline` by `now`; the first pause after a fault is 2 s unless told
 * @throws OctopusXError a fault that does not heal, or the last one before the deadline
 */
export async function look(scope: Scope, taskId: string, rule: LookRule): Promise<Task> {
	const { client } = scope;
	const getTask = async (signal: AbortSignal) => await client.getTask(taskId, signal);
	return await withRetries(async () => await seen(scope, getTask), {
		firstDelayMs: FIRST_DELAY_MS,
		heals: ({ transient }) => transient,
		...rule,
		endsAtDeadline: true,
		maxRetryAfterMs: MAX_RETRY_AFTER_MS,
		// looks of different items are spread by their submissions
		spread: 0,
		signal: scope.signal,
	});
}

/**
 * Which faults of a look at the task of an item may heal. What this run has paid for is not given up
 * because the API says once that it does not know it, nor for a key whose quota that very submission
 * has used up: until somebody tops it up, it is refused as if it were wrong (docs/API.md, "Charges").
 */
export function healsFor({ isPaidHere }: Paid): RetryRule['heals'] {
	let unknown = 0;
	return ({ transient, isKeyRefused, code }: FaultDetails) =>
		transient || (isPaidHere && (isKeyRefused || (code === 'task_not_exist' && ++unknown === 1)));
}

/**
 * A completed task with a fresh address of its file, as most are signed for hours only; as it was
 * where it cannot be seen.
 */
export async function lookAgain(scope: Scope, task: Task): Promise<Task> {
	const deadline = now() + NEW_LOOK_LIMIT_MS;
	const { value: fresh } = await attempt(look(scope, task.task_id, { deadline }));
	return fresh?.status === 'completed' ? fresh : task;
}

/** The task as the gateway itself judges it, where its answer says more than `task` does. */
export async function askVerdict(scope: Scope, task: Task): Promise<Task> {
	const { client } = scope;
	const getVerdict = async (signal: AbortSignal) => await client.getVerdict(task.task_id, signal);
	const { value: verdict } = await attempt(seen(scope, getVerdict));
	return verdict && verdict.status !== 'unknown' ? verdict : task;
}

/** The state of a task, for whoever watches a manual run. */
export function showTask(scope: Scope, index: number, task: Task): void {
	tellEditor(scope, index, `${task.task_id} ${task.status} ${task.progress} %`);
}

async function seen(scope: Scope, ask: (signal: AbortSignal) => Promise<Task>): Promise<Task> {
	const missing = (seconds: number) =>
		`A check of the task got no answer within ${seconds} seconds.`;
	return await answered(scope, ask, missing);
}

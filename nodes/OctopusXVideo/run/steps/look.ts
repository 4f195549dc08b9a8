import { OctopusXError } from '../../api/errors';
import type { Task } from '../../api/task';
import { within } from '../../timing/pause';
import { withRetries, type RetryRule } from '../../timing/retry';
import { tellEditor, type Scope } from '../state/scope';

/** An answer of a few hundred bytes: who takes longer is hanging. */
const ANSWER_LIMIT_MS = 45_000;

const FIRST_DELAY_MS = 2_000;

/**
 * Looks at a task until it is seen, the last time at the deadline. Faults that may heal are sat out.
 *
 * @param rule `deadline` in ms since the epoch; the first pause after a fault is 2 s unless told
 * @throws OctopusXError a fault that does not heal, or the last one before the deadline
 */
export async function look(
	scope: Scope,
	taskId: string,
	rule: Pick<RetryRule, 'deadline' | 'firstDelayMs' | 'maxDelayMs'>,
): Promise<Task> {
	return await withRetries(async () => await lookOnce(scope, taskId), {
		firstDelayMs: FIRST_DELAY_MS,
		...rule,
		heals: ({ transient }) => transient,
		endsAtDeadline: true,
		// looks of different items are spread by their submissions
		spread: 0,
		signal: scope.signal,
	});
}

/** The state of a task, for whoever watches a manual run. */
export function showTask(scope: Scope, index: number, task: Task): void {
	tellEditor(scope, index, `${task.task_id} ${task.status} ${task.progress} %`);
}

async function lookOnce({ client, signal }: Scope, taskId: string): Promise<Task> {
	const seen = await within(ANSWER_LIMIT_MS, client.getTask(taskId), signal);
	if (seen) return seen;
	throw new OctopusXError(
		'OctopusX did not answer',
		`A look at the task got no answer within ${ANSWER_LIMIT_MS / 1_000} seconds.`,
		{ transient: true },
	);
}

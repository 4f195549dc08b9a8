import type { OctopusXClient } from '../api/client';
import { asOctopusXError, OctopusXError } from '../api/errors';
import { hasEnded, type Task } from '../api/task';
import { pause, within } from './pause';

/** A look is an answer of a few hundred bytes: who takes longer is hanging. */
const LOOK_LIMIT_MS = 45_000;

const FIRST_BACKOFF_MS = 1_000;
const MAX_BACKOFF_MS = 60_000;

/** How often the loop sees what has come due, and whether the execution was stopped. */
const TICK_MS = 500;

/** The share of the time waited so far that the next look may be away. */
const GROWTH = 0.1;
const MAX_GROWN_INTERVAL_MS = 60_000;

/**
 * The time until the next look, in ms: the poll interval, and once that is less, a tenth of the time
 * waited so far, up to a minute.
 *
 * A video that takes d seconds is so noticed at most max(interval, min(d / 10, 60 s)) after it is
 * done: 5 s late for up to 50 s, and never more than a tenth of the wait. At an interval of 5 s, a
 * task of 10 s costs 2 looks, one of 60 s 12, one of 5 minutes 29, one of an hour 87 instead of 720.
 * `progress` does not lead the rule: models report it in jumps, and some not at all.
 */
export function nextInterval(pollIntervalMs: number, waitedMs: number): number {
	return Math.max(pollIntervalMs, Math.min(waitedMs * GROWTH, MAX_GROWN_INTERVAL_MS));
}

interface Watch {
	task: Task;
	/** In ms since the epoch; `Infinity` while a look is under way. */
	dueAt: number;
	deadline: number;
	startedAt: number;
	/** The pause after the next fault. */
	backoffMs: number;
	/** Absent: the watch is over once the task has been seen. */
	pollIntervalMs?: number;
	onTask: (task: Task) => void;
	end: (error?: OctopusXError) => void;
}

/** Looks at all tasks of a run in one loop; each of them is looked at by one request at a time. */
export class Poller {
	private readonly watches = new Set<Watch>();
	private isLooping = false;

	constructor(
		private readonly client: OctopusXClient,
		private readonly signal?: AbortSignal,
	) {}

	/**
	 * Looks at a task at once, and until it is seen.
	 *
	 * @param deadline in ms since the epoch
	 * @throws OctopusXError a fault that does not heal, or the last one before the deadline
	 */
	async see(task: Task, deadline: number): Promise<Task> {
		let seen = task;
		await this.watch({ task, deadline, dueAt: Date.now(), onTask: (it) => (seen = it) });
		return seen;
	}

	/**
	 * Looks at a task until it has ended, first after one interval, last at the deadline. Faults that
	 * may heal are sat out: for twice the interval, and twice as long each time, up to a minute, or
	 * for as long as the server asks.
	 *
	 * @param deadline in ms since the epoch
	 * @param onTask called with every state seen
	 * @throws OctopusXError when the deadline passes, or after a fault that does not heal
	 */
	async wait(
		task: Task,
		pollIntervalMs: number,
		deadline: number,
		onTask: (task: Task) => void,
	): Promise<void> {
		if (hasEnded(task)) return;
		const left = Math.max(0, deadline - Date.now());
		const dueAt = Date.now() + Math.min(pollIntervalMs, left);
		await this.watch({ task, deadline, dueAt, pollIntervalMs, onTask });
	}

	private async watch(
		watch: Pick<Watch, 'task' | 'deadline' | 'dueAt' | 'pollIntervalMs' | 'onTask'>,
	): Promise<void> {
		await new Promise<void>((resolve, reject) => {
			const entry: Watch = {
				...watch,
				startedAt: Date.now(),
				backoffMs: 2 * (watch.pollIntervalMs ?? FIRST_BACKOFF_MS),
				end: (error) => {
					this.watches.delete(entry);
					if (error) reject(error);
					else resolve();
				},
			};
			this.watches.add(entry);
			if (entry.dueAt <= Date.now()) void this.look(entry);
			if (!this.isLooping) void this.loop();
		});
	}

	private async loop(): Promise<void> {
		this.isLooping = true;
		while (this.watches.size > 0 && !this.signal?.aborted) {
			const now = Date.now();
			let nextAt = now + TICK_MS;
			for (const watch of this.watches) {
				if (watch.dueAt <= now) void this.look(watch);
				nextAt = Math.min(nextAt, watch.dueAt);
			}
			await pause(nextAt - now, this.signal);
		}
		this.isLooping = false;
		// the execution was stopped: whoever waits finds that out
		for (const watch of this.watches) watch.end();
	}

	private async look(watch: Watch): Promise<void> {
		watch.dueAt = Infinity;
		try {
			const read = await this.read(watch.task.task_id);
			if (!this.watches.has(watch)) return;
			if (read instanceof OctopusXError) this.sitOut(watch, read);
			else this.note(watch, read);
		} catch (error) {
			// a watch that nobody ends would keep the node for ever
			watch.end(asOctopusXError(error));
		}
	}

	private async read(taskId: string): Promise<Task | OctopusXError> {
		const answer = within(LOOK_LIMIT_MS, this.client.getTask(taskId), this.signal);
		return (await answer.catch(asOctopusXError)) ?? noAnswer();
	}

	private note(watch: Watch, task: Task): void {
		watch.task = task;
		watch.onTask(task);
		const { pollIntervalMs, startedAt } = watch;
		if (pollIntervalMs === undefined || hasEnded(task)) return watch.end();
		const interval = nextInterval(pollIntervalMs, Date.now() - startedAt);
		watch.backoffMs = 2 * interval;
		this.schedule(watch, interval);
	}

	private sitOut(watch: Watch, fault: OctopusXError): void {
		const { transient, retryAfterMs = 0 } = fault.details;
		if (!transient) return watch.end(fault);
		const delay = Math.max(watch.backoffMs, retryAfterMs);
		watch.backoffMs = Math.min(
			watch.backoffMs * 2,
			Math.max(MAX_BACKOFF_MS, watch.pollIntervalMs ?? 0),
		);
		this.schedule(watch, delay, fault);
	}

	private schedule(watch: Watch, delay: number, fault?: OctopusXError): void {
		const left = watch.deadline - Date.now();
		if (left > 0) watch.dueAt = Date.now() + Math.min(delay, left);
		else if (fault && watch.pollIntervalMs === undefined) watch.end(fault);
		else watch.end(timedOut(watch.task, fault));
	}
}

function noAnswer(): OctopusXError {
	return new OctopusXError(
		'OctopusX did not answer',
		`A look at the task got no answer within ${LOOK_LIMIT_MS / 1_000} seconds.`,
		{ transient: true },
	);
}

/** The time for a task was over before it had ended; `fault` is what the last look met, if anything. */
export function timedOut(
	{ task_id, status, progress }: Task,
	fault?: OctopusXError,
): OctopusXError {
	return new OctopusXError(
		'The video was not ready in time',
		[
			`Task ${task_id} was ${status} at ${progress} % when it was last seen.`,
			...(fault ? [`Then: ${fault.message}. ${fault.description}`] : []),
			"The task goes on and is paid for: use Get Status with this Task ID later, or raise the option 'Timeout'.",
		].join(' '),
		{ transient: true },
	);
}

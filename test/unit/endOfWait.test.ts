import { OctopusXError, type FaultDetails } from '../../nodes/OctopusXVideo/api/errors';
import { unseenTask, type Task } from '../../nodes/OctopusXVideo/api/task';
import type { Paid } from '../../nodes/OctopusXVideo/run/state/item';
import { healsFor } from '../../nodes/OctopusXVideo/run/steps/look';
import { endOfWait, timedOut } from '../../nodes/OctopusXVideo/run/steps/wait';

/** Which faults end a wait, and what its end is told as. */

const task: Task = { ...unseenTask('video_1'), status: 'in_progress', progress: 40 };
const fault = (details: FaultDetails) => new OctopusXError('It broke', 'Do this.', details);

const SEEN = 'Task video_1 was in_progress at 40 % when it was last seen.';
const LATER =
	"The task goes on and was charged: use Get Status with this Task ID later, which is not charged. For the next video, raise the option 'Timeout (Minutes)'.";

test('a wait that took too long says how far the task was, and what came last', () => {
	const plain = timedOut(task);
	expect(plain.message).toBe('The video was not ready in time');
	expect(plain.description).toBe(`${SEEN} ${LATER}`);
	expect(timedOut(task, fault({})).description).toBe(`${SEEN} Then: It broke. Do this. ${LATER}`);
});

test('a wait ends with the fault, unless that passes or the key is refused', () => {
	const other = endOfWait(task, fault({ statusCode: 403 }));
	expect(other).toMatchObject({ message: 'It broke', details: { statusCode: 403 } });
	expect(other.description).toBe(
		'Task video_1 was charged: use Get Status with this Task ID later. Do this.',
	);
	const passing = endOfWait(task, fault({ transient: true }));
	expect(passing.message).toBe('The video was not ready in time');
	expect(passing.description).toContain('Then: It broke. Do this.');
	const details = { isKeyRefused: true, transient: true };
	const refused = endOfWait(task, fault(details));
	expect(refused.message).toBe('It broke');
	expect(refused.description).toBe(
		'Task video_1 goes on and was charged: use Get Status with this Task ID once the key works again. The key was good for the submission of the task. Since then, its quota may have been used up, or it was disabled. Do this.',
	);
	expect(refused.details).toEqual(details);
});

test.each<[boolean, FaultDetails, boolean[]]>([
	[true, { transient: true }, [true, true]],
	[false, { transient: true }, [true, true]],
	[true, { isKeyRefused: true }, [true, true]],
	[false, { isKeyRefused: true }, [false, false]],
	[true, { code: 'task_not_exist' }, [true, false]],
	[false, { code: 'task_not_exist' }, [false, false]],
	[true, { code: 'other' }, [false, false]],
	[true, {}, [false, false]],
])('paid for by this run: %p; the fault %j, twice, may heal: %j', (isPaidHere, details, heals) => {
	const mayHeal = healsFor({ isPaidHere } as Paid);
	expect([mayHeal(details), mayHeal(details)].map(Boolean)).toEqual(heals);
});

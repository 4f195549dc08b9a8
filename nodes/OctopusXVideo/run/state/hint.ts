import type { IExecuteFunctions } from 'n8n-workflow';
import { isInDoubt, type Settled } from './item';

/** How many kinds of errors a hint names. */
const MAX_KINDS = 5;

/**
 * Sums up, for a person who looks at a manual run, what the items alone do not make plain at a
 * glance. Production runs stay quiet, and so does a run in which all went as usual.
 */
export function addHint(context: IExecuteFunctions, items: Settled[]): void {
	if (context.getMode() !== 'manual') return;
	const total = items.length;
	const takenUp = items.filter((item) => item.state === 'delivered' && item.earlier.paid).length;
	const errors = items.flatMap((item) => (item.state === 'delivered' ? [] : [item.error.message]));
	const inDoubt = items.filter(isInDoubt).length;
	const counts = new Map<string, number>();
	for (const message of errors) counts.set(message, (counts.get(message) ?? 0) + 1);
	const kinds = [...counts].sort(([, one], [, other]) => other - one);
	const more = kinds.length - MAX_KINDS;
	const sentences = [
		...(takenUp > 0
			? [`${takenUp} of ${total} items went on with a task that was already charged.`]
			: []),
		...(errors.length > 0 ? [`${errors.length} of ${total} items brought no video.`] : []),
		...kinds.slice(0, MAX_KINDS).map(([message, count]) => `${count} × ${message}.`),
		...(more > 0 ? [`And ${more} more kinds of errors: see the items.`] : []),
		...(inDoubt > 0
			? [
					`${inDoubt} × A submission without an answer may have been charged: look into the usage log of the OctopusX account.`,
				]
			: []),
	];
	if (sentences.length === 0) return;
	context.addExecutionHints({
		message: sentences.join(' '),
		type: errors.length > 0 ? 'warning' : 'info',
		location: 'outputPane',
	});
}

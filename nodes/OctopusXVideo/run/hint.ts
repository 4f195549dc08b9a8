import type { IExecuteFunctions } from 'n8n-workflow';
import type { Outcome } from './outcome';

/**
 * Sums up, for a person who looks at a manual run, what the items alone do not make plain at a
 * glance. Production runs stay quiet, and so does a run in which all went as usual.
 */
export function addHint(context: IExecuteFunctions, outcomes: Outcome[]): void {
	if (context.getMode() !== 'manual') return;
	const total = outcomes.length;
	const resumed = outcomes.filter(({ isResumed }) => isResumed).length;
	const errors = outcomes.flatMap(({ error }) => (error ? [error.message] : []));
	const inDoubt = outcomes.filter(({ isInDoubt }) => isInDoubt).length;
	const sentences = [
		...(resumed > 0
			? [`${resumed} of ${total} items went on with a task that was already paid for.`]
			: []),
		...(errors.length > 0 ? [`${errors.length} of ${total} items brought no video.`] : []),
		...[...new Set(errors)].map(
			(message) => `${errors.filter((one) => one === message).length} × ${message}.`,
		),
		...(inDoubt > 0
			? [`${inDoubt} × It is not known whether a video is being made and paid for.`]
			: []),
	];
	if (sentences.length === 0) return;
	context.addExecutionHints({
		message: sentences.join(' '),
		type: errors.length > 0 ? 'warning' : 'info',
		location: 'outputPane',
	});
}

import { chargeSentence, type Charge } from '../../../nodes/OctopusXVideo/api/errors';

/**
 * Matches the description of an error that begins with the sentence about this charge.
 *
 * @param next the text after that sentence
 */
export function startingWith(charge: Charge, next = ''): unknown {
	const start = `${chargeSentence(charge)} ${next}`.trimEnd();
	return expect.stringMatching(new RegExp(`^${start.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}`));
}

import type { Family } from './family';
import { kling } from './kling';
import { omniFast, omniFastV2v } from './omni';
import { sora, veo } from './sora';

export type { Family } from './family';

/** The families that the node can ask, in the order of the list of models. */
export const FAMILIES: readonly Family[] = [omniFast, omniFastV2v, sora, veo, kling];

/** An unknown model is asked like omni, which other families may understand only in part. */
export const UNKNOWN: Family = { ...omniFastV2v, pattern: '', label: '' };

/** Documented with requests that the node does not send. */
const REFUSED: readonly Family[] = [
	{
		...UNKNOWN,
		pattern: 'seedance',
		refusal: 'OctopusX takes requests for it at another address (/v1/video/generations).',
	},
	{
		...UNKNOWN,
		pattern: '^(grok|jimeng|vidu|doubao)',
		refusal: 'OctopusX takes requests for it as forms with files (multipart/form-data).',
	},
];

/** Returns the family of a model. */
export function familyOf(model: string): Family {
	const isFamily = ({ pattern }: Family) => new RegExp(pattern, 'i').test(model);
	return [...FAMILIES, ...REFUSED].find(isFamily) ?? UNKNOWN;
}

/** Display conditions on the field Model: it names a model of one of these families. */
export function isModelOf(accepts: (family: Family) => boolean) {
	return FAMILIES.filter(accepts).map(({ pattern }) => ({ _cnd: { regex: pattern } }));
}

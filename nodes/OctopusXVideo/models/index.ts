import type { Family } from './family';
import { kling } from './kling';
import { omniFast, omniFastV2v } from './omni';
import { sora, veo } from './sora';

export type { Family } from './family';

/** The families that the node can ask, in the order of the list of models. */
export const FAMILIES: readonly Family[] = [omniFast, omniFastV2v, sora, veo, kling];

/** An unknown model is asked like omni, which other families may understand only in part. */
export const UNKNOWN: Family = { ...omniFastV2v, ids: [], label: '' };

const AS_FORM = 'OctopusX takes requests for it as forms with files (multipart/form-data).';

/** Words in the IDs of models that are documented with requests which the node does not send. */
const REFUSALS: ReadonlyArray<[word: string, reason: string]> = [
	['seedance', 'OctopusX takes requests for it at another address (/v1/video/generations).'],
	['grok', AS_FORM],
	['jimeng', AS_FORM],
	['vidu', AS_FORM],
	['doubao', AS_FORM],
];

/** Returns the family of a model. */
export function familyOf(model: string): Family {
	const id = model.toLowerCase();
	const isOf = (one: string) =>
		isPrefix(one) ? id.startsWith(one.toLowerCase()) : id === one.toLowerCase();
	const family = FAMILIES.find(({ ids }) => ids.some(isOf));
	const [, refusal] = REFUSALS.find(([word]) => id.includes(word)) ?? [];
	return family ?? (refusal ? { ...UNKNOWN, refusal } : UNKNOWN);
}

/**
 * Display conditions on the field Model: it names a model of one of these families. A range stands for the
 * beginning of an ID, because n8n 1.x fails every execution of a node without a model if there is a condition
 * with `startsWith`, and n8n 2.x if a regular expression takes more than 250 ms on a busy machine.
 */
export function isModelOf(accepts: (family: Family) => boolean) {
	const ids = FAMILIES.filter(accepts).flatMap((family) => family.ids);
	return ids.map((id) =>
		isPrefix(id) ? { _cnd: { between: { from: id, to: `${id}\uffff` } } } : id,
	);
}

function isPrefix(id: string): boolean {
	return id.endsWith('-') || id.endsWith('_');
}

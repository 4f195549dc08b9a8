import type { INodeProperties } from 'n8n-workflow';

/** A number that a user may set: its limits and default stand here, and nowhere else. */
export interface NumberRule {
	displayName: string;
	name: string;
	/** The smallest value; with `isAbove`, what it must be above. */
	min: number;
	isAbove?: boolean;
	/** The largest value; absent where there is none. */
	max?: number;
	isWhole?: boolean;
	default: number;
	/** What the field's description says; it gets the limits in words. */
	describe: (limits: string) => string;
}

/**
 * The field of the editor. It has no limits of its own: n8n would quietly make another number of one
 * that is out of them, 6 of a 60 where 30 is the largest.
 */
export function numberField(rule: NumberRule): INodeProperties {
	const { displayName, name, default: initial } = rule;
	return {
		displayName,
		name,
		type: 'number',
		default: initial,
		placeholder: `e.g. ${initial}`,
		description: rule.describe(rangeOf(rule)),
	};
}

/** The limits as a requirement, such as "a whole number from 4 to 30". */
export function limitsOf(rule: NumberRule): string {
	return [rule.isWhole && 'a whole number', rangeOf(rule)].filter(Boolean).join(' ');
}

export function isWithin({ min, isAbove, max = Infinity, isWhole }: NumberRule, value: number) {
	const isLarge = isAbove ? value > min : value >= min;
	return isLarge && value <= max && (!isWhole || Number.isInteger(value));
}

/** The limits as numbers, such as "from 4 to 30". */
function rangeOf({ min, isAbove, max }: NumberRule): string {
	const parts = isAbove ? [`above ${min}`, `at most ${max}`] : [`from ${min}`, `to ${max}`];
	if (max === undefined) return String(parts[0]);
	return parts.join(isAbove ? ' and ' : ' ');
}

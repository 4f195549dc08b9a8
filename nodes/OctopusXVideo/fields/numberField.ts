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
	/** In plural, such as `seconds`; absent where the label says it. */
	unit?: string;
	default: number;
	/** What the field's description says; it gets the limits in words. */
	describe: (limits: string) => string;
}

/** The field of the editor. */
export function numberField(rule: NumberRule): INodeProperties {
	const { displayName, name, min, max, isWhole, default: initial } = rule;
	return {
		displayName,
		name,
		type: 'number',
		typeOptions: {
			minValue: min,
			...(max !== undefined && { maxValue: max }),
			...(isWhole && { numberPrecision: 0 }),
		},
		default: initial,
		placeholder: `e.g. ${initial}`,
		description: rule.describe(rangeOf(rule)),
	};
}

/** The limits as a requirement, such as "a whole number from 4 to 30". */
export function limitsOf(rule: NumberRule): string {
	const { isWhole, unit } = rule;
	return [isWhole && 'a whole number', rangeOf(rule), unit].filter(Boolean).join(' ');
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

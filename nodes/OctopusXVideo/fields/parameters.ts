import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import { OctopusXError } from '../api/errors';

/** Longer than any error without values of the input. */
const MAX_ERROR_LENGTH = 2_000;

/** A number that the user can set. The limits and the default are defined here only. */
export interface NumberRule {
	displayName: string;
	name: string;
	/** The smallest valid value, or with `isExclusiveMin` the value that it must exceed. */
	min: number;
	isExclusiveMin?: boolean;
	/** The largest valid value. Absent: no upper limit. */
	max?: number;
	isWhole?: boolean;
	default: number;
	/** Builds the field's description from the limits in words. */
	describe: (limits: string) => string;
}

/**
 * The editor field for a number. It sets no `minValue` and `maxValue`, because n8n silently clamps a
 * value outside of them: a 60 would become 30. `ItemParameters.number` reports it instead.
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

/** The limits in words, such as "from 4 to 30" or "above 0 and at most 1440". */
function rangeOf({ min, isExclusiveMin, max }: NumberRule): string {
	const lower = isExclusiveMin ? `above ${min}` : `from ${min}`;
	if (max === undefined) return lower;
	return isExclusiveMin ? `${lower} and at most ${max}` : `${lower} to ${max}`;
}

/** Adds display conditions to fields, in addition to those that a field has already. */
export function showWhen(
	show: Record<string, Array<string | boolean>>,
	fields: INodeProperties[],
): INodeProperties[] {
	return fields.map((field) => ({
		...field,
		displayOptions: {
			...field.displayOptions,
			show: { ...show, ...field.displayOptions?.show },
		},
	}));
}

/**
 * Reads and checks the parameters of one input item. A label is a field's display name: errors use it,
 * because users don't know the parameter's name.
 */
export class ItemParameters {
	constructor(
		readonly context: IExecuteFunctions,
		readonly index: number,
	) {}

	/**
	 * The raw value. An expression can return a value of any type.
	 *
	 * @throws n8n's error if an expression fails, or if the field is hidden and there is no fallback
	 */
	get(name: string, fallback?: unknown): unknown {
		return this.context.getNodeParameter(name, this.index, fallback);
	}

	/** The Options collection. It only has the options that the user added. */
	get options(): Record<string, unknown> {
		return this.get('options', {}) as Record<string, unknown>;
	}

	/** Text that is not blank. Numbers are accepted, because expressions often return them. */
	text(label: string, value: unknown): string {
		const text = Number.isFinite(value) ? String(value) : value;
		// n8n inserts an object into a text as "[object Object]"
		if (typeof text === 'string' && text.includes(String({}))) {
			throw this.invalid(
				`'${label}' has an object in place of text`,
				`An expression in it yields an object for this item, which reads ${String({})}. Use one of its fields, such as {{ $json.name }}.`,
			);
		}
		if (typeof text === 'string' && text.trim() !== '') return text;
		throw this.invalid(
			`'${label}' has no text`,
			`Fill in '${label}', or check that its expression yields text for this item.`,
		);
	}

	/** A number within its limits. Numeric text is accepted, because expressions often return it. */
	number(rule: NumberRule, value: unknown): number {
		const { min, isExclusiveMin, max = Infinity, isWhole } = rule;
		const isNumeric =
			typeof value === 'number' || (typeof value === 'string' && value.trim() !== '');
		const number = isNumeric ? Number(value) : NaN;
		const isInRange = (isExclusiveMin ? number > min : number >= min) && number <= max;
		if (isInRange && (!isWhole || Number.isInteger(number))) return number;
		throw this.invalid(
			`'${rule.displayName}' must be ${isWhole ? 'a whole number ' : ''}${rangeOf(rule)}`,
			`For this item the value is ${String(JSON.stringify(value)).slice(0, 100)}.`,
		);
	}

	/** A boolean. An expression can return it as text. */
	flag(label: string, value: unknown): boolean {
		if (value === true || value === 'true') return true;
		if (value === false || value === 'false') return false;
		throw this.invalid(
			`'${label}' is neither on nor off`,
			'Its expression must yield true or false for this item.',
		);
	}

	/** The entry of `choices` for the selected option. */
	choice<T>(label: string, value: unknown, choices: Record<string, T>): T {
		const name = String(value);
		if (Object.hasOwn(choices, name)) return choices[name] as T;
		throw this.invalid(
			`'${label}' has no option "${name.slice(0, 100)}"`,
			`It must be one of: ${Object.keys(choices).join(', ')}.`,
		);
	}

	/** Creates the error for an invalid parameter; the caller throws it. */
	invalid(message: string, description: string): OctopusXError {
		return new OctopusXError(`${oneLine(message)} [item ${this.index}]`, oneLine(description));
	}
}

/** Values of the input in an error must not add lines to a log, nor anything that a terminal carries out. */
function oneLine(text: string): string {
	return text.slice(0, MAX_ERROR_LENGTH).replace(/[\s\p{Cc}\p{Bidi_Control}]+/gu, ' ');
}

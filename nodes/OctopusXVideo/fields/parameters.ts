import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import { isParsable, needsKey } from '../api/credential';
import { OctopusXError } from '../api/errors';

/** Maximum length of an error, in characters. Only an error that quotes input values can exceed it. */
const MAX_ERROR_LENGTH = 2_000;

/** A number that the user can set. Its limits and its default are defined only here. */
export interface NumberRule {
	displayName: string;
	name: string;
	/** The smallest valid value or, with `isExclusiveMin`, the number that a value must exceed. */
	min: number;
	isExclusiveMin?: boolean;
	max?: number;
	isWhole?: boolean;
	default: number;
	/** Builds the field's description from the limits, such as "from 4 to 30". */
	describe: (limits: string) => string;
}

/**
 * Returns the editor field for a number. It sets no `minValue` and `maxValue`, because n8n silently clamps a
 * value outside of them: 60 would become 30. `ItemParameters.number` reports it instead.
 */
export function numberField(rule: NumberRule): INodeProperties {
	const { displayName, name, default: initial } = rule;
	const description = rule.describe(rangeOf(rule));
	const placeholder = `e.g. ${initial}`;
	return { displayName, name, type: 'number', default: initial, placeholder, description };
}

/** Describes the limits, such as "from 4 to 30" or "above 0 and at most 1440". */
function rangeOf({ min, isExclusiveMin, max }: NumberRule): string {
	const lower = isExclusiveMin ? `above ${min}` : `from ${min}`;
	if (max === undefined) return lower;
	return isExclusiveMin ? `${lower} and at most ${max}` : `${lower} to ${max}`;
}

export function showWhen(
	show: Record<string, Array<string | boolean>>,
	fields: INodeProperties[],
): INodeProperties[] {
	return fields.map((field) => ({
		...field,
		displayOptions: { ...field.displayOptions, show: { ...show, ...field.displayOptions?.show } },
	}));
}

/** Trimmed texts that say nothing: the last three are what code makes of a missing value. */
const NO_TEXT: readonly string[] = ['', 'undefined', 'null', 'NaN'];

/** Reads and checks the parameters of one item. A `label` is a field's display name, by which users know it. */
export class ItemParameters {
	constructor(
		readonly context: IExecuteFunctions,
		readonly index: number,
	) {}

	/** May return any type. Throws an n8n error if an expression fails, or if a hidden field has no fallback. */
	get(name: string, fallback?: unknown): unknown {
		return this.context.getNodeParameter(name, this.index, fallback);
	}

	/** The Options collection. It contains only the options that the user added. */
	get options(): Record<string, unknown> {
		return this.get('options', {}) as Record<string, unknown>;
	}

	/** Returns what `read` returns, or `undefined` if it throws. */
	ifValid<T>(read: () => T): T | undefined {
		try {
			return read();
		} catch {
			return undefined;
		}
	}

	/**
	 * Returns a string that is not blank. Accepts numbers, because expressions often return them. With `isSent`
	 * false, it is not part of a request and may contain curly brackets.
	 */
	text(label: string, value: unknown, isSent = true): string {
		const text = Number.isFinite(value) ? String(value) : value;
		if (typeof text === 'string' && !NO_TEXT.includes(text.trim())) {
			this.refuseLeftovers(label, text, isSent);
			return text;
		}
		throw this.invalid(
			`'${label}' has no text`,
			`Fill in '${label}', or check that its expression yields text for this item.`,
		);
	}

	/** Throws for what n8n leaves in a text when an expression goes wrong. */
	refuseLeftovers(label: string, text: string, isSent = true): void {
		// n8n inserts an object into a string as "[object Object]"
		if (text.includes(String({}))) {
			throw this.invalid(
				`'${label}' has an object in place of text`,
				`An expression in it yields an object for this item, which reads ${String({})}. Use one of its fields, such as {{ $json.name }}.`,
			);
		}
		// a parameter is literal text without the `=`, which imported and generated workflows lose
		const start = isSent ? text.indexOf('{{') : -1;
		if (start >= 0 && text.includes('}}', start)) {
			throw this.invalid(
				`'${label}' has an expression that n8n did not evaluate`,
				'It would be sent as literal text. Switch the field to Expression, or remove the curly brackets.',
			);
		}
	}

	/** Throws for an address that OctopusX cannot open as a source: it has no key there. */
	refuseKeyAddress(label: string, text: string): void {
		if (!/^https?:/i.test(text) || !isParsable(text) || !needsKey(text)) return;
		throw this.invalid(
			`'${label}' is an address that opens with the API key only`,
			"OctopusX fetches sources without a key. Switch on 'Download Video' in the node that made the video, and set the source here to File From Input: then its file is sent.",
		);
	}

	/** Returns a number within its limits. Accepts numeric strings, because expressions often return them. */
	number(rule: NumberRule, value: unknown): number {
		const { min, isExclusiveMin, max = Infinity, isWhole } = rule;
		const number = typeof value === 'number' || typeof value === 'string' ? Number(value) : NaN;
		const isInRange = (isExclusiveMin ? number > min : number >= min) && number <= max;
		if (isInRange && (!isWhole || Number.isInteger(number))) return number;
		throw this.invalid(
			`'${rule.displayName}' must be ${isWhole ? 'a whole number ' : ''}${rangeOf(rule)}`,
			`For this item the value is ${String(JSON.stringify(value)).slice(0, 100)}.`,
		);
	}

	/** Returns a boolean. Accepts it as a string, because expressions can return that. */
	flag(label: string, value: unknown): boolean {
		if (value === true || value === 'true') return true;
		if (value === false || value === 'false') return false;
		throw this.invalid(
			`'${label}' is neither on nor off`,
			'Its expression must yield true or false for this item.',
		);
	}

	choice<T>(label: string, value: unknown, choices: Record<string, T>): T {
		const name = String(value);
		if (Object.hasOwn(choices, name)) return choices[name] as T;
		throw this.invalid(
			`'${label}' has no option "${name.slice(0, 100)}"`,
			`It must be one of: ${Object.keys(choices).join(', ')}.`,
		);
	}

	/** Creates the error for an invalid parameter. Its input values add no log lines or control codes. */
	invalid(message: string, description: string): OctopusXError {
		const oneLine = (text: string) =>
			text.slice(0, MAX_ERROR_LENGTH).replace(/[\s\p{Cc}\p{Bidi_Control}]+/gu, ' ');
		message = oneLine(message);
		return new OctopusXError(`${message} [item ${this.index}]`, oneLine(description));
	}
}

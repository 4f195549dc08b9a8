import { NodeOperationError, type IExecuteFunctions } from 'n8n-workflow';
import { isWithin, limitsOf, type NumberRule } from './numberField';

/** The parameters of one input item. What is wrong with them is told with the names users see. */
export class ItemParameters {
	constructor(
		readonly context: IExecuteFunctions,
		readonly item: number,
	) {}

	/** The raw value; without a fallback, a field that is not shown is an error of n8n's. */
	get(name: string, fallback?: unknown): unknown {
		return this.context.getNodeParameter(name, this.item, fallback);
	}

	/** Text that must not be blank; a number from an expression counts as text. */
	text(label: string, value: unknown): string {
		const text = Number.isFinite(value) ? String(value) : value;
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

	/** A number within its limits; a numeric text from an expression counts as a number. */
	number(rule: NumberRule, value: unknown): number {
		const isNumeric =
			typeof value === 'number' || (typeof value === 'string' && value.trim() !== '');
		const number = isNumeric ? Number(value) : NaN;
		if (isWithin(rule, number)) return number;
		throw this.invalid(
			`'${rule.displayName}' must be ${limitsOf(rule)}`,
			`For this item the value is ${String(JSON.stringify(value)).slice(0, 100)}.`,
		);
	}

	/** A switch; an expression may give it as text. */
	flag(label: string, value: unknown): boolean {
		if (value === true || value === 'true') return true;
		if (value === false || value === 'false') return false;
		throw this.invalid(
			`'${label}' is neither on nor off`,
			'Its expression must yield true or false for this item.',
		);
	}

	/** The entry of `choices` that a list of options names. */
	choice<T>(label: string, value: unknown, choices: Record<string, T>): T {
		const name = String(value);
		if (Object.hasOwn(choices, name)) return choices[name] as T;
		throw this.invalid(
			`'${label}' has no option "${name.slice(0, 100)}"`,
			`It must be one of: ${Object.keys(choices).join(', ')}.`,
		);
	}

	invalid(message: string, description: string): NodeOperationError {
		return new NodeOperationError(this.context.getNode(), `${message} [item ${this.item}]`, {
			itemIndex: this.item,
			description: `Nothing was charged. ${description}`,
		});
	}
}

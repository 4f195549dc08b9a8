import type { INodeProperties } from 'n8n-workflow';

/** Shows fields only where all of `show` holds, on top of what a field asks for itself. */
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

import type { INodeProperties } from 'n8n-workflow';
import { OUTPUT_FIELDS } from '../job';
import type { ItemParameters } from './itemParameters';

const simplifyField: INodeProperties = {
	displayName: 'Simplify',
	name: 'simplify',
	type: 'boolean',
	default: true,
	description: 'Whether to return a simplified version of the response instead of the raw data',
	displayOptions: { hide: { '@tool': [true] } },
};

/** For tools of an AI Agent in place of Simplify, as n8n's guidelines have it: fewer fields confuse a model less. */
const outputField: INodeProperties = {
	displayName: 'Output',
	name: 'output',
	type: 'options',
	options: [
		{ name: 'Simplified', value: 'simplified', description: 'The fields that are used most' },
		{ name: 'Raw', value: 'raw', description: 'All that OctopusX says about the task' },
		{
			name: 'Selected Fields',
			value: 'selectedFields',
			description: 'The task ID, and the fields that you choose',
		},
	],
	default: 'simplified',
	description: 'What the AI Agent is told about the task',
	displayOptions: { show: { '@tool': [true] } },
};

/** No choice leaves out by what a task is fetched, nor that it is no real one. */
const ALWAYS = ['task_id', 'test'];

const selectedFields: INodeProperties = {
	displayName: 'Fields',
	name: 'fields',
	type: 'multiOptions',
	options: OUTPUT_FIELDS.filter((name) => !ALWAYS.includes(name))
		.map((name) => ({ name, value: name }))
		.sort((a, b) => a.name.localeCompare(b.name)),
	default: [],
	description: 'What the AI Agent is told besides the task ID',
	displayOptions: { show: { '@tool': [true], output: ['selectedFields'] } },
};

/** How much of the task goes into the output item. */
export const simplifyFields: INodeProperties[] = [simplifyField, outputField, selectedFields];

/** The fields of the task that the output item gets; absent where it gets all. */
export function readOutputFields(item: ItemParameters): readonly string[] | undefined {
	// n8n has no value for a field that it hides: this one is a tool's, the other one everybody else's
	const output = item.get(outputField.name, '');
	if (output === '') {
		const isSimplified = item.flag(simplifyField.displayName, item.get(simplifyField.name, true));
		return isSimplified ? OUTPUT_FIELDS : undefined;
	}
	return item.choice<() => readonly string[] | undefined>(outputField.displayName, output, {
		simplified: () => OUTPUT_FIELDS,
		raw: () => undefined,
		selectedFields: () => {
			const value = item.get(selectedFields.name, []);
			// an expression may give them as text
			const chosen = Array.isArray(value) ? value : String(value).split(/[\s,]+/);
			return OUTPUT_FIELDS.filter((name) => ALWAYS.includes(name) || chosen.includes(name));
		},
	})();
}

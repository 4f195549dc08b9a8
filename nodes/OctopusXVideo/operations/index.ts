import type { INodeProperties, INodePropertyOptions } from 'n8n-workflow';
import { showWhen, type ItemParameters } from '../fields/parameters';
import { checkingFields } from '../fields/result';
import { edit } from './edit.operation';
import { generate, modeNames } from './generate.operation';
import { getBalance } from './getBalance.operation';
import { getStatus } from './getStatus.operation';
import type { Operation } from './operation';
import { upload } from './upload.operation';

type Resource = { option: INodePropertyOptions; operations: Record<string, Operation> };

/**
 * What the node can do, in the order of the editor's lists, whose first entry is the default. n8n derives the names of nodes and the descriptions
 * of tools from these two levels.
 */
export const resources: Record<string, Resource> = {
	video: {
		option: { name: 'Video', value: 'video', description: 'Make videos, and fetch them' },
		operations: { generate, edit, getStatus },
	},
	account: {
		option: { name: 'Account', value: 'account', description: 'What the API key may spend' },
		operations: { getBalance },
	},
	file: {
		option: {
			name: 'File',
			value: 'file',
			description: 'Images and videos to make videos from',
			displayOptions: { hide: { '@tool': [true] } },
		},
		operations: { upload },
	},
};

export function operationOf(item: ItemParameters): Operation {
	const { operations } = item.choice('Resource', item.get('resource', 'video'), resources);
	return item.choice('Operation', item.get('operation'), operations);
}

const names = Object.values(resources).flatMap(({ operations }) =>
	Object.values(operations).map(({ option }) => [option.value, option.name]),
);
const nameOfOperation = `(${JSON.stringify(Object.fromEntries(names))})[$parameter["operation"]]`;
const nameOfMode = `(${JSON.stringify(modeNames)})[$parameter["mode"]]`;

/** The text under the node on the canvas: the selected operation and, for Generate, the mode. */
export const subtitle = `={{ [${nameOfOperation}, $parameter["operation"] === "generate" && ${nameOfMode}].filter(Boolean).join(": ") }}`;

function listField(
	displayName: string,
	name: string,
	entries: Record<string, { option: INodePropertyOptions }>,
): INodeProperties {
	const options = Object.values(entries).map(({ option }) => option);
	const [first = ''] = Object.keys(entries);
	return { displayName, name, type: 'options', noDataExpression: true, options, default: first };
}

/** All fields of the node: the lists of resources and operations, then the fields of each operation. */
export const properties: INodeProperties[] = [
	...checkingFields,
	{ ...listField('Resource', 'resource', resources), description: 'What the operation is about' },
	...Object.entries(resources).flatMap(([resource, { operations }]) => [
		...showWhen({ resource: [resource] }, [listField('Operation', 'operation', operations)]),
		...Object.entries(operations).flatMap(([operation, { fields }]) =>
			showWhen({ resource: [resource], operation: [operation] }, fields),
		),
	]),
];

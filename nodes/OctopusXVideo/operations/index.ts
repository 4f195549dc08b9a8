import type { INodeProperties } from 'n8n-workflow';
import { checkingFields } from '../fields/checking';
import { showWhen } from '../fields/showWhen';
import { edit } from './edit.operation';
import { generate } from './generate.operation';
import { getStatus } from './getStatus.operation';

export const operations = { generate, edit, getStatus };

const names = Object.values(operations).map(({ option }) => [option.value, option.name]);

/** What stands under the node on the canvas: the chosen operation. */
export const subtitle = `={{ (${JSON.stringify(Object.fromEntries(names))})[$parameter["operation"]] }}`;

/** All fields of the node: the choice of the operation, then each operation's own. */
export const properties: INodeProperties[] = [
	...checkingFields,
	{
		displayName: 'Operation',
		name: 'operation',
		type: 'options',
		noDataExpression: true,
		options: Object.values(operations).map(({ option }) => option),
		default: 'generate',
	},
	...Object.entries(operations).flatMap(([name, { fields }]) =>
		showWhen({ operation: [name] }, fields),
	),
];

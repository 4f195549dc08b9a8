import type { INodeProperties } from 'n8n-workflow';
import { showWhen } from '../fields/parameters';
import { checkingFields } from '../fields/result';
import { edit } from './edit.operation';
import { generate } from './generate.operation';
import { getStatus } from './getStatus.operation';

export const operations = { generate, edit, getStatus };

const names = Object.values(operations).map(({ option }) => [option.value, option.name]);

/** The text under the node on the canvas: the name of the selected operation. */
export const subtitle = `={{ (${JSON.stringify(Object.fromEntries(names))})[$parameter["operation"]] }}`;

/** All fields of the node: the Operation list, then the fields of each operation. */
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

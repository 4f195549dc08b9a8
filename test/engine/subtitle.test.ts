import { Workflow, type INodePropertyOptions } from 'n8n-workflow';
import { OctopusXVideo } from '../../nodes/OctopusXVideo/OctopusXVideo.node';
import { NODE_TYPE, NodeTypes } from './support/nodeTypes';

const { description } = new OctopusXVideo();
const operationField = description.properties.find(({ name }) => name === 'operation');
const operations = (operationField?.options ?? []) as INodePropertyOptions[];

test('there are operations to choose from', () => {
	expect(operations.length).toBeGreaterThanOrEqual(3);
});

test.each(operations)(
	'on the canvas, a node that does $value is called $name',
	({ name, value }) => {
		const node = {
			id: 'video',
			name: 'Video',
			type: NODE_TYPE,
			typeVersion: 1,
			position: [0, 0] as [number, number],
			parameters: { operation: value },
		};
		const workflow = new Workflow({
			nodes: [node],
			connections: {},
			active: false,
			nodeTypes: new NodeTypes(),
		});
		const { subtitle } = description;
		expect(workflow.expression.getSimpleParameterValue(node, subtitle, 'internal', {})).toBe(name);
	},
);

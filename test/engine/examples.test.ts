import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { NodeHelpers, type INode, type INodeParameters, type IWorkflowBase } from 'n8n-workflow';
import { OctopusXVideo } from '../../nodes/OctopusXVideo/OctopusXVideo.node';
import { useRequests } from './support/countRequests';
import { NODE_TYPE, NOTE_TYPE, TOOL_TYPE, TRIGGER_TYPE } from './support/nodeTypes';
import { lastRunOf, runWorkflow } from './support/runWorkflow';
import { onVirtualTime } from './support/virtualTime';
import { useSandbox } from './support/useSandbox';

const FOLDER = join(__dirname, '..', '..', 'examples');
const files = readdirSync(FOLDER).filter((file) => file.endsWith('.json'));
const load = (file: string) =>
	JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as IWorkflowBase;
/** What n8n adds to the parameters of a node that becomes a tool. */
const TOOL_PARAMETERS = ['descriptionType', 'toolDescription'];

const ourNodes = ({ nodes }: IWorkflowBase) =>
	nodes.filter(({ type }) => type === NODE_TYPE || type === TOOL_TYPE);
/** The others need n8n's own nodes: test/e2e runs them. */
const needsOnlyOurNode = (file: string) =>
	load(file).nodes.every(({ type }) => [NODE_TYPE, TRIGGER_TYPE, NOTE_TYPE].includes(type));

const sandbox = useSandbox();
const requests = useRequests();

test.each(files.filter(needsOnlyOurNode))(
	'the example %s runs, and every node of ours brings its video',
	async (file) => {
		const workflow = load(file);
		const { result: run } = await onVirtualTime(
			sandbox,
			async () =>
				await runWorkflow({
					workflow,
					credential: { apiKey: sandbox.apiKey, baseUrl: sandbox.url },
				}),
		);
		expect(run.data.resultData.error).toBeUndefined();
		// n8n fills in defaults in place: what the file itself says is read anew
		for (const { name, parameters } of ourNodes(load(file))) {
			const [item] = lastRunOf(run, name).data?.main?.[0] ?? [];
			const status = parameters.waitForCompletion === false ? 'queued' : 'completed';
			expect([name, item?.json.status]).toEqual([name, status]);
			expect([name, item?.binary?.data?.mimeType]).toEqual([
				name,
				parameters.downloadVideo ? 'video/mp4' : undefined,
			]);
		}
	},
);

test.each(files.filter(needsOnlyOurNode))(
	'the example %s works in Test Mode: no request, no bill, and the same kinds of items',
	async (file) => {
		const workflow = load(file);
		for (const { parameters } of ourNodes(workflow)) {
			parameters.options = { ...(parameters.options as INodeParameters), testMode: 'sample' };
		}
		const run = await runWorkflow({ workflow, credential: { apiKey: '', baseUrl: '' } });
		expect(run.data.resultData.error).toBeUndefined();
		for (const { name, parameters } of ourNodes(load(file))) {
			const [item] = lastRunOf(run, name).data?.main?.[0] ?? [];
			const status = parameters.waitForCompletion === false ? 'queued' : 'completed';
			expect([name, item?.json.status, item?.json.test]).toEqual([name, status, true]);
			expect([name, item?.binary?.data?.mimeType]).toEqual([
				name,
				parameters.downloadVideo ? 'video/mp4' : undefined,
			]);
		}
		expect(requests).toEqual([]);
		expect(sandbox.tasks).toEqual([]);
	},
);

test.each(files)('the example %s uses only parameters that the node has', (file) => {
	const { description } = new OctopusXVideo();
	for (const node of ourNodes(load(file))) {
		const parameters = Object.fromEntries(
			Object.entries(node.parameters).filter(
				([name]) => node.type === NODE_TYPE || !TOOL_PARAMETERS.includes(name),
			),
		) as INodeParameters;
		const known = NodeHelpers.getNodeParameters(
			description.properties,
			parameters,
			false,
			false,
			{ ...node } as INode,
			description,
		) as INodeParameters;
		expect([node.name, Object.keys(parameters).sort()]).toEqual([
			node.name,
			Object.keys(known).sort(),
		]);
	}
});

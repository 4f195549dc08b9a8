import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PackageDirectoryLoader } from 'n8n-core';
import { NodeHelpers, type INode, type INodeParameters, type IWorkflowBase } from 'n8n-workflow';
import { OctopusXVideo } from '../../nodes/OctopusXVideo/OctopusXVideo.node';
import { useRequestLog } from './support/countRequests';
import { NODE_TYPE, NOTE_TYPE, TOOL_TYPE, TRIGGER_TYPE } from './support/nodeTypes';
import { lastRunOf, runWorkflow } from './support/runWorkflow';
import { useSandbox } from './support/useSandbox';
import { onVirtualTime } from './support/virtualTime';

const ROOT = join(__dirname, '..', '..');

const { description } = new OctopusXVideo();

/** Runs n8n's own loader on the built package, as after an installation. Wrong paths and names fail here. */
test('n8n loads the node and the credential of the built package with their icons and codex', async () => {
	const loader = new PackageDirectoryLoader(ROOT);
	await loader.loadAll();

	const { octopusXVideo, ...otherNodes } = loader.nodeTypes;
	expect(otherNodes).toEqual({});
	expect(octopusXVideo?.type.description).toMatchObject({
		displayName: 'OctopusX Video',
		version: 1,
		iconUrl: {
			light: 'icons/n8n-nodes-octopusx/dist/icons/octopusx.svg',
			dark: 'icons/n8n-nodes-octopusx/dist/icons/octopusx.dark.svg',
		},
		codex: { categories: ['Marketing & Content'], alias: expect.arrayContaining(['video']) },
	});

	expect(Object.keys(loader.credentialTypes)).toEqual(['octopusXApi']);
	expect(loader.types.credentials[0]).toMatchObject({
		displayName: 'OctopusX API',
		supportedNodes: ['octopusXVideo'],
		iconUrl: { light: expect.stringContaining('octopusx.svg') },
	});
});

describe('example workflows', () => {
	const FOLDER = join(ROOT, 'examples');
	const files = readdirSync(FOLDER).filter((file) => file.endsWith('.json'));
	const loadExample = (file: string) =>
		JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as IWorkflowBase;
	/** The parameters that n8n adds to the tool version of a node. */
	const TOOL_PARAMETERS = ['descriptionType', 'toolDescription'];

	const ourNodes = ({ nodes }: IWorkflowBase) =>
		nodes.filter(({ type }) => type === NODE_TYPE || type === TOOL_TYPE);
	/** True if an example needs no nodes but ours. test/e2e runs those that need n8n's own nodes. */
	const needsOnlyOurNode = (file: string) =>
		loadExample(file).nodes.every(({ type }) =>
			[NODE_TYPE, TRIGGER_TYPE, NOTE_TYPE].includes(type),
		);

	const sandbox = useSandbox();
	const requests = useRequestLog();

	test.each(files.filter(needsOnlyOurNode))(
		'every OctopusX Video node of the example %s returns its video',
		async (file) => {
			const workflow = loadExample(file);
			const { result: run } = await onVirtualTime(
				sandbox,
				async () =>
					await runWorkflow({
						workflow,
						credential: { apiKey: sandbox.apiKey, baseUrl: sandbox.url },
					}),
			);
			expect(run.data.resultData.error).toBeUndefined();
			// n8n adds defaults to the parameters in place, so the file is read again.
			for (const { name, parameters } of ourNodes(loadExample(file))) {
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
		'the example %s sends no request in Test Mode and returns the same kinds of items',
		async (file) => {
			const workflow = loadExample(file);
			for (const { parameters } of ourNodes(workflow)) {
				parameters.options = { ...(parameters.options as INodeParameters), testMode: 'sample' };
			}
			const run = await runWorkflow({ workflow, credential: { apiKey: '', baseUrl: '' } });
			expect(run.data.resultData.error).toBeUndefined();
			for (const { name, parameters } of ourNodes(loadExample(file))) {
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

	test.each(files)('the example %s uses only parameters that exist in the node', (file) => {
		for (const node of ourNodes(loadExample(file))) {
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
});

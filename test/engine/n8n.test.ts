import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import { PackageDirectoryLoader } from 'n8n-core';
import {
	NodeHelpers,
	type INode,
	type INodeExecutionData,
	type INodeParameters,
	type INodeType,
	type IWorkflowBase,
} from 'n8n-workflow';
import * as n8nWorkflow from 'n8n-workflow';
import { OctopusXVideo } from '../../nodes/OctopusXVideo/OctopusXVideo.node';
import { useRequestLog } from './support/countRequests';
import { CONTINUE, GENERATE, inputOf } from './support/inputs';
import { NODE_TYPE, NOTE_TYPE, TOOL_TYPE, TRIGGER_TYPE } from './support/nodeTypes';
import { loggingNode } from './support/nodeWithContext';
import { runNode, runNodeVirtually } from './support/runNode';
import { lastRunOf, runWorkflow, storeBinary } from './support/runWorkflow';
import { describeIfCanSuspend, MINUTE, suspendingOn } from './support/suspending';
import { useSandbox } from './support/useSandbox';
import { onVirtualTime } from './support/virtualTime';

/** Tests of how n8n loads and runs the package: its versions and settings, and the example workflows. */

const sandbox = useSandbox();

describeIfCanSuspend('While Waiting: Suspend on older versions of n8n', () => {
	const suspendOne = suspendingOn(sandbox, {}, inputOf('one'));

	beforeEach(() => void (sandbox.durationMs = MINUTE));

	/** The exports of n8n-workflow by which the node recognizes n8n 2.0 and n8n 2.27. */
	const SINCE_2_0 = 'calculateWorkflowChecksum';
	const SINCE_2_27 = 'CRASHABLE_EXECUTION_STATUSES';

	/** Loads the node as an n8n does whose n8n-workflow lacks these exports. */
	function nodeWithout(...missing: string[]): INodeType {
		const exported = Object.entries(n8nWorkflow).filter(([name]) => !missing.includes(name));
		let node: INodeType | undefined;
		jest.isolateModules(() => {
			jest.doMock('n8n-workflow', () => Object.fromEntries(exported));
			const { OctopusXVideo } = jest.requireActual<
				typeof import('../../nodes/OctopusXVideo/OctopusXVideo.node')
			>('../../nodes/OctopusXVideo/OctopusXVideo.node');
			node = new OctopusXVideo();
		});
		jest.dontMock('n8n-workflow');
		return node as INodeType;
	}

	test.each([
		['before 2.0', [SINCE_2_0, SINCE_2_27], {}, 'n8n 2.0 or later.'],
		['before 2.0, with On Error: Continue', [SINCE_2_0, SINCE_2_27], CONTINUE, 'n8n 2.0 or later.'],
		['between 2.0 and 2.27', [SINCE_2_27], {}, "n8n 2.27 or later, unless 'On Error' is set"],
	])(
		'While Waiting: Suspend is refused before any request on n8n %s',
		async (_version, missing, settings, text) => {
			const { items, error } = await suspendOne({}, { node: nodeWithout(...missing), settings });
			const refusal = error ?? items[0]?.json.error;
			expect(refusal).toMatchObject({
				message: 'The execution cannot be suspended',
				description: expect.stringContaining(text),
			});
			expect(sandbox.log).toEqual([]);
		},
	);

	test.each([
		['between 2.0 and 2.27, with On Error: Continue', [SINCE_2_27], CONTINUE],
		['2.27 or later', [], {}],
	])('While Waiting: Suspend works on n8n %s', async (_version, missing, settings) => {
		const { items } = await suspendOne({}, { node: nodeWithout(...missing), settings });
		expect(items[0]?.json).toMatchObject({ task_id: 'video_1', status: 'completed' });
	});
});

// Only n8n 2.20 and later have this setting.
describeIfCanSuspend('binary mode: combined', () => {
	const suspendTwo = suspendingOn(sandbox, { downloadVideo: true }, inputOf('one', 'two'));

	const COMBINED = { workflowSettings: { binaryMode: 'combined' } };
	/** Returns the file of an item with this setting. */
	const fileInJson = ({ json }: INodeExecutionData) => (json._files as { data?: unknown })?.data;
	const ANY_VIDEO = expect.objectContaining({ mimeType: 'video/mp4', id: expect.any(String) });

	test('with Binary Mode: Combined, Download Video stores the file in the JSON of the item', async () => {
		const parameters = { ...GENERATE, downloadVideo: true };
		const { items, error } = await runNodeVirtually(sandbox, parameters, COMBINED);
		expect(error).toBeUndefined();
		expect(items.map(fileInJson)).toEqual([ANY_VIDEO]);
	});

	test('with Binary Mode: Combined, a file in the JSON of an input item is sent', async () => {
		const picture = await storeBinary(Buffer.from('image'), 'image/png');
		const input = [{ json: { _files: { picture } } }] as unknown as INodeExecutionData[];
		const parameters = {
			...GENERATE,
			mode: 'firstFrame',
			firstFrameSource: 'binary',
			firstFrameBinaryField: '_files.picture',
		};
		const { error } = await runNodeVirtually(sandbox, parameters, { ...COMBINED, input });
		expect(error).toBeUndefined();
		expect(sandbox.requestsTo('submit')[0]?.body).toMatchObject({
			first_image_url: `data:image/png;base64,${Buffer.from('image').toString('base64')}`,
		});
	});

	test('with Binary Mode: Combined, a suspended execution outputs its files', async () => {
		const { items, error } = await suspendTwo({}, COMBINED);
		expect(error).toBeUndefined();
		expect(items.map(({ json }) => json.status)).toEqual(['completed', 'completed']);
		expect(items.map(fileInJson)).toEqual([ANY_VIDEO, ANY_VIDEO]);
	});
});

// n8n sends such a proxy a CONNECT before anything of the request.
describe('a proxy for https that rejects every connection', () => {
	const PROXY_LOGIN = 'proxy-user:proxy-password';

	let rejectConnection: (socket: Socket) => void;
	const received: string[] = [];
	const proxy = http.createServer().on('connect', ({ headers }, socket: Socket) => {
		received.push(JSON.stringify(headers));
		socket.on('error', () => {}).on('data', (bytes) => received.push(String(bytes)));
		rejectConnection(socket);
	});

	beforeAll(async () => {
		await once(proxy.listen(0, '127.0.0.1'), 'listening');
		const { port } = proxy.address() as AddressInfo;
		// If both are set, the lower-case variable takes precedence.
		process.env.https_proxy = `http://${PROXY_LOGIN}@127.0.0.1:${port}`;
	});
	beforeEach(() => void received.splice(0));
	afterAll(async () => {
		delete process.env.https_proxy;
		await new Promise((resolve) => proxy.close(resolve));
	});

	const answerWith = (status: string) => (socket: Socket) => {
		socket.end(`HTTP/1.1 ${status}\r\nContent-Length: 16\r\n\r\n<html>No.</html>`);
	};

	test.each<[string, (socket: Socket) => void, string]>([
		[
			'returns HTTP 407',
			answerWith('407 Proxy Authentication Required'),
			'A proxy between n8n and OctopusX asks for a login',
		],
		[
			'returns HTTP 403',
			answerWith('403 Forbidden'),
			'A web page answered instead of the OctopusX API',
		],
		['closes the connection', (socket) => socket.end(), 'OctopusX cannot be reached'],
		[
			'closes the connection in the middle of its response',
			(socket) => socket.end('HTTP/1.1 200 Conn'),
			'OctopusX cannot be reached',
		],
		[
			'closes the connection during the TLS handshake',
			(socket) => {
				socket.write('HTTP/1.1 200 OK\r\n\r\n');
				socket.once('data', () => socket.end());
			},
			'OctopusX cannot be reached',
		],
	])(
		'a proxy that %s does not get the API key, and the error says that nothing was charged',
		async (_how, reject, message) => {
			rejectConnection = reject;
			const lines: string[] = [];
			const parameters = { ...GENERATE, options: { timeout: 0.01 } };
			const { error, run } = await runNode(sandbox, parameters, {
				credential: { baseUrl: 'https://api.octopusx.example' },
				node: loggingNode(lines),
			});
			expect(error?.message).toBe(message);
			expect(error?.context.charge).toBe('none');
			expect(received.length).toBeGreaterThan(0);
			expect(received.join()).not.toContain(sandbox.apiKey);
			expect(JSON.stringify([run, lines])).not.toContain('proxy-password');
		},
	);
});

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

/** Download Video is on by default in Generate and Edit while they wait. */
function hasFile({ downloadVideo, operation, waitForCompletion }: INodeParameters): boolean {
	const isOn = downloadVideo ?? operation !== 'getStatus';
	return isOn === true && waitForCompletion !== false;
}

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
					hasFile(parameters) ? 'video/mp4' : undefined,
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
					hasFile(parameters) ? 'video/mp4' : undefined,
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
				true,
				false,
				{ ...node } as INode,
				description,
			) as INodeParameters;
			const unknown = Object.keys(parameters).filter((name) => !(name in known));
			expect([node.name, unknown]).toEqual([node.name, []]);
		}
	});
});

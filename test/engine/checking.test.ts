import { NodeHelpers, type INode, type INodeExecutionData, type IRun } from 'n8n-workflow';
import { parse, stringify } from 'flatted';
import { OctopusXVideo } from '../../nodes/OctopusXVideo/OctopusXVideo.node';
import { CONTINUE, inputOf } from './support/inputs';
import { lastRunOf } from './support/runWorkflow';
import { CHECKING, MINUTE, onNewEngine, runChecking, suspendingOn } from './support/suspending';
import { useSandbox } from './support/useSandbox';

/** What a person meets of the execution that checks the videos of a suspended one. */

const sandbox = useSandbox({ durationMs: 5 * MINUTE });

const suspend = suspendingOn(sandbox, {}, inputOf('one', 'two'));

const refuse = (prompt: string) => {
	const body = { code: 'bad', message: 'no', data: null };
	sandbox.faults.add({ on: 'submit', prompt, answer: { status: 422, body } });
};

onNewEngine('the checking execution', () => {
	test('says in its names and in a note which execution it belongs to, and not to stop it', async () => {
		const { started } = await suspend();
		const { name, nodes } = started?.workflow ?? { nodes: [] };
		expect(name).toBe('Videos of execution 1: checking, do not stop');
		const names = ['Videos of execution 1', CHECKING, 'All done?', 'What this is'];
		expect(nodes.map((node) => node.name)).toEqual(names);
		expect(new Set(nodes.map((node) => node.id)).size).toBe(nodes.length);
		expect(nodes.map((node) => node.id)).not.toContain('');
		const note = nodes.find(({ type }) => type === 'n8n-nodes-base.stickyNote');
		expect(note?.parameters.content).toContain('## Videos of execution 1: checking, do not stop');
		expect(note?.parameters.content).toContain('stop execution 1, not this one');
	});

	test('shows its note above its nodes, and as wide as they stand', async () => {
		const { started } = await suspend();
		const nodes = started?.workflow.nodes ?? [];
		const [note] = nodes.filter(({ type }) => type === 'n8n-nodes-base.stickyNote');
		const others = nodes.filter((node) => node !== note).map(({ position }) => position);
		const [x, y] = note?.position ?? [];
		const { width, height } = note?.parameters as Record<'width' | 'height', number>;
		expect(Number(y) + height).toBeLessThan(Math.min(...others.map((position) => position[1])));
		expect(x).toBeLessThan(Math.min(...others.map((position) => position[0])));
		expect(Number(x) + width).toBeGreaterThan(Math.max(...others.map((position) => position[0])));
	});

	test('opens without a mark of something wrong, as a Get Status of the tasks that waits', async () => {
		const { started } = await suspend();
		const node = started?.workflow.nodes.find(({ name }) => name === CHECKING) as INode;
		const { description } = new OctopusXVideo();
		expect(NodeHelpers.getNodeParametersIssues(description.properties, node, description)).toBe(
			null,
		);
		const operation = description.properties.find(({ name }) => name === 'operation');
		const shown = { operation: 'getStatus', waitForCompletion: true, waitStrategy: 'suspend' };
		expect(node.parameters).toMatchObject(shown);
		expect(operation?.options).toContainEqual(expect.objectContaining({ value: shown.operation }));
		const isShown = (parameters: INode['parameters']) =>
			description.properties
				.filter((one) => NodeHelpers.displayParameter(parameters, one, node, description))
				.some(({ type }) => type === 'notice');
		expect(isShown(node.parameters)).toBe(true);
		expect(isShown({ operation: 'generate' })).toBe(false);
		expect(isShown({ operation: 'generate', checkedExecution: '' })).toBe(false);
	});

	test('is handed of each item what it needs to go on: ids and settings, or the error', async () => {
		refuse('two');
		const done = (taskId: string) => ({ id: taskId, status: 'completed' });
		const answer = { status: 200, bodyFor: done };
		sandbox.faults.add({ on: 'submit', prompt: 'three', accept: true, answer });
		const input = inputOf('one', 'two', 'three');
		const { started, child } = await suspend({}, { input });
		expect(started?.items.map(({ pairedItem }) => pairedItem)).toEqual([
			{ item: 0 },
			{ item: 1 },
			{ item: 2 },
		]);
		const job = { wait: { isSuspended: true }, timeoutMs: 30 * MINUTE };
		const task = (taskId: string) => ({
			job: { ...job, source: { taskId } },
			task: { id: taskId },
		});
		expect(started?.items.map(({ json }) => json.octopusXSuspended)).toMatchObject([
			{ parent: '1', item: { state: 'paid', index: 0, ...task('video_1') } },
			{ parent: '1', item: { state: 'failed', index: 1, error: { statusCode: 422 } } },
			{ parent: '1', item: { state: 'ended', index: 2, ...task('video_2') } },
		]);
		expect(child?.data.resultData.error).toMatchObject({
			name: 'NodeApiError',
			message: 'OctopusX rejected the request',
			httpCode: '422',
		});
	});

	test('goes round with one small item, which names the execution that waits', async () => {
		const round: unknown[] = [];
		await suspend(
			{},
			{
				whileSuspended: (_times, { data }) =>
					round.push(data.executionData?.nodeExecutionStack[0]?.data.main?.[0]),
			},
		);
		const small = [{ json: { octopusXSuspended: { parent: '1' } } }];
		expect(round).toEqual(Array(5).fill(small));
	});

	/** Stops a checking execution while it waits, and retries it as n8n does. */
	async function stopAndRetry(settings = {}): Promise<IRun> {
		let stopped: IRun | undefined;
		refuse('no task');
		const { started } = await suspend(
			{},
			{
				settings,
				input: inputOf('one', 'no task', 'two'),
				whileSuspended: (times, child) => {
					if (times === 1) stopped = parse(stringify(child)) as IRun;
				},
			},
		);
		sandbox.log = [];
		return await runChecking({
			credential: { apiKey: sandbox.apiKey, baseUrl: sandbox.url },
			workflow: started?.workflow ?? { nodes: [], connections: {} },
			mode: 'retry',
			resumeOf: stopped,
		});
	}

	test.each([
		['Stop', {}],
		['Continue', CONTINUE],
	])(
		'fails when it is retried, and says what to do instead, with On Error: %s',
		async (_what, settings) => {
			const { status, data } = await stopAndRetry(settings);
			expect(status).toBe('error');
			expect(data.resultData.error).toMatchObject({
				message: 'A checking execution cannot be retried',
				description:
					'Fetch the videos of execution 1 with Get Status, which is not charged: video_1, video_2.',
			});
			const [entry] = data.executionData?.nodeExecutionStack ?? [];
			expect(entry?.node).toMatchObject({ name: CHECKING, onError: 'stopWorkflow' });
			expect(sandbox.log).toEqual([]);
		},
	);

	/** Runs the node alone, with these items. */
	async function runElsewhere(...all: Array<INodeExecutionData['json']>) {
		const { started } = await suspend({}, { settings: CONTINUE });
		const workflow = started?.workflow ?? { nodes: [], connections: {} };
		sandbox.log = [];
		const run = await runChecking({
			credential: { apiKey: sandbox.apiKey, baseUrl: sandbox.url },
			workflow: {
				nodes: workflow.nodes,
				connections: {
					'Videos of execution 1': { main: [[{ node: CHECKING, type: 'main', index: 0 }]] },
				},
			},
			mode: 'manual',
			input: all.map((json) => ({ json })),
		});
		expect(sandbox.log).toEqual([]);
		return lastRunOf(run, CHECKING);
	}

	const error = { message: 'It failed' };
	const ours = { octopusXSuspended: { parent: '1', item: { index: 0, state: 'failed', error } } };

	test.each<[string, ...Array<INodeExecutionData['json']>]>([
		['nothing of ours', { prompt: 'one' }],
		['something else under our key', { octopusXSuspended: { parent: '1', item: 'x' } }],
		['an item without a place under our key', { octopusXSuspended: { parent: '1', item: {} } }],
		['null under our key', { octopusXSuspended: null }],
		[
			'an item with an error that is none',
			{ octopusXSuspended: { parent: '1', item: { index: 0, state: 'failed', error: null } } },
		],
		['something else beside what is ours', ours, { prompt: 'one' }],
	])('its node refuses to work elsewhere, where it gets %s', async (_what, ...all) => {
		expect((await runElsewhere(...all)).error).toMatchObject({
			message: 'This node only works in a checking execution',
			description: expect.stringContaining('Delete it'),
		});
	});

	test('hands on an error that has no description as it is', async () => {
		const { data } = await runElsewhere(ours);
		expect(data?.main?.[0]?.map(({ json }) => json)).toEqual([{ error }]);
	});
});

onNewEngine('the execution that was suspended', () => {
	test.each([
		['one of its videos', inputOf('one', 'two [failed]')],
		['its only video', inputOf('one [failed]')],
	])('says after the failure of %s that Retry is of no use, and what is', async (_what, input) => {
		const { error } = await suspend({}, { input });
		expect(error?.message).toBe('The video could not be generated');
		expect(error?.description).toContain("n8n's Retry is of no use here");
		expect(error?.description).toContain('start the workflow anew');
	});
});

import Ajv from 'ajv';
import { PackageDirectoryLoader } from 'n8n-core';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { IDataObject, INodeParameters } from 'n8n-workflow';
import { resources } from '../../nodes/OctopusXVideo/operations';
import { CONTINUE, GENERATE, GENERATE_EACH, inputOf, numberedItems } from './support/inputs';
import { runNode, runNodeVirtually } from './support/runNode';
import { describeIfCanSuspend, suspendingOn } from './support/suspending';
import { useSandbox } from './support/useSandbox';

const sandbox = useSandbox();

/** Submits a video without waiting for it. */
async function submit(prompt: string): Promise<void> {
	await runNode(sandbox, { ...GENERATE, prompt, waitForCompletion: false });
}

describe('Items', () => {
	const PARAMETERS = {
		...GENERATE_EACH,
		seconds: '={{ $json.seconds ?? 8 }}',
		options: { pollInterval: 1 },
	};

	/** The first of two items fails. */
	const firstItemFails = { input: inputOf('one [failed]', 'two') };

	test('each input item results in one output item that is paired with it', async () => {
		const { items } = await runNodeVirtually(sandbox, PARAMETERS, {
			input: inputOf('one', 'two'),
		});
		expect(items.map(({ json, pairedItem }) => [json.task_id, pairedItem])).toEqual([
			['video_1', { item: 0 }],
			['video_2', { item: 1 }],
		]);
	});

	test('output items have the order of the input items, regardless of which video is completed first', async () => {
		const { items } = await runNodeVirtually(sandbox, PARAMETERS, {
			input: numberedItems(12),
		});
		const promptOf = (id: unknown) => sandbox.tasks.find((task) => task.id === id)?.request.prompt;
		expect(items.map(({ json }) => promptOf(json.task_id))).toEqual(
			Array.from({ length: 12 }, (_, n) => `number ${n}`),
		);
	});

	test('an output item without Simplify has the fields of the task, without placeholders and without a top-level error', async () => {
		const { items } = await runNodeVirtually(
			sandbox,
			{ ...PARAMETERS, simplify: false },
			{ input: inputOf('one') },
		);
		expect(items[0]?.json).toEqual({
			id: 'video_1',
			task_id: 'video_1',
			object: 'video',
			model: 'omni-fast',
			status: 'completed',
			progress: 100,
			prompt: 'one',
			created_at: expect.any(Number),
			completed_at: expect.any(Number),
			expires_at: expect.any(Number),
			seconds: '8',
			size: '1280x720',
			video_url: expect.stringMatching(/\/files\/video_1\.mp4\?signature=sandbox\d+$/),
			cost: { amount: 0.08, currency: 'USD' },
			// the response as it came: with placeholders, and with the model service's own ID
			raw: expect.objectContaining({
				task_id: 'private_1',
				status: 'completed',
				error: { message: '', code: '' },
				remixed_from_video_id: '',
			}),
		});
		expect(items[0]?.binary).toBeUndefined();
	});

	test('an output item without Wait Until Completed is the task as it was accepted, with what it costs', async () => {
		const { items } = await runNodeVirtually(
			sandbox,
			{ ...PARAMETERS, waitForCompletion: false },
			{
				input: inputOf('one'),
			},
		);
		const cost = { amount: 0.08, currency: 'USD' };
		expect(items[0]?.json).toMatchObject({
			task_id: 'video_1',
			status: 'queued',
			progress: 0,
			cost,
		});
		expect(sandbox.log.map(({ route }) => route)).toEqual(['submit', 'verdict', 'status']);
	});

	describe('On Error: Continue', () => {
		test('with On Error: Continue, the error of a failed item contains its task, and other items are not affected', async () => {
			const { items, run } = await runNodeVirtually(sandbox, PARAMETERS, {
				...firstItemFails,
				settings: CONTINUE,
			});
			expect(run.status).toBe('success');
			expect(items).toHaveLength(2);
			// columns that the other items have, before the reason
			expect(Object.keys(items[0]?.json ?? {})).toEqual(['task_id', 'status', 'prompt', 'error']);
			expect(items[0]).toEqual({
				json: {
					task_id: 'video_1',
					status: 'failed',
					prompt: 'one [failed]',
					error: {
						message: 'The video could not be generated',
						description: expect.stringContaining('video_1'),
						task_id: 'video_1',
						status: 'failed',
						prompt: 'one [failed]',
						cost: { amount: 0, currency: 'USD', refunded: true },
					},
				},
				pairedItem: { item: 0 },
			});
			expect(items[1]).toMatchObject({
				json: { task_id: 'video_2', status: 'completed' },
				pairedItem: { item: 1 },
			});
		});

		test('with On Error: Continue, an item with an invalid parameter is not submitted, and other items are not affected', async () => {
			const { items } = await runNodeVirtually(sandbox, PARAMETERS, {
				input: [{ json: { prompt: 'one', seconds: 3 } }, ...inputOf('two')],
				settings: CONTINUE,
			});
			expect(items[0]?.json).toMatchObject({
				status: 'failed',
				prompt: 'one',
				error: {
					message: "'Duration (Seconds)' must be a whole number from 4 to 30 [item 0]",
					prompt: 'one',
				},
			});
			expect(items[0]?.json).not.toHaveProperty('task_id');
			expect(items[1]?.json).toMatchObject({ status: 'completed' });
			expect(sandbox.tasks).toHaveLength(1);
		});
	});

	test('with On Error: Continue (using error output), the error output gets only the failed item', async () => {
		const { items, errorItems } = await runNodeVirtually(
			sandbox,
			{ ...PARAMETERS, prompt: '={{ $json.text }}' },
			{
				input: ['one [failed]', 'two'].map((text) => ({ json: { text } })),
				settings: { onError: 'continueErrorOutput' },
			},
		);
		expect(items).toHaveLength(1);
		expect(items[0]).toMatchObject({
			json: { task_id: 'video_2', status: 'completed' },
			pairedItem: { item: 1 },
		});
		expect(errorItems).toHaveLength(1);
		// n8n adds the fields of the input item; the node itself puts out nothing beside `error`
		expect(errorItems[0]?.json).toEqual({
			text: 'one [failed]',
			error: expect.objectContaining({
				task_id: 'video_1',
				status: 'failed',
				prompt: 'one [failed]',
			}),
		});
	});

	describe('On Error: Stop Workflow', () => {
		test('with On Error: Stop Workflow, an item with an invalid parameter stops all items before anything is charged', async () => {
			const { error } = await runNodeVirtually(sandbox, PARAMETERS, {
				input: [...inputOf('one', 'two'), { json: { prompt: 'three', seconds: 99 } }],
			});
			expect(error).toMatchObject({ context: { itemIndex: 2 } });
			expect(sandbox.log).toEqual([]);
		});

		test('with On Error: Stop Workflow, all items finish before the error, and the error lists every task', async () => {
			const { error, run } = await runNodeVirtually(sandbox, PARAMETERS, firstItemFails);
			expect(run.status).toBe('error');
			expect(error).toMatchObject({
				message: '1 of 2 videos could not be generated',
				context: { itemIndex: 0 },
			});
			expect(error?.description).toMatch(
				/^Video 1 of 2 \("one \[failed\]"\): The video could not be generated\. Task video_1 was .* Other tasks of this run: video 2: video_2 \(completed\)\. To go on with the finished videos, /,
			);
		});
	});

	test('Max Concurrency limits the videos in progress, and a completed video lets the next one start', async () => {
		sandbox.durationMs = 4_000;
		const { items, elapsedMs } = await runNodeVirtually(
			sandbox,
			{ ...PARAMETERS, options: { pollInterval: 1, maxConcurrency: 3 } },
			{ input: numberedItems(7) },
		);
		expect(items).toHaveLength(7);
		const startedAt = sandbox.tasks[0]?.createdAt ?? 0;
		expect(sandbox.tasks.map(({ createdAt }) => createdAt - startedAt)).toEqual([
			0, 0, 0, 4_000, 4_000, 4_000, 8_000,
		]);
		expect(elapsedMs).toBe(12_000);
	});
});

describe('Simplify', () => {
	const QUEUED = [
		'task_id',
		'status',
		'progress',
		'prompt',
		'model',
		'seconds',
		'size',
		'cost',
		'created_at',
	];
	const COMPLETED = [
		...['task_id', 'status', 'progress', 'video_url', 'prompt'],
		...['model', 'seconds', 'size', 'cost', 'created_at', 'completed_at', 'expires_at'],
	];
	const RAW = [
		...['id', 'task_id', 'status', 'progress', 'video_url'],
		...['object', 'model', 'created_at', 'seconds', 'size', 'completed_at', 'expires_at'],
		...['raw', 'prompt', 'cost'],
	];

	/** Returns the names of the fields of the only output item, in their order. */
	async function outputFieldsWith(parameters: INodeParameters): Promise<string[]> {
		const { items, error } = await runNodeVirtually(sandbox, { ...GENERATE, ...parameters });
		expect(error).toBeUndefined();
		return Object.keys(items[0]?.json ?? {});
	}

	test.each([
		['Generate', 'with', { operation: 'generate' }],
		['Edit', 'with', { operation: 'edit', videoUrl: 'https://example.com/in.mp4' }],
		['Get Status', 'without', { operation: 'getStatus', taskId: 'video_1' }],
	])(
		'%s outputs the fields of a completed task, %s a prompt: the useful ones with Simplify, all without',
		async (_operation, which, parameters) => {
			await submit('a boat');
			// what Get Status fetches may come from another execution
			const of = (fields: string[]) =>
				fields.filter((name) => which === 'with' || name !== 'prompt');
			expect(await outputFieldsWith(parameters)).toEqual(of(COMPLETED));
			expect(await outputFieldsWith({ ...parameters, simplify: false })).toEqual(of(RAW));
		},
	);

	test('a queued task is output without fields that are not known yet', async () => {
		expect(await outputFieldsWith({ waitForCompletion: false })).toEqual(QUEUED);
	});

	test('a failed task is output with its failure, with and without Simplify', async () => {
		await submit('a boat [failed]');
		const getStatus = { operation: 'getStatus', taskId: 'video_1' };
		expect((await outputFieldsWith(getStatus)).at(-1)).toBe('failure');
		expect(await outputFieldsWith({ ...getStatus, simplify: false })).toContain('failure');
	});

	test('fields that the node does not know are output only without Simplify', async () => {
		const body = {
			id: 'video_1',
			status: 'completed',
			mood: 'good',
			video_url: 'https://a.example/b',
		};
		sandbox.faults.add({ on: 'check', times: 2, answer: { status: 200, body } });
		const getStatus = { operation: 'getStatus', taskId: 'video_1' };
		expect(await outputFieldsWith(getStatus)).not.toContain('mood');
		expect(await outputFieldsWith({ ...getStatus, simplify: false })).toContain('mood');
	});

	test('Simplify can differ between items', async () => {
		const { items } = await runNodeVirtually(
			sandbox,
			{ ...GENERATE_EACH, simplify: '={{ $json.prompt === "one" }}' },
			{ input: inputOf('one', 'two') },
		);
		expect(items.map(({ json }) => Object.keys(json))).toEqual([COMPLETED, RAW]);
	});

	test('the error of a failed item has its task ID, status and reason with and without Simplify', async () => {
		for (const simplify of [true, false]) {
			const { items } = await runNodeVirtually(
				sandbox,
				{ ...GENERATE, prompt: 'a boat [failed]', simplify },
				{ settings: CONTINUE },
			);
			expect(items[0]?.json).toMatchObject({
				error: {
					message: 'The video could not be generated',
					description: expect.stringContaining('The sandbox let this task end failed'),
					task_id: expect.any(String),
					status: 'failed',
					cost: { amount: 0, currency: 'USD', refunded: true },
				},
			});
		}
	});

	describeIfCanSuspend('Simplify with Suspend the Execution', () => {
		const suspend = suspendingOn(sandbox, { downloadVideo: true }, inputOf('one'));

		test.each([
			[true, [...COMPLETED.slice(0, 9), 'file', ...COMPLETED.slice(9)]],
			[false, [...RAW.slice(0, -2), 'file', 'prompt', 'cost']],
		])('Simplify: %s applies to a suspended execution', async (simplify, fields) => {
			sandbox.durationMs = 5 * 60_000;
			const { items } = await suspend({ simplify });
			expect(items.map(({ json }) => Object.keys(json))).toEqual([fields]);
			expect(items[0]?.binary?.data?.mimeType).toBe('video/mp4');
		});
	});
});

describe('Schemas', () => {
	interface Schema {
		type: 'object';
		properties: Record<string, IDataObject>;
	}

	const ROOT = join(__dirname, '..', '..');
	const ajv = new Ajv({ allErrors: true });

	/** Returns the schema that n8n's editor shows as the output of an operation that has not run yet. */
	function schemaOf(
		operation: string,
		nodeFolder = join(ROOT, 'nodes', 'OctopusXVideo'),
		resource = 'video',
	): Schema {
		const file = join(nodeFolder, '__schema__', 'v1.0.0', resource, `${operation}.json`);
		return JSON.parse(readFileSync(file, 'utf8')) as Schema;
	}

	/** Lists where an item differs from the schema: wrong types and fields that are not in the schema. */
	function schemaErrors(operation: string, item: IDataObject = {}): string[] {
		const validate = ajv.compile({ ...schemaOf(operation), additionalProperties: false });
		if (validate(item)) return [];
		return (validate.errors ?? []).map(
			({ instancePath, message, params }) =>
				`${instancePath} ${String(message)} ${JSON.stringify(params)}`,
		);
	}

	const OPERATIONS: Record<string, INodeParameters> = {
		generate: {},
		edit: { videoUrl: 'https://example.com/in.mp4' },
		getStatus: { taskId: 'video_1' },
	};

	test('every operation has a schema in the folder of the built package that n8n reads', async () => {
		const loader = new PackageDirectoryLoader(ROOT);
		await loader.loadAll();
		const folder = dirname(String(loader.nodeTypes.octopusXVideo?.sourcePath));
		for (const [resource, { operations }] of Object.entries(resources)) {
			for (const operation of Object.keys(operations)) {
				const built = schemaOf(operation, join(ROOT, folder), resource);
				expect(built).toEqual(schemaOf(operation, undefined, resource));
			}
		}
	});

	describe.each(Object.entries(OPERATIONS))('The schema of %s', (operation, ownParameters) => {
		const parameters = { ...GENERATE, operation, ...ownParameters };
		beforeEach(async () => {
			for (const prompt of ['one', 'two [failed]']) {
				await submit(prompt);
			}
		});

		test(`the schema of ${operation} has exactly the fields of a completed task, in their order`, async () => {
			const { items } = await runNodeVirtually(sandbox, parameters);
			expect(schemaErrors(operation, items[0]?.json)).toEqual([]);
			const fields = Object.keys(schemaOf(operation).properties);
			expect(Object.keys(items[0]?.json ?? {})).toEqual(
				fields.filter((field) => !['failure', 'file'].includes(field)),
			);
		});

		test(`the schema of ${operation} allows a task that is not completed`, async () => {
			sandbox.durationMs = 60_000;
			const { items } = await runNode(sandbox, { ...parameters, waitForCompletion: false });
			expect(schemaErrors(operation, items[0]?.json)).toEqual([]);
		});

		test(`the schema of ${operation} has no field that is missing without Simplify`, async () => {
			const { items } = await runNodeVirtually(sandbox, { ...parameters, simplify: false });
			const { properties } = schemaOf(operation);
			expect(Object.keys(items[0]?.json ?? {})).toEqual(
				expect.arrayContaining(
					Object.keys(properties).filter((field) => !['failure', 'file'].includes(field)),
				),
			);
		});
	});

	test('the schema of Get Status allows a failed task', async () => {
		await submit('a boat [failed]');
		const { items } = await runNode(sandbox, { operation: 'getStatus', taskId: 'video_1' });
		expect(items[0]?.json).toHaveProperty('failure.message');
		expect(schemaErrors('getStatus', items[0]?.json)).toEqual([]);
	});

	test('the comparison of an item with a schema finds a wrong type and an unknown field', () => {
		expect(schemaErrors('generate', { task_id: 7, mood: 'good' })).toHaveLength(2);
	});
});

import Ajv from 'ajv';
import { PackageDirectoryLoader } from 'n8n-core';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { IDataObject, INodeParameters } from 'n8n-workflow';
import { operations } from '../../nodes/OctopusXVideo/operations';
import { GENERATE } from './support/inputs';
import { runNode, runNodeVirtually } from './support/runNode';
import { useSandbox } from './support/useSandbox';

const sandbox = useSandbox();

interface Schema {
	type: 'object';
	properties: Record<string, IDataObject>;
}

const ROOT = join(__dirname, '..', '..');
const ajv = new Ajv({ allErrors: true });

/** What n8n's editor shows of the output of an operation that has never run. */
function schemaOf(operation: string, nodeFolder = join(ROOT, 'nodes', 'OctopusXVideo')): Schema {
	const file = join(nodeFolder, '__schema__', 'v1.0.0', `${operation}.json`);
	return JSON.parse(readFileSync(file, 'utf8')) as Schema;
}

/** Where an item is not what the schema says: types that differ, fields that it does not name. */
function differences(operation: string, item: IDataObject = {}): string[] {
	const validate = ajv.compile({ ...schemaOf(operation), additionalProperties: false });
	if (validate(item)) return [];
	return (validate.errors ?? []).map(
		({ instancePath, message, params }) =>
			`${instancePath} ${String(message)} ${JSON.stringify(params)}`,
	);
}

const runs: Record<string, INodeParameters> = {
	generate: {},
	edit: { videoUrl: 'https://example.com/in.mp4' },
	getStatus: { taskId: 'video_1' },
};

test('every operation has a schema, in the built package where n8n looks for it', async () => {
	const loader = new PackageDirectoryLoader(ROOT);
	await loader.loadAll();
	const folder = dirname(String(loader.nodeTypes.octopusXVideo?.sourcePath));
	for (const operation of Object.keys(operations)) {
		expect(schemaOf(operation, join(ROOT, folder))).toEqual(schemaOf(operation));
	}
});

describe.each(Object.entries(runs))('the schema of %s', (operation, own) => {
	const parameters = { ...GENERATE, operation, ...own };
	beforeEach(async () => {
		for (const prompt of ['one', 'two [failed]']) {
			await runNode(sandbox, { ...GENERATE, prompt, waitForCompletion: false });
		}
	});

	test('is what a finished task looks like, field by field and in its order', async () => {
		const { items } = await runNodeVirtually(sandbox, parameters);
		expect(differences(operation, items[0]?.json)).toEqual([]);
		const fields = Object.keys(schemaOf(operation).properties);
		expect(Object.keys(items[0]?.json ?? {})).toEqual(fields.filter((one) => one !== 'failure'));
	});

	test('allows a task that is not done', async () => {
		sandbox.durationMs = 60_000;
		const { items } = await runNode(sandbox, { ...parameters, waitForCompletion: false });
		expect(differences(operation, items[0]?.json)).toEqual([]);
	});

	test('names no field that is missing with Simplify off', async () => {
		const { items } = await runNodeVirtually(sandbox, { ...parameters, simplify: false });
		const { properties } = schemaOf(operation);
		expect(Object.keys(items[0]?.json ?? {})).toEqual(
			expect.arrayContaining(Object.keys(properties).filter((one) => one !== 'failure')),
		);
	});
});

test('the schema of Get Status is what a failed task looks like', async () => {
	await runNode(sandbox, { ...GENERATE, prompt: 'a boat [failed]', waitForCompletion: false });
	const { items } = await runNode(sandbox, { operation: 'getStatus', taskId: 'video_1' });
	expect(items[0]?.json).toHaveProperty('failure.message');
	expect(differences('getStatus', items[0]?.json)).toEqual([]);
});

test('an item that differs from the schema is found out', () => {
	expect(differences('generate', { task_id: 7, mood: 'good' })).toHaveLength(2);
});

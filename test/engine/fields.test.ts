import {
	NodeHelpers,
	type IExecuteFunctions,
	type INode,
	type INodeParameters,
	type INodeProperties,
	type INodePropertyCollection,
	type INodePropertyOptions,
} from 'n8n-workflow';
import { OctopusXVideo } from '../../nodes/OctopusXVideo/OctopusXVideo.node';
import { GENERATE } from './support/inputs';
import { asTool } from './support/nodeTypes';
import { runNodeVirtually } from './support/runNode';
import { storeBinary } from './support/runWorkflow';
import { watchedNode } from './support/watchedNode';
import { useSandbox } from './support/useSandbox';

const { description } = new OctopusXVideo();
/** What nobody fills in: the mark of a checking execution, and words. */
const isForPeople = ({ type }: INodeProperties) => type !== 'hidden' && type !== 'notice';
const fields = description.properties.filter(isForPeople);

/** Names of the fields that the editor shows for these parameters; options as `options.name`. */
function shownFields(parameters: INodeParameters, { description } = new OctopusXVideo()): string[] {
	const node = { typeVersion: 1, parameters } as INode;
	const known = NodeHelpers.getNodeParameters(
		description.properties,
		parameters,
		true,
		true,
		node,
		description,
	) as INodeParameters;
	// the editor keeps the values of fields that it hides
	const values = { ...known, ...parameters };
	const isShown = (field: INodeProperties, at: INodeParameters) =>
		NodeHelpers.displayParameter(at, field, node, description, values);

	return fields
		.filter((field) => isShown(field, values))
		.flatMap((field) => {
			if (field.type !== 'collection') return [field.name];
			const options = (field.options as INodeProperties[]).filter((one) => isShown(one, {}));
			return options.map(({ name }) => `${field.name}.${name}`);
		});
}

const clip = ['seconds', 'aspectRatio', 'resolution'];
const request = [
	'options.additionalFields',
	'options.maxConcurrency',
	'options.maxVideos',
	'options.model',
	'options.testMode',
	'options.timeout',
];
const pollInterval = 'options.pollInterval';
const downloadOptions = ['options.fileName', 'options.binaryOutputField'];
const generate = (...fields: string[]) => ['operation', 'mode', 'prompt', ...fields, ...clip];

describe('the fields that show', () => {
	const waiting = [
		...['waitForCompletion', 'waitStrategy', 'downloadVideo', 'simplify'],
		...[...request, pollInterval],
	];

	test.each<[INodeParameters, string[]]>([
		[{ mode: 'textToVideo' }, generate()],
		[{ mode: 'firstFrame' }, generate('firstFrameSource', 'firstFrameUrl')],
		[
			{ mode: 'firstFrame', firstFrameSource: 'binary' },
			generate('firstFrameSource', 'firstFrameBinaryField'),
		],
		[
			{ mode: 'firstLastFrame' },
			generate('firstFrameSource', 'firstFrameUrl', 'lastFrameSource', 'lastFrameUrl'),
		],
		[
			{ mode: 'firstLastFrame', lastFrameSource: 'binary' },
			generate('firstFrameSource', 'firstFrameUrl', 'lastFrameSource', 'lastFrameBinaryField'),
		],
		[{ mode: 'referenceImages' }, generate('referenceImages')],
	])('Generate with %p shows exactly the intended fields', (parameters, expected) => {
		const shown = shownFields({ operation: 'generate', ...parameters });
		const files = parameters.mode === 'textToVideo' ? [] : ['options.sendBinaryAs'];
		expect(shown.sort()).toEqual([...expected, ...waiting, ...files].sort());
	});

	const edit = ['operation', 'prompt', 'videoSource', 'referenceImages', ...clip];
	test.each<[INodeParameters, string[]]>([
		[{}, [...edit, 'videoUrl']],
		[{ videoSource: 'binary' }, [...edit, 'videoBinaryField']],
	])('Edit with %p shows exactly the intended fields', (parameters, expected) => {
		const shown = shownFields({ operation: 'edit', ...parameters });
		const files = ['options.sendBinaryAs'];
		expect(shown.sort()).toEqual([...expected, ...waiting, ...files].sort());
	});

	test.each(['generate', 'edit'])(
		'%s offers no download without waiting, and its options where it downloads',
		(operation) => {
			const common = shownFields({ operation, waitForCompletion: false });
			expect(common).toContain('waitForCompletion');
			expect(shownFields({ operation, waitForCompletion: false, downloadVideo: true })).toEqual(
				common,
			);
			expect(common).not.toContain('downloadVideo');
			const options = common.filter((name) => name.startsWith('options.'));
			const files = operation === 'edit' ? ['options.sendBinaryAs'] : [];
			expect(options.sort()).toEqual([...request, ...files].sort());

			const downloading = shownFields({ operation, downloadVideo: true });
			expect(downloading).toEqual(expect.arrayContaining([...downloadOptions, pollInterval]));
		},
	);

	test.each(['generate', 'edit', 'getStatus'])(
		'%s has Output for Simplify as a tool',
		(operation) => {
			const tool = asTool(new OctopusXVideo()) as OctopusXVideo;
			const own = (output: string) => {
				const shown = shownFields({ operation, output }, tool);
				return shown.filter((name) => ['simplify', 'output', 'fields'].includes(name));
			};
			expect(own('simplified')).toEqual(['output']);
			expect(own('raw')).toEqual(['output']);
			expect(own('selectedFields')).toEqual(['output', 'fields']);
		},
	);

	const waitOptions = ['waitStrategy', pollInterval, 'options.timeout'];
	const getStatus = ['operation', 'taskId', 'waitForCompletion', 'downloadVideo', 'simplify'];
	test.each<[INodeParameters, string[]]>([
		[{}, []],
		[{ waitForCompletion: true }, waitOptions],
		[{ downloadVideo: true }, downloadOptions],
		[{ waitForCompletion: true, downloadVideo: true }, [...waitOptions, ...downloadOptions]],
	])('Get Status with %p shows exactly the intended options', (parameters, options) => {
		const shown = shownFields({ operation: 'getStatus', ...parameters });
		const always = ['options.maxConcurrency', 'options.testMode'];
		expect(shown.sort()).toEqual([...getStatus, ...always, ...options].sort());
	});
});

/** The public contract: saved in users' workflows, so it never changes after a release. */
test('the defaults of all fields are those that existing workflows rely on', () => {
	const defaultsOf = (operation: string) =>
		NodeHelpers.getNodeParameters(
			fields,
			{ operation },
			true,
			false,
			{ typeVersion: 1, parameters: {} } as unknown as INode,
			description,
		);
	const common = { options: {}, downloadVideo: false, simplify: true };
	const clipDefaults = { prompt: '', seconds: 8, aspectRatio: '16:9', resolution: '720p' };
	expect(defaultsOf('generate')).toEqual({
		...common,
		...clipDefaults,
		operation: 'generate',
		mode: 'textToVideo',
		waitForCompletion: true,
		waitStrategy: 'poll',
	});
	expect(defaultsOf('edit')).toEqual({
		...common,
		...clipDefaults,
		operation: 'edit',
		videoSource: 'url',
		videoUrl: '',
		referenceImages: {},
		waitForCompletion: true,
		waitStrategy: 'poll',
	});
	expect(defaultsOf('getStatus')).toEqual({
		...common,
		operation: 'getStatus',
		taskId: '',
		waitForCompletion: false,
	});
});

test('both frames are not silently the same file', () => {
	const defaultOf = (field: string) => fields.find(({ name }) => name === field)?.default;
	expect(defaultOf('firstFrameBinaryField')).toBe('data');
	expect(defaultOf('lastFrameBinaryField')).toBe('');
});

test.each([
	['operation', ['Generate', 'Edit', 'Get Status']],
	['mode', ['Text to Video', 'First Frame', 'First and Last Frame', 'Reference Images']],
	['resolution', ['720p', '1080p', '2K', '4K']],
	['videoSource', ['URL', 'Input Data Field']],
])('the list of %s begins with what is the default or the smallest', (name, expected) => {
	const { options, default: initial } = fields.find((field) => field.name === name) ?? {};
	const entries = options as INodePropertyOptions[];
	expect(entries.map((entry) => entry.name)).toEqual(expected);
	expect(entries[0]?.value).toBe(initial);
});

/** n8n makes another number of one that is out of a field's limits: 6 of a 60 where 30 is the largest. */
test('no number field has limits that n8n enforces in its own way', () => {
	const all = fields.flatMap((field) => [field, ...((field.options ?? []) as INodeProperties[])]);
	const numbers = all.filter(({ type }) => type === 'number');
	expect(numbers.length).toBeGreaterThan(4);
	for (const { typeOptions } of numbers) expect(typeOptions).toBeUndefined();
});

describe('every field', () => {
	/** Paths of all fields: `name`, `options.name`, `referenceImages.image.name`. */
	const paths = (fields: INodeProperties[], prefix = ''): string[] =>
		fields.flatMap((field) => {
			const path = `${prefix}${field.name}`;
			if (field.type === 'collection') return paths(field.options as INodeProperties[], `${path}.`);
			if (field.type === 'fixedCollection') {
				const groups = field.options as INodePropertyCollection[];
				return groups.flatMap(({ name, values }) => paths(values, `${path}.${name}.`));
			}
			return [path];
		});
	const all = new Set(paths(fields));

	const sandbox = useSandbox();
	const read = new Set<string>();

	/** Notes each property that code takes from a parameter's value. */
	const watched = (value: unknown, path: string): unknown => {
		read.add(path);
		if (typeof value !== 'object' || value === null) return value;
		return new Proxy(value, {
			get: (target, key) => {
				const inner: unknown = Reflect.get(target, key);
				if (typeof key === 'symbol' || typeof inner === 'function') return inner;
				return watched(inner, /^(\d+|length)$/.test(key) ? path : `${path}.${key}`);
			},
		});
	};

	const watch = (context: IExecuteFunctions) => ({
		getNodeParameter: ((name: string, item: number, fallback: unknown) =>
			watched(
				context.getNodeParameter(name, item, fallback),
				name,
			)) as IExecuteFunctions['getNodeParameter'],
	});

	const url = 'https://example.com/a.png';
	const binarySource = (name: string) => ({ [`${name}Source`]: 'binary' });
	const urlSource = (name: string) => ({ [`${name}Url`]: url });
	const runs: INodeParameters[] = [
		{ output: 'selectedFields', fields: ['status'] },
		{ mode: 'textToVideo', downloadVideo: true },
		{ mode: 'firstLastFrame', ...urlSource('firstFrame'), ...urlSource('lastFrame') },
		{
			mode: 'firstLastFrame',
			...binarySource('firstFrame'),
			...binarySource('lastFrame'),
			lastFrameBinaryField: 'data',
		},
		{
			mode: 'referenceImages',
			referenceImages: { image: [{ source: 'url', url }, { source: 'binary' }] },
		},
		{ operation: 'edit', videoUrl: 'https://example.com/in.mp4' },
		{ operation: 'edit', videoSource: 'binary', videoBinaryField: 'clip' },
		{ operation: 'getStatus', taskId: 'video_1', downloadVideo: true },
	];

	test('every field is read by code', async () => {
		const binary = {
			data: await storeBinary(Buffer.from('x'), 'image/png'),
			clip: await storeBinary(Buffer.from('x'), 'video/mp4'),
		};
		for (const parameters of runs) {
			const node = 'output' in parameters ? asTool(watchedNode(watch)) : watchedNode(watch);
			const { error } = await runNodeVirtually(
				sandbox,
				{ ...GENERATE, ...parameters },
				{ node, input: [{ json: {}, binary }] },
			);
			expect(error).toBeUndefined();
		}
		expect([...all].filter((path) => !read.has(path))).toEqual([]);
	});

	test('every field has a description, and an example where text is typed', () => {
		const check = (fields: INodeProperties[]): void => {
			for (const field of fields) {
				if (field.name === 'operation') continue;
				if (field.name !== 'options') expect(field).toHaveProperty('description');
				if (['string', 'number', 'json'].includes(field.type)) {
					expect(field.placeholder).toMatch(/^e\.g\. /);
				}
				if (field.type === 'collection') check(field.options as INodeProperties[]);
				if (field.type === 'fixedCollection') {
					for (const { values } of field.options as INodePropertyCollection[]) check(values);
				}
			}
		};
		check(fields);
	});
});

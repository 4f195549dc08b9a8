import {
	NodeHelpers,
	Workflow,
	type IDataObject,
	type IExecuteFunctions,
	type INode,
	type INodeExecutionData,
	type INodeParameters,
	type INodeProperties,
	type INodePropertyCollection,
	type INodePropertyOptions,
} from 'n8n-workflow';
import { OctopusXVideo } from '../../nodes/OctopusXVideo/OctopusXVideo.node';
import { CONTINUE, GENERATE, GENERATE_EACH } from './support/inputs';
import { asTool, NODE_TYPE, NodeTypes } from './support/nodeTypes';
import { useRefusals } from './support/refusals';
import { runNode, runNodeVirtually } from './support/runNode';
import { storeBinary } from './support/runWorkflow';
import { errorOf, describeIfCanSuspend, suspendingOn } from './support/suspending';
import { useSandbox } from './support/useSandbox';
import { nodeWithContext } from './support/nodeWithContext';

const { description } = new OctopusXVideo();
/** Users can fill in every field except hidden fields and notices. */
const isUserField = ({ type }: INodeProperties) => type !== 'hidden' && type !== 'notice';
const fields = description.properties.filter(isUserField);

/**
 * Returns the names of the fields that the editor shows for these parameters, with options as
 * `options.name`.
 */
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
	// The editor keeps the values of fields that it hides.
	const values = { ...known, ...parameters };
	const isShown = (field: INodeProperties, at: INodeParameters) =>
		NodeHelpers.displayParameter(at, field, node, description, values);

	return fields
		.filter((field) => isShown(field, values))
		.flatMap((field) => {
			if (field.type !== 'collection') return [field.name];
			const options = (field.options as INodeProperties[]).filter((option) => isShown(option, {}));
			return options.map(({ name }) => `${field.name}.${name}`);
		});
}

const clipFields = ['seconds', 'aspectRatio', 'resolution'];
const requestOptions = [
	'options.additionalFields',
	'options.maxConcurrency',
	'options.maxVideos',
	'options.testMode',
	'options.timeout',
];
const POLL_INTERVAL = 'options.pollInterval';
const downloadOptions = ['options.fileName', 'options.binaryOutputField'];
const generateFields = (...fields: string[]) => [
	'resource',
	'operation',
	'model',
	'mode',
	'prompt',
	...fields,
	...clipFields,
];

describe('Fields shown in the editor', () => {
	const waitingFields = [
		...['waitForCompletion', 'downloadVideo', 'simplify'],
		...[...requestOptions, ...downloadOptions, 'options.waitStrategy', POLL_INTERVAL],
	];

	test.each<[INodeParameters, string[]]>([
		[{ mode: 'textToVideo' }, generateFields()],
		[{ mode: 'firstFrame' }, generateFields('firstFrameSource', 'firstFrameUrl')],
		[
			{ mode: 'firstFrame', firstFrameSource: 'binary' },
			generateFields('firstFrameSource', 'firstFrameBinaryField'),
		],
		[
			{ mode: 'firstLastFrame' },
			generateFields('firstFrameSource', 'firstFrameUrl', 'lastFrameSource', 'lastFrameUrl'),
		],
		[
			{ mode: 'firstLastFrame', lastFrameSource: 'binary' },
			generateFields(
				'firstFrameSource',
				'firstFrameUrl',
				'lastFrameSource',
				'lastFrameBinaryField',
			),
		],
		[{ mode: 'referenceImages' }, generateFields('referenceImages')],
	])('Generate with %p shows exactly the fields that apply', (parameters, expected) => {
		const shown = shownFields({ operation: 'generate', ...parameters });
		const fileOptions = parameters.mode === 'textToVideo' ? [] : ['options.sendBinaryAs'];
		expect(shown.sort()).toEqual([...expected, ...waitingFields, ...fileOptions].sort());
	});

	const editFields = [
		...['resource', 'operation', 'model', 'prompt', 'videoSource', 'referenceImages'],
		...clipFields,
	];
	test.each<[INodeParameters, string[]]>([
		[{}, [...editFields, 'videoUrl']],
		[{ videoSource: 'binary' }, [...editFields, 'videoBinaryField']],
	])('Edit with %p shows exactly the fields that apply', (parameters, expected) => {
		const shown = shownFields({ operation: 'edit', ...parameters });
		const fileOptions = ['options.sendBinaryAs'];
		expect(shown.sort()).toEqual([...expected, ...waitingFields, ...fileOptions].sort());
	});

	test.each(['generate', 'edit'])(
		'%s without Wait Until Completed hides Download Video, and Download Video shows the download options',
		(operation) => {
			const notWaiting = shownFields({ operation, waitForCompletion: false });
			expect(notWaiting).toContain('waitForCompletion');
			expect(shownFields({ operation, waitForCompletion: false, downloadVideo: true })).toEqual(
				notWaiting,
			);
			expect(notWaiting).not.toContain('downloadVideo');
			const options = notWaiting.filter((name) => name.startsWith('options.'));
			const fileOptions = operation === 'edit' ? ['options.sendBinaryAs'] : [];
			expect(options.sort()).toEqual([...requestOptions, ...fileOptions].sort());

			const downloading = shownFields({ operation, downloadVideo: true });
			expect(downloading).toEqual(expect.arrayContaining([...downloadOptions, POLL_INTERVAL]));
		},
	);

	test.each([
		[{ resource: 'account', operation: 'getBalance' }, ['options.testMode']],
		[
			{ resource: 'file', operation: 'upload' },
			['binaryField', 'options.maxConcurrency', 'options.testMode', 'options.timeout'],
		],
	])('%p shows only its own fields', (parameters, expected) => {
		expect(shownFields(parameters).sort()).toEqual([...expected, 'operation', 'resource'].sort());
	});

	test.each(['generate', 'edit', 'getStatus'])(
		'%s as a tool shows Output instead of Simplify, and Fields only for Selected Fields',
		(operation) => {
			const tool = asTool(new OctopusXVideo()) as OctopusXVideo;
			const outputFieldsFor = (output: string) => {
				const shown = shownFields({ operation, output }, tool);
				return shown.filter((name) => ['simplify', 'output', 'fields'].includes(name));
			};
			expect(outputFieldsFor('simplified')).toEqual(['output']);
			expect(outputFieldsFor('raw')).toEqual(['output']);
			expect(outputFieldsFor('selectedFields')).toEqual(['output', 'fields']);
		},
	);

	/** Returns what the editor shows for a model, and the modes that it offers. */
	function shownFor(model: unknown, parameters: INodeParameters = {}) {
		const all = { operation: 'generate', model, ...parameters } as INodeParameters;
		const mode = fields.find(({ name }) => name === 'mode');
		const modes = (mode?.options as INodePropertyOptions[]).filter((option) =>
			NodeHelpers.displayParameter(all, option as never, { typeVersion: 1 } as INode, description),
		);
		const shown = shownFields(all);
		return {
			modes: modes.map(({ value }) => value),
			hasSound: shown.includes('options.sound'),
			hasImages: shown.includes('referenceImages'),
		};
	}

	const [text, first, last, images] = [
		...['textToVideo', 'firstFrame', 'firstLastFrame', 'referenceImages'],
	];
	test.each([
		['omni-fast', [text, first, last, images], false],
		['omni-fast-v2v', [text, first, last, images], false],
		['sora-2', [text, first], true],
		['veo_3_1-fast', [text, first, images], true],
		['Kling-2.6', [text, first, last], true],
		['kling-v3', [text, first, last], true],
		['unknown', [text, first, last, images], false],
		['={{ "sora-2" }}', [text, first, last, images], true],
	])('the editor offers only the modes and options of %s', (value, modes, hasSound) => {
		for (const mode of ['list', 'id']) {
			expect(shownFor({ __rl: true, mode, value })).toMatchObject({ modes, hasSound });
		}
		expect(shownFor(value)).toMatchObject({ modes, hasSound });
	});

	test('Edit shows Reference Images only for a model that takes them', () => {
		const edit = (value: string) =>
			shownFor({ __rl: true, mode: 'list', value }, { operation: 'edit' }).hasImages;
		expect(['omni-fast-v2v', 'unknown', 'Kling-2.6'].map(edit)).toEqual([true, true, false]);
	});

	test('when the operation changes, an untouched Model becomes the usual one, and a chosen one stays', () => {
		const modelAfter = (value: string) => {
			const old = { __rl: true, mode: 'list', value };
			// as the editor does it: saved values are those that differ from the default
			const saved = NodeHelpers.getNodeParameters(
				description.properties,
				{ operation: 'generate', model: old },
				false,
				false,
				null,
				description,
			);
			const changed = { ...saved, operation: 'edit' };
			const after = NodeHelpers.getNodeParameters(
				description.properties,
				changed,
				true,
				false,
				null,
				description,
			);
			return after?.model;
		};
		expect(modelAfter('omni-fast')).toEqual({ __rl: true, mode: 'list', value: 'omni-fast-v2v' });
		expect(modelAfter('sora-2')).toEqual({ __rl: true, mode: 'list', value: 'sora-2' });
	});

	const waitOptions = ['options.waitStrategy', POLL_INTERVAL, 'options.timeout'];
	const getStatusFields = [
		'resource',
		'operation',
		'taskId',
		'waitForCompletion',
		'downloadVideo',
		'simplify',
	];
	test.each<[INodeParameters, string[]]>([
		[{}, []],
		[{ waitForCompletion: true }, waitOptions],
		[{ downloadVideo: true }, downloadOptions],
		[{ waitForCompletion: true, downloadVideo: true }, [...waitOptions, ...downloadOptions]],
	])('Get Status with %p shows exactly the options that apply', (parameters, options) => {
		const shown = shownFields({ operation: 'getStatus', ...parameters });
		const always = ['options.maxConcurrency', 'options.testMode'];
		expect(shown.sort()).toEqual([...getStatusFields, ...always, ...options].sort());
	});
});

test('the notice about a checking execution is shown only in one', () => {
	const notice = description.properties.find(({ type }) => type === 'notice') as INodeProperties;
	const isShownFor = (checkedExecution: string) => {
		const parameters = { checkedExecution };
		const node = { typeVersion: 1, parameters };
		return NodeHelpers.displayParameter(parameters, notice, node, description);
	};
	expect(isShownFor('')).toBe(false);
	expect(isShownFor('7')).toBe(true);
	const hidden = description.properties.filter(({ type }) => type === 'hidden');
	expect(hidden.map(({ name, default: initial }) => [name, initial])).toEqual([
		['checkedExecution', ''],
	]);
});

test('no display condition is of a kind that n8n 1.x cannot evaluate for a field that is not there', () => {
	const text = JSON.stringify(description.properties);
	expect(text).toContain('"_cnd":{"between"');
	expect(text).not.toMatch(/"_cnd":\{"(startsWith|endsWith|includes|regex)"/);
});

/** Users' saved workflows depend on these defaults, so they must never change after a release. */
test('the default of every field is the one that saved workflows depend on', () => {
	const defaultsOf = (operation: string, resource = 'video') =>
		NodeHelpers.getNodeParameters(
			fields,
			{ resource, operation },
			true,
			false,
			{ typeVersion: 1, parameters: {} } as unknown as INode,
			description,
		);
	const common = { resource: 'video', options: {}, downloadVideo: true, simplify: true };
	const clipDefaults = { prompt: '', seconds: 8, aspectRatio: '16:9', resolution: '720p' };
	expect(defaultsOf('generate')).toEqual({
		...common,
		...clipDefaults,
		operation: 'generate',
		model: { __rl: true, mode: 'list', value: 'omni-fast' },
		mode: 'textToVideo',
		waitForCompletion: true,
	});
	expect(defaultsOf('edit')).toEqual({
		...common,
		...clipDefaults,
		operation: 'edit',
		model: { __rl: true, mode: 'list', value: 'omni-fast-v2v' },
		videoSource: 'url',
		videoUrl: '',
		referenceImages: {},
		waitForCompletion: true,
	});
	expect(defaultsOf('getStatus')).toEqual({
		...common,
		downloadVideo: false,
		operation: 'getStatus',
		taskId: '',
		waitForCompletion: false,
	});
	expect(defaultsOf('getBalance', 'account')).toEqual({
		resource: 'account',
		operation: 'getBalance',
		options: {},
	});
	expect(defaultsOf('upload', 'file')).toEqual({
		resource: 'file',
		operation: 'upload',
		binaryField: 'data',
		options: {},
	});
});

test('First Frame and Last Frame do not use the same file by default', () => {
	const defaultOf = (field: string) => fields.find(({ name }) => name === field)?.default;
	expect(defaultOf('firstFrameBinaryField')).toBe('data');
	expect(defaultOf('lastFrameBinaryField')).toBe('');
});

test.each([
	[
		'mode',
		[
			'Text to Video',
			'Image to Video (First Frame)',
			'Image to Video (First and Last Frame)',
			'Reference Images',
		],
	],
	['resolution', ['720p', '1080p', '2K', '4K']],
	['videoSource', ['URL', 'File From Input']],
])('the choices of %s have a fixed order that starts with the default', (name, expected) => {
	const { options, default: initial } = fields.find((field) => field.name === name) ?? {};
	const entries = options as INodePropertyOptions[];
	expect(entries.map((entry) => entry.name)).toEqual(expected);
	expect(entries[0]?.value).toBe(initial);
});

/** n8n silently changes a number outside such limits. With a maximum of 30, it turns 60 into 6. */
test('no number field has typeOptions, with which n8n would silently change a number outside the limits', () => {
	const all = fields.flatMap((field) => [field, ...((field.options ?? []) as INodeProperties[])]);
	const numbers = all.filter(({ type }) => type === 'number');
	expect(numbers.length).toBeGreaterThan(4);
	for (const { typeOptions } of numbers) expect(typeOptions).toBeUndefined();
});

describe('Every field', () => {
	/** Returns all fields with their paths: `name`, `options.name`, `referenceImages.image.name`. */
	const withPaths = (fields: INodeProperties[], prefix = ''): Array<[string, INodeProperties]> =>
		fields.flatMap((field): Array<[string, INodeProperties]> => {
			const path = `${prefix}${field.name}`;
			if (field.type === 'collection') {
				return withPaths(field.options as INodeProperties[], `${path}.`);
			}
			if (field.type === 'fixedCollection') {
				const groups = field.options as INodePropertyCollection[];
				return groups.flatMap(({ name, values }) => withPaths(values, `${path}.${name}.`));
			}
			return [[path, field]];
		});
	const allFields = new Map(withPaths(fields));
	const allPaths = new Set(allFields.keys());
	const pathsOf = (isWanted: (field: INodeProperties) => unknown) =>
		[...allFields].filter(([, field]) => isWanted(field)).map(([path]) => path);

	const INPUT_TEXTS = [
		...['prompt', 'firstFrameUrl', 'firstFrameBinaryField', 'lastFrameUrl', 'lastFrameBinaryField'],
		...['referenceImages.image.url', 'referenceImages.image.binaryField'],
		...['videoUrl', 'videoBinaryField', 'taskId', 'binaryField'],
	];
	/** The values of every list. Users' saved workflows contain them, so they must never change after a release. */
	const CHOICES: Record<string, string[]> = {
		resource: ['video', 'account', 'file'],
		// those of each resource are tested below
		operation: expect.any(Array) as string[],
		mode: ['textToVideo', 'firstFrame', 'firstLastFrame', 'referenceImages'],
		firstFrameSource: ['url', 'binary'],
		lastFrameSource: ['url', 'binary'],
		'referenceImages.image.source': ['url', 'binary'],
		videoSource: ['url', 'binary'],
		aspectRatio: ['16:9', '9:16'],
		resolution: ['720p', '1080p', '2k', '4k'],
		output: ['simplified', 'raw', 'selectedFields'],
		fields: [
			...[
				'completed_at',
				'cost',
				'created_at',
				'expires_at',
				'failure',
				'model',
				'progress',
				'prompt',
				'seconds',
			],
			...['size', 'status', 'video_url'],
		],
		'options.sendBinaryAs': ['auto', 'dataUri', 'upload'],
		'options.waitStrategy': ['poll', 'suspend'],
		'options.testMode': ['failure', 'off', 'sample', 'sampleInEditor'],
	};

	test('the values of every list are those that saved workflows depend on', () => {
		const lists = [...allFields].filter(([, { type }]) => /^(options|multiOptions)$/.test(type));
		const values = lists.map(([path, { options }]) => [
			path,
			(options as INodePropertyOptions[]).map(({ value }) => value),
		]);
		expect(Object.fromEntries(values)).toEqual(CHOICES);
	});

	test('every field has the type that saved workflows depend on', () => {
		const pathsOfType = (type: string) => pathsOf((field) => field.type === type);
		expect(pathsOfType('string').sort()).toEqual(
			[...INPUT_TEXTS, 'options.fileName', 'options.binaryOutputField'].sort(),
		);
		expect(pathsOfType('boolean')).toEqual([
			...['waitForCompletion', 'downloadVideo', 'simplify', 'options.sound'],
		]);
		expect(pathsOfType('number')).toHaveLength(5);
		expect(pathsOfType('json')).toEqual(['options.additionalFields']);
		expect(pathsOfType('multiOptions')).toEqual(['fields']);
		expect(pathsOfType('resourceLocator')).toEqual(['model']);
	});

	test('every option and every field of a tool has the default that saved workflows depend on', () => {
		const wanted = [...allFields].filter(([path]) => /^(options\..*|output|fields)$/.test(path));
		expect(Object.fromEntries(wanted.map(([, field]) => [field.name, field.default]))).toEqual({
			additionalFields: '{}',
			binaryOutputField: 'data',
			fields: [],
			fileName: '',
			maxConcurrency: 10,
			maxVideos: 100,
			output: 'simplified',
			pollInterval: 5,
			sendBinaryAs: 'auto',
			sound: true,
			testMode: 'sample',
			timeout: 30,
			waitStrategy: 'poll',
		});
	});

	test('the field Model takes an entry of the list that the node loads, or an ID', () => {
		const [searchListMethod] = Object.keys(new OctopusXVideo().methods.listSearch);
		expect(allFields.get('model')?.modes).toMatchObject([
			{ name: 'list', type: 'list', typeOptions: { searchListMethod, searchable: true } },
			{ name: 'id', type: 'string' },
		]);
	});

	test.each([
		['seconds', 'from 4 to 30'],
		['options.pollInterval', 'from 1 to 300'],
		['options.timeout', 'above 0 and at most 1440'],
		['options.maxConcurrency', 'from 1 to 50'],
		['videoBinaryField', '(video/mp4, at most 15 MB)'],
		['firstFrameBinaryField', '(image/*)'],
	])('the description of %s contains its limit: %s', (path, limit) => {
		expect(allFields.get(path)?.description).toContain(limit);
	});

	test('the rows of Reference Images can be sorted, and show the field for their source', () => {
		const rows = fields.find(({ name }) => name === 'referenceImages');
		expect(rows?.typeOptions).toEqual({ multipleValues: true, sortable: true });
		const fieldFor = (source: string) =>
			pathsOf(({ displayOptions }) => displayOptions?.show?.source?.includes(source));
		expect(fieldFor('url')).toEqual(['referenceImages.image.url']);
		expect(fieldFor('binary')).toEqual(['referenceImages.image.binaryField']);
	});

	test('the options of every operation are in alphabetical order', () => {
		const collections = fields.filter(({ type }) => type === 'collection');
		expect(collections).toHaveLength(5);
		for (const { options } of collections) {
			const names = (options as INodeProperties[]).map(({ displayName }) => displayName);
			expect(names).toEqual([...names].sort());
		}
	});

	test('exactly the fields without which nothing can be sent are required', () => {
		expect(pathsOf(({ required }) => required).sort()).toEqual([...INPUT_TEXTS].sort());
	});

	test('exactly the fields that apply to all items take no expressions', () => {
		expect(pathsOf(({ noDataExpression }) => noDataExpression)).toEqual([
			...['resource', 'operation', 'mode', 'options.waitStrategy'],
		]);
	});

	const sandbox = useSandbox();
	const readPaths = new Set<string>();

	/** Records every property that the node reads from a parameter's value. */
	const recorded = (value: unknown, path: string): unknown => {
		readPaths.add(path);
		if (typeof value !== 'object' || value === null) return value;
		return new Proxy(value, {
			get: (target, key) => {
				const inner: unknown = Reflect.get(target, key);
				if (typeof key === 'symbol' || typeof inner === 'function') return inner;
				return recorded(inner, /^(\d+|length)$/.test(key) ? path : `${path}.${key}`);
			},
		});
	};

	const recordReads = (context: IExecuteFunctions) => ({
		getNodeParameter: ((name: string, item: number, fallback: unknown) =>
			recorded(
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
		{ resource: 'file', operation: 'upload' },
		{ resource: 'account', operation: 'getBalance' },
	];

	test('every field of the description is read by the node', async () => {
		const binary = {
			data: await storeBinary(Buffer.from('x'), 'image/png'),
			clip: await storeBinary(Buffer.from('x'), 'video/mp4'),
		};
		for (const parameters of runs) {
			const node =
				'output' in parameters
					? asTool(nodeWithContext(recordReads))
					: nodeWithContext(recordReads);
			const { error } = await runNodeVirtually(
				sandbox,
				{ ...GENERATE, ...parameters },
				{ node, input: [{ json: {}, binary }] },
			);
			expect(error).toBeUndefined();
		}
		expect([...allPaths].filter((path) => !readPaths.has(path))).toEqual([]);
	});

	test('every field has a description, and every text, number or JSON field has an example as its placeholder', () => {
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

/** Tests one run in which every setting that takes an expression differs between items. */
describe('Parameters given by expressions', () => {
	const sandbox = useSandbox({ durationMs: 20_000 });

	/** Returns an expression that reads a field of the item, with `fallback` as the default. */
	const fromItem = (field: string, fallback: unknown) =>
		`={{ $json.${field} ?? ${JSON.stringify(fallback)} }}`;

	const PARAMETERS: INodeParameters = {
		...GENERATE_EACH,
		seconds: fromItem('seconds', 8),
		aspectRatio: fromItem('ratio', '16:9'),
		resolution: fromItem('resolution', '720p'),
		waitForCompletion: fromItem('wait', true),
		downloadVideo: fromItem('download', false),
		simplify: fromItem('simplify', true),
		options: {
			timeout: fromItem('timeout', 30),
			testMode: fromItem('test', 'off'),
			fileName: fromItem('file', ''),
			binaryOutputField: fromItem('field', 'data'),
			additionalFields: fromItem('extra', {}),
		},
	};

	const ITEMS: IDataObject[] = [
		{ prompt: 'plain' },
		{ prompt: 'file', download: 'true', file: 'film', field: 'film', seconds: 5 },
		{ prompt: 'raw', simplify: false, ratio: '9:16' },
		{ prompt: 'no wait', wait: 'false', download: true },
		{ prompt: 'sample', test: 'sample', download: true, field: 'sample' },
		{ prompt: 'failing [failed]' },
		{ prompt: '' },
		{ prompt: 'slow [never]', timeout: 2 },
		{ prompt: 'refused', test: 'failure' },
		{ prompt: 'extra', extra: { seed: 3 }, resolution: '4k' },
	];
	const input = ITEMS.map((json) => ({ json }));

	/** Returns the index, outcome, marks and files of an output item. */
	function summaryOf({ json, binary, pairedItem }: INodeExecutionData) {
		const { task_id, status, object, test } = json;
		const outcome = json.error ? errorOf({ json }).message : `${String(task_id)} ${String(status)}`;
		const marks = [object && 'raw', test && 'test'].filter(Boolean);
		const files = Object.entries(binary ?? {}).map(([field, file]) => `${field}: ${file.fileName}`);
		return [pairedItem, [outcome, ...marks, ...files].join(', ')];
	}

	const EXPECTED_OUTCOMES = [
		'video_1 completed',
		'video_2 completed, film: film.mp4',
		'video_3 completed, raw',
		'video_4 queued',
		expect.stringMatching(/^test_\S+ completed, test, sample: test_\S+\.mp4$/),
		'The video could not be generated',
		"'Prompt' has no text [item 6]",
		'The video was not ready in time',
		'The model refused the request',
		'video_7 completed',
	].map((outcome, item) => [{ item }, outcome]);

	const EXPECTED_REQUESTS = [
		['plain', '8', '16:9', '720p', undefined],
		['file', '5', '16:9', '720p', undefined],
		['raw', '8', '9:16', '720p', undefined],
		['no wait', '8', '16:9', '720p', undefined],
		['failing [failed]', '8', '16:9', '720p', undefined],
		['slow [never]', '8', '16:9', '720p', undefined],
		['extra', '8', '16:9', '4k', 3],
	];
	const sentRequests = () =>
		sandbox.tasks.map(({ request }) => {
			const { prompt, seconds, aspect_ratio, resolution, seed } = request as IDataObject;
			return [prompt, seconds, aspect_ratio, resolution, seed];
		});

	test('with Keep the Execution Running, each item keeps its own settings and outcome', async () => {
		const { items } = await runNodeVirtually(sandbox, PARAMETERS, { input, settings: CONTINUE });
		expect(items.map(summaryOf)).toEqual(EXPECTED_OUTCOMES);
		expect(sentRequests()).toEqual(EXPECTED_REQUESTS);
	});

	describeIfCanSuspend('in a suspended execution', () => {
		test('with Suspend the Execution, each item keeps its own settings and outcome', async () => {
			const suspend = suspendingOn(sandbox, PARAMETERS, input);
			const { items, resumed } = await suspend({}, { settings: CONTINUE });
			expect(items.map(summaryOf)).toEqual(EXPECTED_OUTCOMES);
			expect(sentRequests()).toEqual(EXPECTED_REQUESTS);
			expect(resumed).toBe(2);
		});
	});
});

describe('What a model does not take', () => {
	const { sandbox, refusal } = useRefusals();
	const url = 'https://example.com/a.png';
	const DATA_URI = 'data:image/png;base64,iVBORw0KGgo=';
	const image = [{ source: 'url', url }];
	const frames = { mode: 'firstLastFrame', firstFrameUrl: url, lastFrameUrl: url };
	const images = { mode: 'referenceImages', referenceImages: { image } };
	const edit = { operation: 'edit', videoUrl: 'https://example.com/a.mp4' };
	const asExpression = (id: string) => `={{ ${JSON.stringify(id)} }}`;
	const sound = { options: { sound: true } };
	const CLOSED = 'cannot be used with this node [item 0] | Nothing was charged.';
	const FORM = `${CLOSED} OctopusX takes requests for it as forms with files (multipart/form-data).`;
	const ADDRESS = "Use a public URL, or the option 'Send Files As' with Uploaded First.";

	test.each<[string, INodeParameters, string]>([
		['sora-2', frames, 'sora-2 takes no last frame [item 0] | Nothing was charged. It takes text'],
		['sora-2', images, 'sora-2 takes no reference images [item 0] | Nothing was charged.'],
		['sora-2', edit, 'sora-2 takes no video [item 0] | Nothing was charged.'],
		['veo_3_1', frames, 'veo_3_1 takes no last frame [item 0] | Nothing was charged.'],
		['veo_3_1-fast', edit, 'veo_3_1-fast takes no video [item 0] | Nothing was charged.'],
		['Kling-2.6', images, 'Kling-2.6 takes no reference images [item 0] | Nothing was charged.'],
		['KLING-2.6', images, 'KLING-2.6 takes no reference images [item 0] | Nothing was charged.'],
		[
			'Kling-2.6',
			{ ...frames, lastFrameUrl: DATA_URI },
			`Kling-2.6 takes the last frame as an address only [item 0] | Nothing was charged. ${ADDRESS}`,
		],
		[
			'Kling-2.6',
			{ ...edit, videoUrl: 'data:video/mp4;base64,AAAAIGZ0eXA=' },
			`Kling-2.6 takes the video as an address only [item 0] | Nothing was charged. ${ADDRESS}`,
		],
		['omni-fast', edit, 'omni-fast takes no video [item 0] | Nothing was charged.'],
		[asExpression('omni-fast'), sound, 'omni-fast has no setting for sound [item 0] | Nothing'],
		[
			asExpression('other'),
			sound,
			'other has no setting for sound [item 0] | Nothing was charged.',
		],
		['grok-video-3', {}, `grok-video-3 ${FORM}`],
		['jimeng-video-3.0', {}, `jimeng-video-3.0 ${FORM}`],
		['Vidu-Q3', edit, `Vidu-Q3 ${FORM}`],
		['doubao-video', {}, `doubao-video ${FORM}`],
		[
			'doubao-seedance-2-0-260128',
			{},
			`doubao-seedance-2-0-260128 ${CLOSED} OctopusX takes requests for it at another address (/v1/video/generations).`,
		],
	])('%s with %j is refused before any request', async (value, parameters, expected) => {
		const text = await refusal({
			...GENERATE,
			model: { __rl: true, mode: 'id', value },
			...parameters,
		});
		expect(text).toContain(expected);
		expect(text).toContain('Change that, or the Model.');
	});

	test('a file that a model takes as an address only is refused as part of the request', async () => {
		const item = { json: {}, binary: { data: await storeBinary(Buffer.alloc(9), 'video/mp4') } };
		const parameters = { operation: 'edit', model: 'Kling-2.6', videoSource: 'binary' };
		const inRequest = { ...parameters, options: { sendBinaryAs: 'dataUri' } };
		expect(await refusal(inRequest, item)).toContain(
			'Kling-2.6 takes the video as an address only',
		);
		const { error } = await runNode(
			sandbox,
			{ ...GENERATE, ...parameters, options: { sendBinaryAs: 'upload' } },
			{ input: [item] },
		);
		expect(error).toBeUndefined();
		const { metadata } = sandbox.tasks[0]?.request as { metadata: IDataObject };
		expect(metadata.video_url).toMatch(/^http.*uploads/);
	});

	test.each([
		['omni-fast', 31, "'Duration (Seconds)' must be a whole number from 4 to 30"],
		['omni-fast-v2v', 3, "'Duration (Seconds)' must be a whole number from 4 to 30"],
		['other', 31, "'Duration (Seconds)' must be a whole number from 4 to 30"],
		['sora-2', 0, "'Duration (Seconds)' must be a whole number from 1 to 3600"],
	])('%s with %d seconds is refused before any request', async (model, seconds, expected) => {
		expect(await refusal({ ...GENERATE, model, seconds })).toContain(expected);
	});
});

/** n8n puts these where an expression was not evaluated, or did not yield text. */
describe('Leftovers of n8n in a paid request', () => {
	const { sandbox, refusal } = useRefusals();
	const LITERAL = '{{ $json.prompt }}';
	const url = `https://example.com/${LITERAL}.png`;
	const edit = { operation: 'edit', videoUrl: 'https://example.com/in.mp4' };
	const firstFrame = { mode: 'firstFrame', firstFrameUrl: 'https://example.com/a.png' };
	const extra = (additionalFields: string) => ({ options: { additionalFields } });

	test.each<[string, INodeParameters]>([
		['Prompt', { prompt: LITERAL }],
		['Prompt', { prompt: `A film about ${LITERAL}, at night` }],
		['Prompt', { prompt: '={{ "{" + "{ $json.prompt }" + "}" }}' }],
		['Prompt', { prompt: '{{$json["prompt"]}}' }],
		['Prompt', { ...edit, prompt: LITERAL }],
		['Model', { model: { __rl: true, mode: 'id', value: LITERAL } }],
		['Model', { model: LITERAL }],
		['Aspect Ratio', { aspectRatio: LITERAL }],
		['Resolution', { resolution: LITERAL }],
		['First Frame URL', { mode: 'firstFrame', firstFrameUrl: url }],
		['First Frame URL', { mode: 'firstFrame', firstFrameUrl: `data:image/png;base64,${LITERAL}` }],
		['Last Frame URL', { ...firstFrame, mode: 'firstLastFrame', lastFrameUrl: LITERAL }],
		['Video URL', { ...edit, videoUrl: url }],
		[
			'Image 1 of Reference Images',
			{ mode: 'referenceImages', referenceImages: { image: [{ source: 'url', url }] } },
		],
		['Extra API Fields (JSON)', extra('{"style": "{{ $json.style }}"}')],
		['Extra API Fields (JSON)', extra('{"seed": {{ $json.seed }}}')],
		['Extra API Fields (JSON)', extra(LITERAL)],
		['Extra API Fields (JSON)', extra('{"a": [{"b": "\\u007b{ $json.b }}"}]}')],
		['Extra API Fields (JSON)', extra('={{ ({ a: { b: ["{" + "{ $json.b }" + "}"] } }) }}')],
		['Extra API Fields (JSON)', extra('{"{{ $json.name }}": 1}')],
	])(
		'%s with an expression that n8n did not evaluate is refused: %j',
		async (label, parameters) => {
			const text = await refusal({ ...GENERATE, ...parameters });
			expect(text).toContain(`'${label}' has an expression that n8n did not evaluate`);
			expect(text).toContain('Switch the field to Expression');
		},
	);

	test('Task ID with an expression that n8n did not evaluate is refused before any request', async () => {
		expect(await refusal({ operation: 'getStatus', taskId: '{{ $json.task_id }}' })).toContain(
			"'Task ID' has an expression that n8n did not evaluate",
		);
	});

	test('a file to upload whose name is an expression that n8n did not evaluate is refused', async () => {
		const data = await storeBinary(Buffer.alloc(9), 'video/mp4');
		const binary = { data: { ...data, fileName: '{{ $json.name }}.mp4' } };
		const upload = {
			operation: 'edit',
			videoSource: 'binary',
			options: { sendBinaryAs: 'upload' },
		};
		expect(await refusal(upload, { json: {}, binary })).toContain(
			"'File name of Video' has an expression that n8n did not evaluate",
		);
	});

	test('a File Name with curly brackets is used as it is, because it is not sent', async () => {
		const options = { fileName: '{{ film }}' };
		const parameters = { ...GENERATE, downloadVideo: true, options };
		const { items } = await runNodeVirtually(sandbox, parameters);
		expect(items[0]?.binary?.data?.fileName).toContain('{{ film }}');
	});

	test.each(['{"style": "[object Object]"}', '={{ ({ a: [String({})] }) }}'])(
		'Extra API Fields with an object in place of text are refused: %s',
		async (additionalFields) => {
			expect(await refusal({ ...GENERATE, ...extra(additionalFields) })).toContain(
				"'Extra API Fields (JSON)' has an object in place of text",
			);
		},
	);

	test.each(['undefined', 'null', ' NaN ', '={{ `${$json.nothing}` }}'])(
		'Prompt %j has no text and is refused before any request',
		async (prompt) => {
			expect(await refusal({ ...GENERATE, prompt })).toContain("'Prompt' has no text");
		},
	);

	test.each([
		'a {curly} boat',
		'a boat }} and a {{ brace',
		'{"shots": {"one": {"camera": "pan"}}}',
	])('Prompt %j is sent as it is, because it contains no expression', async (prompt) => {
		const parameters = { ...GENERATE, prompt, waitForCompletion: false };
		const { error } = await runNode(sandbox, parameters);
		expect(error).toBeUndefined();
		expect(sandbox.tasks.map(({ request }) => request.prompt)).toEqual([prompt]);
	});
});

describe('what n8n calls a node', () => {
	const OPERATIONS: Array<[INodeParameters, subtitle: string, name: string]> = [
		[{ operation: 'generate', mode: 'firstFrame' }, 'Generate: First Frame', 'Generate video'],
		[{ operation: 'generate' }, 'Generate: Text to Video', 'Generate video'],
		[{ operation: 'edit', mode: 'firstFrame' }, 'Edit', 'Edit video'],
		[{ operation: 'getStatus' }, 'Get Status', 'Get video status'],
		[{ resource: 'account', operation: 'getBalance' }, 'Get Balance', 'Get account balance'],
		[{ resource: 'file', operation: 'upload' }, 'Upload', 'Upload file'],
	];

	test('each resource lists its operations, and the first one is selected', () => {
		const lists = description.properties.filter(({ name }) => name === 'operation');
		const listed = lists.map(({ displayOptions, options, default: initial }) => [
			...(displayOptions?.show?.resource ?? []),
			(options as INodePropertyOptions[]).map(({ name }) => name),
			initial,
		]);
		expect(listed).toEqual([
			['video', ['Generate', 'Edit', 'Get Status'], 'generate'],
			['account', ['Get Balance'], 'getBalance'],
			['file', ['Upload'], 'upload'],
		]);
	});

	test.each(OPERATIONS)('a node with %j is named after its operation', (parameters, _, name) => {
		const all = { resource: 'video', ...parameters };
		expect(NodeHelpers.makeNodeName(all, description)).toBe(name);
		const node = { parameters: { ...all, descriptionType: 'auto' } } as unknown as INode;
		const toolDescription = NodeHelpers.getToolDescriptionForNode(node, new OctopusXVideo());
		expect(toolDescription).toBe(`${name} in OctopusX Video`);
	});

	test.each(OPERATIONS)('the subtitle of a node with %j is %j', (parameters, expected) => {
		const node = {
			id: 'video',
			name: 'Video',
			type: NODE_TYPE,
			typeVersion: 1,
			position: [0, 0] as [number, number],
			parameters,
		};
		const workflow = new Workflow({
			nodes: [node],
			connections: {},
			active: false,
			nodeTypes: new NodeTypes(),
		});
		const { subtitle } = description;
		expect(workflow.expression.getSimpleParameterValue(node, subtitle, 'internal', {})).toBe(
			expected,
		);
	});
});

import type { IDataObject, INodeExecutionData, INodeParameters } from 'n8n-workflow';
import { CONTINUE, GENERATE_EACH } from './support/inputs';
import { runNodeVirtually } from './support/runNode';
import { errorOf, onNewEngine, suspendingOn } from './support/suspending';
import { useSandbox } from './support/useSandbox';

/** Items of one run that differ in whatever an expression can make them differ in. */

const sandbox = useSandbox({ durationMs: 20_000 });

const own = (field: string, usual: unknown) => `={{ $json.${field} ?? ${JSON.stringify(usual)} }}`;

const PARAMETERS: INodeParameters = {
	...GENERATE_EACH,
	seconds: own('seconds', 8),
	aspectRatio: own('ratio', '16:9'),
	resolution: own('resolution', '720p'),
	waitForCompletion: own('wait', true),
	downloadVideo: own('download', false),
	simplify: own('simplify', true),
	options: {
		timeout: own('timeout', 30),
		testMode: own('test', 'off'),
		fileName: own('file', ''),
		binaryOutputField: own('field', 'data'),
		additionalFields: own('extra', {}),
	},
};

const ITEMS: IDataObject[] = [
	{ prompt: 'plain' },
	{ prompt: 'file', download: true, file: 'film', field: 'film', seconds: 5 },
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

/** What became of an item, in short. */
function told({ json, binary, pairedItem }: INodeExecutionData) {
	const { task_id, status, object, test } = json;
	const outcome = json.error ? errorOf({ json }).message : `${String(task_id)} ${String(status)}`;
	const marks = [object && 'raw', test && 'test'].filter(Boolean);
	const files = Object.entries(binary ?? {}).map(([field, file]) => `${field}: ${file.fileName}`);
	return [pairedItem, [outcome, ...marks, ...files].join(', ')];
}

const OUTCOMES = [
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

const SENT = [
	['plain', '8', '16:9', '720p', undefined],
	['file', '5', '16:9', '720p', undefined],
	['raw', '8', '9:16', '720p', undefined],
	['no wait', '8', '16:9', '720p', undefined],
	['failing [failed]', '8', '16:9', '720p', undefined],
	['slow [never]', '8', '16:9', '720p', undefined],
	['extra', '8', '16:9', '4k', 3],
];
const sent = () =>
	sandbox.tasks.map(({ request }) => {
		const { prompt, seconds, aspect_ratio, resolution, seed } = request as IDataObject;
		return [prompt, seconds, aspect_ratio, resolution, seed];
	});

test('each item has its own settings and outcome while the execution keeps running', async () => {
	const { items } = await runNodeVirtually(sandbox, PARAMETERS, { input, settings: CONTINUE });
	expect(items.map(told)).toEqual(OUTCOMES);
	expect(sent()).toEqual(SENT);
});

onNewEngine('suspended', () => {
	test('each item has the same settings and outcome as while the execution keeps running', async () => {
		const suspend = suspendingOn(sandbox, PARAMETERS, input);
		const { items, resumed } = await suspend({}, { settings: CONTINUE });
		expect(items.map(told)).toEqual(OUTCOMES);
		expect(sent()).toEqual(SENT);
		expect(resumed).toBe(2);
	});
});

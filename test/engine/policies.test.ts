import { CONTINUE, GENERATE } from './support/inputs';
import { runNode, type NodeRun } from './support/runNode';
import { useSandbox } from './support/useSandbox';

const sandbox = useSandbox();

const policies = ['stopWorkflow', 'continueRegularOutput', 'continueErrorOutput'] as const;

describe.each(policies)('On Error set to %s', (onError) => {
	const twoItems = { input: [{ json: {} }, { json: {} }], settings: { onError } };

	/** Nothing was sent, and no input item went on as if it were a video. */
	const check = ({ items, errorItems, error }: NodeRun, message: RegExp) => {
		const texts = [...items, ...errorItems].map(({ json }) => (json.error as Error).message);
		expect(sandbox.requestsTo('submit')).toEqual([]);
		expect(error ? [error.message, error.message] : texts).toEqual(
			Array(2).fill(expect.stringMatching(message)),
		);
		expect(errorItems).toHaveLength(onError === 'continueErrorOutput' ? 2 : 0);
	};

	test(`a Base URL that is no address is refused for every item, with ${onError}`, async () => {
		const credential = { baseUrl: 'octopusx' };
		const run = await runNode(sandbox, { ...GENERATE }, { ...twoItems, credential });
		check(run, /^The 'Base URL' in the credential is not a web address$/);
	});

	test(`more items than Safety Limit (Items) are refused, each of them, with ${onError}`, async () => {
		const options = { maxVideos: 1 };
		const run = await runNode(sandbox, { ...GENERATE, options }, twoItems);
		check(run, /^2 items arrived, and 'Safety Limit \(Items\)' allows 1/);
	});

	test(`Safety Limit (Items) is one number for the run, even from an expression, with ${onError}`, async () => {
		const options = { maxVideos: '={{ $itemIndex === 0 ? 1 : 99 }}' };
		const run = await runNode(sandbox, { ...GENERATE, options }, twoItems);
		check(run, /^2 items arrived, and 'Safety Limit \(Items\)' allows 1/);
	});

	test(`a bad Max Concurrency is refused for every item, with ${onError}`, async () => {
		const options = { maxConcurrency: 0 };
		const run = await runNode(sandbox, { ...GENERATE, options }, twoItems);
		check(run, /^'Max Concurrency' must be a whole number from 1 to 50/);
	});
});

test('an expression that fails for the first item, in another option, fails that item only', async () => {
	const fileName = "={{ $itemIndex === 0 ? $('Nowhere').item.json.name : 'a' }}";
	const { items } = await runNode(
		sandbox,
		{ ...GENERATE, downloadVideo: true, options: { maxVideos: 2, fileName } },
		{ input: [{ json: {} }, { json: {} }], settings: CONTINUE },
	);
	expect(items[0]?.json.error).toMatchObject({ description: 'Nothing was charged.' });
	expect(items[1]?.json).toMatchObject({ status: 'completed' });
});

test('as many items as Safety Limit (Items) allows are let through', async () => {
	const { items } = await runNode(
		sandbox,
		{ ...GENERATE, waitForCompletion: false, options: { maxVideos: 2 } },
		{ input: [{ json: {} }, { json: {} }] },
	);
	expect(items).toHaveLength(2);
});

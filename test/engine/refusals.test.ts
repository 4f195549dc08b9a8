import { GENERATE } from './support/inputs';
import { useRefusals } from './support/refusals';

const { refusal } = useRefusals();

describe('limits', () => {
	test.each([3, 31, 4.5, '={{ "long" }}', '={{ null }}', '={{ [8] }}', '={{ NaN }}'])(
		'seconds %p are refused before any request',
		async (seconds) => {
			expect(await refusal({ ...GENERATE, seconds })).toContain(
				"'Duration (Seconds)' must be a whole number from 4 to 30",
			);
		},
	);

	test.each([
		['pollInterval', 0.5, "'Check Every (Seconds)' must be from 1 to 300"],
		['pollInterval', 301, "'Check Every (Seconds)' must be from 1 to 300"],
		['timeout', 0, "'Timeout (Minutes)' must be above 0 and at most 1440"],
		['timeout', 1441, "'Timeout (Minutes)' must be above 0 and at most 1440"],
		['maxConcurrency', 0, "'Max Concurrency' must be a whole number from 1 to 50"],
		['maxConcurrency', 51, "'Max Concurrency' must be a whole number from 1 to 50"],
	])('the option %s of %p is refused before any request', async (name, value, message) => {
		const options = { [name]: value };
		expect(await refusal({ ...GENERATE, waitForCompletion: true, options })).toContain(message);
	});
});

describe('text that is no text', () => {
	test.each([
		'={{ "" }}',
		'={{ "  " }}',
		'={{ null }}',
		'={{ ({}) }}',
		'={{ NaN }}',
		'={{ 1 / 0 }}',
	])('the prompt %s is refused before any request', async (prompt) => {
		expect(await refusal({ ...GENERATE, prompt })).toContain("'Prompt' has no text");
	});

	test('a prompt with an object in the midst of it is refused before any request', async () => {
		expect(await refusal({ ...GENERATE, prompt: '=A film about {{ ({ a: 1 }) }}' })).toContain(
			"'Prompt' has an object in place of text",
		);
	});

	test.each(['={{ "" }}', '={{ undefined }}'])(
		'the task ID %s is refused before any request: it is no text',
		async (taskId) => {
			expect(await refusal({ operation: 'getStatus', taskId })).toContain("'Task ID' has no text");
		},
	);

	test.each(['.', '..', ' .. ', '={{ "a\\ud800" }}'])(
		'the task ID %s is refused before any request: it would change the path',
		async (taskId) => {
			expect(await refusal({ operation: 'getStatus', taskId })).toContain(
				"'Task ID' is not a task ID",
			);
		},
	);

	test('an expression that fails is told with n8n’s words, and that nothing was charged', async () => {
		const prompt = "={{ $('Nowhere').item.json.prompt }}";
		expect(await refusal({ ...GENERATE, prompt })).toBe(
			"Referenced node doesn't exist | Nothing was charged.",
		);
	});

	test('that nothing was charged is said once', async () => {
		const said = await refusal({ ...GENERATE, prompt: '={{ "" }}' });
		expect(said).toMatch(/ \| Nothing was charged\. Fill in 'Prompt'/);
	});

	test('a mode, a way to wait or an operation that the node does not have is refused before any request', async () => {
		expect(await refusal({ ...GENERATE, mode: 'constructor' })).toContain(
			'\'Mode\' has no option "constructor"',
		);
		const waiting = { ...GENERATE, waitForCompletion: true, waitStrategy: 'Suspend' };
		expect(await refusal(waiting)).toContain('\'While Waiting\' has no option "Suspend"');
		expect(await refusal({ operation: 'delete' })).toContain(
			'\'Operation\' has no option "delete"',
		);
	});

	test('a switch that is neither on nor off is refused before any request', async () => {
		const waitForCompletion = '={{ "maybe" }}';
		expect(await refusal({ ...GENERATE, waitForCompletion })).toContain(
			"'Wait Until Completed' is neither on nor off",
		);
	});

	test.each(['[1]', 'seed=1', '"text"', '={{ 7 }}', '={{ [1] }}'])(
		'additional fields %s are refused before any request: no JSON object',
		async (additionalFields) => {
			expect(await refusal({ ...GENERATE, options: { additionalFields } })).toContain(
				"'Extra API Fields (JSON)' is not a JSON object",
			);
		},
	);

	test.each(['model', 'prompt'])(
		'additional fields that replace %s are refused before any request',
		async (name) => {
			const options = { additionalFields: `{"${name}": "other"}` };
			expect(await refusal({ ...GENERATE, options })).toContain(
				`'Extra API Fields (JSON)' may not replace ${name}`,
			);
		},
	);
});

import { ADDITIONS, RECORDS, summarize, type Outcome } from '../contract/summary';

const outcome = (group: string, title: string, status: string, message?: string): Outcome => ({
	ancestorTitles: [group],
	title,
	status,
	failureMessages: message ? [message] : [],
});
const passed = outcome('tasks', 'one', 'passed');

test('the contract summary counts the tests that ran and lists each failed one', () => {
	const message = 'Error: \u001b[2mexpect\u001b[22m(x)\n  - 200\n  + 404\n    at somewhere';
	const different = outcome('tasks', 'two', 'failed', message);
	const skipped = outcome('tasks', 'three', 'pending');
	const { text, isCompatible } = summarize([passed, different, skipped], 'there');
	expect(text).toBe(
		'1 of 2 passed at there.\nDifferent:\n- tasks: two\n    Error: expect(x)\n    - 200\n    + 404',
	);
	expect(isCompatible).toBe(false);
});

test.each([
	['additions of OctopusX', ADDITIONS, 'Missing'],
	['records of charges', RECORDS, 'Missing or different'],
])('an API that fails only the tests for %s is reported as compatible', (_name, group, title) => {
	const lacking = outcome(group, 'one', 'failed', 'Error: no');
	const { text, isCompatible } = summarize([passed, lacking], 'there');
	expect(text).toMatch(RegExp(`^1 of 2 passed at there\\.\n${title} \\(.*:\n- ${group}: one\n`));
	expect(isCompatible).toBe(true);
});

test('an API for which no contract test ran is reported as incompatible', () => {
	expect(summarize([], 'there').isCompatible).toBe(false);
});

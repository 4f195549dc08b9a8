import { ADDITIONS, summarize, type Outcome } from '../contract/summary';

const outcome = (group: string, title: string, status: string, message?: string): Outcome => ({
	ancestorTitles: [group],
	title,
	status,
	failureMessages: message ? [message] : [],
});
const passed = outcome('tasks', 'one', 'passed');

test('the summary of the contract counts what ran, and tells each difference', () => {
	const message = 'Error: \u001b[2mexpect\u001b[22m(x)\n  - 200\n  + 404\n    at somewhere';
	const different = outcome('tasks', 'two', 'failed', message);
	const skipped = outcome('tasks', 'three', 'pending');
	const { text, isRight } = summarize([passed, different, skipped], 'there');
	expect(text).toBe(
		'1 of 2 passed at there.\nDifferent:\n- tasks: two\n    Error: expect(x)\n    - 200\n    + 404',
	);
	expect(isRight).toBe(false);
});

test('an API that lacks what OctopusX has added is right all the same', () => {
	const lacking = outcome(ADDITIONS, 'uploads', 'failed', 'Error: no');
	const { text, isRight } = summarize([passed, lacking], 'there');
	expect(text).toMatch(
		/^1 of 2 passed at there\.\nMissing .*:\n- additions of OctopusX: uploads\n/,
	);
	expect(isRight).toBe(true);
});

test('a suite that did not run is not right', () => {
	expect(summarize([], 'there').isRight).toBe(false);
});

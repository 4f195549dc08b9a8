import { stripVTControlCharacters } from 'node:util';

/** The group of tests for what OctopusX has added to the gateway. Another API may lack it. */
export const ADDITIONS = 'additions of OctopusX';

/** The group of tests for records that OctopusX does not document. The node works without them. */
export const RECORDS = 'records of charges';

/** The result of a test, as jest reports it. */
export interface Outcome {
	ancestorTitles: string[];
	title: string;
	status: string;
	failureMessages: string[];
}

/** Creates the text of the report. `isCompatible` is true if the node can work with the API. */
export function summarize(outcomes: Outcome[], where: string) {
	const ran = outcomes.filter(({ status }) => status === 'passed' || status === 'failed');
	const failed = ran.filter(({ status }) => status === 'failed');
	const missing = failed.filter(({ ancestorTitles }) => ancestorTitles.includes(ADDITIONS));
	const unrecorded = failed.filter(({ ancestorTitles }) => ancestorTitles.includes(RECORDS));
	const optional = [...missing, ...unrecorded];
	const differing = failed.filter((outcome) => !optional.includes(outcome));
	const lines = [
		`${ran.length - failed.length} of ${ran.length} passed at ${where}.`,
		...listed('Different:', differing),
		...listed('Missing (OctopusX has added it to the gateway):', missing),
		...listed('Missing or different (charges in doubt stay in doubt):', unrecorded),
	];
	return { text: lines.join('\n'), isCompatible: ran.length > 0 && differing.length === 0 };
}

function listed(title: string, outcomes: Outcome[]): string[] {
	if (outcomes.length === 0) return [];
	return [
		title,
		...outcomes.map(({ ancestorTitles, title: name, failureMessages }) => {
			const what = [...ancestorTitles, name].join(': ');
			return `- ${what}\n${differenceIn(failureMessages[0] ?? '')}`;
		}),
	];
}

/** Returns the lines of a failure that show the expected and received values. */
function differenceIn(message: string): string {
	const lines = stripVTControlCharacters(message)
		.split('\n')
		.filter((line) => /^\s*([-+] |Expected|Received|\w*Error)/.test(line));
	return lines
		.slice(0, 12)
		.map((line) => `    ${line.trim()}`)
		.join('\n');
}

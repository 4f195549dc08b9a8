import { stripVTControlCharacters } from 'node:util';

/** The tests of what OctopusX has added to the gateway: another gateway may lack it. */
export const ADDITIONS = 'additions of OctopusX';

/** A test and what became of it, as jest tells it. */
export interface Outcome {
	ancestorTitles: string[];
	title: string;
	status: string;
	failureMessages: string[];
}

/** What was found, in lines; `isRight` tells whether the node can work with the address. */
export function summarize(outcomes: Outcome[], where: string) {
	const ran = outcomes.filter(({ status }) => status === 'passed' || status === 'failed');
	const failed = ran.filter(({ status }) => status === 'failed');
	const lacking = failed.filter(({ ancestorTitles }) => ancestorTitles.includes(ADDITIONS));
	const differing = failed.filter((outcome) => !lacking.includes(outcome));
	const lines = [
		`${ran.length - failed.length} of ${ran.length} passed at ${where}.`,
		...listed('Different:', differing),
		...listed('Missing (OctopusX has added it to the gateway):', lacking),
	];
	return { text: lines.join('\n'), isRight: ran.length > 0 && differing.length === 0 };
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

/** The lines of a failure in which jest shows what was expected and what came. */
function differenceIn(message: string): string {
	const lines = stripVTControlCharacters(message)
		.split('\n')
		.filter((line) => /^\s*([-+] |Expected|Received|\w*Error)/.test(line));
	return lines
		.slice(0, 12)
		.map((line) => `    ${line.trim()}`)
		.join('\n');
}

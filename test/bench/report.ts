import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';

export type Row = Record<string, string | number>;

/** A section of the report: a table and a paragraph that explains it. */
export interface Section {
	title: string;
	text: string;
	rows: Row[];
}

export function toMarkdown(sections: Section[]): string {
	const table = (rows: Row[]) => {
		const columns = Object.keys(rows[0] ?? {});
		const lines = [columns, columns.map(() => '---'), ...rows.map((row) => Object.values(row))];
		return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
	};
	const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
	return `# Benchmark

For people who compare nodes. Written by \`npm run bench\`; do not edit. All figures come from one run on one machine
(${cpus().length} cores, Node ${process.version}, commit ${commit}), so only the ratios are meaningful.

${sections.map(({ title, text, rows }) => `## ${title}\n\n${text}\n\n${table(rows)}`).join('\n\n')}
`;
}

export const round = (value: number, digits = 2) => Number(value.toFixed(digits));
export const ratio = (value: number, to: number) => `${round(value / to)} ×`;
export const MB = 1024 * 1024;

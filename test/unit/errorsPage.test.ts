import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as ts from 'typescript';

const ROOT = join(__dirname, '..', '..');

/** What has the message of an error among its arguments, and as the how manieth. */
const TOLD_BY: Readonly<Record<string, number>> = {
	OctopusXError: 0,
	NodeOperationError: 1,
	invalid: 0,
	withoutVideo: 1,
};
/** Where a property `message` is the message of an error, not what a server said. */
const CATALOGUES = /catalogue\.ts$|credentials\.ts$/;

const SOURCES = ['nodes', 'credentials'].flatMap((folder) =>
	readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
		.filter((file) => file.endsWith('.ts'))
		.map((file) => {
			const path = join(ROOT, folder, file);
			return ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true);
		}),
);

function* nodesIn(node: ts.Node): Generator<ts.Node> {
	yield node;
	for (const child of node.getChildren()) yield* nodesIn(child);
}

const NODES = SOURCES.flatMap((source) => [...nodesIn(source)]);

/** Texts that have a name, such as `BROKE_OFF`. */
const CONSTANTS = new Map(
	NODES.filter(ts.isVariableDeclaration).flatMap(({ name, initializer }) =>
		initializer && ts.isStringLiteral(initializer) ? [[name.getText(), initializer.text]] : [],
	),
);

/** The expressions that are messages of errors. */
function messages(): ts.Expression[] {
	return NODES.flatMap((node) => {
		if (ts.isNewExpression(node) || ts.isCallExpression(node)) {
			const name = node.expression.getText().split('.').at(-1) ?? '';
			const argument = node.arguments?.[TOLD_BY[name] ?? Infinity];
			return argument ? [argument] : [];
		}
		const isEntry =
			ts.isPropertyAssignment(node) &&
			node.name.getText() === 'message' &&
			CATALOGUES.test(node.getSourceFile().fileName);
		return isEntry ? [node.initializer] : [];
	});
}

/** What a message may say, '…' where something is filled in; empty where it says what another one does. */
function textsOf(message: ts.Expression): string[] {
	if (ts.isConditionalExpression(message)) {
		return [message.whenTrue, message.whenFalse].flatMap(textsOf);
	}
	if (ts.isStringLiteral(message) || ts.isNoSubstitutionTemplateLiteral(message)) {
		return [message.text];
	}
	if (ts.isTemplateExpression(message)) {
		const { head, templateSpans } = message;
		const isPassedOn = head.text === '' && templateSpans[0]?.expression.getText() === 'message';
		const parts = [head, ...templateSpans.map(({ literal }) => literal)].map(({ text }) => text);
		return isPassedOn ? [] : [parts.join('…').replace(/…+/g, '…')];
	}
	const name = message.getText();
	const constant = CONSTANTS.get(name);
	if (constant !== undefined) return [constant];
	if (name === 'message') return [];
	throw new Error(`it is not to be seen what ${name} says, in ${message.getSourceFile().fileName}`);
}

/** First cells of the tables of messages. */
function told(): string[] {
	const page = readFileSync(join(ROOT, 'docs', 'ERRORS.md'), 'utf8');
	const tables = page.split(/\n\n/).filter((block) => /^\| What you see/.test(block));
	const rows = tables.flatMap((table) => table.split('\n').slice(2));
	return rows.flatMap((row) => (row.split('|')[1] ?? '').split('<br>').map((one) => one.trim()));
}

const isSaid = (text: string, by: string) =>
	new RegExp(
		`^${by
			.split('…')
			.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
			.join('.+')}$`,
	).test(text);

test('docs/ERRORS.md has every message that the node can show, once, and no other', () => {
	const said = messages().flatMap(textsOf);
	expect(said.length).toBeGreaterThan(60);
	const pages = told();
	expect(said.filter((message) => !pages.some((text) => isSaid(text, message)))).toEqual([]);
	expect(pages.filter((text) => !said.some((message) => isSaid(text, message)))).toEqual([]);
	expect(pages.filter((text, index) => pages.indexOf(text) !== index)).toEqual([]);
});

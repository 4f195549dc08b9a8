import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as ts from 'typescript';

const ROOT = join(__dirname, '..', '..');

/** Functions and classes that take an error message, with the position of that argument. */
const MESSAGE_ARGUMENT: Readonly<Record<string, number>> = {
	OctopusXError: 0,
	NodeOperationError: 1,
	invalid: 0,
	refusalOf: 0,
	forAllItems: 0,
	interrupted: 1,
};

/** Files in which a `message` property holds an error message of ours. Elsewhere it holds one of the server. */
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

/** String constants by name, such as `BROKE_OFF`. */
const CONSTANTS = new Map(
	NODES.filter(ts.isVariableDeclaration).flatMap(({ name, initializer }) =>
		initializer && ts.isStringLiteral(initializer) ? [[name.getText(), initializer.text]] : [],
	),
);

/** Returns the expressions that produce error messages. */
function messages(): ts.Expression[] {
	return NODES.flatMap((node) => {
		if (ts.isNewExpression(node) || ts.isCallExpression(node)) {
			const name = node.expression.getText().split('.').at(-1) ?? '';
			const argument = node.arguments?.[MESSAGE_ARGUMENT[name] ?? Infinity];
			return argument ? [argument] : [];
		}
		const isEntry =
			ts.isPropertyAssignment(node) &&
			node.name.getText() === 'message' &&
			CATALOGUES.test(node.getSourceFile().fileName);
		return isEntry ? [node.initializer] : [];
	});
}

/**
 * Returns all possible strings of a message, with '…' for each part that is filled in. Returns none
 * for a message taken from another error, because that one is listed where it is created.
 */
function textsOf(message: ts.Expression): string[] {
	if (ts.isConditionalExpression(message)) {
		return [message.whenTrue, message.whenFalse].flatMap(textsOf);
	}
	if (ts.isStringLiteral(message) || ts.isNoSubstitutionTemplateLiteral(message)) {
		return [message.text];
	}
	if (ts.isTemplateExpression(message)) {
		const { head, templateSpans } = message;
		const isOfOtherError = head.text === '' && templateSpans[0]?.expression.getText() === 'message';
		const parts = [head, ...templateSpans.map(({ literal }) => literal)].map(({ text }) => text);
		return isOfOtherError ? [] : [parts.join('…').replace(/…+/g, '…')];
	}
	const name = message.getText();
	const constant = CONSTANTS.get(name);
	if (constant !== undefined) return [constant];
	if (name === 'message' || name === 'this.message') return [];
	throw new Error(`${name} in ${message.getSourceFile().fileName} is not a known message`);
}

/** Returns the messages in the tables of docs/ERRORS.md. */
function listedMessages(): string[] {
	const page = readFileSync(join(ROOT, 'docs', 'ERRORS.md'), 'utf8');
	const tables = page.split(/\n\n/).filter((block) => /^\| What you see/.test(block));
	const rows = tables.flatMap((table) => table.split('\n').slice(2));
	return rows.flatMap((row) => (row.split('|')[1] ?? '').split('<br>').map((one) => one.trim()));
}

/** True if `text` is `message` with something in place of each '…'. */
const matches = (text: string, message: string) =>
	new RegExp(
		`^${message
			.split('…')
			.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
			.join('.+')}$`,
	).test(text);

test('docs/ERRORS.md lists every error message of the node exactly once, and no others', () => {
	const known = messages().flatMap(textsOf);
	expect(known.length).toBeGreaterThan(60);
	const listed = listedMessages();
	expect(known.filter((message) => !listed.some((text) => matches(text, message)))).toEqual([]);
	expect(listed.filter((text) => !known.some((message) => matches(text, message)))).toEqual([]);
	expect(listed.filter((text, index) => listed.indexOf(text) !== index)).toEqual([]);
});

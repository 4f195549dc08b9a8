import { generateNodeTypeFile, type NodeTypeDescription } from '@n8n/workflow-sdk';
import { validateNodeDescription } from 'n8n-core/dist/nodes-loader/validate-node-description';
import { OctopusXVideo } from '../../nodes/OctopusXVideo/OctopusXVideo.node';

/** Tests of what n8n's AI builder reads. Older versions of n8n do not have one. */

const { description } = new OctopusXVideo();

/** The fields of each operation, as `resource.operation`, in the types that n8n generates. */
function generatedFields(): Record<string, string[]> {
	// as n8n does it for community nodes
	const properties = description.properties.filter(({ type }) => type !== 'hidden');
	const generated = generateNodeTypeFile({ ...description, properties } as NodeTypeDescription);
	const file = generated.replace(/\/\*[^]*?\*\//g, '');
	const types = file.matchAll(
		/Params = \{\s*resource: '(\w+)';\s*operation: '(\w+)';([^]*?)\n\};/g,
	);
	return Object.fromEntries(
		[...types].map(([, resource, operation, body = '']) => [
			`${resource}.${operation}`,
			[...withoutInner(body).matchAll(/^ +(\w+)\??:/gm)].map(([, name = '']) => name),
		]),
	);
}

/** Removes everything in braces. */
function withoutInner(code: string): string {
	const outer = code.replace(/\{[^{}]*\}/g, '');
	return outer === code ? code : withoutInner(outer);
}

const clip = ['seconds', 'aspectRatio', 'resolution'];
const waiting = ['waitForCompletion', 'downloadVideo'];
const output = ['simplify', 'output', 'fields', 'options'];
const source = (name: string) => [`${name}Source`, `${name}Url`, `${name}BinaryField`];

test('the generated types give each operation its own fields', () => {
	expect(generatedFields()).toEqual({
		'account.getBalance': ['options'],
		'file.upload': ['binaryField', 'options'],
		'video.generate': [
			...['model', 'prompt'],
			...[...source('firstFrame'), ...source('lastFrame'), 'referenceImages'],
			...[...clip, ...waiting, ...output],
		],
		'video.edit': [
			...['model', 'prompt', ...source('video'), 'referenceImages'],
			...[...clip, ...waiting, ...output],
		],
		'video.getStatus': ['taskId', ...waiting, ...output],
	});
});

test('the generated types name the modes of Generate, which n8n itself leaves out', () => {
	const file = generateNodeTypeFile(description as unknown as NodeTypeDescription);
	const modes = file.match(/\* mode: (.*)/)?.[1] ?? '';
	const values = [...modes.matchAll(/'(\w+)' \(needs [^)]+\)/g)].map(([, value]) => value);
	expect(values).toEqual(['textToVideo', 'firstFrame', 'firstLastFrame', 'referenceImages']);
});

test('n8n accepts the hints of the description', () => {
	expect(() => validateNodeDescription(description)).not.toThrow();
	expect(description.builderHint?.searchHint).toContain('no Wait node, no loop');
});

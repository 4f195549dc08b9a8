import { PackageDirectoryLoader } from 'n8n-core';
import { join } from 'node:path';

/** n8n's own loader on the built package, as after an install: wrong paths and names end here. */
test('n8n loads the built package', async () => {
	const loader = new PackageDirectoryLoader(join(__dirname, '..', '..'));
	await loader.loadAll();

	const { octopusXVideo, ...otherNodes } = loader.nodeTypes;
	expect(otherNodes).toEqual({});
	expect(octopusXVideo?.type.description).toMatchObject({
		displayName: 'OctopusX Video',
		version: 1,
		iconUrl: {
			light: 'icons/n8n-nodes-octopusx/dist/icons/octopusx.svg',
			dark: 'icons/n8n-nodes-octopusx/dist/icons/octopusx.dark.svg',
		},
		codex: { categories: ['Marketing & Content'], alias: expect.arrayContaining(['video']) },
	});

	expect(Object.keys(loader.credentialTypes)).toEqual(['octopusXApi']);
	expect(loader.types.credentials[0]).toMatchObject({
		displayName: 'OctopusX API',
		supportedNodes: ['octopusXVideo'],
		iconUrl: { light: expect.stringContaining('octopusx.svg') },
	});
});

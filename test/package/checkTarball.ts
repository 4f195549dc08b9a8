/** Checks what `npm publish` would send: the built package and its papers, small, and no more. */
import { listTarball } from './tarball';

const MAX_BYTES = 100_000;
const PAPERS = ['LICENSE.md', 'README.md', 'index.js', 'package.json'];
const BUILT =
	/^dist\/(credentials|nodes|icons)\/.+(\.(js|node\.json|svg)|\/__schema__\/v1\.0\.0\/\w+\.json)$/;
const NEEDED = [
	'dist/credentials/OctopusXApi.credentials.js',
	'dist/icons/octopusx.dark.svg',
	'dist/icons/octopusx.svg',
	'dist/nodes/OctopusXVideo/OctopusXVideo.node.js',
	'dist/nodes/OctopusXVideo/OctopusXVideo.node.json',
	...['edit', 'generate', 'getStatus'].map(
		(operation) => `dist/nodes/OctopusXVideo/__schema__/v1.0.0/${operation}.json`,
	),
];

const { files, size } = listTarball();
const paths = files.map(({ path }) => path);
const complaints = [
	...paths
		.filter((path) => !PAPERS.includes(path) && !BUILT.test(path))
		.map((path) => `${path} does not belong into the package`),
	...NEEDED.filter((path) => !paths.includes(path)).map((path) => `${path} is missing`),
	...(size > MAX_BYTES ? [`${size} bytes are more than ${MAX_BYTES}`] : []),
];

console.log(`tarball: ${paths.length} files, ${size} bytes packed`);
for (const complaint of complaints) console.error(complaint);
process.exitCode = complaints.length > 0 ? 1 : 0;

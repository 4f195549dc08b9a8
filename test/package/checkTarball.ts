/**
 * Checks that `npm publish` would send only the built package and its documents, and that they stay
 * below a size limit.
 */
import { listTarball } from './tarball';

const MAX_BYTES = 100_000;
const DOCUMENTS = ['LICENSE.md', 'README.md', 'README.zh-CN.md', 'index.js', 'package.json'];
const BUILT =
	/^dist\/(credentials|nodes|icons)\/.+(\.(js|node\.json|svg)|\/__schema__\/v1\.0\.0\/\w+\/\w+\.json)$/;
const NEEDED = [
	'dist/credentials/OctopusXApi.credentials.js',
	'dist/icons/octopusx.dark.svg',
	'dist/icons/octopusx.svg',
	'dist/nodes/OctopusXVideo/OctopusXVideo.node.js',
	'dist/nodes/OctopusXVideo/OctopusXVideo.node.json',
	...['account/getBalance', 'file/upload', 'video/edit', 'video/generate', 'video/getStatus'].map(
		(operation) => `dist/nodes/OctopusXVideo/__schema__/v1.0.0/${operation}.json`,
	),
];

const { files, size } = listTarball();
const paths = files.map(({ path }) => path);
const problems = [
	...paths
		.filter((path) => !DOCUMENTS.includes(path) && !BUILT.test(path))
		.map((path) => `${path} does not belong in the package`),
	...NEEDED.filter((path) => !paths.includes(path)).map((path) => `${path} is missing`),
	...(size > MAX_BYTES ? [`the size of ${size} bytes is above the limit of ${MAX_BYTES}`] : []),
];

console.log(`tarball: ${paths.length} files, ${size} bytes packed`);
for (const problem of problems) console.error(problem);
process.exitCode = problems.length > 0 ? 1 : 0;

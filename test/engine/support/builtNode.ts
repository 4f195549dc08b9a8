import { join } from 'node:path';
import type { INodeType } from 'n8n-workflow';

export const BUILT_NODE_FILE = join(
	__dirname,
	...['..', '..', '..', 'dist', 'nodes', 'OctopusXVideo', 'OctopusXVideo.node.js'],
);

/** Loads the node's class from the last build, for programs that run or measure the published code. */
export function builtNodeClass(): new () => INodeType {
	// eslint-disable-next-line @typescript-eslint/no-require-imports -- the file exists only after a build
	return (require(BUILT_NODE_FILE) as { OctopusXVideo: new () => INodeType }).OctopusXVideo;
}

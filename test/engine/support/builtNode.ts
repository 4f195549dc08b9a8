import { join } from 'node:path';
import type { INodeType } from 'n8n-workflow';

export const BUILT_NODE_FILE = join(
	__dirname,
	...['..', '..', '..', 'dist', 'nodes', 'OctopusXVideo', 'OctopusXVideo.node.js'],
);

/** The node's class as it was built last, for programs that show or measure what is published. */
export function builtNodeClass(): new () => INodeType {
	// eslint-disable-next-line @typescript-eslint/no-require-imports -- what was built a moment ago
	return (require(BUILT_NODE_FILE) as { OctopusXVideo: new () => INodeType }).OctopusXVideo;
}

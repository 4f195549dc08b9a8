import type { IBinaryData, INodeExecutionData, INodeParameters } from 'n8n-workflow';
import { VIDEOS } from '../../sandbox/fixtures';
import type { Sandbox } from '../../sandbox/sandbox';
import { GENERATE } from './inputs';
import { runNodeVirtually, type NodeSetup } from './runNode';
import { readBinary } from './runWorkflow';
import { useSandbox } from './useSandbox';

interface Downloads {
	sandbox: Sandbox;
	/** Generates a video and downloads it. There is no jitter, so times are exact. */
	download(parameters?: INodeParameters, setup?: NodeSetup): ReturnType<typeof runNodeVirtually>;
}

/** Sets up tests of downloads: a sandbox, and a node that downloads. */
export function useDownloads(): Downloads {
	const sandbox = useSandbox();
	beforeEach(() => void jest.spyOn(Math, 'random').mockReturnValue(0));
	afterEach(() => jest.restoreAllMocks());
	return {
		sandbox,
		download: async (parameters, setup) =>
			await runNodeVirtually(sandbox, { ...GENERATE, downloadVideo: true, ...parameters }, setup),
	};
}

/** Returns the file of the first item. */
export const fileOf = (items: INodeExecutionData[]) => items[0]?.binary?.data as IBinaryData;

/** True if the first item has the complete 16:9 video of the sandbox. */
export const hasCompleteVideo = async (items: INodeExecutionData[]) =>
	(await readBinary(fileOf(items))).equals(VIDEOS.landscape);

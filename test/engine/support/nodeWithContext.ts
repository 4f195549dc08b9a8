import type { Readable } from 'node:stream';
import type { IExecuteFunctions, INodeExecutionData, INodeType } from 'n8n-workflow';
import { OctopusXVideo } from '../../../nodes/OctopusXVideo/OctopusXVideo.node';

/** Returns replacements for members of the node's execution context. */
export type Watch = (context: IExecuteFunctions) => Partial<IExecuteFunctions>;

/**
 * Creates our node with an execution context in which the members that `watch` returns replace
 * those of n8n.
 */
export function nodeWithContext(watch: Watch): INodeType {
	class WatchedNode extends OctopusXVideo {
		override async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
			const watched = watch(this);
			const context = new Proxy(this, {
				get: (target, key) => {
					if (key in watched) return watched[key as keyof typeof watched];
					const value: unknown = Reflect.get(target, key, target);
					return typeof value === 'function' ? value.bind(target) : value;
				},
			});
			return await OctopusXVideo.prototype.execute.call(context);
		}
	}
	return new WatchedNode();
}

/** Creates our node so that everything it logs is added to `lines`. */
export function loggingNode(lines: string[]): INodeType {
	const log = (message: string, metadata?: object) =>
		void lines.push(`${message} ${JSON.stringify(metadata ?? {})}`);
	const logger = { debug: log, info: log, warn: log, error: log };
	return nodeWithContext(() => ({ logger }) as unknown as Partial<IExecuteFunctions>);
}

/** Creates our node so that every file it opens is added to `opened`, and then `onOpen` is called. */
export function fileTrackingNode(opened: Readable[], onOpen = () => {}): INodeType {
	return nodeWithContext(({ helpers }) => ({
		helpers: {
			...helpers,
			getBinaryStream: async (...file) => {
				const stream = await helpers.getBinaryStream(...file);
				opened.push(stream);
				onOpen();
				return stream;
			},
		},
	}));
}

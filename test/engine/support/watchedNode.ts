import type { Readable } from 'node:stream';
import type { IExecuteFunctions, INodeExecutionData, INodeType } from 'n8n-workflow';
import { OctopusXVideo } from '../../../nodes/OctopusXVideo/OctopusXVideo.node';

/** Stands in for members of the context that n8n's engine hands to the node; the rest is n8n's own. */
export type Watch = (context: IExecuteFunctions) => Partial<IExecuteFunctions>;

/** Our node, watched: what `watch` returns is seen by the node in place of n8n's. */
export function watchedNode(watch: Watch): INodeType {
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

/** Our node, with every line that it logs added to `lines`. */
export function loggedNode(lines: string[]): INodeType {
	const log = (message: string, metadata?: object) =>
		void lines.push(`${message} ${JSON.stringify(metadata ?? {})}`);
	const logger = { debug: log, info: log, warn: log, error: log };
	return watchedNode(() => ({ logger }) as unknown as Partial<IExecuteFunctions>);
}

/** Our node, with every file that it opens added to `opened`, before `onOpen` is called. */
export function openingNode(opened: Readable[], onOpen = () => {}): INodeType {
	return watchedNode(({ helpers }) => ({
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

import { guarded, type ByteStream } from '../api/transport';

/**
 * A Node stream of chunks. n8n takes Node streams only, and nodes may not import what makes one;
 * the class of a stream that n8n has handed out does.
 */
export function streamOf(chunks: AsyncIterable<Buffer>, like: ByteStream): ByteStream {
	const { from } = like.constructor as unknown as {
		from: (chunks: AsyncIterable<Buffer>, options: object) => ByteStream;
	};
	return guarded(from(chunks, { objectMode: false }));
}

import type { Answer } from './envelope';
import { toNoAnswer, type NoAnswer } from './noAnswer';
import type { ByteStream } from './transport';

/** Far above what any answer about tasks needs. */
const MAX_BYTES = 2 * 1024 * 1024;

/**
 * An answer with the whole of its body: JSON where it is some, text otherwise. Of one that is too large
 * once it is unpacked, only the start is read, as text.
 */
export async function readAnswer(answer: Answer<ByteStream>): Promise<Answer | NoAnswer> {
	const chunks: Buffer[] = [];
	let bytes = 0;
	try {
		for await (const chunk of answer.body as AsyncIterable<Buffer>) {
			chunks.push(chunk);
			bytes += chunk.length;
			// leaving the loop destroys the stream
			if (bytes > MAX_BYTES) break;
		}
	} catch (error) {
		return toNoAnswer(error);
	}
	const text = new TextDecoder().decode(Buffer.concat(chunks));
	return bytes > MAX_BYTES
		? { ...answer, body: text, isTooLarge: true }
		: { ...answer, body: parsed(text) };
}

function parsed(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return text;
	}
}

import type { OctopusXClient } from './client';
import { isSameOrigin, redirectTarget } from './credential';
import type { Answer } from './envelope';
import { OctopusXError } from './errors';
import { explainContent, explainHost, explainNoAnswer } from './explain';
import type { ByteStream } from './transport';

const DOWNLOAD_TIMEOUT_MS = 60_000;
const MAX_REDIRECTS = 5;

const VIDEO_HOST = 'The host of the video file';

/**
 * Opens a video file as a stream, or throws. The key goes only to the API's own origin, and not even there
 * after a redirect has led elsewhere. Redirects are followed here, because n8n's helper would send the key
 * along. `signal` ends the connection, which destroying the stream does not always do.
 */
export async function openVideo(
	client: OctopusXClient,
	url: string,
	signal: AbortSignal,
): Promise<Answer<ByteStream>> {
	let address = url;
	let isTrusted = true;
	for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
		isTrusted &&= isSameOrigin(address, client.apiUrl);
		const answer = await request(client, address, isTrusted, signal);
		const { location } = answer.headers;
		if (answer.statusCode < 300) return answer;
		if (answer.statusCode >= 400 || typeof location !== 'string') {
			if (isTrusted) throw explainContent(await withBody(client, answer));
			answer.body.destroy();
			throw explainHost(answer, VIDEO_HOST);
		}
		answer.body.destroy();
		const target = redirectTarget(location, address);
		if (target === undefined) {
			throw new OctopusXError(
				'The address of the video leads to one that cannot be opened',
				'It is something other than http:// or https://.',
			);
		}
		address = target;
	}
	throw new OctopusXError(
		'The address of the video leads from one address to the next',
		`It did so more than ${MAX_REDIRECTS} times. Try again later.`,
	);
}

async function request(
	{ transport }: OctopusXClient,
	url: string,
	withKey: boolean,
	signal: AbortSignal,
): Promise<Answer<ByteStream>> {
	// videos are compressed already
	const options = { headers: { 'Accept-Encoding': 'identity' }, timeout: DOWNLOAD_TIMEOUT_MS };
	const answer = withKey
		? await transport.withKey('GET', url, options, signal)
		: await transport.withoutKey('GET', url, options, signal);
	if ('statusCode' in answer) return answer;
	throw explainNoAnswer(answer, withKey ? 'OctopusX' : VIDEO_HOST);
}

/** Reads the body of a response. It is empty if the connection breaks off. */
async function withBody(client: OctopusXClient, answer: Answer<ByteStream>): Promise<Answer> {
	const whole = await client.transport.read(answer);
	return 'statusCode' in whole ? whole : { ...answer, body: '' };
}

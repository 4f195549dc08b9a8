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
	const { transport, apiUrl } = client;
	// videos are compressed already
	const options = { headers: { 'Accept-Encoding': 'identity' }, timeout: DOWNLOAD_TIMEOUT_MS };
	let address = url;
	let isTrusted = true;
	for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
		isTrusted &&= isSameOrigin(address, apiUrl);
		const send = isTrusted ? transport.withKey : transport.withoutKey;
		const answer = await send('GET', address, options, signal);
		if (!('statusCode' in answer)) {
			throw explainNoAnswer(answer, isTrusted ? 'OctopusX' : VIDEO_HOST);
		}
		if (answer.statusCode < 300) return answer;
		const { location } = answer.headers;
		const isRedirect = answer.statusCode < 400 && typeof location === 'string';
		if (isTrusted && !isRedirect) {
			const whole = await transport.read(answer);
			throw explainContent('statusCode' in whole ? whole : { ...answer, body: '' });
		}
		answer.body.destroy();
		if (!isRedirect) throw explainHost(answer, VIDEO_HOST);
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

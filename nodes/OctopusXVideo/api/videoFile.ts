import { readAnswer } from './answerBody';
import { isSameOrigin } from './baseUrl';
import type { OctopusXClient } from './client';
import type { Answer } from './envelope';
import { OctopusXError } from './errors';
import { explainContent, explainHost } from './explain';
import { explainNoAnswer } from './noAnswer';
import type { ByteStream, RequestOptions } from './transport';

const DOWNLOAD_TIMEOUT_MS = 60_000;
const MAX_REDIRECTS = 5;

/** As a user would call it. */
const VIDEO_HOST = 'The host of the video file';

/**
 * Opens a video file as a stream. The key goes to the API's own origin only, and not even there
 * once a redirect has led elsewhere: redirects are followed here, one request each, because
 * n8n's helper would take the key along.
 *
 * @param signal ends the connection, which destroying the stream alone does not always do
 */
export async function openVideo(
	client: OctopusXClient,
	url: string,
	signal: AbortSignal,
): Promise<Answer<ByteStream>> {
	let address = url;
	let isTrusted = true;
	for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
		isTrusted &&= isSameOrigin(address, client.apiUrl);
		const answer = await openOnce(client, address, isTrusted, signal);
		const { location } = answer.headers;
		if (answer.statusCode < 300) return answer;
		if (answer.statusCode >= 400 || typeof location !== 'string') {
			if (isTrusted) throw explainContent(await withBody(answer), client.redact);
			answer.body.destroy();
			throw explainHost(answer, VIDEO_HOST);
		}
		answer.body.destroy();
		address = resolveLocation(location, address);
	}
	throw new OctopusXError(
		'The address of the video leads from one address to the next',
		`It did so more than ${MAX_REDIRECTS} times. Try again later.`,
	);
}

async function openOnce(
	client: OctopusXClient,
	url: string,
	withKey: boolean,
	signal: AbortSignal,
): Promise<Answer<ByteStream>> {
	const options: RequestOptions = {
		// a video is compressed in itself
		headers: { 'Accept-Encoding': 'identity' },
		timeout: DOWNLOAD_TIMEOUT_MS,
	};
	const exchange = withKey
		? await client.transport.withKey('GET', url, options, signal)
		: await client.transport.withoutKey('GET', url, options, signal);
	if ('statusCode' in exchange) return exchange;
	const peer = withKey ? 'OctopusX' : VIDEO_HOST;
	throw explainNoAnswer(exchange, client.redact, peer);
}

/** What the server has to say about a refusal; a body that breaks off says less. */
async function withBody(answer: Answer<ByteStream>): Promise<Answer> {
	const whole = await readAnswer(answer);
	return 'statusCode' in whole ? whole : { ...answer, body: '' };
}

function resolveLocation(location: string, base: string): string {
	const target = URL.canParse(location, base) ? new URL(location, base) : undefined;
	if (target?.protocol === 'http:' || target?.protocol === 'https:') return target.href;
	throw new OctopusXError(
		'The address of the video leads to one that cannot be opened',
		'It is something other than http:// or https://.',
	);
}

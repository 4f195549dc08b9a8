import { isPlainObject } from './task';

/** What the API calls the endpoint that the node sends its requests to. */
const VIDEO_ENDPOINT = 'openai-video';

/**
 * The IDs of the models that may make videos, from an answer of `GET /v1/models`; `undefined` when it is
 * none to work with. Where the answer does not say what a model is for, it is kept: the gateway leaves
 * the list of its endpoints empty until it has built a cache.
 */
export function parseVideoModels(answer: unknown): string[] | undefined {
	if (!isPlainObject(answer) || !Array.isArray(answer.data)) return undefined;
	const ids = answer.data
		.filter(isPlainObject)
		.filter(({ supported_endpoint_types: types }) => {
			return !Array.isArray(types) || types.length === 0 || types.includes(VIDEO_ENDPOINT);
		})
		.flatMap(({ id }) => (typeof id === 'string' && id.trim() !== '' ? [id] : []));
	return [...new Set(ids)];
}

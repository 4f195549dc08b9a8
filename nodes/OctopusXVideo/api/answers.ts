import { isParsable } from './credential';
import { isPlainObject, type Answer } from './envelope';

/** Well-known names of models for text, images and sound, none of which make videos. */
const NO_VIDEO =
	/^(gpt|chatgpt|o\d|claude|gemini|gemma|deepseek|llama|mistral|kimi|moonshot|glm|dall-e|flux|midjourney|imagen|whisper|tts|text|bge|rerank)\b|seedream|embedding|nano-banana/i;

/** Where to upload a file, and the URL at which the API finds it afterwards. */
export interface UploadTarget {
	uploadUrl: string;
	publicUrl: string;
	/** `uploadUrl` is signed for this type, so the file must be sent with it. */
	contentType: string;
	expiresInMs: number;
}

/**
 * Reads the IDs of models that may make videos from a response to `GET /v1/models`, if it has a list. The
 * gateway leaves the endpoint types empty until it has built a cache; then the names decide.
 */
export function parseVideoModels(answer: unknown): string[] | undefined {
	if (!isPlainObject(answer) || !Array.isArray(answer.data)) return undefined;
	const ids = answer.data
		.filter(isPlainObject)
		.flatMap(({ id, supported_endpoint_types: types }) => {
			if (typeof id !== 'string' || id.trim() === '') return [];
			const hasTypes = Array.isArray(types) && types.length > 0;
			return (hasTypes ? types.includes('openai-video') : !NO_VIDEO.test(id)) ? [id] : [];
		});
	return [...new Set(ids)];
}

/**
 * Reads why the API rejects a key from a response to `GET /api/usage/token/`: a sentence, or ''. That endpoint
 * accepts keys that all others reject with one and the same 401 (docs/API.md, "Other endpoints").
 */
export function readKeyState({ statusCode, body }: Pick<Answer, 'statusCode' | 'body'>): string {
	if (!isPlainObject(body)) return '';
	const message = typeof body.message === 'string' ? body.message : '';
	if (statusCode === 401 || statusCode === 403) {
		if (/status|banned/i.test(message))
			return 'OctopusX says that the key or its account is disabled.';
		if (!/token/i.test(message)) return '';
		return 'OctopusX does not know this key: copy it again from the console.';
	}
	if (statusCode !== 200 || !isPlainObject(body.data)) return '';
	const { total_available: left, unlimited_quota: isUnlimited, expires_at: expiresAt } = body.data;
	if (typeof expiresAt === 'number' && expiresAt > 0 && expiresAt * 1_000 < Date.now()) {
		return 'OctopusX says that the key has expired.';
	}
	// the remaining quota of an unlimited key is negative
	if (isUnlimited !== true && typeof left === 'number' && left <= 0) {
		return "The key's quota is used up: raise it in the OctopusX console, and enable the key there.";
	}
	return 'OctopusX knows the key, and it has quota left: it may have been switched off when its quota was used up once. Enable it in the OctopusX console.';
}

/** Reads a response to `POST /api/upload/presign`. Returns `undefined` if a URL is missing or invalid. */
export function parseUploadTarget(answer: unknown, askedType: string): UploadTarget | undefined {
	if (!isPlainObject(answer) || !isPlainObject(answer.data)) return undefined;
	const { upload_url: uploadUrl, public_url: publicUrl, content_type: type } = answer.data;
	if (!isWebAddress(uploadUrl) || !isWebAddress(publicUrl)) return undefined;
	// without `expires_in`, 15 minutes (docs/API.md, "Other endpoints")
	const seconds = Number(answer.data.expires_in) || 900;
	const contentType = typeof type === 'string' && /^\w+\/[\w.+-]+$/.test(type) ? type : askedType;
	return { uploadUrl, publicUrl, contentType, expiresInMs: seconds * 1_000 };
}

function isWebAddress(value: unknown): value is string {
	return typeof value === 'string' && /^https?:\/\//i.test(value) && isParsable(value);
}

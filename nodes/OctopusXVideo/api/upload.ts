import { isPlainObject } from './task';

/** Where a file is to be put, and where it can be had afterwards. */
export interface UploadTarget {
	uploadUrl: string;
	publicUrl: string;
	/** In ms since the epoch. */
	expiresAt: number;
}

/** API.md: `expires_in` defaults to 900 seconds. */
const DEFAULT_EXPIRES_IN_S = 900;

/** Reads an answer of `POST /api/upload/presign`; `undefined` when it is none to work with. */
export function parseUploadTarget(answer: unknown): UploadTarget | undefined {
	if (!isPlainObject(answer) || !isPlainObject(answer.data)) return undefined;
	const { upload_url: uploadUrl, public_url: publicUrl, expires_in: expiresIn } = answer.data;
	if (!isWebAddress(uploadUrl) || !isWebAddress(publicUrl)) return undefined;
	const seconds = typeof expiresIn === 'number' ? expiresIn : DEFAULT_EXPIRES_IN_S;
	return { uploadUrl, publicUrl, expiresAt: Date.now() + seconds * 1_000 };
}

function isWebAddress(value: unknown): value is string {
	return typeof value === 'string' && /^https?:\/\//i.test(value) && URL.canParse(value);
}

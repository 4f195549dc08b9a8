import { isPlainObject } from './task';

/** Where a file is to be put, and where it can be had afterwards. */
export interface UploadTarget {
	uploadUrl: string;
	publicUrl: string;
	/** What the address was signed for, hence what the file must be sent as. */
	contentType: string;
	expiresInMs: number;
}

/** `expires_in` defaults to 900 seconds (docs/API.md, "Other endpoints"). */
const DEFAULT_EXPIRES_IN_S = 900;

/** Reads an answer of `POST /api/upload/presign`; `undefined` when it is none to work with. */
export function parseUploadTarget(answer: unknown, askedType: string): UploadTarget | undefined {
	if (!isPlainObject(answer) || !isPlainObject(answer.data)) return undefined;
	const { upload_url: uploadUrl, public_url: publicUrl, content_type: type } = answer.data;
	if (!isWebAddress(uploadUrl) || !isWebAddress(publicUrl)) return undefined;
	const seconds = Number(answer.data.expires_in) || DEFAULT_EXPIRES_IN_S;
	const contentType = typeof type === 'string' && /^\w+\/[\w.+-]+$/.test(type) ? type : askedType;
	return { uploadUrl, publicUrl, contentType, expiresInMs: seconds * 1_000 };
}

function isWebAddress(value: unknown): value is string {
	return typeof value === 'string' && /^https?:\/\//i.test(value) && URL.canParse(value);
}

/** How much of a file `detectType` looks at: enough for the comments that an SVG can begin with. */
export const START_BYTES = 4_096;

/**
 * First bytes of file types, as latin1. The first match counts. `[^ -~]` is a byte that text hardly has;
 * n8n's rules for nodes forbid control characters in regular expressions.
 */
const SIGNATURES: ReadonlyArray<[mimeType: string, start: RegExp]> = [
	['image/png', /^\x89PNG\r\n/],
	['image/jpeg', /^\xff\xd8\xff/],
	['image/gif', /^GIF8[79]a/],
	['image/webp', /^RIFF.{4}WEBP/s],
	['image/tiff', /^(II[*+]\0|MM\0[*+])/],
	['image/bmp', /^BM.{4}\0{4}/s],
	['image/jxl', /^(\xff\n|\0{3}\fJXL )/],
	// files of ISO/IEC 14496-12 name a brand, and then the brands that they are compatible with
	['image/avif', /^.{4}ftyp(avi[fs]|m[is]f1(.{4}){1,9}avi[fs])/s],
	['image/heic', /^.{4}ftyp(he[iv][cmsx]|m[is]f1(.{4}){1,9}he[iv][cmsx])/s],
	['image/heif', /^.{4}ftypm[is]f1/s],
	['audio/mp4', /^.{4}ftypM4[ABP] /s],
	['video/quicktime', /^.{4}ftypqt /s],
	['video/mp4', /^.{4}ftyp/s],
	['video/webm', /^.E\xdf\xa3/s],
	['video/x-msvideo', /^RIFF.{4}AVI /s],
	['audio/mpeg', /^ID3[^ -~]/],
	['application/pdf', /^\s{0,9}%PDF-/],
	['application/zip', /^PK[^ -~]{2}/],
	['application/gzip', /^[^ -~]\x8b[\b]/],
];

/** Returns the MIME type of a file by its first `START_BYTES`, or `undefined` if it is not a known one. */
export function detectType(start: Buffer): string | undefined {
	const text = start.toString('latin1', 0, START_BYTES);
	return SIGNATURES.find(([, signature]) => signature.test(text))?.[0] ?? detectText(start);
}

/** The type of a text, such as a web page that was saved as an image. */
function detectText(start: Buffer): string | undefined {
	let text: string;
	try {
		// `stream`, because the last character may be cut off
		const decoder = new TextDecoder('utf-8', { fatal: true });
		text = decoder.decode(start.subarray(0, START_BYTES), { stream: true });
	} catch {
		return undefined;
	}
	// a shorter text proves nothing
	if (text.length < 8 || /[^\P{Cc}\s]/u.test(text)) return undefined;
	const markup = text.trimStart().toLowerCase();
	if (/^[{[]/.test(markup)) return 'application/json';
	if (!/^<[?!a-z]/.test(markup)) return 'text/plain';
	// an SVG may follow a declaration and comments, and a web page may contain SVGs
	const [, tag] = /<(svg|!doctype html|html|head|body)\b/.exec(markup) ?? [];
	if (tag === undefined) return 'application/xml';
	return tag === 'svg' ? 'image/svg+xml' : 'text/html';
}

/** Texts that are found where base64 is expected: n8n's storage modes, and what code makes of a missing value. */
const NO_CONTENT = /^(filesystem(-v2)?|s3|database|default|undefined|null|nan|none|true|false)$/i;

/**
 * Base64 in the form that every decoder accepts: the standard alphabet, on one line, and padded; `undefined`
 * if the text is not base64, or is a word found in place of the content.
 */
export function normalizeBase64(text: string): string | undefined {
	const digits = text.replace(/[\r\n]/g, '').replace(/={1,2}$/, '');
	if (digits === '' || NO_CONTENT.test(digits) || digits.length % 4 === 1) return undefined;
	if (/[^\w+/-]/.test(digits)) return undefined;
	const standard = digits.replace(/-/g, '+').replace(/_/g, '/');
	return standard.padEnd(4 * Math.ceil(standard.length / 4), '=');
}

/** What n8n calls a file whose kind it was not told, as by a host that does not say. */
const UNKNOWN = /^((application|binary)\/octet-stream)?$/i;

/** Enough for each of the signatures. */
export const SIGNATURE_BYTES = 16;

/** How files begin, byte by byte. QuickTime, HEIC and AVIF share the beginning of MP4, and are none. */
const SIGNATURES: ReadonlyArray<[mimeType: string, start: RegExp]> = [
	['video/mp4', /^.{4}ftyp(?!qt|hei|hev|mif|msf|avi)/s],
	['image/png', /^\x89PNG\r\n/],
	['image/jpeg', /^\xff\xd8\xff/],
	['image/gif', /^GIF8/],
	['image/webp', /^RIFF.{4}WEBP/s],
];

export function isUnknownType(mimeType: string): boolean {
	return UNKNOWN.test(mimeType);
}

/** The MIME type of a file that begins so; `undefined` for one that is none of the node's. */
export function typeOfBytes(start: Buffer): string | undefined {
	const text = start.toString('latin1', 0, SIGNATURE_BYTES);
	return SIGNATURES.find(([, signature]) => signature.test(text))?.[0];
}

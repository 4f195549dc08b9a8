import { detectType, normalizeBase64, START_BYTES } from '../../nodes/OctopusXVideo/files/fileType';

const latin1 = (text: string) => Buffer.from(text, 'latin1');

/** File types, and the bytes that their files begin with. */
const SIGNATURES: Array<[type: string, start: string]> = [
	['image/png', '\x89PNG\r\n'],
	['image/jpeg', '\xff\xd8\xff'],
	['image/gif', 'GIF87a\x01'],
	['image/gif', 'GIF89a\x01'],
	['image/webp', 'RIFF\0\n\0\0WEBP'],
	['image/tiff', 'II*\0'],
	['image/tiff', 'II+\0'],
	['image/tiff', 'MM\0*'],
	['image/tiff', 'MM\0+'],
	['image/bmp', 'BM\n\0\0\0\0\0\0\0'],
	['image/jxl', '\xff\n'],
	['image/jxl', '\0\0\0\fJXL '],
	['image/avif', '\0\0\0\nftypavif'],
	['image/avif', '\0\0\0\nftypavis'],
	['image/avif', '\0\0\0\nftypmif1\0\0\0\navif'],
	['image/avif', '\0\0\0\nftypmsf1\0\0\0\navis'],
	['image/avif', `\0\0\0\nftypmif1${'\0\0\0\n'.repeat(9)}avif`],
	['image/heic', '\0\0\0\nftypheic'],
	['image/heic', '\0\0\0\nftyphevc'],
	['image/heic', '\0\0\0\nftypmif1\0\0\0\nheic'],
	['image/heic', '\0\0\0\nftypmsf1\0\0\0\nhevc'],
	['image/heic', `\0\0\0\nftypmif1${'\0\0\0\n'.repeat(9)}heix`],
	['image/heif', '\0\0\0\nftypmif1'],
	['image/heif', '\0\0\0\nftypmsf1'],
	['audio/mp4', '\0\0\0\nftypM4A '],
	['audio/mp4', '\0\0\0\nftypM4B '],
	['video/quicktime', '\0\0\0\nftypqt  '],
	['video/mp4', '\0\0\0\nftypisom'],
	['video/mp4', '\0\0\0\nftypM4V '],
	['video/webm', '\x1aE\xdf\xa3'],
	['video/webm', '\nE\xdf\xa3'],
	['video/x-msvideo', 'RIFF\0\n\0\0AVI '],
	['audio/mpeg', 'ID3\x03'],
	['application/zip', 'PK\x03\x04'],
	['application/gzip', '\x1f\x8b\b'],
];

test.each(SIGNATURES)('detectType() finds the type %s by the bytes %j', (type, start) => {
	expect(detectType(latin1(start))).toBe(type);
	expect(detectType(latin1(`${start}\n\xff`))).toBe(type);
});

test.each(SIGNATURES)(
	'detectType() does not find the type %s if the bytes %j are shifted by one',
	(type, start) => {
		expect(detectType(latin1(`\x01${start}`))).not.toBe(type);
		expect(detectType(latin1(start.slice(1)))).not.toBe(type);
	},
);

test.each([
	['image/heif', '\0\0\0\nftypmif1avif'],
	['image/heif', '\0\0\0\nftypmif1heic'],
	['image/heif', `\0\0\0\nftypmif1${'\0\0\0\n'.repeat(10)}avif`],
	['image/heif', `\0\0\0\nftypmif1${'\0\0\0\n'.repeat(10)}heic`],
	[undefined, 'BM\0\0\0\0\0\0\x01\0'],
	['text/plain', 'BM 36240'],
	['text/plain', 'ID3 tags'],
	['text/plain', 'PKs of a table'],
	[undefined, 'PK\x03.xyz'],
	[undefined, ' \x8b\bxyz'],
	['application/pdf', '%PDF-'],
	['application/pdf', `${' '.repeat(9)}%PDF-1.7`],
	['text/plain', `${' '.repeat(10)}%PDF-1.7`],
	['text/plain', 'see %PDF-1.7'],
])('detectType() tells %s from similar types by the bytes %j', (type, start) => {
	expect(detectType(latin1(start))).toBe(type);
});

test.each([
	['text/plain', 'eight ch'],
	[undefined, 'seven c'],
	['text/plain', 'tabs\tand\r\nlines'],
	[undefined, 'a control\x01character'],
	[undefined, 'invalid UTF-8: \xff'],
	['application/json', '{"a": 1}'],
	['application/json', '\n [1, 2, 3]'],
	['text/plain', 'a = {"b": 1}'],
	['text/plain', '1 <html>, no more'],
	['text/plain', '<3 <html> <body>'],
	['application/xml', '<rss version="2.0"></rss>'],
	['application/xml', '<?xml version="1.0"?>'],
	['application/xml', '<svgx></svgx>'],
	['image/svg+xml', '  <SVG xmlns="x">'],
	['image/svg+xml', '<!-- html --><svg><body/></svg>'],
	['text/html', '<!DOCTYPE html><svg>'],
	['text/html', '<html lang="en">'],
	['text/html', '<head></head>'],
	['text/html', '<body></body>'],
])('detectType() returns %s for the text %j', (type, text) => {
	expect(detectType(latin1(text))).toBe(type);
});

test('detectType() looks at the first bytes only', () => {
	const text = ' '.repeat(START_BYTES - 1);
	expect(detectType(Buffer.from(`${text}ä`))).toBe('text/plain');
	expect(detectType(latin1(`${text} \x01`))).toBe('text/plain');
	expect(detectType(latin1(`${text.slice(1)}\x01`))).toBeUndefined();
	expect(detectType(latin1(`<x>${text}<html>`))).toBe('application/xml');
});

test.each([
	['QUJD', 'QUJD'],
	['QUI', 'QUI='],
	['QUI=', 'QUI='],
	['QQ', 'QQ=='],
	['QQ==', 'QQ=='],
	['QQ=', 'QQ=='],
	['QUJDQQ', 'QUJDQQ=='],
	['QU\r\n\r\nJD\n', 'QUJD'],
	['-_-_', '+/+/'],
	['+/+/', '+/+/'],
	['nullnull', 'nullnull'],
	['QUJDnull', 'QUJDnull'],
	['defaultQ', 'defaultQ'],
])('normalizeBase64() turns %j into %j', (text, expected) => {
	expect(normalizeBase64(text)).toBe(expected);
});

test.each([
	...['', '=', '==', 'Q', 'QUJDQ', 'Q===', 'Q=JD', '=QUJ', 'QU JD', 'QU.D', 'QUJÄ'],
	...['filesystem', 'filesystem-v2', 's3', 'database', 'default', 'undefined', 'null', 'NaN'],
	...['None', 'true', 'false', 'null='],
])('normalizeBase64() refuses %j', (text) => {
	expect(normalizeBase64(text)).toBeUndefined();
});

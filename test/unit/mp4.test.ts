import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { Mp4Reader, type VideoFacts } from '../../nodes/OctopusXVideo/files/mp4';

type Content = Array<Buffer | number>;

/** A box (ISO/IEC 14496-12). Numbers stand for 32 bits. */
function box(type: string, ...content: Content): Buffer {
	const bytes = join32(content);
	return Buffer.concat([header(type, bytes.length + 8), bytes]);
}

/** The beginning of a box that says that it has `size` bytes. */
function header(type: string, size: number): Buffer {
	return Buffer.concat([join32([size]), Buffer.from(type, 'latin1')]);
}

/** A box whose size has 64 bits. */
function largeBox(type: string, content: Buffer, size = BigInt(content.length + 16)): Buffer {
	const large = Buffer.alloc(8);
	large.writeBigUInt64BE(size);
	return Buffer.concat([header(type, 1), large, content]);
}

function join32(content: Content): Buffer {
	return Buffer.concat(
		content.map((part) => {
			if (typeof part !== 'number') return part;
			const bytes = Buffer.alloc(4);
			bytes.writeUInt32BE(part >>> 0);
			return bytes;
		}),
	);
}

const zeros = (bytes: number) => Buffer.alloc(bytes);
const V1 = 0x01000000;
const UNKNOWN = 0xffffffff;

const mvhd = (timescale = 1_000, duration = 2_000) =>
	box('mvhd', 0, 0, 0, timescale, duration, zeros(80));
const longMvhd = (timescale: number, ...duration: [high: number, low: number]) =>
	box('mvhd', V1, zeros(16), timescale, ...duration, zeros(80));
const mdhd = (timescale = 12_800, duration = 25_600) =>
	box('mdhd', 0, 0, 0, timescale, duration, 0);
/** The matrix is a, b, u, c, d, v, x, y, w. */
const tkhd = (id = 1, [a = 1, b = 0, c = 0, d = 1] = [1, 0, 0, 1]) =>
	box('tkhd', 0, 0, 0, id, zeros(24), ...[a, b, 0, c, d, 0, 0, 0, 1].map((n) => n << 16), zeros(8));
const longTkhd = (id: number) =>
	box('tkhd', V1, zeros(16), id, zeros(28), ...[0, 1, 0, -1, 0, 0, 0, 0, 1], zeros(8));
const hdlr = (handler: string) => box('hdlr', 0, 0, Buffer.from(handler, 'latin1'), zeros(13));
const entry = (width: number, height: number) =>
	box('avc1', zeros(24), (width << 16) | height, zeros(50));
const stsd = (...entries: Buffer[]) => box('stsd', 0, entries.length, ...entries);
const stsz = (count = 50) => box('stsz', 0, 0, count, zeros(4 * Math.min(count, 50)));
const stbl = (...boxes: Buffer[]) => box('minf', hdlr('url '), box('stbl', ...boxes));

const PICTURE = [stsd(entry(640, 360)), stsz()];
const video = (head = tkhd(), media = mdhd(), samples = PICTURE, handler = hdlr('vide')) =>
	box('trak', head, box('mdia', media, handler, stbl(...samples)));
const AUDIO = box('trak', tkhd(2), box('mdia', mdhd(), hdlr('soun'), stbl(stsz(90))));

const FTYP = box('ftyp', Buffer.from('isom'), 512);
const MDAT = box('mdat', zeros(3_000));
const moov = (...boxes: Buffer[]) => box('moov', ...boxes);
const file = (...boxes: Buffer[]) => Buffer.concat(boxes);
const many = (one: Buffer, count = 1_000_000) => Buffer.alloc(count * one.length, one);

function read(bytes: Buffer, chunkBytes = bytes.length || 1): Mp4Reader {
	const reader = new Mp4Reader();
	for (let at = 0; at < bytes.length; at += chunkBytes) {
		reader.read(bytes.subarray(at, at + chunkBytes));
	}
	return reader;
}

/** The facts apart from `bytes`, which must be the same for any chunks. */
function factsOf(bytes: Buffer): Partial<VideoFacts> {
	const [whole, single] = [read(bytes), read(bytes, 1)];
	const { bytes: size, ...facts } = whole.facts;
	expect(size).toBe(bytes.length);
	expect(single.facts).toEqual(whole.facts);
	expect(single.end).toBe(whole.end);
	return facts;
}

const ALL = { width: 640, height: 360, duration: 2, fps: 25, audio: true };
const SILENT = { ...ALL, audio: false };
const UNHEARD = { width: 640, height: 360, duration: 2, fps: 25 };

const MOOV = moov(mvhd(), video(), AUDIO);

test.each<[string, Buffer]>([
	['before the samples', file(FTYP, MOOV, MDAT)],
	['after the samples', file(FTYP, MDAT, MOOV)],
	['without ftyp', file(MDAT, MOOV)],
	['after samples of 64 bits', file(FTYP, largeBox('mdat', zeros(99)), MOOV)],
	['of 64 bits', file(FTYP, largeBox('moov', MOOV.subarray(8)), MDAT)],
	['after other boxes', file(FTYP, box('wide'), box('free', zeros(70)), box('uuid', MOOV), MOOV)],
	['before samples up to the end', file(FTYP, MOOV, header('mdat', 0), MOOV, MOOV)],
	['before another', file(FTYP, MOOV, moov(mvhd(1, 9), video(tkhd(), mdhd(1, 9))), MDAT)],
	['with other boxes', file(moov(box('iods', 1), mvhd(), video(), box('udta', 0), AUDIO))],
	['with padding', file(moov(mvhd(), video(), AUDIO, zeros(7)), MDAT)],
	['with the audio first', file(moov(mvhd(), AUDIO, video()))],
	['with a smaller video behind', file(moov(mvhd(), video(), AUDIO, video(tkhd(3), mdhd(), [])))],
])('the facts of a file are read from a moov %s', (_where, bytes) => {
	expect(factsOf(bytes)).toEqual(ALL);
});

test.each<[string, Buffer, Partial<VideoFacts>]>([
	['no audio track', video(), SILENT],
	['a turn by 90°', video(tkhd(1, [0, 1, -1, 0])), { ...SILENT, width: 360, height: 640 }],
	['a turn by 180°', video(tkhd(1, [-1, 0, 0, -1])), SILENT],
	['a turn by 270°', video(tkhd(1, [0, -1, 1, 0])), { ...SILENT, width: 360, height: 640 }],
	['a mirrored turn by 90°', video(tkhd(1, [0, 1, 1, 0])), { ...SILENT, width: 360, height: 640 }],
	['a mirrored picture', video(tkhd(1, [-1, 0, 0, 1])), SILENT],
	['a matrix of zeros', video(tkhd(1, [0, 0, 0, 0])), SILENT],
	['a long tkhd', video(longTkhd(1)), { ...SILENT, width: 360, height: 640 }],
	['a long mdhd', video(tkhd(), box('mdhd', V1, zeros(16), 100, 0, 200, 0)), SILENT],
	['hdlr after minf', box('trak', box('mdia', mdhd(), stbl(...PICTURE), hdlr('vide'))), SILENT],
	['two descriptions', video(tkhd(), mdhd(), [stsd(entry(640, 360), entry(8, 8)), stsz()]), SILENT],
	[
		'a width of 65535',
		video(tkhd(), mdhd(), [stsd(entry(65_535, 1)), stsz()]),
		{ ...SILENT, width: 65_535, height: 1 },
	],
	['23.976 fps', video(tkhd(), mdhd(24_000, 50_050)), { ...SILENT, fps: 23.98 }],
	// what cannot be read is left out
	['a timescale of zero', video(tkhd(), mdhd(0, 5)), { ...SILENT, fps: undefined }],
	['a duration of zero', video(tkhd(), mdhd(5, 0)), { ...SILENT, fps: undefined }],
	['an unknown duration', video(tkhd(), mdhd(5, UNKNOWN)), { ...SILENT, fps: undefined }],
	[
		'no samples',
		video(tkhd(), mdhd(), [stsd(entry(640, 360)), stsz(0)]),
		{ ...SILENT, fps: undefined },
	],
	[
		'a short stsd',
		video(tkhd(), mdhd(), [box('stsd', 0, 1, zeros(35)), stsz()]),
		{ ...SILENT, width: undefined, height: undefined },
	],
	[
		'a size of zero',
		video(tkhd(), mdhd(), [stsd(entry(0, 0)), stsz()]),
		{ ...SILENT, width: undefined, height: undefined },
	],
	[
		'empty boxes',
		box(
			'trak',
			box('tkhd'),
			box('mdia', box('mdhd'), hdlr('vide'), stbl(box('stsd'), box('stsz'))),
		),
		{ duration: 2, audio: false },
	],
	['padding', file(video(), zeros(7)), SILENT],
	['no track', zeros(0), { duration: 2, audio: false }],
	[
		'a track for hints',
		video(tkhd(), mdhd(), PICTURE, hdlr('hint')),
		{ duration: 2, audio: false },
	],
	['a track without a handler', video(tkhd(), mdhd(), PICTURE, zeros(0)), { duration: 2 }],
	[
		'a track with an empty handler',
		video(tkhd(), mdhd(), PICTURE, box('hdlr', 0)),
		{ duration: 2 },
	],
	['a compressed movie (QuickTime)', box('cmov', box('dcom', 0)), { duration: 2 }],
	['a box beyond the end of moov', file(video(), header('trak', 99)), UNHEARD],
	['a box of size 0', file(video(), header('free', 0)), UNHEARD],
	['a box of size 7', file(video(), header('free', 7)), UNHEARD],
	['a box whose 64-bit size is outside', file(video(), header('free', 1)), UNHEARD],
	['a box of 9 exabytes', file(video(), largeBox('free', zeros(0), 2n ** 63n)), UNHEARD],
	['a box of a 64-bit size of 3', file(video(), largeBox('free', zeros(0), 3n)), UNHEARD],
	['a box beyond the end of a track', file(box('trak', header('mdia', 99)), video(), AUDIO), ALL],
	['tracks in tracks', file(video(), box('trak', AUDIO)), UNHEARD],
])('moov with %s', (_what, tracks, expected) => {
	// the samples behind it show that the reader has kept its place
	const bytes = file(FTYP, moov(mvhd(), tracks), MDAT, header('moof', 8));
	expect(factsOf(bytes)).toEqual(JSON.parse(JSON.stringify(expected)));
	expect(read(bytes).end).toBe(bytes.length - 8);
});

test.each<[string, Buffer, number | undefined]>([
	['of 0.2 s', mvhd(90_000, 18_000), 0.2],
	['of a third of a second', mvhd(3, 1), 0.33],
	['of 136 years', mvhd(1, 0xfffffffe), 4_294_967_294],
	['of 64 bits', longMvhd(1_000, 1, 0), 4_294_967.3],
	['of 32 bits in 64', longMvhd(1_000, 0, UNKNOWN), 4_294_967.3],
	['of more than 2⁵³', longMvhd(1_000, 0x7fffffff, 0), 9_223_372_032_559_808],
	['that is unknown', mvhd(1_000, UNKNOWN), undefined],
	['that is unknown in 64 bits', longMvhd(1_000, UNKNOWN, UNKNOWN), undefined],
	['of 0', mvhd(1_000, 0), undefined],
	['that rounds to 0', mvhd(1_000, 4), undefined],
	['without a timescale', mvhd(0, 2_000), undefined],
	['that is 0 without a timescale', mvhd(0, 0), undefined],
	['that is cut off', box('mvhd', 0, 0, 0, 1_000, zeros(3)), undefined],
	['of 64 bits that is cut off', box('mvhd', V1, zeros(16), 1_000, 1), undefined],
])('a duration %s', (_what, head, duration) => {
	expect(factsOf(file(FTYP, moov(head), MDAT)).duration).toBe(duration);
});

describe('fragments', () => {
	const mvex = (...boxes: Buffer[]) => box('mvex', ...boxes);
	const trex = (id: number, sampleTime: number) => box('trex', 0, id, 1, sampleTime, 0, 0);
	const traf = (...boxes: Buffer[]) => box('moof', box('mfhd', 0, 1), box('traf', ...boxes));
	const tfhd = (id: number, flags = 0, ...fields: number[]) => box('tfhd', flags, id, ...fields);
	const trun = (count: number, flags = 0, ...fields: number[]) =>
		box('trun', flags, count, ...fields);
	const start = (...boxes: Buffer[]) =>
		file(
			FTYP,
			moov(mvhd(1_000, 0), video(tkhd(), mdhd(100, 0), [stsd(entry(640, 360)), stsz(0)]), ...boxes),
		);
	const START = start(mvex(trex(1, 4)));
	const others = (count: number) => Array.from({ length: count }, (_, n) => trex(n + 2, 9));
	const FACTS = { width: 640, height: 360, fps: 25, audio: false };

	test.each<[string, Buffer, Partial<VideoFacts>]>([
		['by trex', file(START, traf(tfhd(1), trun(10)), MDAT), FACTS],
		[
			'by trex before the tracks',
			file(
				FTYP,
				moov(mvex(trex(1, 4)), mvhd(), video(tkhd(), mdhd(100, 0))),
				traf(tfhd(1), trun(10)),
			),
			FACTS,
		],
		[
			'by the 100th trex',
			file(start(mvex(...others(99), trex(1, 4))), traf(tfhd(1), trun(9))),
			FACTS,
		],
		[
			'by the 101st trex',
			file(start(mvex(...others(100), trex(1, 4))), traf(tfhd(1), trun(9))),
			{ ...FACTS, fps: undefined },
		],
		[
			'and a long tkhd',
			file(
				FTYP,
				moov(mvhd(), video(longTkhd(7), mdhd(100, 0)), mvex(trex(7, 4))),
				traf(tfhd(7), trun(9)),
			),
			{ ...FACTS, width: 360, height: 640 },
		],
		['by tfhd', file(START, traf(tfhd(1, 8, 5), trun(10))), { ...FACTS, fps: 20 }],
		[
			'by tfhd after its other fields',
			file(START, traf(tfhd(1, 0x2b, 9, 9, 9, 5, 9), trun(10))),
			{ ...FACTS, fps: 20 },
		],
		// such tables are not read
		[
			'by sample',
			file(START, traf(tfhd(1), trun(9)), traf(tfhd(1), trun(3, 0x100, 1, 2, 3))),
			{ ...FACTS, fps: undefined },
		],
		[
			'in several fragments',
			file(START, traf(tfhd(1), trun(1), trun(1)), MDAT, traf(tfhd(1, 8, 8), trun(4))),
			{ ...FACTS, fps: 15 },
		],
		[
			'of other tracks, too',
			file(START, traf(tfhd(2, 8, 1), trun(99)), traf(tfhd(1), trun(1))),
			FACTS,
		],
		[
			'of other tracks only',
			file(START, traf(tfhd(2, 8, 1), trun(99))),
			{ ...FACTS, fps: undefined },
		],
		['nowhere', file(start(mvex()), traf(tfhd(1), trun(10))), { ...FACTS, fps: undefined }],
		['of no samples', file(START, traf(tfhd(1), trun(0))), { ...FACTS, fps: undefined }],
		['of zero', file(START, traf(tfhd(1, 8, 0), trun(9))), { ...FACTS, fps: undefined }],
		['of 4 billion samples', file(START, traf(tfhd(1), trun(UNKNOWN))), FACTS],
		[
			'in empty boxes',
			file(START, traf(box('tfhd'), box('trun')), traf(tfhd(1), box('trun', 0))),
			{ ...FACTS, fps: undefined },
		],
		['before moov', file(traf(tfhd(1), trun(10)), START), { ...FACTS, fps: undefined }],
		[
			'with a stated total',
			start(mvex(box('mehd', 0, 1_500))),
			{ ...FACTS, duration: 1.5, fps: undefined },
		],
		[
			'with a total of 64 bits',
			start(mvex(box('mehd', V1, 0, 1_500))),
			{ ...FACTS, duration: 1.5, fps: undefined },
		],
		['with an unknown total', start(mvex(box('mehd', 0, UNKNOWN))), { ...FACTS, fps: undefined }],
	])('a file whose fragments have durations %s', (_where, bytes, expected) => {
		expect(factsOf(bytes)).toEqual(JSON.parse(JSON.stringify(expected)));
	});
});

test.each<[string, Buffer, Partial<VideoFacts>]>([
	['nothing', zeros(0), {}],
	['text', Buffer.from('<!DOCTYPE html><p>no video</p>'), {}],
	['zeros', zeros(5_000), {}],
	['bytes of 0xff', Buffer.alloc(5_000, 0xff), {}],
	['a part of a header', FTYP.subarray(0, 6), {}],
	[
		'a moov of 4 GB',
		file(FTYP, header('moov', UNKNOWN), mvhd(), video(), header('free', 2 ** 31)),
		UNHEARD,
	],
	[
		'a moov that is cut in its last table',
		file(FTYP, moov(mvhd(), video())).subarray(0, -9),
		UNHEARD,
	],
	['a moov that is cut in a track', file(FTYP, MOOV).subarray(0, 300), { duration: 2 }],
	['a moov up to its end', file(FTYP, header('moov', 0), mvhd(), video(), AUDIO), ALL],
	['a moov up to its end without audio', file(FTYP, header('moov', 0), mvhd(), video()), UNHEARD],
	['an mdat of 64 bits and size 0', file(FTYP, largeBox('mdat', MOOV, 0n)), {}],
	['moov in a moov', file(FTYP, moov(MOOV)), { audio: false }],
	['99,000 boxes before moov', file(many(box('free'), 99_000), MOOV), ALL],
	['100,000 boxes before moov', file(many(box('free'), 100_000), MOOV), {}],
	['100,001 boxes in moov', moov(mvhd(), video(), many(box('free'), 100_001)), UNHEARD],
])('a file of %s', (_what, bytes, expected) => {
	expect(factsOf(bytes)).toEqual(expected);
});

describe('work and memory', () => {
	const EMPTY = many(box('free'));
	const nested = ['stbl', 'minf', 'mdia', 'trak', 'moov'].reduce<Buffer>(
		(content, type) => box(type, content),
		many(box('stsz', 0, 0, 9)),
	);
	const START = file(moov(mvhd(), video(), box('mvex', box('trex', 0, 1, 1, 4, 0, 0))));
	const samples = Buffer.concat([box('trun', 0x100, UNKNOWN), EMPTY]);
	samples.writeUInt32BE(samples.length);

	test.each<[string, Buffer]>([
		['a million empty boxes', EMPTY],
		['a million boxes in moov', moov(EMPTY)],
		['a million tracks', moov(many(box('trak')))],
		['a million boxes in stbl', nested],
		['a million defaults', moov(box('mvex', many(box('trex', 0, 1, 2, 3))))],
		['a million moofs', file(START, many(box('moof')))],
		['a million samples', file(START, box('moof', box('traf', box('tfhd', 0, 1), samples)))],
		['a table of 40 MB', moov(mvhd(), video(tkhd(), mdhd(), [box('stsz', 0, 0, 1e7, zeros(4e7))]))],
	])('%s take less than two seconds of the processor, even by 1,000 bytes', (_what, bytes) => {
		const before = process.cpuUsage();
		const reader = read(bytes, 1_000);
		expect(JSON.stringify(reader.facts)).not.toContain('null');
		const { user, system } = process.cpuUsage(before);
		expect(user + system).toBeLessThan(2_000_000);
	});

	test('the reader holds no chunk, whatever it has read last', () => {
		setFlagsFromString('--expose_gc');
		const gc = runInNewContext('gc') as () => void;
		const bytes = file(FTYP, MOOV, box('free', zeros(9)), START, MDAT);
		const reader = new Mp4Reader();
		const chunks: Array<WeakRef<ArrayBufferLike>> = [];
		for (let at = 0; at < bytes.length; at += 5) {
			// its own memory, not a part of Node's pool
			const chunk = Buffer.alloc(5, bytes.subarray(at, at + 5));
			chunks.push(new WeakRef(chunk.buffer));
			reader.read(chunk);
		}
		return new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
			gc();
			expect(chunks.filter((chunk) => chunk.deref()).length).toBe(0);
			const held = Object.values(reader).filter((value) => Buffer.isBuffer(value)) as Buffer[];
			expect(held.reduce((sum, { buffer }) => sum + buffer.byteLength, 0)).toBeLessThan(64 * 1024);
		});
	});
});

describe('any bytes', () => {
	const REAL = ['landscape', 'portrait'].map((name) =>
		readFileSync(join(__dirname, `../sandbox/fixtures/${name}.mp4`)),
	);
	const FRAGMENTED = file(
		moov(mvhd(), video(), box('mvex', box('trex', 0, 1, 1, 4, 0, 0))),
		box('moof', box('traf', box('tfhd', 8, 1, 4), box('trun', 0x100, 3, 1, 2, 3))),
		MDAT,
	);
	const anyFile = fc.constantFrom(...REAL, FRAGMENTED, file(FTYP, MDAT, MOOV));
	const anySizes = fc.array(fc.integer({ min: 1, max: 3_000 }), { minLength: 1, maxLength: 40 });

	/** Reads the bytes in chunks of these sizes, over and over. */
	function readChunks(bytes: Buffer, sizes: number[]): Mp4Reader {
		const reader = new Mp4Reader();
		for (let at = 0, n = 0; at < bytes.length; n++) {
			const size = sizes[n % sizes.length] as number;
			reader.read(bytes.subarray(at, at + size));
			at += size;
		}
		return reader;
	}

	test('the facts of the fixtures', () => {
		const same = { duration: 2, fps: 12, audio: true };
		expect(REAL.map((bytes) => read(bytes).facts)).toEqual([
			{ width: 320, height: 180, ...same, bytes: 20_069 },
			{ width: 180, height: 320, ...same, bytes: 19_646 },
		]);
	});

	const anyChange = fc.record({
		// most changes hit the beginning, the end or a size
		at: fc.oneof(fc.nat(19_000), fc.nat(60), fc.integer({ min: 16_000, max: 19_640 })),
		bytes: fc.oneof(
			fc.uint8Array({ minLength: 1, maxLength: 8 }),
			fc.constantFrom(...[0, 1, 7, 8, 2 ** 31, UNKNOWN].map((n) => join32([n]))),
		),
	});

	test('facts depend on no chunks, and any change of a file leaves facts that make sense', () => {
		fc.assert(
			fc.property(
				anyFile,
				fc.array(anyChange, { maxLength: 6 }),
				anySizes,
				fc.nat(20_069),
				(original, changes, sizes, length) => {
					const bytes = Buffer.from(original.subarray(0, length < 5_000 ? length : undefined));
					for (const change of changes)
						bytes.set(
							change.bytes.subarray(
								0,
								Math.max(0, bytes.length - (change.at % (bytes.length || 1))),
							),
							change.at % (bytes.length || 1),
						);
					const [whole, chunked] = [read(bytes), readChunks(bytes, sizes)];
					expect(chunked.facts).toEqual(whole.facts);
					expect(chunked.end).toBe(whole.end);
					const { audio = true, ...numbers } = whole.facts as Required<typeof whole.facts>;
					expect(typeof audio).toBe('boolean');
					for (const value of Object.values(numbers)) {
						expect(Number.isFinite(value) && Number(value) >= 0).toBe(true);
					}
				},
			),
			{ numRuns: 2_000 },
		);
	});
});
